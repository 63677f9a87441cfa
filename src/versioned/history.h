// Older versions of a keyspace's values: read at a version, list changes, collect.
//
// Used when the keyspace keeps history; the current value lies in the family `data` either way.
// The layout (family `history`) is behind this interface: docs/formats/engine.md.
//
// A History belongs to one shard; `stream` separates the by-version index of shards that share a
// keyspace. Writes go into the caller's batch, together with the data. Versions of one shard rise.
// Threads: the shard's reactor. Borrows the engine.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "port/engine.h"
#include "versioned/key.h"
#include "versioned/record.h"
#include "versioned/version.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::versioned {

struct Change {
  Version version;
  std::string user_key;
  bool removed = false;
  friend bool operator==(const Change&, const Change&) = default;
};

class History {
 public:
  History(port::Engine& engine, KeyPrefix prefix, std::uint64_t stream);

  // The value of `user_key` from header.version on; header.tombstone records a removal. Requires a
  // version above zero.
  void record(port::WriteBatch& batch, base::ByteView user_key, const RecordHeader& header,
              base::ByteView value);

  // The newest record at or before `at`. False when there is none or it is a removal. `found` views
  // into `raw`. Errors: snapshot_required when `at` lies below what was collected.
  [[nodiscard]] base::Result<bool> read_at(base::ByteView user_key, Version at, std::string& raw,
                                           Record& found,
                                           const port::EngineSnapshot* snapshot = nullptr);

  struct Position {
    Version version;
    std::optional<std::string> user_key;  // none = behind every change of `version`
  };
  // Changes behind `after`, in the order of versions (keys bytewise within one), at most `max`: go
  // on from the last one's version and key. Errors: snapshot_required as above.
  [[nodiscard]] base::Result<std::vector<Change>> changes_since(const Position& after,
                                                                std::size_t max);

  // Drops what no reader at or above `bound` can see, looking at no more than `max_rows` rows from
  // `cursor` on (empty = from the start). Sets the cursor to where it stopped; true when everything
  // was seen. The first call makes `bound` the lowest version that can be read. The caller writes
  // the batch.
  [[nodiscard]] base::Result<bool> collect_below(Version bound, std::size_t max_rows,
                                                 std::string& cursor, port::WriteBatch& batch);

  // The lowest version that can be read; zero when nothing was collected.
  [[nodiscard]] base::Result<Version> collected();

 private:
  [[nodiscard]] base::Status check_readable(Version at);
  [[nodiscard]] std::string row_key(base::ByteView user_key, Version version) const;
  [[nodiscard]] std::string index_key(base::ByteView user_key, Version version) const;

  port::Engine& engine_;
  std::string rows_;   // prefix of version rows
  std::string index_;  // prefix of index rows of this stream
  std::string collected_key_;
};

// Order-preserving form of a byte string that can be followed by something else: 0x00 becomes
// 0x00 0xff, and 0x00 0x01 ends it.
void append_terminated(std::string& out, base::ByteView bytes);
// Takes one off the front. False when it is malformed.
[[nodiscard]] bool take_terminated(base::ByteView& in, std::string& out);

}  // namespace ostraka::versioned
