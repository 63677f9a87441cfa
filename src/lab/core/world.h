// The runtime of one run: virtual time, a network, clocks, stable storage, faults and client
// operations, one process stepped at a time.
//
// Every draw is a function of what it is for, not of a running generator: delay, loss and
// duplication of a message follow from (seed, identity of the message), a life's seed from (seed,
// process, number of the life), so that an intervention changes only what it causes. Events of one
// moment happen in the order in which they were planned.
//
// Semantics: with disk = 0 a write is durable at once, within its step; else after so long. A crash
// loses writes that are not durable and messages that wait for them; a message to a process that is
// down is lost; a paused process takes everything that came meanwhile when it resumes; a message
// that meets a partition when it is sent or when it would arrive is lost; with fifo a message does
// not overtake an earlier one of its link. A message to oneself arrives at once and is never lost.
// Threads: none. Owns the processes. Bounds: RunLimits, time_limit.
#pragma once

#include "base/time.h"
#include "lab/core/catalogue.h"
#include "lab/core/declaration.h"
#include "lab/core/intervention.h"
#include "lab/core/record.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace ostraka::lab {

struct WorldOptions {
  Setup setup;  // inputs of the scenario included
  // with their places in record.interventions
  std::vector<std::pair<std::size_t, Intervention>> interventions;
  RunLimits limits;
  std::uint64_t seed = 1;
};

// Plays a run to its end and fills events, messages, remarks, end and what interventions did.
// Requires record.processes and that every name in `options` is one of them.
void play(const Parameters& parameters, WorldOptions options, Record& record);

}  // namespace ostraka::lab
