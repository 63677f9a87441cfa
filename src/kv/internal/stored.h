// Keys of the families other than `data`: all begin with the shard id, big-endian, so that a
// shard's part of a family is one range. Format: docs/formats/state.md.
#pragma once

#include "base/bytes.h"
#include "model/ids.h"
#include "versioned/version.h"

#include <cstdint>
#include <limits>
#include <string>

namespace ostraka::kv {

inline constexpr std::size_t kShardBytes = 8;

// What a key of the family `meta` holds.
enum class MetaKind : std::uint8_t { applied = 0, configuration = 1, keyspace = 2 };

inline void append_u32(std::string& out, std::uint32_t value) {
  char raw[4];
  versioned::put_u32_be(raw, value);
  out.append(raw, sizeof raw);
}

inline void append_u64(std::string& out, std::uint64_t value) {
  char raw[8];
  versioned::put_u64_be(raw, value);
  out.append(raw, sizeof raw);
}

// Empty behind the last shard: "to the end".
inline std::string shard_end(model::ShardId shard) {
  std::string end;
  if (shard.value() != std::numeric_limits<std::uint64_t>::max()) {
    append_u64(end, shard.value() + 1);
  }
  return end;
}

inline std::string shard_begin(model::ShardId shard) {
  std::string begin;
  append_u64(begin, shard.value());
  return begin;
}

inline std::string meta_key(model::ShardId shard, MetaKind kind) {
  std::string key = shard_begin(shard);
  key.push_back(static_cast<char>(kind));
  return key;
}

inline std::string keyspace_key(model::ShardId shard, model::KeyspaceId keyspace) {
  std::string key = meta_key(shard, MetaKind::keyspace);
  append_u32(key, keyspace.value());
  return key;
}

// Deadlines are signed; the flipped sign bit makes bytewise order the numeric order.
inline constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

inline void append_deadline(std::string& out, std::int64_t deadline_ms) {
  append_u64(out, static_cast<std::uint64_t>(deadline_ms) ^ kSignBit);
}

// Writes into `out`, which is cleared.
inline void expiry_key(std::string& out, model::ShardId shard, std::int64_t deadline_ms,
                       base::ByteView stored_key) {
  out.clear();
  append_u64(out, shard.value());
  append_deadline(out, deadline_ms);
  out.append(stored_key);
}

inline constexpr std::size_t kExpiryPrefixBytes = kShardBytes + 8;

// Requires kExpiryPrefixBytes.
[[nodiscard]] inline std::int64_t deadline_of(base::ByteView expiry_key) {
  return static_cast<std::int64_t>(versioned::get_u64_be(expiry_key.data() + kShardBytes) ^
                                   kSignBit);
}

inline constexpr std::size_t kSessionKeyBytes = kShardBytes + 16;

// Writes into `out`, which is cleared. Serial 0 is the session's head record.
inline void session_key(std::string& out, model::ShardId shard, model::SessionId session,
                        std::uint64_t serial) {
  out.clear();
  append_u64(out, shard.value());
  append_u64(out, session.value());
  append_u64(out, serial);
}

}  // namespace ostraka::kv
