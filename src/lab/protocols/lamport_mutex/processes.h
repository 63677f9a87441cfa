// The two ways to one lock, as processes: all keep the queue, or one server does.
//
// Operations: request(hold, tell): asks for the lock, to give it back `hold` ms after having it;
// then tells the process named `tell`, if that is there, which requests in its turn. Threads: none.
#pragma once

#include "lab/core/parameters.h"
#include "lab/core/process.h"
#include "protocol/clock/lamport_clock.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ostraka::lab::mutex {

// The steps of the algorithm on the page.
enum Step : int { request = 1, acknowledge, enter, release, forget };

using protocol::clock::LamportClock;
using protocol::clock::LamportStamp;

// A participant of the distributed queue.
class Peer final : public Process {
 public:
  Peer(const Birth& birth, const Parameters& parameters, std::uint64_t start);
  void step(const Event& event, Effects& effects) override;

 private:
  void ask(const Fields& asked, Effects& effects);
  void on_message(ProcessId from, const Message& message, base::Instant now, Effects& effects);
  void enter_if_first(base::Instant now, Effects& effects);
  void leave(Effects& effects);
  void show(Effects& effects) const;
  [[nodiscard]] std::int64_t tick() { return static_cast<std::int64_t>(clock_.tick()); }
  template <typename Act>
  void for_others(Act act) const;

  ProcessId self_;
  std::uint32_t peers_;
  LamportClock clock_;
  std::set<LamportStamp> queue_;
  std::optional<LamportStamp> mine_;
  std::set<ProcessId> acknowledged_;  // by a message that is later than mine_
  base::Duration hold_;
  bool is_inside_ = false;
};

// A client of the central server, which is the first process.
class Client final : public Process {
 public:
  explicit Client(ProcessId self) : self_(self) {}
  void step(const Event& event, Effects& effects) override;

 private:
  void ask(const Fields& asked, Effects& effects);
  ProcessId self_;
  base::Duration hold_;
};

class Server final : public Process {
 public:
  void step(const Event& event, Effects& effects) override;

 private:
  std::vector<ProcessId> waiting_;  // the first has the lock
};

}  // namespace ostraka::lab::mutex
