// What a person (or a scenario) does to a run, in words that stay meaningful when the run changes:
//
//   drop MESSAGE
//   delay MESSAGE 50ms                              later by so much; not lost by chance
//   duplicate MESSAGE [50ms]                        a second copy, so much behind the first
//   crash PROCESS at 120ms
//   restart PROCESS at 300ms
//   pause PROCESS at 120ms for 50ms
//   partition p1,a1|a2,a3 at 120ms until 300ms      processes not named reach everyone
//
// MESSAGE is its identity, SENDER.RECEIVER.KIND.NUMBER with the number counted from 1 for that
// sender, receiver and kind: p1.a2.accept.1; a duplicate is p1.a2.accept.1+1. Times are true time
// since the start: 120ms, 1500us, 2s.
//
// A fork of a run is the same protocol, scenario, parameters and seed with one more intervention.
// Threads: values. Errors: invalid_argument with what is wrong and the form that is right.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ostraka::lab {

struct DropMessage {
  std::string message;
};
struct DelayMessage {
  std::string message;
  base::Duration by;
};
struct DuplicateMessage {
  std::string message;
  base::Duration after;
};
struct CrashProcess {
  std::string process;
  base::Instant at;
};
struct RestartProcess {
  std::string process;
  base::Instant at;
};
struct PauseProcess {
  std::string process;
  base::Instant at;
  base::Duration length;
};
struct Partition {
  std::vector<std::vector<std::string>> groups;  // two or more
  base::Instant from;
  base::Instant until;
};

using Intervention = std::variant<DropMessage, DelayMessage, DuplicateMessage, CrashProcess,
                                  RestartProcess, PauseProcess, Partition>;

[[nodiscard]] base::Result<Intervention> parse_intervention(std::string_view text);
// The text that parses to it.
[[nodiscard]] std::string render(const Intervention& intervention);

// "120ms" and "1500us" and "2s" to a duration of at most an hour.
[[nodiscard]] base::Result<base::Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string render(base::Duration duration);

}  // namespace ostraka::lab
