// A random sequence of engine operations, with the states that a crash may leave.
#pragma once

#include "base/prng.h"
#include "engine_rig.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ostraka::engine_test {

// Runs the same steps for the same seed, whatever the disk does. Ends early at the first error.
class Script {
 public:
  Script(EngineRig& rig, std::uint64_t seed);

  // False when an operation failed: the power is off.
  bool step();
  [[nodiscard]] const Model& now() const { return now_; }
  // Every state that the engine may hold after a crash: the last one that is known to be durable
  // and those that may have become durable since.
  [[nodiscard]] const std::vector<Model>& possible() const { return possible_; }
  // The disk has come back with this state.
  void restarted(const Model& found);
  // The engine lives on with this state, of which it is not known how much is durable.
  void went_on(const Model& found);

 private:
  // What is done after the power went is not done.
  [[nodiscard]] bool powered() const;
  bool write();
  bool flush();
  bool take_export();
  bool ingest();
  void durable();
  std::string key();

  EngineRig& rig_;
  base::Prng prng_;
  Model now_;
  std::vector<Model> possible_;
  std::string exported_shard_;
  Model exported_;
  std::vector<port::TableFile> tables_;
  int counter_ = 0;
};

}  // namespace ostraka::engine_test
