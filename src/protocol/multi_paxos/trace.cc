// Lines of golden event logs.
#include "protocol/multi_paxos/multi_paxos.h"

#include <fmt/core.h>

#include <array>
#include <string_view>

namespace ostraka::protocol::multi_paxos {
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

std::string_view reason(std::uint64_t why) {
  return why == 1 ? " (promised)" : why == 2 ? " (slots are trimmed)" : "";
}

}  // namespace

std::string name_of_ballot(std::uint64_t ballot) {
  return fmt::format("{}.{}", ballot >> kNodeBits, ballot & ((1U << kNodeBits) - 1));
}

std::string MultiPaxos::describe(const TraceRecord& r) const {
  switch (static_cast<TraceKind>(r.kind)) {
    case TraceKind::role:
      return fmt::format("{} at ballot {}, leader {}", name_of_role(r.a), name_of_ballot(r.b), r.c);
    case TraceKind::promised:
      return fmt::format("promises ballot {}", name_of_ballot(r.b));
    case TraceKind::refused:
      return fmt::format("does not promise ballot {}{}", name_of_ballot(r.b), reason(r.c));
    case TraceKind::pre_promised:
      return fmt::format("would promise {}", r.a);
    case TraceKind::pre_refused:
      return fmt::format("would not promise {}", r.a);
    case TraceKind::accepted:
      return fmt::format("accepts [{}, {}] at ballot {}", r.a, r.b, name_of_ballot(r.c));
    case TraceKind::adopted:
      return fmt::format("learns of slot {} at ballot {} from {}", r.a, name_of_ballot(r.b), r.c);
    case TraceKind::proposed_again:
      return fmt::format("proposes {} for slot {}", r.b == 1 ? "a no-op" : "what was reported",
                         r.a);
    case TraceKind::chosen:
      return fmt::format("chosen up to {}", r.a);
    case TraceKind::chosen_beyond:
      return fmt::format("chosen behind a gap: {}", r.a);
    case TraceKind::configuration:
      return fmt::format("configuration of slot {}: {} voters, {} outgoing", r.a, r.b, r.c);
    case TraceKind::lease_given_up:
      return fmt::format("gives up its lease after round {}", r.a);
    case TraceKind::transfer:
      return fmt::format("transfer to {}: {}", r.a, name_of_transfer(r.b));
    case TraceKind::read_round:
      return fmt::format("round {} for {} reads", r.a, r.b);
    case TraceKind::snapshot_wanted:
      return fmt::format("{} needs a snapshot at {} or later", r.a, r.b);
    case TraceKind::snapshot_install:
      return fmt::format("installs the snapshot at {} of ballot {}", r.a, name_of_ballot(r.b));
    case TraceKind::log_lost:
      return fmt::format("has lost what it acknowledged: {}, the log is whole up to {}", r.a, r.b);
    case TraceKind::ignored:
      return fmt::format("ignores message kind {} of {}", r.b, r.a);
  }
  return fmt::format("unknown record {}", r.kind);
}

}  // namespace ostraka::protocol::multi_paxos
