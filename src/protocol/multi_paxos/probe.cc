#include "protocol/multi_paxos/probe.h"

#include "protocol/multi_paxos/invariants.h"
#include "protocol/multi_paxos/multi_paxos.h"

#include <fmt/core.h>

#include <array>

namespace ostraka::protocol::multi_paxos {
namespace {

constexpr std::array<std::string_view, 12> kKinds = {
    "any",      "pre_prepare", "pre_promise",   "prepare",     "promise",      "accept",
    "accepted", "heartbeat",   "heartbeat_ack", "timeout_now", "read_request", "read_ack"};

constexpr std::array<std::string_view, 17> kMutants = {"none",
                                                       "promise_before_durable",
                                                       "ballot_not_durable",
                                                       "accept_below_promise",
                                                       "ack_before_durable",
                                                       "late_accepted",
                                                       "highest_of_log",
                                                       "noop_over_report",
                                                       "chosen_over_gap",
                                                       "trim_early",
                                                       "configuration_at_once",
                                                       "lease_kept_in_transfer",
                                                       "promise_broken_on_reset",
                                                       "promise_forgotten_on_restart",
                                                       "read_before_recovery",
                                                       "lease_from_receipt",
                                                       "no_pre_prepare"};

std::string name(model::Term ballot) { return name_of_ballot(ballot.value()); }

std::string entries_of(const Message& message) {
  std::string text = "[";
  for (const EntryMeta& entry : message.entries) {
    text +=
        fmt::format("{}{}@{}", text.size() == 1 ? "" : " ", entry.index.value(), name(entry.term));
    text += entry.kind == EntryKind::noop ? "n" : entry.kind == EntryKind::configuration ? "c" : "";
  }
  return text + "]";
}

std::string render(const Message& m) {
  const auto kind = static_cast<MessageKind>(m.kind);
  std::string text = fmt::format("{}->{} {} {}", m.from.value(), m.to.value(),
                                 kind_name(probe(), m.kind), name(m.term));
  switch (kind) {
    case MessageKind::pre_prepare:
      text += fmt::format(" from {}", m.index.value());
      break;
    case MessageKind::prepare:
      text += fmt::format(" from {}", m.index.value());
      text += (m.flags & kFlagTransfer) != 0
                  ? fmt::format(" transfer of {} round {}", name(m.hint_term), m.context)
                  : "";
      break;
    case MessageKind::promise:
      text += m.reject ? "" : fmt::format(" from {} chosen {} ", m.index.value(), m.commit.value());
      text += m.reject ? "" : entries_of(m);
      text += m.reject || (m.flags & kFlagLast) != 0 ? "" : " and more";
      break;
    case MessageKind::accept:
      text += fmt::format(" chosen {} ", m.commit.value()) + entries_of(m);
      text += m.context != 0 ? "?" : "";
      break;
    case MessageKind::accepted:
      text += m.reject ? ""
              : (m.flags & kFlagRange) != 0
                  ? fmt::format(" [{}, {}]", m.index.value(), m.hint_index.value())
                  : fmt::format(" upto {} received {}", m.index.value(), m.hint_index.value());
      break;
    case MessageKind::heartbeat:
      text += fmt::format(" round {} chosen {}", m.context, m.commit.value());
      text += (m.flags & kFlagPromise) != 0 ? " promise?" : "";
      break;
    case MessageKind::heartbeat_ack:
      text +=
          fmt::format(" round {} upto {} applied {}", m.context, m.index.value(), m.commit.value());
      text += (m.flags & kFlagPromise) != 0 ? " promised" : "";
      text += (m.flags & kFlagDiskFull) != 0 ? " disk full" : "";
      break;
    case MessageKind::timeout_now:
      text += fmt::format(" round {}", m.context);
      break;
    case MessageKind::read_ack:
      text += fmt::format(" index {}", m.index.value());
      break;
    case MessageKind::pre_promise:
    case MessageKind::read_request:
      break;
  }
  return text + (m.reject ? " REJECT" : "");
}

template <const Tuning& tuning>
std::unique_ptr<Protocol> make(const ProtocolParts& parts) {
  return std::make_unique<MultiPaxos>(parts.self, parts.settings, parts.recovered, parts.seed,
                                      parts.now, tuning);
}

template <const Tuning& tuning>
std::unique_ptr<ClusterInvariants> make_invariants() {
  return std::make_unique<Invariants>(tuning);
}

void plant(Protocol& protocol, std::size_t mutant) {
  static_cast<MultiPaxos&>(protocol).plant_bug(static_cast<Mutant>(mutant));
}

template <const Tuning& tuning>
constexpr EngineProbe make_probe(std::string_view name) {
  return {.name = name,
          .can = {.lease = true,
                  .transfer = true,
                  .membership = true,
                  .joint = true,
                  .snapshots = true,
                  .disk_space = true},
          .slots = true,
          .make = make<tuning>,
          .make_invariants = make_invariants<tuning>,
          .render = render,
          .kinds = kKinds,
          .mutants = kMutants,
          .plant = plant,
          .election_timer = kElectionTimer,
          .promise_kind = static_cast<std::uint8_t>(MessageKind::heartbeat_ack)};
}

}  // namespace

const EngineProbe& probe() {
  static constexpr EngineProbe kProbe = make_probe<kProbeTuning>("multi-paxos");
  return kProbe;
}

const EngineProbe& flexible_probe() {
  static constexpr EngineProbe kProbe = make_probe<kFlexibleTuning>("multi-paxos-flexible");
  return kProbe;
}

}  // namespace ostraka::protocol::multi_paxos
