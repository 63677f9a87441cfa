#include "lab/protocols/atomic_commit/cast.h"

#include <utility>

namespace ostraka::lab::commit {

std::set<ProcessId> all_participants(std::int64_t count) {
  std::set<ProcessId> all;
  for (std::int64_t i = 1; i <= count; ++i) {
    all.insert(participant(i));
  }
  return all;
}

Parameter participants_parameter() { return {"participants", 1, 8, 3, "", "processes p1, p2, …"}; }

std::vector<std::string_view> assumptions(std::string_view more) {
  return {"Processes crash and come back with what they had on stable storage; none lies.",
          "Messages may be lost, duplicated, late and out of order, never corrupted.", more};
}

Declaration declare(Declaration protocol) {
  protocol.family = "commit";
  protocol.properties = properties();
  protocol.check = check;
  return protocol;
}

Scenario lossy(std::vector<Setting> more) {
  more.insert(more.begin(), {{"loss", "20"}, {"duplicate", "10"}, {"time_limit", "60000"}});
  return {.name = "lossy",
          .kind = ScenarioKind::normal,
          .title = "A fifth of the messages is lost, some come twice: slower, and still together",
          .set = std::move(more)};
}

}  // namespace ostraka::lab::commit
