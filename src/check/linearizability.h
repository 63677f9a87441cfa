// Is a history linearizable? (Herlihy and Wing 1990.)
//
// The search is Wing and Gong's (1993) with Lowe's memoisation of (linearized set, state) ("Testing
// for linearizability",
// 2017), one key at a time: linearizability is local, so a history is linearizable iff it is for
// each key.
// Operations of unknown outcome are optional and never return. Threads: none. Memory: bounded by
// `steps_max`.
#pragma once

#include "check/history.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ostraka::check {

struct Options {
  // Search steps over all keys before the answer is "undecided", which is a failure, never a pass.
  std::uint64_t steps_max = 200'000'000;
  // Shrink a violation to a small set of operations that is still one.
  bool minimize = true;
};

enum class Verdict : std::uint8_t { valid, invalid, undecided };

struct Report {
  Verdict verdict = Verdict::valid;
  std::string key;  // of the violation
  // a small set of its operations that no order explains, by call time
  std::vector<Operation> window;
  std::uint64_t steps = 0;
};

[[nodiscard]] Report check_linearizable(Model model, const std::vector<Operation>& history,
                                        const Options& options = {});

}  // namespace ostraka::check
