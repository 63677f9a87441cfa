// An engine under test with its disk and executor, and a model to compare it with.
#pragma once

#include "base/prng.h"
#include "crash_disk.h"
#include "port/engine.h"
#include "step_executor.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::engine_test {

inline constexpr std::array<port::Family, port::kFamilyCount> kFamilies = {
    port::Family::data, port::Family::history, port::Family::expiry, port::Family::session,
    port::Family::meta};

using FamilyModel = std::map<std::string, std::string>;
using Model = std::array<FamilyModel, port::kFamilyCount>;

// All but rocksdb_files, which uses real files, run on a CrashDisk. rocksdb_quiet does not compact:
// a compaction whose output holds only range tombstones when a write fails ends in an assertion
// inside the packaged RocksDB 7.8.3, so write faults are tested without.
enum class EngineKind : std::uint8_t { memory, rocksdb, rocksdb_quiet, rocksdb_files };
[[nodiscard]] std::string name_of(EngineKind kind);

class EngineRig {
 public:
  EngineRig() = default;
  EngineRig(const EngineRig&) = delete;
  EngineRig& operator=(const EngineRig&) = delete;
  virtual ~EngineRig() = default;

  [[nodiscard]] port::Engine& engine() { return *engine_; }
  [[nodiscard]] StepExecutor& executor() { return *executor_; }
  // Null on real files.
  [[nodiscard]] virtual CrashDisk* disk() = 0;
  // Drops engine and executor with everything that is pending, then the disk loses what is not
  // durable, then the engine is opened again.
  [[nodiscard]] base::Status crash(base::Prng& prng);
  [[nodiscard]] base::Status open();

  // flush() and its completion.
  [[nodiscard]] base::Status flush();
  // Everything in the engine.
  [[nodiscard]] Model contents(const port::EngineSnapshot* snapshot = nullptr);

 protected:
  [[nodiscard]] virtual base::Result<std::unique_ptr<port::Engine>> open_engine(
      port::Executor& executor) = 0;
  virtual void lose_power(base::Prng& prng) = 0;
  void stop();

 private:
  std::unique_ptr<StepExecutor> executor_;
  std::unique_ptr<port::Engine> engine_;
};

[[nodiscard]] std::unique_ptr<EngineRig> make_rig(EngineKind kind);

// Removes [lower, upper), an empty upper meaning the end.
void erase_range(FamilyModel& model, const std::string& lower, const std::string& upper);

}  // namespace ostraka::engine_test
