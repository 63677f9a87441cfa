#include "protocol/zab/probe.h"

#include "protocol/zab/invariants.h"
#include "protocol/zab/zab.h"

#include <fmt/core.h>

#include <array>

namespace ostraka::protocol::zab {
namespace {

constexpr std::array<std::string_view, 16> kKinds = {
    "any",        "notification",   "follower_info", "new_epoch", "ack_epoch", "synchronise",
    "new_leader", "ack_new_leader", "up_to_date",    "propose",   "ack",       "ping",
    "pong",       "hand_over",      "sync",          "sync_ack"};

constexpr std::array<std::string_view, 16> kMutants = {"none",
                                                       "ack_new_leader_before_durable",
                                                       "epoch_before_history",
                                                       "keep_foreign_suffix",
                                                       "accept_old_epoch",
                                                       "accept_epoch_twice",
                                                       "elect_by_counter",
                                                       "commit_without_epoch_quorum",
                                                       "ack_before_durable",
                                                       "ignore_counter_limit",
                                                       "broadcast_before_delivery",
                                                       "promise_not_kept",
                                                       "promise_lost_in_restart",
                                                       "lease_from_receipt",
                                                       "read_without_round",
                                                       "no_config_guard"};

std::string entries_of(const Message& message) {
  std::string text = "[";
  for (const EntryMeta& entry : message.entries) {
    text += fmt::format("{}{}/{}", text.size() == 1 ? "" : " ", entry.index.value(),
                        entry.term.value());
    text += entry.kind == EntryKind::noop ? "n" : entry.kind == EntryKind::configuration ? "c" : "";
  }
  return text + "]";
}

std::string notification(const Message& m) {
  constexpr std::array<std::string_view, 3> kStates = {"looking", "following", "leading"};
  return fmt::format(" {} for {} with epoch {} history {}/{} round {}",
                     m.flags < kStates.size() ? kStates[m.flags] : "?", m.hint_index.value(),
                     m.hint_term.value(), m.index.value(), m.log_term.value(), m.context);
}

std::string ping(const Message& m) {
  return fmt::format(" round {} commit {}{}{}{}", m.context, m.commit.value(),
                     (m.flags & kFlagEstablished) != 0 ? " established" : "",
                     (m.flags & kFlagPromise) != 0 ? " promise?" : "",
                     (m.flags & kFlagInvite) != 0 ? " invites" : "");
}

std::string details(const Message& m) {
  switch (static_cast<MessageKind>(m.kind)) {
    case MessageKind::notification:
      return notification(m);
    case MessageKind::follower_info:
      return fmt::format(" last {}/{}", m.index.value(), m.log_term.value());
    case MessageKind::ack_epoch:
      return fmt::format(" current {} last {}/{}", m.hint_term.value(), m.index.value(),
                         m.log_term.value());
    case MessageKind::synchronise:
    case MessageKind::new_leader:
    case MessageKind::propose:
      return fmt::format(" behind {}/{} commit {} {}", m.index.value(), m.log_term.value(),
                         m.commit.value(), entries_of(m));
    case MessageKind::ack_new_leader:
    case MessageKind::ack:
      return m.reject ? fmt::format(" index {} hint {}/{}", m.index.value(), m.hint_index.value(),
                                    m.hint_term.value())
                      : fmt::format(" index {} received {}", m.index.value(), m.hint_index.value());
    case MessageKind::up_to_date:
      return fmt::format(" commit {}", m.commit.value());
    case MessageKind::ping:
      return ping(m);
    case MessageKind::pong:
      return fmt::format(" round {} index {}{}{}", m.context, m.index.value(),
                         (m.flags & kFlagPromise) != 0 ? " promised" : "",
                         (m.flags & kFlagDiskFull) != 0 ? " disk full" : "");
    case MessageKind::hand_over:
      return fmt::format(" to {}", m.hint_index.value());
    case MessageKind::sync_ack:
      return fmt::format(" index {}", m.index.value());
    case MessageKind::new_epoch:
    case MessageKind::sync:
      return {};
  }
  return {};
}

std::string render(const Message& m) {
  return fmt::format("{}->{} {} epoch {}{}{}", m.from.value(), m.to.value(),
                     kind_name(probe(), m.kind), m.term.value(), details(m),
                     m.reject ? " REJECT" : "");
}

std::unique_ptr<Protocol> make(const ProtocolParts& parts) {
  return std::make_unique<Zab>(parts.self, parts.settings, parts.recovered, parts.seed, parts.now);
}

std::unique_ptr<ClusterInvariants> make_invariants() { return std::make_unique<Invariants>(); }

void plant(Protocol& protocol, std::size_t mutant) {
  static_cast<Zab&>(protocol).plant_bug(static_cast<Mutant>(mutant));
}

}  // namespace

const EngineProbe& probe() {
  static constexpr EngineProbe kProbe{.name = "zab",
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
                                      .elects_best = true,
                                      .promise_kind = static_cast<std::uint8_t>(MessageKind::pong)};
  return kProbe;
}

}  // namespace ostraka::protocol::zab
