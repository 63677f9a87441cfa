#include "engine_rig.h"

#include "engine_memory/engine_memory.h"
#include "engine_rocksdb/engine_rocksdb.h"
#include "engine_rocksdb/internal/engine.h"
#include "port_disk.h"
#include "rocks_disk.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace ostraka::engine_test {
namespace {

// A data directory on real files: all that the RocksDB engine asks of it.
class RealFolder final : public PortDisk {
 public:
  RealFolder(CrashDisk& unused, std::string root) : PortDisk(unused), root_(std::move(root)) {}
  [[nodiscard]] std::string root() const override { return root_; }
  [[nodiscard]] base::Status make_directory(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(root_ + "/" + path, error);
    return error ? base::Status(base::fail(base::ErrorCode::io_error, path)) : base::Status();
  }

 private:
  std::string root_;
};

class MemoryRig final : public EngineRig {
 public:
  ~MemoryRig() override { stop(); }
  CrashDisk* disk() override { return &disk_; }

 protected:
  base::Result<std::unique_ptr<port::Engine>> open_engine(port::Executor& executor) override {
    return engine_memory::open(files_, executor, {});
  }
  void lose_power(base::Prng& prng) override { disk_.restart(prng); }

 private:
  CrashDisk disk_;
  PortDisk files_{disk_};
};

class RocksRig final : public EngineRig {
 public:
  explicit RocksRig(bool compactions) : compactions_(compactions) {}
  ~RocksRig() override { stop(); }
  CrashDisk* disk() override { return &disk_; }

 protected:
  base::Result<std::unique_ptr<port::Engine>> open_engine(port::Executor& executor) override {
    return engine_rocksdb::open_at(
        {.env = env_.get(), .root = "", .compactions = compactions_, .info_log = nullptr}, executor,
        {});
  }
  void lose_power(base::Prng& prng) override { disk_.restart(prng); }

 private:
  CrashDisk disk_;
  std::unique_ptr<rocksdb::Env> env_ = make_rocks_env(disk_);
  bool compactions_;
};

class RocksFilesRig final : public EngineRig {
 public:
  RocksFilesRig() {
    std::string path = ::testing::TempDir() + "ostraka_engine_XXXXXX";
    EXPECT_NE(::mkdtemp(path.data()), nullptr);
    files_ = std::make_unique<RealFolder>(unused_, path);
  }
  ~RocksFilesRig() override {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(files_->root(), ignored);
  }
  CrashDisk* disk() override { return nullptr; }

 protected:
  base::Result<std::unique_ptr<port::Engine>> open_engine(port::Executor& executor) override {
    return engine_rocksdb::open(*files_, executor, {});
  }
  // The process ends, the operating system stays.
  void lose_power(base::Prng& /*prng*/) override {}

 private:
  CrashDisk unused_;
  std::unique_ptr<RealFolder> files_;
};

}  // namespace

std::string name_of(EngineKind kind) {
  switch (kind) {
    case EngineKind::memory:
      return "memory";
    case EngineKind::rocksdb:
      return "rocksdb";
    case EngineKind::rocksdb_quiet:
      return "rocksdb_quiet";
    case EngineKind::rocksdb_files:
      return "rocksdb_files";
  }
  return "?";
}

base::Status EngineRig::open() {
  executor_ = std::make_unique<StepExecutor>();
  OSTRAKA_ASSIGN(engine_, open_engine(*executor_));
  return {};
}

void EngineRig::stop() {
  engine_.reset();
  executor_.reset();
}

base::Status EngineRig::crash(base::Prng& prng) {
  stop();
  lose_power(prng);
  return open();
}

base::Status EngineRig::flush() {
  std::optional<base::Status> outcome;
  engine_->flush([&](base::Status status) { outcome = std::move(status); });
  executor_->run();
  if (!outcome.has_value()) {
    return base::fail(base::ErrorCode::unknown_outcome, "flush did not complete");
  }
  return *std::move(outcome);
}

Model EngineRig::contents(const port::EngineSnapshot* snapshot) {
  Model model;
  for (const port::Family family : kFamilies) {
    const auto it = engine_->iterate({.family = family, .lower = {}, .upper = {}}, snapshot);
    for (it->seek_first(); it->valid(); it->next()) {
      model[static_cast<std::size_t>(family)].emplace(it->key(), it->value());
    }
    EXPECT_TRUE(it->status().has_value());
  }
  return model;
}

std::unique_ptr<EngineRig> make_rig(EngineKind kind) {
  switch (kind) {
    case EngineKind::memory:
      return std::make_unique<MemoryRig>();
    case EngineKind::rocksdb:
      return std::make_unique<RocksRig>(true);
    case EngineKind::rocksdb_quiet:
      return std::make_unique<RocksRig>(false);
    case EngineKind::rocksdb_files:
      return std::make_unique<RocksFilesRig>();
  }
  return nullptr;
}

void erase_range(FamilyModel& model, const std::string& lower, const std::string& upper) {
  if (upper.empty() || lower < upper) {
    model.erase(model.lower_bound(lower), upper.empty() ? model.end() : model.lower_bound(upper));
  }
}

}  // namespace ostraka::engine_test
