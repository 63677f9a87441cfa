// Stored keys of the family `data`: keyspace id (u32, big-endian), generation (u32, big-endian),
// user key as it is. Bytewise order of stored keys is the order (keyspace, generation, user key),
// the user key bytewise.
//
// The generation is the keyspace's number of flushes: a flush raises it, so that the old keys are
// out of sight at once and are deleted later. Nothing here allocates beyond the caller's string.
// Format: docs/formats/engine.md.
#pragma once

#include "base/bytes.h"
#include "model/ids.h"
#include "versioned/version.h"

#include <cstdint>
#include <limits>
#include <string>

namespace ostraka::versioned {

inline constexpr std::size_t kKeyPrefixBytes = 8;

struct KeyPrefix {
  model::KeyspaceId keyspace;
  std::uint32_t generation = 0;
  friend constexpr auto operator<=>(const KeyPrefix&, const KeyPrefix&) = default;
};

struct StoredKey {
  KeyPrefix prefix;
  base::ByteView user_key;  // inside the stored key
};

// Appends the prefix: the first possible stored key of this generation.
inline void append_prefix(std::string& out, KeyPrefix prefix) {
  char raw[kKeyPrefixBytes];
  put_u32_be(raw, prefix.keyspace.value());
  put_u32_be(raw + 4, prefix.generation);
  out.append(raw, sizeof raw);
}

inline void append_key(std::string& out, KeyPrefix prefix, base::ByteView user_key) {
  append_prefix(out, prefix);
  out.append(user_key);
}

// Appends the exclusive upper bound of one generation; appends nothing ("to the end" of the family)
// behind the last generation of the last keyspace.
inline void append_prefix_end(std::string& out, KeyPrefix prefix) {
  constexpr auto kLast = std::numeric_limits<std::uint32_t>::max();
  if (prefix.generation != kLast) {
    append_prefix(out, {.keyspace = prefix.keyspace, .generation = prefix.generation + 1});
  } else if (prefix.keyspace.value() != kLast) {
    append_prefix(out, {.keyspace = model::KeyspaceId(prefix.keyspace.value() + 1)});
  }
}

// Takes a stored key apart. Errors: corruption when it is shorter than a prefix.
[[nodiscard]] inline base::Result<StoredKey> decode_key(base::ByteView stored) {
  if (stored.size() < kKeyPrefixBytes) {
    return base::fail(base::ErrorCode::corruption, "stored key is too short");
  }
  return StoredKey{.prefix = {.keyspace = model::KeyspaceId(get_u32_be(stored.data())),
                              .generation = get_u32_be(stored.data() + 4)},
                   .user_key = stored.substr(kKeyPrefixBytes)};
}

}  // namespace ostraka::versioned
