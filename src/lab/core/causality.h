// Which event of a record happened before which, by vector stamps that are made from the record
// alone: what a process says of its own clock does not count.
//
// A step is one event: what it notes, outputs and sends happens with it; within it, in the order in
// which it was said. Source: Lamport 1978 (the relation); Mattern 1989 (the stamps).
// Threads: read-only after construction. Size: events times processes.
#pragma once

#include "lab/core/record.h"

#include <cstdint>
#include <set>
#include <vector>

namespace ostraka::lab {

class Causality {
 public:
  // `ignored`: receptions whose message was refused, and so told the process nothing.
  explicit Causality(const Record& record, const std::set<EventId>& ignored = {});
  // False for one event and itself, for concurrent events, and for events of no process.
  [[nodiscard]] bool happened_before(EventId a, EventId b) const;

 private:
  struct Stamp {
    EventId step;             // itself, or the step that said it
    std::size_t process = 0;  // place from 1; 0: of none
    std::vector<std::uint32_t> known;
  };
  std::vector<Stamp> stamps_;  // EventId 1 is [0]
};

}  // namespace ostraka::lab
