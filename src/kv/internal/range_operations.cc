#include "base/glob.h"
#include "base/prng.h"
#include "kv/internal/operations.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace ostraka::kv {
namespace {

// The smallest user key that does not begin with `prefix`; empty when there is none.
std::string prefix_end(base::ByteView prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) {
    end.pop_back();
  }
  if (!end.empty()) {
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  }
  return end;
}

int byte_at(base::ByteView key, std::size_t i) { return static_cast<unsigned char>(key[i]); }

// Releases the engine's iterator when a walk ends.
class Walk {
 public:
  explicit Walk(Cursor& cursor) : cursor_(cursor) {}
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;
  ~Walk() { cursor_.release(); }

 private:
  Cursor& cursor_;
};

}  // namespace

// An upwards walk goes on at the first key that was not examined; a downwards walk below the last
// one that was.
base::Status Operations::scan(const Operation& operation, Writer& out) {
  const Walk walk(cursor_);
  const bool forward = operation.code == codec::OpCode::scan;
  const bool with_values = (operation.flags & codec::kScanWithValues) != 0;
  const auto keys_max = static_cast<std::size_t>(
      std::clamp<std::int64_t>(operation.number, 1, static_cast<std::int64_t>(kScanKeysMax)));
  if (forward) {
    cursor_.seek_forward(operation.keyspace, operation.key, operation.key2);
  } else {
    cursor_.seek_reverse(operation.keyspace, operation.key, operation.key2);
  }
  scan_items_.clear();
  Writer items(scan_items_);
  std::uint32_t item_count = 0;
  std::size_t bytes = 0;
  std::string last;
  for (std::size_t i = 0; i < keys_max && bytes < kScanBytesMax && cursor_.valid(); ++i) {
    const base::ByteView key = cursor_.user_key();
    Live live;
    OSTRAKA_ASSIGN(const bool present, cursor_.read(live));
    bytes += key.size() + live.value.size();
    if (present && (operation.value.empty() || base::glob_matches(operation.value, key))) {
      items.bytes(key);
      ++item_count;
      if (with_values) {
        items.bytes(live.value);
        ++item_count;
      }
    }
    if (!forward) {
      last.assign(key);
    }
    cursor_.advance();
  }
  OSTRAKA_TRY(cursor_.status());
  out.array(2);
  if (cursor_.valid()) {
    out.bytes(forward ? cursor_.user_key() : base::ByteView(last));
  } else {
    out.nil();
  }
  out.array(item_count);
  out.raw(scan_items_);
  return {};
}

base::Status Operations::count(const Operation& operation, Writer& out) {
  const Walk walk(cursor_);
  cursor_.seek_forward(operation.keyspace, operation.key, {});
  std::int64_t live_keys = 0;
  for (std::size_t i = 0; i < kCountKeysMax && cursor_.valid(); ++i) {
    Live live;
    OSTRAKA_ASSIGN(const bool present, cursor_.read(live));
    live_keys += present ? 1 : 0;
    cursor_.advance();
  }
  OSTRAKA_TRY(cursor_.status());
  if (cursor_.valid()) {
    out.array(2);
    out.bytes(cursor_.user_key());
  }
  out.integer(live_keys);
  return {};
}

// Goes down the tree of common prefixes and draws the next byte between the smallest and the
// largest one there is, so that keys like user:1, user:2, … are drawn about evenly. Depends on the
// keys and the number only.
base::Status Operations::random_descent(model::KeyspaceId keyspace, std::uint64_t seed,
                                        std::string& key) {
  constexpr int kLevelsMax = 32;
  base::Prng prng(seed);
  std::string path;
  std::string last;
  for (int level = 0; level < kLevelsMax; ++level) {
    const std::string end = prefix_end(path);
    cursor_.seek_reverse(keyspace, path, end);
    OSTRAKA_TRY(cursor_.status());
    if (!cursor_.valid()) {
      return {};  // the keyspace is empty
    }
    last.assign(cursor_.user_key());
    cursor_.seek_forward(keyspace, path, end);
    OSTRAKA_TRY(cursor_.status());
    key.assign(cursor_.user_key());
    if (key == last) {
      return {};
    }
    const auto [in_key, in_last] = std::ranges::mismatch(key, last);
    path.assign(key.begin(), in_key);
    const bool key_is_path = in_key == key.end();
    const int low = key_is_path ? -1 : byte_at(key, path.size());
    const auto drawn = prng.between(low, byte_at(last, path.size()));
    if (drawn < 0) {
      return {};
    }
    std::string probe = path;
    probe.push_back(static_cast<char>(drawn));
    cursor_.seek_forward(keyspace, probe, end);
    OSTRAKA_TRY(cursor_.status());
    key.assign(cursor_.user_key());
    path.push_back(key[path.size()]);
  }
  return {};
}

// From `key` on, for a bounded number of steps. `key` gets the one that was found.
base::Result<bool> Operations::first_live(model::KeyspaceId keyspace, std::string& key) {
  cursor_.seek_forward(keyspace, key, {});
  for (std::size_t i = 0; i < kRandomStepsMax && cursor_.valid(); ++i) {
    Live live;
    OSTRAKA_ASSIGN(const bool present, cursor_.read(live));
    if (present) {
      key.assign(cursor_.user_key());
      return true;
    }
    cursor_.advance();
  }
  OSTRAKA_TRY(cursor_.status());
  return false;
}

base::Status Operations::random_key(const Operation& operation, Writer& out) {
  const Walk walk(cursor_);
  std::string key;
  OSTRAKA_TRY(
      random_descent(operation.keyspace, static_cast<std::uint64_t>(operation.number), key));
  OSTRAKA_ASSIGN(bool found, first_live(operation.keyspace, key));
  if (!found) {
    key.clear();
    OSTRAKA_ASSIGN(found, first_live(operation.keyspace, key));
  }
  found ? out.bytes(key) : out.nil();
  return {};
}

}  // namespace ostraka::kv
