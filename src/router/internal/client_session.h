// One client connection's order of operations: reads wait for the connection's earlier writes and
// writes for its earlier reads; what has to wait stays here in order.
#pragma once

#include "router/router.h"

#include <cstddef>
#include <deque>

namespace ostraka::router {

class ClientSession;
struct ReadSlot;

class SessionOwner {
 public:
  SessionOwner() = default;
  SessionOwner(const SessionOwner&) = delete;
  SessionOwner& operator=(const SessionOwner&) = delete;
  virtual ~SessionOwner() = default;
  virtual void submit(ClientSession& session, Call& call) = 0;
  // Completes every call of the session with `cancelled` and forgets the session.
  virtual void abandon(ClientSession& session) = 0;
};

class ClientSession final : public Session {
 public:
  explicit ClientSession(SessionOwner& owner) : owner_(owner) {}
  ~ClientSession() override { owner_.abandon(*this); }

  void submit(Call& call) override { owner_.submit(*this, call); }
  [[nodiscard]] std::size_t in_flight() const override { return writes + reads + waiting.size(); }

  // Whether this call may be started while those in flight are not complete.
  [[nodiscard]] bool may_start(const Call& call) const {
    return call.read_only ? writes == 0 : reads == 0;
  }

  std::size_t writes = 0;  // started
  std::size_t reads = 0;   // started
  std::size_t bytes = 0;   // of all in flight
  std::deque<Call*> waiting;
  bool ready_queued = false;       // in the owner's list of sessions that can start something
  std::size_t position = 0;        // in the owner's list of sessions
  ReadSlot* first_read = nullptr;  // reads in flight, oldest first
  ReadSlot* last_read = nullptr;

 private:
  SessionOwner& owner_;
};

}  // namespace ostraka::router
