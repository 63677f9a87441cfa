// Lines of golden event logs.
#include "protocol/zab/zab.h"

#include <fmt/core.h>

#include <array>
#include <string_view>

namespace ostraka::protocol::zab {
namespace {

std::string_view name_of_role(std::uint64_t role) {
  constexpr std::array<std::string_view, 5> kNames = {"learner", "follower", "looking",
                                                      "prospective leader", "leader"};
  return role < kNames.size() ? kNames[role] : "?";
}

std::string_view name_of_transfer(std::uint64_t phase) {
  constexpr std::array<std::string_view, 5> kNames = {"?", "started", "handed over", "aborted",
                                                      "done"};
  return kNames[phase < kNames.size() ? phase : 0];
}

std::string_view name_of_reason(std::uint64_t reason) {
  constexpr std::array<std::string_view, 7> kNames = {"?",
                                                      "no quorum answers",
                                                      "its epoch is not accepted",
                                                      "a follower has a later history",
                                                      "a member has accepted a later epoch",
                                                      "its counter is used up",
                                                      "asked to"};
  return kNames[reason < kNames.size() ? reason : 0];
}

}  // namespace

std::string Zab::describe(const TraceRecord& r) const {
  switch (static_cast<TraceKind>(r.kind)) {
    case TraceKind::role:
      return fmt::format("{} in epoch {}, leader {}", name_of_role(r.a), r.b, r.c);
    case TraceKind::vote:
      return fmt::format("votes for {} with history {} in round {}", r.a, r.c, r.b);
    case TraceKind::decided:
      return fmt::format("decides for {} in round {}", r.a, r.b);
    case TraceKind::epoch_proposed:
      return fmt::format("proposes epoch {}", r.a);
    case TraceKind::epoch_accepted:
      return fmt::format("accepts epoch {} of {}", r.a, r.b);
    case TraceKind::epoch_refused:
      return fmt::format("refuses epoch {} of {}{}", r.a, r.b,
                         r.c == 1 ? " (promised)" : " (given to another)");
    case TraceKind::epoch_adopted:
      return fmt::format("adopts epoch {} with the history up to {}", r.a, r.b);
    case TraceKind::established:
      return fmt::format("epoch {} is established, initial history {}", r.a, r.b);
    case TraceKind::given_up:
      return fmt::format("gives up epoch {}: {}", r.a, name_of_reason(r.b));
    case TraceKind::diff:
      return fmt::format("DIFF from {} for {}", r.b, r.a);
    case TraceKind::trunc:
      return fmt::format("TRUNC from {} for {}, which has {}", r.b, r.a, r.c);
    case TraceKind::snap:
      return fmt::format("SNAP at {} or later for {}", r.b, r.a);
    case TraceKind::appended:
      return fmt::format("stores [{}, {}] up to epoch {}", r.a, r.b, r.c);
    case TraceKind::truncated:
      return fmt::format("cuts from {}", r.a);
    case TraceKind::rejected:
      return fmt::format("rejects behind {}, hint {} of epoch {}", r.a, r.b, r.c);
    case TraceKind::backtracked:
      return fmt::format("goes back to {} for {}", r.b, r.a);
    case TraceKind::committed:
      return fmt::format("commit {}", r.a);
    case TraceKind::configuration:
      return fmt::format("configuration of {}: {} voters, {} outgoing", r.a, r.b, r.c);
    case TraceKind::transfer:
      return fmt::format("transfer to {}: {}", r.a, name_of_transfer(r.b));
    case TraceKind::read_round:
      return fmt::format("round {} for {} reads", r.a, r.b);
    case TraceKind::snapshot_install:
      return fmt::format("installs the snapshot at {} of epoch {}", r.a, r.b);
    case TraceKind::log_lost:
      return fmt::format("has lost what it acknowledged: {}, the log ends at {}", r.a, r.b);
    case TraceKind::ignored:
      return fmt::format("ignores message kind {} of {}", r.b, r.a);
  }
  return fmt::format("unknown record {}", r.kind);
}

}  // namespace ostraka::protocol::zab
