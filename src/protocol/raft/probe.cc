#include "protocol/raft/probe.h"

#include "protocol/raft/invariants.h"
#include "protocol/raft/raft.h"

#include <fmt/core.h>

#include <array>

namespace ostraka::protocol::raft {
namespace {

constexpr std::array<std::string_view, 12> kKinds = {
    "any",        "pre_vote",  "pre_vote_ack",  "vote",        "vote_ack",     "append",
    "append_ack", "heartbeat", "heartbeat_ack", "timeout_now", "read_request", "read_ack"};

constexpr std::array<std::string_view, 18> kMutants = {"none",
                                                       "commit_any_term",
                                                       "vote_before_durable",
                                                       "ack_before_durable",
                                                       "no_config_guard",
                                                       "lease_kept_in_transfer",
                                                       "vote_within_promise_on_reset",
                                                       "vote_after_restart_within_promise",
                                                       "read_without_own_term_commit",
                                                       "prevote_silent",
                                                       "vote_twice",
                                                       "lease_from_receipt",
                                                       "resend_window",
                                                       "leader_kept_in_prevote",
                                                       "no_prevote",
                                                       "no_check_quorum",
                                                       "quorum_not_heard",
                                                       "restart_promise_for_ever"};

std::string entries_of(const Message& message) {
  std::string text = "[";
  for (const EntryMeta& entry : message.entries) {
    text += fmt::format("{}{}/{}", text.size() == 1 ? "" : " ", entry.index.value(),
                        entry.term.value());
    text += entry.kind == EntryKind::noop ? "n" : entry.kind == EntryKind::configuration ? "c" : "";
  }
  return text + "]";
}

std::string render(const Message& m) {
  const auto kind = static_cast<MessageKind>(m.kind);
  std::string text = fmt::format("{}->{} {} term {}", m.from.value(), m.to.value(),
                                 kind_name(probe(), m.kind), m.term.value());
  switch (kind) {
    case MessageKind::pre_vote:
    case MessageKind::vote:
      text += fmt::format(" last {}/{}", m.index.value(), m.log_term.value());
      text += (m.flags & kFlagTransfer) != 0
                  ? fmt::format(" transfer of term {} round {}", m.hint_term.value(), m.context)
                  : "";
      break;
    case MessageKind::append:
      text += fmt::format(" behind {}/{} commit {} ", m.index.value(), m.log_term.value(),
                          m.commit.value());
      text += entries_of(m);
      break;
    case MessageKind::append_ack:
      text += fmt::format(" index {}", m.index.value());
      text += m.reject
                  ? fmt::format(" REJECT hint {}/{}", m.hint_index.value(), m.hint_term.value())
                  : fmt::format(" received {}", m.hint_index.value());
      return text;
    case MessageKind::heartbeat:
      text += fmt::format(" round {} commit {}", m.context, m.commit.value());
      text += (m.flags & kFlagPromise) != 0 ? " promise?" : "";
      break;
    case MessageKind::heartbeat_ack:
      text += fmt::format(" round {} index {}", m.context, m.index.value());
      text += (m.flags & kFlagPromise) != 0 ? " promised" : "";
      text += (m.flags & kFlagDiskFull) != 0 ? " disk full" : "";
      break;
    case MessageKind::timeout_now:
      text += fmt::format(" round {}", m.context);
      break;
    case MessageKind::read_request:
      break;
    case MessageKind::read_ack:
      text += fmt::format(" index {}", m.index.value());
      break;
    case MessageKind::pre_vote_ack:
    case MessageKind::vote_ack:
      break;
  }
  return text + (m.reject ? " REJECT" : "");
}

std::unique_ptr<Protocol> make(const ProtocolParts& parts) {
  return std::make_unique<Raft>(parts.self, parts.settings, parts.recovered, parts.seed, parts.now);
}

std::unique_ptr<ClusterInvariants> make_invariants() { return std::make_unique<Invariants>(); }

void plant(Protocol& protocol, std::size_t mutant) {
  static_cast<Raft&>(protocol).plant_bug(static_cast<Mutant>(mutant));
}

}  // namespace

const EngineProbe& probe() {
  static constexpr EngineProbe kProbe{
      .name = "raft",
      .can = {.lease = true,
              .transfer = true,
              .membership = true,
              .joint = true,
              .snapshots = true,
              .disk_space = true},
      .slots = false,
      .make = make,
      .make_invariants = make_invariants,
      .render = render,
      .kinds = kKinds,
      .mutants = kMutants,
      .plant = plant,
      .election_timer = kElectionTimer,
      .promise_kind = static_cast<std::uint8_t>(MessageKind::heartbeat_ack)};
  return kProbe;
}

}  // namespace ostraka::protocol::raft
