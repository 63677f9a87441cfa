// Operations on keys and the commands made of them: the language between gateways, the log and the
// state machine.
//
// A command is a list of operations applied atomically. A gateway encodes it once (CommandBuilder);
// the very same bytes are forwarded to the leader, written to the log and applied. Formats:
// docs/formats/command.md.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"

#include <cstdint>
#include <string>

namespace ostraka::codec {

// Numbers are stored in logs: never re-used, never re-ordered. Reads are 1-99, writes 100-199.
enum class OpCode : std::uint8_t {
  // reads
  get = 1,            // key -> bytes | nil
  exists = 2,         // key -> integer 0/1
  string_length = 3,  // key -> integer
  get_range = 4,      // key, number = start, number2 = end (Redis meaning) -> bytes
  deadline = 5,       // key -> integer: -2 absent, -1 no expiry, else deadline in ms since 1970
  key_version = 6,    // key -> integer: version of the last write, 0 when absent (WATCH)
  // key = start (inclusive), key2 = end (exclusive, empty = keyspace end), number = max keys
  // examined,
  scan = 7,
  // value = glob pattern or empty, flags kScanWithValues -> array [next key or
  // nil, array of keys (and values)]
  // key = where to go on, empty at first -> integer: live keys; array [next key, integer] when more
  // are left than one call examines
  count = 8,
  random_key = 9,     // number = a random 64-bit number -> bytes | nil
  scan_reverse = 10,  // as scan, from key2 (exclusive) down to key (inclusive)
  log_time = 11,      // -> integer: the log time in ms that reads are judged by
  // writes key, value, deadline_ms (0 = none), flags -> ok | nil | bytes (kSetGet: old value)
  set = 100,
  remove = 101,      // key -> integer 0/1 (was there)
  increment = 102,   // key, number -> integer; error when not an integer or overflow
  append = 103,      // key, value -> integer: new length
  set_range = 104,   // key, number = offset, value -> integer: new length
  get_remove = 105,  // key -> bytes | nil
  expire_at = 106,   // key, deadline_ms, flags kExpire* -> integer 0/1
  persist = 107,     // key -> integer 0/1
  // GETEX: key, deadline_ms, flags (kGetExpireSet | kGetExpirePersist) -> bytes | nil
  get_expire = 108,
  rename = 109,          // key -> key2, flags kRenameIfAbsent -> ok | integer | error no such key
  copy = 110,            // key -> key2 in keyspace2, flags kCopyReplace -> integer 0/1
  flush_keyspace = 111,  // -> ok: every key of the keyspace goes (generation bump)
  // key, number = expected version (0 = absent): not equal -> the whole command has no effect,
  // result nil
  check_version = 112,
  // guard for MSETNX: key; present -> the whole command has no effect, result integer 0
  set_if_absent_all = 113,
  // key: removes the key iff it has expired at the entry's log time -> integer 0/1
  remove_expired = 114,
  touch = 115,  // no effect, result nil: a barrier in the log
  // As set, expire_at, get_expire; deadline_ms counts from the entry's log time: the clock of the
  // node that took the command has no part in it.
  set_for = 116,
  expire_in = 117,
  get_expire_in = 118,
};

[[nodiscard]] constexpr bool is_read(OpCode code) { return static_cast<std::uint8_t>(code) < 100; }
// False for numbers that this version does not know: apply stops, never guesses.
[[nodiscard]] bool is_known(std::uint8_t code);

inline constexpr std::uint32_t kSetIfAbsent = 1;      // NX
inline constexpr std::uint32_t kSetIfPresent = 2;     // XX
inline constexpr std::uint32_t kSetGet = 4;           // GET
inline constexpr std::uint32_t kSetKeepDeadline = 8;  // KEEPTTL
inline constexpr std::uint32_t kExpireIfNone = 1;     // NX
inline constexpr std::uint32_t kExpireIfSome = 2;     // XX
inline constexpr std::uint32_t kExpireIfGreater = 4;  // GT
inline constexpr std::uint32_t kExpireIfLess = 8;     // LT
inline constexpr std::uint32_t kGetExpireSet = 1;
inline constexpr std::uint32_t kGetExpirePersist = 2;
inline constexpr std::uint32_t kRenameIfAbsent = 1;
inline constexpr std::uint32_t kCopyReplace = 1;
inline constexpr std::uint32_t kScanWithValues = 1;

// One operation; every member has an initializer so that designated initializers may leave it out.
// Views point into the encoded command or into the caller's memory.
struct Operation {
  OpCode code = OpCode::touch;
  model::KeyspaceId keyspace = {};
  model::KeyspaceId keyspace2 = {};  // copy only; none = the same
  std::uint32_t flags = 0;
  std::int64_t number = 0;
  std::int64_t number2 = 0;
  std::int64_t deadline_ms = 0;  // ms since 1970 by log time, 0 = none; *_for, *_in: from now on
  base::ByteView key = {};
  base::ByteView key2 = {};
  base::ByteView value = {};
};

// Builds one encoded command in a string that it owns; take() hands it over.
class CommandBuilder {
 public:
  // A command whose operations are all reads is a read command; mixing makes it a write command
  // (reads inside see the writes before them).
  void add(const Operation& operation);
  [[nodiscard]] std::size_t operation_count() const { return count_; }
  [[nodiscard]] bool is_read_only() const { return read_only_; }
  [[nodiscard]] std::size_t bytes() const { return body_.size(); }
  // The encoded command; the builder is empty afterwards.
  [[nodiscard]] std::string take();

 private:
  std::string body_;
  std::uint32_t count_ = 0;
  bool read_only_ = true;
};

// True when nothing in the command can make the data grow: removals, guards and reads only.
[[nodiscard]] bool only_removes(base::ByteView command);

// Walks an encoded command. Malformed input ends the walk with an error; never reads beyond the
// view.
class CommandReader {
 public:
  explicit CommandReader(base::ByteView encoded);
  [[nodiscard]] std::uint32_t operation_count() const { return count_; }
  // The next operation; false at the end. Errors: malformed, format_unknown (an unknown code or
  // version).
  [[nodiscard]] base::Result<bool> next(Operation& operation);

 private:
  base::Reader in_;
  std::uint32_t count_ = 0;
  std::uint32_t given_ = 0;
  bool version_known_ = false;
};

}  // namespace ostraka::codec
