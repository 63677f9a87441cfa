// Exactly-once: which commands of a session have been applied, and what they were told.
//
// A session's numbers stand in its newest record, so that an entry costs one put and no get; the
// heads are kept in memory. Replies are records of the family `session`, one per entry, forgotten
// (logically at once, physically by ranges of records) when they are acknowledged or too many.
// All of it is replicated state: in checkpoints, snapshots and the state hash.
//
// Reference: Ongaro, "Consensus: Bridging Theory and Practice" (2014), section 6.3.
// Threads: the shard's reactor.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "kv/internal/core.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace ostraka::kv {

struct SessionHead {
  std::uint64_t last = 0;      // serial of the last command applied
  std::uint64_t floor = 0;     // replies up to here are forgotten
  std::int64_t active_ms = 0;  // log time of the session's last entry
  // First serials of the reply records in the engine, rising. The last one stays: it holds the
  // numbers above.
  std::deque<std::uint64_t> records;
};

class Sessions {
 public:
  explicit Sessions(Core& core) : core_(core) {}

  [[nodiscard]] base::Status load();

  // Null when the session is not registered or has expired.
  [[nodiscard]] SessionHead* find(model::SessionId id, std::uint64_t first_serial);
  // The session exists from here on; one that exists counts as active. Beyond sessions_max the one
  // that was idle longest ends.
  void add(model::SessionId id);
  // Ends the sessions that have been idle for too long at the applied log time.
  void expire();

  // Whether expire() would end a session at this log time.
  [[nodiscard]] bool has_expired(std::int64_t log_time_ms) const;

  // Opens a reply record at the end of `arena`; close_record() completes it and puts it, or puts a
  // head record when nothing was added.
  void open_record(std::string& arena);
  // One reply; an empty one stands for a command that could not be decoded.
  void add_reply(std::string& arena, base::ByteView reply);
  void close_record(model::SessionId id, SessionHead& head, std::uint64_t acknowledged,
                    std::string& arena);

  // Whether the stored reply of an applied command is still known; fills `reply`. Requires that
  // what was put has been written. Errors: io_error, corruption.
  [[nodiscard]] base::Result<bool> stored_reply(model::SessionId id, const SessionHead& head,
                                                std::uint64_t serial, std::string& reply);
  // Every reply that is known, in order of serials. Requires and errors as above.
  [[nodiscard]] base::Status visit_replies(model::SessionId id, const SessionHead& head,
                                           const std::function<void(base::ByteView)>& visit);
  [[nodiscard]] const std::map<model::SessionId, SessionHead>& all() const { return heads_; }

 private:
  [[nodiscard]] base::Status load_record(base::ByteView key, base::ByteView value);
  void end(std::map<model::SessionId, SessionHead>::iterator session);
  void put(model::SessionId id, std::uint64_t serial, base::ByteView record);
  // A reply record by its first serial.
  [[nodiscard]] base::Status get(model::SessionId id, std::uint64_t first, std::string& record);
  void forget(model::SessionId id, SessionHead& head);

  Core& core_;
  std::map<model::SessionId, SessionHead> heads_;
  std::int64_t next_expiry_ms_ = 0;  // no session expires before
  std::size_t record_offset_ = 0;
  std::uint32_t record_replies_ = 0;
  std::string key_;
  std::string upper_;
  // Instead of the engine, under Mutant::memory_only_dedup.
  std::map<std::pair<model::SessionId, std::uint64_t>, std::string> memory_;
};

}  // namespace ostraka::kv
