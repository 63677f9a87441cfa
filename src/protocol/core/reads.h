// Linearizable reads that wait: at the leader for a round that a quorum confirms (Raft thesis 6.4),
// at a follower for the leader's answer. Part of engines; who leads, which rounds a quorum has
// confirmed and how an answer travels is theirs.
//
// Values without I/O; no threads. The queues are bounded and never shrink: the steady state
// allocates nothing. What is taken out must be answered, or the read is lost.
#pragma once

#include "base/time.h"
#include "model/ids.h"
#include "protocol/core/event.h"
#include "protocol/core/message.h"
#include "protocol/core/protocol.h"
#include "protocol/core/ring.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ostraka::protocol {

// Of each of the two queues; beyond it a read is refused with busy.
inline constexpr std::size_t kPendingReadsMax = 4096;

struct PendingRead {
  RequestId id{};
  model::NodeId origin{};     // none: asked here; else the follower that asked
  std::uint64_t context = 0;  // the follower's number for it
  model::LogIndex index{};    // commit index when its round began
  std::uint64_t round = 0;    // 0: waits for the next round
  base::Instant deadline{};
};

// A read that begins now has failed then.
[[nodiscard]] base::Instant read_deadline(base::Instant now, const Settings& settings);
[[nodiscard]] PendingRead read_asked_by(const Message& request, base::Instant deadline);

// The leader's side, in the order of asking: rounds rise, those that wait for the next one are
// last.
class PendingReads {
 public:
  [[nodiscard]] bool empty() const { return reads_.empty(); }
  [[nodiscard]] std::size_t size() const { return reads_.size(); }
  // Of the oldest; never when there is none.
  [[nodiscard]] base::Instant deadline() const;
  // False when there is no room.
  [[nodiscard]] bool add(const PendingRead& read);
  // The oldest, when it may be answered: by a lease now, or by a round that a quorum confirmed.
  std::optional<PendingRead> take_ready(bool leased, std::uint64_t confirmed);
  std::optional<PendingRead> take_expired(base::Instant now);
  std::optional<PendingRead> take();
  // Somebody waits, and no round is under way: what comes later waits for the next one.
  [[nodiscard]] bool wants_round() const;
  void begin_round(std::uint64_t round, model::LogIndex commit);

 private:
  Ring<PendingRead> reads_;
};

// The follower's side. Those that wait were all asked of the leader that it knows: with another one
// they have failed. Answers may come in any order.
class ForwardedReads {
 public:
  // A late answer to an earlier life must not be taken for one to this: numbers start anywhere.
  void start_numbers_at(std::uint64_t context) { context_ = context; }
  // Of the oldest; never when there is none.
  [[nodiscard]] base::Instant deadline() const;
  // Its number for the leader; nothing when there is no room.
  [[nodiscard]] std::optional<std::uint64_t> add(RequestId id, base::Instant deadline);
  // Which read an answer is for; nothing when none waits for it.
  std::optional<RequestId> take_answered(std::uint64_t context);
  std::optional<RequestId> take_expired(base::Instant now);
  std::optional<RequestId> take();

 private:
  struct Forwarded {
    RequestId id;
    std::uint64_t context = 0;
    base::Instant deadline;
    bool done = false;
  };

  void drop_done();

  Ring<Forwarded> reads_;  // contexts rise by one; the oldest is never done
  std::uint64_t context_ = 0;
};

struct Reads {
  PendingReads pending;
  ForwardedReads forwarded;
};

}  // namespace ostraka::protocol
