// The payload of a data entry of a shard's log: {format version, semantics version, session, first
// serial, acknowledged serial, log time, commands}. One entry carries the commands that one node
// proposed in one turn; serials are consecutive. Format: docs/formats/log_entry.md.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"

#include <cstdint>
#include <string>

namespace ostraka::codec {

inline constexpr std::uint8_t kEntryFormatVersion = 1;
inline constexpr std::uint8_t kSemanticsVersion = 1;

enum class EntryType : std::uint8_t {
  commands = 1,
  register_session = 2,  // the session exists from here on
  advance_time = 3,      // only moves the log time (so that expiry goes on in an idle shard)
  state_hash = 4,        // every replica hashes its state at this index and compares
};

struct EntryHeader {
  EntryType type = EntryType::commands;
  std::uint8_t semantics_version = kSemanticsVersion;
  model::SessionId session = {};    // who proposed; commands only when it is registered
  model::Serial first_serial = {};  // of the first command
  // replies up to here have arrived at the session's owner and may be forgotten
  model::Serial acknowledged = {};
  base::WallTime log_time = {};  // max(previous, leader's clock)
  std::uint32_t command_count = 0;
};

// Appends an encoded entry to `out`: header, then each command with its length.
class EntryBuilder {
 public:
  explicit EntryBuilder(std::string& out);
  void begin(const EntryHeader& header);  // command_count is filled in by finish()
  void add_command(base::ByteView encoded_command);
  [[nodiscard]] std::uint32_t command_count() const { return count_; }
  void finish();

 private:
  std::string& out_;
  std::size_t count_offset_ = 0;
  std::uint32_t count_ = 0;
};

class EntryReader {
 public:
  explicit EntryReader(base::ByteView encoded) : in_(encoded) {}
  // Errors: malformed; format_unknown for an unknown format, type or semantics version (apply
  // stops).
  [[nodiscard]] base::Result<EntryHeader> header();
  // The next command; false at the end.
  [[nodiscard]] base::Result<bool> next(base::ByteView& encoded_command);

 private:
  base::Reader in_;
  std::uint32_t count_ = 0;
  std::uint32_t given_ = 0;
};

}  // namespace ostraka::codec
