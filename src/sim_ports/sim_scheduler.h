// Virtual time and the one event queue of a simulated world.
//
// Events run in the order (time, sequence of scheduling); the same calls give the same order on
// every machine. Every event
// belongs to an owner (a process); events of an owner that has died are dropped, those of a paused
// owner wait.
// Threads: one.
#pragma once

#include "base/strong_id.h"
#include "base/time.h"
#include "port/executor.h"

#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <vector>

namespace ostraka::sim_ports {

// A process life: a restarted process is another owner. 0 = the world itself (faults, checkers),
// which never dies.
using OwnerId = base::StrongId<struct OwnerIdTag>;

class SimScheduler {
 public:
  // True time, nanoseconds since the world began.
  [[nodiscard]] base::Instant now() const { return now_; }

  [[nodiscard]] OwnerId new_owner();
  // Drops every pending and future event of the owner.
  void kill(OwnerId owner);
  [[nodiscard]] bool is_alive(OwnerId owner) const;
  // No event of the owner runs before `until`; they keep their order.
  void pause(OwnerId owner, base::Instant until);

  // `what` names the event in traces; it outlives the event.
  void schedule(base::Instant at, OwnerId owner, port::Closure closure, const char* what = "event");

  // Runs the next event. False when there is none.
  bool step();
  // Runs every event up to and including `until`; then the time is `until`.
  void run_until(base::Instant until);
  // Called after every event (invariants).
  void on_step(std::move_only_function<void()> hook) { hook_ = std::move(hook); }
  // Called before every event, with its owner and name (traces).
  void on_event(std::move_only_function<void(OwnerId, const char*)> hook) {
    event_hook_ = std::move(hook);
  }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  // A running hash over (time, owner) of every event: equal for equal runs.
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_hash_; }
  // Mixes something observable into the trace hash.
  void mix(std::uint64_t value);

 private:
  // What the heap moves about is small; what runs waits in its slot.
  struct Due {
    base::Instant at;
    std::uint64_t sequence;
    std::uint32_t slot;
    friend bool operator<(const Due& a, const Due& b) {
      return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;  // smallest on top
    }
  };
  struct Event {
    OwnerId owner;
    port::Closure closure;
    const char* what = nullptr;
  };
  struct Owner {
    bool alive = true;
    base::Instant paused_until;
  };

  // Drops the event on top when its owner is dead, puts it off when it is paused; true when so.
  bool pass_over();
  // Takes the top out of the heap and its event out of its slot.
  Event take();

  base::Instant now_;
  std::priority_queue<Due> queue_;
  std::vector<Event> events_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<Owner> owners_{Owner{}};
  std::move_only_function<void()> hook_;
  std::move_only_function<void(OwnerId, const char*)> event_hook_;
  std::uint64_t sequence_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t trace_hash_ = 0x9e3779b97f4a7c15ULL;
};

}  // namespace ostraka::sim_ports
