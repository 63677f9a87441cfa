// The node's own session: serials, the window of writes that are sent and not answered, resending.
//
// Invariants: serials are consecutive in submit order and are given at the first sending; a serial
// once given is always sent again until it is answered (a call that ended at its deadline leaves a
// `touch` in its place); a session is registered at most once, so that a late duplicate cannot
// bring an expired one back. Threads: one reactor.
#pragma once

#include "base/bytes.h"
#include "base/prng.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "router/internal/client_session.h"
#include "router/internal/context.h"
#include "router/internal/slot_ring.h"
#include "router/internal/write_queue_time.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::router {

class WritePath {
 public:
  explicit WritePath(Context& context);

  // One more write would wait for too long: it is to be refused.
  [[nodiscard]] bool is_overloaded();
  void submit(ClientSession& session, Call& call);
  // Completes the session's writes with `cancelled`.
  void abandon(ClientSession& session);
  void flush(base::Instant now);
  // Ends what is past its deadline; sends again when nothing was heard for too long.
  void tick(base::Instant now);
  // The earliest instant at which tick() has something to do.
  [[nodiscard]] base::Instant wake_at(base::Instant now) const;

  [[nodiscard]] bool owns(model::SessionId session) const {
    return session == session_ && state_ != State::none;
  }
  void on_result(model::Serial serial, const base::Result<base::ByteView>& results);
  void on_refused(model::Serial first, std::uint32_t count, base::ErrorCode code);
  // The leader may have lost what was sent to it: send the whole suffix again.
  void restart();
  void stop();

  [[nodiscard]] bool is_registered() const { return state_ == State::active; }
  [[nodiscard]] std::size_t window_calls() const { return window_.size(); }

 private:
  enum class State : std::uint8_t { none, registering, active };
  struct Pending {
    ClientSession* session = nullptr;
    Call* call = nullptr;  // null: abandoned
    Arrival arrival;
  };
  struct Slot {
    ClientSession* session = nullptr;
    Call* call = nullptr;  // null: nobody waits any more
    base::Buffer command;
    Arrival arrival;
    std::uint32_t attempts = 0;       // times sent
    std::uint32_t open_attempts = 0;  // of these, not refused for certain
    bool done = false;
  };

  [[nodiscard]] std::size_t in_flight() const { return window_.size() + pending_.size(); }
  [[nodiscard]] base::Instant turn();
  bool ensure_registered(base::Instant now);
  void fill_window();
  bool send_batch(base::Instant now);
  base::Status send_to_leader(std::uint64_t first);
  void hold_back(base::Instant now, base::ErrorCode code);
  void end_slot(Slot& slot, const base::Result<base::ByteView>& results);
  void advance();
  void lose_session(std::uint64_t serial);
  void clear_window();
  void replace_by_touch(Slot& slot);
  void make_way(base::ErrorCode refusal);
  [[nodiscard]] bool has_removal();
  void retry_first_alone();
  void expire_pending(base::Instant now);
  void expire_window(base::Instant now);
  [[nodiscard]] base::ErrorCode definite_code() const;
  [[nodiscard]] base::Instant resend_at() const;

  Context& context_;
  base::Prng prng_;
  base::Buffer touch_;
  Target target_;
  State state_ = State::none;
  model::SessionId session_;
  std::deque<Pending> pending_;  // no serial yet
  SlotRing<Slot> window_;        // numbers are serials
  std::size_t window_bytes_ = 0;
  WriteQueueTime queue_time_;
  std::optional<base::Instant> turn_;  // when this turn first asked
  std::uint64_t sent_ = 1;             // the next serial to send to the present leader
  std::uint32_t batch_calls_max_;
  std::optional<base::ErrorCode> last_refusal_;
  base::Instant retry_at_;  // not sent before
  base::Instant registration_deadline_;
  // of the next attempt, times resend_after
  std::int64_t registration_patience_ = 1;
  base::Instant heard_at_;  // the last answer, or the sending after silence
  base::Instant earliest_deadline_ = base::Instant::never();  // a lower bound
  std::vector<base::ByteView> views_;
  std::string frame_;
};

}  // namespace ostraka::router
