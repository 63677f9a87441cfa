// What every atomic commitment protocol owes, judged from the record alone: AC1 to AC5 of
// Bernstein, Hadzilacos, Goodman, "Concurrency Control and Recovery in Database Systems" (1987),
// section 7.3.
//
// Reads the inputs "commit" (to the coordinator), the outputs "vote" {yes} and "decision" {commit},
// faults, and the fates of messages. Participants are the processes with that role. Needs the
// parameter "patience", in milliseconds.
#pragma once

#include "lab/core/declaration.h"

#include <vector>

namespace ostraka::lab::commit {

[[nodiscard]] std::vector<Property> properties();
void check(const RunContext& context, const Record& record, Judge& judge);

// Operations of scenarios: the client asks c at the beginning; a participant will vote no.
[[nodiscard]] Operation ask_for_commit();
[[nodiscard]] Operation refuse(std::string participant);

}  // namespace ostraka::lab::commit
