// What the runtime keeps of one process: its life, clock, disk and what waits.
//
// Threads: none.
#pragma once

#include "base/time.h"
#include "lab/core/declaration.h"
#include "lab/core/process.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace ostraka::lab {

// What can be planned for a moment. Lives number the times that a process began.
struct Arrival {
  std::size_t message;  // place in record.messages
};
struct TimerDue {
  ProcessId process;
  std::uint64_t life;
  std::string timer;
  std::uint64_t armed;  // the second half of its AgendaKey: a later arming replaces it
};
struct WriteDone {
  ProcessId process;
  std::uint64_t life;
  WriteToken token;
};
struct InputDue {
  std::size_t input;  // place in setup.inputs
};
enum class Fault : std::uint8_t { crash, restart, pause, resume, cut, heal };
struct FaultDue {
  Fault fault;
  std::size_t place;  // in WorldOptions::interventions
};
struct Begin {
  ProcessId process;
};
using Planned = std::variant<Begin, Arrival, TimerDue, WriteDone, InputDue, FaultDue>;

// When, and the how-manieth thing that was planned: the order of one moment.
using AgendaKey = std::pair<base::Instant, std::uint64_t>;

struct Host {
  ProcessSpec spec;
  std::unique_ptr<Process> process;  // null: down
  Storage storage;
  std::uint64_t life = 0;
  int pauses = 0;               // under way
  std::deque<Planned> waiting;  // came while paused
  WriteToken issued;            // steps of this life
  struct PendingWrite {
    WriteToken token;
    std::vector<Write> writes;
    base::Instant done;
  };
  std::deque<PendingWrite> pending;
  struct HeldSend {
    WriteToken token;
    Send send;
    int step;
  };
  std::deque<HeldSend> held;
  std::map<std::string, AgendaKey> timers;  // where each one that is armed stands
  std::map<std::string, std::string> shown;

  [[nodiscard]] bool is_up() const { return process != nullptr; }
  // Its clock at true time `now`.
  [[nodiscard]] base::Instant local(base::Instant now) const;
  // The first whole microsecond of true time, not before `now`, at which its clock reads `deadline`
  // or more.
  [[nodiscard]] base::Instant true_time(base::Instant deadline, base::Instant now) const;
  void forget();  // what a crash loses
};

}  // namespace ostraka::lab
