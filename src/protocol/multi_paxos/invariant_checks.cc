// What Invariants demands of proposals, acknowledgements, trimming and what a leader believes.
#include "protocol/multi_paxos/invariants.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace ostraka::protocol::multi_paxos {
namespace {

constexpr model::LogIndex kEnd{std::numeric_limits<std::uint64_t>::max()};

std::string name(model::Term ballot) { return name_of_ballot(ballot.value()); }

}  // namespace

// P3: among the reports of some quorum, this is the value of the highest ballot for this slot, or
// there is none.
void Invariants::check_proposal(model::NodeId node, const EntryMeta& entry, const Value& value) {
  const Voters& voters = in_force(entry.index);
  const auto& reports = reports_[entry.term];
  std::vector<model::Term> told;  // the ballot that each voter reported for the slot
  for (const model::NodeId voter : voters) {
    if (voter == node) {
      const auto own = nodes_[node].written.find(entry.index);
      told.push_back(own == nodes_[node].written.end() ? model::Term{} : own->second);
      continue;
    }
    const auto report = reports.find(voter);
    if (report == reports.end()) {
      continue;
    }
    for (const auto& [first, last] : report->second.covers) {
      if (first <= entry.index && entry.index <= last) {
        const auto at = report->second.slots.find(entry.index);
        told.push_back(at == report->second.slots.end() ? model::Term{} : at->second);
        break;
      }
    }
  }
  std::ranges::sort(told);
  const std::size_t needed = quorum(voters, false);
  if (told.size() < needed) {
    violated(fmt::format("P3: node {} proposes slot {} at ballot {} with {} promises of {}",
                         node.value(), entry.index.value(), name(entry.term), told.size(), needed));
    return;
  }
  if (told[needed - 1].is_none()) {
    return;  // the choice is free
  }
  // Any quorum's highest is at least told[needed - 1].
  for (std::size_t i = needed - 1; i < told.size(); ++i) {
    const auto earlier = proposals_.find({entry.index, told[i]});
    if (earlier != proposals_.end() && earlier->second.same(value)) {
      return;
    }
  }
  violated(
      fmt::format("{}: node {} proposes another value for slot {} at ballot {} than the one "
                  "reported at ballot {}",
                  value.kind == EntryKind::noop ? "P4" : "P3", node.value(), entry.index.value(),
                  name(entry.term), name(told.back())));
}

void Invariants::check_commit(model::NodeId node, model::LogIndex commit) {
  if (commit <= prefix_) {
    return;
  }
  const model::LogIndex slot = prefix_.next();
  // The voters of a configuration that is not in force yet?
  const auto newest =
      configurations_.empty() ? configurations_.end() : std::prev(configurations_.end());
  if (newest != configurations_.end() && slot.value() < newest->first.value() + tuning_.alpha &&
      !newest->first.is_none() && newest->second != in_force(slot)) {
    violated(fmt::format(
        "P6: node {} takes slot {} for chosen by the voters of slot {}, which "
        "decide from {} on",
        node.value(), slot.value(), newest->first.value(), newest->first.value() + tuning_.alpha));
    return;
  }
  violated(fmt::format("P4: node {} takes {} for chosen, without gaps it is {}", node.value(),
                       commit.value(), prefix_.value()));
}

// P5: what a leader counts was accepted at its ballot, or is chosen anyway.
void Invariants::check_peers(model::NodeId node, const ProtocolStatus& status) {
  for (const PeerStatus& peer : status.peers) {
    const auto at = nodes_.find(peer.id);
    if (at == nodes_.end() || wiped_.contains(peer.id)) {
      continue;
    }
    for (model::LogIndex slot = prefix_.next(); slot <= peer.match; slot = slot.next()) {
      if (!is_chosen(slot) && !has_accepted(peer.id, slot, status.term)) {
        violated(fmt::format("P5: leader {} believes that node {} accepted slot {} at ballot {}",
                             node.value(), peer.id.value(), slot.value(), name(status.term)));
        return;
      }
    }
  }
}

// P6: a quorum has the state, so whoever leads next meets it.
void Invariants::check_trimmed(model::NodeId node, model::LogIndex trimmed) {
  Node& it = nodes_[node];
  if (trimmed <= it.trimmed) {
    return;
  }
  it.trimmed = trimmed;
  if (trimmed <= it.installed) {
    return;
  }
  const auto has_state = [this, trimmed](model::NodeId voter) {
    const auto at = nodes_.find(voter);
    return at != nodes_.end() && at->second.applied_ever >= trimmed;
  };
  const bool enough = std::ranges::any_of(configurations_, [&](const auto& each) {
    const auto held = static_cast<std::size_t>(std::ranges::count_if(each.second, has_state));
    return held >= quorum(each.second, true);
  });
  if (!enough) {
    violated(fmt::format("P6: node {} drops its slots up to {}, no quorum has applied them",
                         node.value(), trimmed.value()));
  }
}

void Invariants::note_report(const Message& message) {
  Report& report = reports_[message.term][message.from];
  const bool last = (message.flags & kFlagLast) != 0;
  report.covers.emplace_back(message.index, last ? kEnd : message.hint_index);
  for (const EntryMeta& entry : message.entries) {
    report.slots[entry.index] = entry.term;
  }
}

void Invariants::check_acknowledged(const Message& message) {
  const Node& it = nodes_[message.from];
  const bool range = (message.flags & kFlagRange) != 0 &&
                     static_cast<MessageKind>(message.kind) == MessageKind::accepted;
  const model::LogIndex last = range ? message.hint_index : message.index;
  for (model::LogIndex slot = range ? message.index : prefix_.next(); slot <= last;
       slot = slot.next()) {
    if (has_accepted(message.from, slot, message.term)) {
      continue;
    }
    if (!it.slots.holds(slot)) {
      violated(fmt::format("S: node {} acknowledges slot {}, which is not durable there",
                           message.from.value(), slot.value()));
      return;
    }
    if (!is_chosen(slot)) {
      violated(fmt::format("P1: node {} acknowledges slot {} at ballot {} and has promised {}",
                           message.from.value(), slot.value(), name(message.term),
                           name(it.slots.hard_state().term)));
      return;
    }
  }
}

}  // namespace ostraka::protocol::multi_paxos
