// Keys as operations see them: pending writes over the engine, old generations and expired keys out
// of sight.
//
// Views in a Live stay valid until the next find() or edit(). Threads: the shard's reactor.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "kv/internal/core.h"
#include "kv/internal/pending.h"

#include <cstdint>
#include <string>

namespace ostraka::kv {

// A key that is there and has not expired.
struct Live {
  base::ByteView value;
  std::int64_t deadline_ms = 0;
  std::uint64_t version = 0;
};

class Store {
 public:
  explicit Store(Core& core) : core_(core) {}

  // False when the key is absent or expired. Errors: io_error, corruption.
  [[nodiscard]] base::Result<bool> find(model::KeyspaceId keyspace, base::ByteView key, Live& live);
  // The slot of a key with what the engine holds; use is_live() before looking into it. Errors as
  // above.
  [[nodiscard]] base::Result<Slot*> edit(model::KeyspaceId keyspace, base::ByteView key);
  // The slot of a key that will be written or removed whatever it holds: nothing is read.
  [[nodiscard]] Slot& overwrite(model::KeyspaceId keyspace, base::ByteView key);

  [[nodiscard]] bool is_live(const Slot& slot) const {
    return slot.present && !core_.expired(slot.deadline_ms);
  }
  // The slot's value has been set: makes it a write of this entry. A deadline that has passed
  // removes the key at once.
  void written(Slot& slot, model::LogIndex index, std::int64_t deadline_ms);
  void remove(Slot& slot);

  [[nodiscard]] Core& core() { return core_; }

 private:
  // Null when nothing waits for the engine; else a slot of pending or of leaving.
  [[nodiscard]] const Slot* waiting(base::ByteView stored);
  const std::string& stored_key(model::KeyspaceId keyspace, base::ByteView key);

  Core& core_;
  std::string key_;
  std::string record_;
};

}  // namespace ostraka::kv
