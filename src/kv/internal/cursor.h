// Walks the keys of one keyspace in order, pending writes over the engine. Keys that have expired
// are walked too: whoever examines keys counts them, so that work is bounded.
//
// One direction at a time; every seek starts anew. Writing invalidates the cursor until the next
// seek. Threads: the shard's reactor.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "kv/internal/core.h"
#include "kv/internal/store.h"

#include <memory>
#include <string>
#include <vector>

namespace ostraka::kv {

class Cursor {
 public:
  explicit Cursor(Core& core) : core_(core) {}

  // First key of [lower, upper), user keys; an empty upper is the end of the keyspace.
  void seek_forward(model::KeyspaceId keyspace, base::ByteView lower, base::ByteView upper);
  // Last key of [lower, upper).
  void seek_reverse(model::KeyspaceId keyspace, base::ByteView lower, base::ByteView upper);
  [[nodiscard]] bool valid() const { return source_ != Source::none; }
  void advance();
  // Valid until the next move.
  [[nodiscard]] base::ByteView user_key() const;
  // False when the key has expired. Errors: corruption.
  [[nodiscard]] base::Result<bool> read(Live& live) const;
  // Errors: what ended the walk (io_error, corruption).
  [[nodiscard]] base::Status status() const { return engine_->status(); }
  // Gives the engine's iterator back: it may pin what it sees.
  void release();

 private:
  enum class Source : std::uint8_t { none, engine, pending, both };

  void seek(model::KeyspaceId keyspace, base::ByteView lower, base::ByteView upper);
  void settle();
  void step_engine();
  [[nodiscard]] const Slot* pending_slot() const;

  Core& core_;
  bool forward_ = true;
  Source source_ = Source::none;
  std::unique_ptr<port::EngineIterator> engine_;
  std::vector<const Slot*> slots_;
  std::size_t next_slot_ = 0;  // counts in the direction of the walk
};

}  // namespace ostraka::kv
