// Work beside apply: finding expired keys for the leader, and deleting what nobody can see (keys of
// old generations, stale entries of the expiry index).
//
// Its writes to the engine are not in the log: they change nothing that apply or a read can see, so
// each replica does them when it likes. Every call does bounded work. Threads: the shard's reactor;
// not from within apply.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "kv/internal/core.h"

#include <memory>
#include <string>

namespace ostraka::kv {

class Maintenance {
 public:
  explicit Maintenance(Core& core) : core_(core), batch_(core.engine.new_batch()) {}

  [[nodiscard]] base::Result<std::string> expired_command(base::WallTime now, std::size_t max);
  // True when there is more to do.
  [[nodiscard]] base::Result<bool> collect_garbage(std::size_t max_keys);
  // After load().
  void reset() {
    batch_ = core_.engine.new_batch();
    sweep_from_.clear();
  }

 private:
  // Whether there may be something to collect, asked of what the engine has.
  [[nodiscard]] base::Result<bool> has_garbage();
  // Deletes keys of old generations; `budget` shrinks by the keys examined.
  [[nodiscard]] base::Status collect_generations(std::size_t& budget);
  [[nodiscard]] base::Result<bool> sweep_index(std::size_t& budget);
  // Whether an entry of the expiry index is that of a key's present deadline.
  [[nodiscard]] base::Result<bool> is_current(base::ByteView index_key);
  [[nodiscard]] base::Status write();

  Core& core_;
  std::unique_ptr<port::WriteBatch> batch_;
  std::string sweep_from_;  // where the next sweep of the index goes on; empty = at the beginning
  std::string record_;
};

}  // namespace ostraka::kv
