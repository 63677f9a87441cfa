// Reads of this node's clients: at the local replica where that may answer, else at the leader, in
// batches; tried again until their deadline, since a read may be repeated.
//
// Invariant: the reads of one session are answered in program order from states that never go
// back: an answer that overtook an earlier read of its session is dropped and the read is done
// again after that one. Threads: one reactor.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "replica/replica.h"
#include "router/internal/client_session.h"
#include "router/internal/context.h"
#include "router/internal/slot_ring.h"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace ostraka::router {

class ReadPath;

struct ReadSlot final : replica::Read {
  enum class Where : std::uint8_t { free, replica, queued, sent, parked };

  void complete(const base::Result<base::ByteView>& results) override;

  ReadPath* owner = nullptr;
  ClientSession* session = nullptr;
  Call* call = nullptr;
  ReadSlot* earlier = nullptr;  // of the same session
  ReadSlot* later = nullptr;
  Where where = Where::free;
  bool redirected = false;   // to the leader: the local replica cannot answer
  std::uint64_t number = 0;  // in the ring, when sent
  std::size_t position = 0;  // in the list of active slots
};

class ReadPath {
 public:
  explicit ReadPath(Context& context) : context_(context) {}

  void submit(ClientSession& session, Call& call);
  void abandon(ClientSession& session);
  void flush(base::Instant now);
  void tick(base::Instant now);
  [[nodiscard]] base::Instant wake_at(base::Instant now) const;
  // The answer to a forwarded read.
  void on_reply(std::uint64_t number, const base::Result<base::ByteView>& results);
  // What was sent may be lost: ask again.
  void restart();
  void stop();

 private:
  friend struct ReadSlot;
  void on_answer(ReadSlot& slot, const base::Result<base::ByteView>& results);
  void start(ReadSlot& slot);
  void ask_replica(ReadSlot& slot, replica::ReadKind kind);
  void queue(ReadSlot& slot);
  void send_queued(base::Instant now, model::NodeId leader);
  bool send_batch(model::NodeId leader);
  ReadSlot& take();
  void link(ReadSlot& slot);
  // Takes it out of every list and gives it back.
  void release(ReadSlot& slot);
  void withdraw(ReadSlot& slot);
  void end(ReadSlot& slot, const base::Result<base::ByteView>& results);

  Context& context_;
  std::deque<ReadSlot> pool_;
  std::vector<ReadSlot*> free_;
  std::vector<ReadSlot*> active_;
  std::deque<ReadSlot*> queue_;  // for the leader
  SlotRing<ReadSlot*> sent_;     // null: answered or given up
  Target target_;
  base::Instant retry_at_;
  base::Instant earliest_deadline_ = base::Instant::never();
  std::vector<ReadSlot*> batch_;
  std::string frame_;
};

}  // namespace ostraka::router
