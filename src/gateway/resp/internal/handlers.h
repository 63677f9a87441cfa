// What runs each command.
#pragma once

#include "gateway/resp/internal/job.h"
#include "gateway/resp/internal/local.h"
#include "gateway/resp/internal/plan.h"

namespace ostraka::gateway::resp {

// At least one is set, except for containers and for the commands that the connection itself
// carries out (MULTI, EXEC, DISCARD).
struct Handler {
  EncodeFunction encode = nullptr;  // one call; inside MULTI whenever it is set
  LocalFunction local = nullptr;
  JobFactory job = nullptr;  // outside MULTI; goes before encode
  // Inside MULTI: EXEC has to read before it can write (computed_exec job).
  bool is_computed = false;
};

[[nodiscard]] const Handler& handler_of(CommandId id);

}  // namespace ostraka::gateway::resp
