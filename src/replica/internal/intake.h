// Commands on their way into the log: what was gathered becomes one entry a session.
//
// Group commit: a proposal leaves at the end of the turn when at least as many commands wait as are
// in the log and not yet applied. So a first command leaves at once, and under load two groups
// alternate: one is being synced while the other is gathered. A clock bounds the wait, for links on
// which a commit takes long (Options::gather_max).
// Refuses gaps: under one leadership the serials of a session are proposed without gaps (repeats
// are allowed: the state machine recognises them). Bounds the bytes that are accepted and not
// applied. Threads: the shard's reactor.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "codec/entry.h"
#include "model/ids.h"
#include "port/executor.h"
#include "replica/internal/deferred.h"
#include "replica/internal/driver.h"
#include "replica/internal/log_clock.h"
#include "replica/internal/ring_queue.h"
#include "replica/listener.h"
#include "replica/options.h"
#include "replica/replica.h"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ostraka::replica {

class Intake {
 public:
  struct Environment {
    model::ShardId shard;
    port::Executor& executor;
    Driver& driver;
    LogClock& clock;
    Counters& counters;
    const Options& options;
  };
  explicit Intake(const Environment& environment);

  void set_sessions(Sessions* sessions) { sessions_ = sessions; }
  // Errors: busy, sequence_gap, too_large. The caller has checked that this replica leads.
  [[nodiscard]] base::Status add_commands(model::SessionId session, model::Serial first_serial,
                                          model::Serial acknowledged,
                                          std::span<const base::ByteView> commands);
  // An entry of its own: registration, time, state hash, expiry (session none). An empty `command`
  // = no command.
  [[nodiscard]] base::Status add_entry(codec::EntryType type, model::SessionId session,
                                       base::ByteView command);
  // What waits is refused with `code`; the record of this leadership is forgotten.
  void end_leadership(base::ErrorCode code);
  // Entries up to `index` are applied.
  void on_applied(model::LogIndex index);
  [[nodiscard]] std::size_t bytes() const { return open_bytes_ + logged_bytes_; }

 private:
  struct Open {
    codec::EntryHeader header;
    std::string bytes;
    codec::EntryBuilder builder{bytes};
  };
  // The highest serials of a session's commands.
  struct Taken {
    model::Serial accepted;
    model::Serial proposed;
  };
  struct Logged {
    model::LogIndex index;
    std::size_t bytes = 0;
    std::uint32_t commands = 0;
  };
  struct Refusal {
    model::SessionId session;
    model::Serial first_serial;
    std::uint32_t count = 0;
    base::ErrorCode code{};
  };

  Open& open_entry(const codec::EntryHeader& header);
  [[nodiscard]] Open* find_open(model::SessionId session, model::Serial next_serial,
                                std::size_t more_bytes);
  void flush_when_due();
  void stop_gathering();
  void flush();
  void propose(Open& open);
  void refuse(const Open& open, base::ErrorCode code);
  void tell_refusals();

  Environment env_;
  Sessions* sessions_ = nullptr;
  std::vector<std::unique_ptr<Open>> open_;
  std::vector<std::unique_ptr<Open>> flushing_;
  std::vector<std::unique_ptr<Open>> free_;
  std::map<model::SessionId, Taken> taken_;  // under this leadership
  RingQueue<Logged> logged_;
  std::size_t open_bytes_ = 0;
  std::size_t logged_bytes_ = 0;
  std::uint64_t open_commands_ = 0;
  std::uint64_t logged_commands_ = 0;
  bool hurry_ = false;         // what is open includes more than commands of clients
  bool gathering_ = false;     // gather_over_ is armed
  std::size_t size_hint_ = 0;  // of the next entry
  std::vector<Refusal> refusals_;
  Deferred flush_later_;
  std::unique_ptr<port::Timer> gather_over_;
};

}  // namespace ostraka::replica
