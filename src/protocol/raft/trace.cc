// Lines of golden event logs.
#include "protocol/raft/raft.h"

#include <fmt/core.h>

#include <array>
#include <string_view>

namespace ostraka::protocol::raft {
namespace {

std::string_view name_of_role(std::uint64_t role) {
  switch (static_cast<Role>(role)) {
    case Role::learner:
      return "learner";
    case Role::follower:
      return "follower";
    case Role::pre_candidate:
      return "pre-candidate";
    case Role::candidate:
      return "candidate";
    case Role::leader:
      return "leader";
  }
  return "?";
}

std::string_view name_of_transfer(std::uint64_t phase) {
  constexpr std::array<std::string_view, 5> kNames = {"?", "started", "told to campaign", "aborted",
                                                      "done"};
  return kNames[phase < kNames.size() ? phase : 0];
}

}  // namespace

std::string Raft::describe(const TraceRecord& r) const {
  switch (static_cast<TraceKind>(r.kind)) {
    case TraceKind::role:
      return fmt::format("{} in term {}, leader {}", name_of_role(r.a), r.b, r.c);
    case TraceKind::vote_granted:
      return fmt::format("vote for {} in term {}", r.a, r.b);
    case TraceKind::vote_refused:
      return fmt::format("no vote for {} in term {}{}", r.a, r.b, r.c == 1 ? " (promised)" : "");
    case TraceKind::pre_vote_granted:
      return fmt::format("pre-vote for {} in term {}", r.a, r.b);
    case TraceKind::pre_vote_refused:
      return fmt::format("no pre-vote for {} in term {}", r.a, r.b);
    case TraceKind::appended:
      return fmt::format("stores [{}, {}] up to term {}", r.a, r.b, r.c);
    case TraceKind::truncated:
      return fmt::format("cuts from {}", r.a);
    case TraceKind::rejected:
      return fmt::format("rejects behind {}, hint {} of term {}", r.a, r.b, r.c);
    case TraceKind::backtracked:
      return fmt::format("goes back to {} for {}", r.b, r.a);
    case TraceKind::committed:
      return fmt::format("commit {}", r.a);
    case TraceKind::configuration:
      return fmt::format("configuration of {}: {} voters, {} outgoing", r.a, r.b, r.c);
    case TraceKind::lease_given_up:
      return fmt::format("gives up its lease after round {}", r.a);
    case TraceKind::transfer:
      return fmt::format("transfer to {}: {}", r.a, name_of_transfer(r.b));
    case TraceKind::read_round:
      return fmt::format("round {} for {} reads", r.a, r.b);
    case TraceKind::snapshot_wanted:
      return fmt::format("{} needs a snapshot at {} or later", r.a, r.b);
    case TraceKind::snapshot_install:
      return fmt::format("installs the snapshot at {} of term {}", r.a, r.b);
    case TraceKind::log_lost:
      return fmt::format("has lost what it acknowledged: {}, the log ends at {}", r.a, r.b);
    case TraceKind::ignored:
      return fmt::format("ignores message kind {} of {}", r.b, r.a);
  }
  return fmt::format("unknown record {}", r.kind);
}

}  // namespace ostraka::protocol::raft
