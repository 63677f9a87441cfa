#include "protocol/multi_paxos/invariants.h"

#include "protocol/quorum/quorum.h"

#include <fmt/core.h>

#include <algorithm>

namespace ostraka::protocol::multi_paxos {
namespace {

std::vector<model::NodeId> ids_of(const std::vector<model::Member>& members) {
  std::vector<model::NodeId> ids;
  ids.reserve(members.size());
  for (const model::Member& member : members) {
    ids.push_back(member.id);
  }
  return ids;
}

std::string name(model::Term ballot) { return name_of_ballot(ballot.value()); }

}  // namespace

bool Invariants::Value::same(const Value& other) const {
  return kind == other.kind && voters == other.voters &&
         (!hash || !other.hash || *hash == *other.hash);
}

model::Term Invariants::committed_term(model::LogIndex index) const {
  const auto at = chosen_.find(index);
  return at == chosen_.end() || index > prefix_ ? model::Term{} : at->second.ballot;
}

void Invariants::observe_started(model::NodeId node, const Recovered& recovered) {
  Node& it = nodes_[node];
  if (it.started) {
    for (const IssuedWrite& write : it.issued.take_survivors(it.slots, recovered)) {
      settle(node, write);
      if (write.snapshot) {
        it.installed = std::max(it.installed, write.snapshot->index);
      }
    }
    if (!it.slots.equals(recovered)) {
      violated(
          fmt::format("D: node {} restarts with {} slots behind {} and promise {}, durable "
                      "was something else with promise {}",
                      node.value(), recovered.entries.size(), recovered.snapshot.index.value(),
                      name(recovered.hard_state.term), name(it.slots.hard_state().term)));
    }
  }
  const bool first = !it.started;
  it.started = true;
  ++it.lives;
  it.issued.clear();
  it.slots.adopt(recovered);
  it.written.clear();
  for (const EntryMeta& entry : recovered.entries) {
    it.written[entry.index] = entry.term;
  }
  if (recovered.snapshot.configuration != nullptr &&
      !recovered.snapshot.configuration->voters.empty() && recovered.snapshot.index.is_none()) {
    configurations_.try_emplace(model::LogIndex{},
                                ids_of(recovered.snapshot.configuration->voters));
  }
  // The first slots of a cluster are there from the start: nobody proposes them.
  for (const EntryMeta& entry : recovered.entries) {
    if (first && !wiped_.contains(node)) {
      Value value{.kind = entry.kind, .hash = std::nullopt, .voters = {}};
      for (const ConfigurationAt& at : recovered.configurations) {
        if (at.index == entry.index) {
          value.voters = ids_of(at.configuration->voters);
        }
      }
      proposals_.try_emplace({entry.index, entry.term}, value);
      accept(node, entry);
    }
  }
  it.term = recovered.hard_state.term;
  it.commit = recovered.applied;
  it.applied = recovered.applied;
  it.applied_ever = std::max(it.applied_ever, recovered.applied);
  it.trimmed = recovered.snapshot.index;
  end_service(node);
}

void Invariants::observe_append(model::NodeId node, const Append& append,
                                std::span<const std::uint64_t> hashes) {
  for (std::size_t i = 0; i < append.entries.size(); ++i) {
    const EntryMeta& entry = append.entries[i];
    Value value{.kind = entry.kind, .hash = std::nullopt, .voters = {}};
    if (entry.kind == EntryKind::data && i < hashes.size()) {
      value.hash = hashes[i];
    }
    for (const ConfigurationAt& at : append.configurations) {
      if (at.index == entry.index) {
        value.voters = ids_of(at.configuration->voters);
      }
    }
    propose(node, entry, value);
    nodes_[node].written[entry.index] = entry.term;
  }
  nodes_[node].issued.push({append, std::nullopt, 0});
}

// The first word of a proposal comes from its proposer, or it is a lie.
void Invariants::propose(model::NodeId node, const EntryMeta& entry, const Value& value) {
  const auto key = std::pair(entry.index, entry.term);
  const auto known = proposals_.find(key);
  if (known == proposals_.end()) {
    if (proposer_of(entry.term) != node) {
      violated(fmt::format("P1: node {} writes slot {} at ballot {}, which nobody proposed",
                           node.value(), entry.index.value(), name(entry.term)));
      return;
    }
    check_proposal(node, entry, value);
    proposals_.emplace(key, value);
  } else if (!known->second.same(value)) {
    violated(fmt::format("P2: slot {} has two values at ballot {}", entry.index.value(),
                         name(entry.term)));
  } else if (value.hash) {
    known->second.hash = value.hash;
  }
}

void Invariants::observe_append_durable(model::NodeId node, AppendToken token) {
  for (const IssuedWrite& write : nodes_[node].issued.take_durable(token)) {
    settle(node, write);
  }
}

void Invariants::observe_install(model::NodeId node, const SnapshotMeta& meta) {
  if (meta.index > prefix_) {
    violated(fmt::format("P4: node {} installs a snapshot at {}, chosen is {}", node.value(),
                         meta.index.value(), prefix_.value()));
  }
  nodes_[node].issued.push({Append{}, meta, 0});
}

void Invariants::observe_snapshot_durable(model::NodeId node) {
  Node& it = nodes_[node];
  for (const IssuedWrite& write : it.issued.take_through_snapshot()) {
    settle(node, write);
    if (write.snapshot) {
      it.applied = std::max(it.applied, write.snapshot->index);
      it.applied_ever = std::max(it.applied_ever, it.applied);
      it.commit = std::max(it.commit, write.snapshot->index);
      it.installed = std::max(it.installed, write.snapshot->index);
    }
  }
}

void Invariants::settle(model::NodeId node, const IssuedWrite& write) {
  Node& it = nodes_[node];
  const model::Term before = it.slots.hard_state().term;
  it.slots.apply(write);
  const model::Term after = it.slots.hard_state().term;
  if (after < before) {
    violated(fmt::format("P1: the promise of node {} falls from {} to {}", node.value(),
                         name(before), name(after)));
  }
  if (write.snapshot) {
    return;
  }
  for (const EntryMeta& entry : write.append.entries) {
    if (entry.term > after) {
      violated(fmt::format("P1: node {} accepts slot {} at ballot {} and has promised {}",
                           node.value(), entry.index.value(), name(entry.term), name(after)));
    }
    // At the ballot of its promise it accepts; below it only keeps what it was told.
    if (entry.term == write.append.term) {
      accept(node, entry);
    }
  }
}

void Invariants::accept(model::NodeId node, const EntryMeta& entry) {
  accepted_[entry.index][entry.term].insert(node);
  count(entry.index);
}

const Invariants::Voters& Invariants::in_force(model::LogIndex slot) const {
  static const Voters kNobody;
  const Voters* newest = &kNobody;
  for (const auto& [chosen, voters] : configurations_) {
    if (chosen.is_none() || chosen + tuning_.alpha <= slot) {
      newest = &voters;
    }
  }
  return *newest;
}

std::size_t Invariants::quorum(const Voters& voters, bool phase2) const {
  const quorum::Flexible sizes = quorum::flexible(voters.size(), tuning_.phase1, tuning_.phase2);
  return phase2 ? sizes.phase2 : sizes.phase1;
}

// Is one value accepted by a quorum at one ballot?
void Invariants::count(model::LogIndex slot) {
  if (slot.value() > prefix_.value() + tuning_.alpha) {
    return;  // who decides is not settled
  }
  const Voters& voters = in_force(slot);
  for (const auto& [ballot, nodes] : accepted_[slot]) {
    const auto held = static_cast<std::size_t>(std::ranges::count_if(
        voters, [&nodes](model::NodeId voter) { return nodes.contains(voter); }));
    if (voters.empty() || held < quorum(voters, true)) {
      continue;
    }
    const Value& value = proposals_[{slot, ballot}];
    const auto known = chosen_.find(slot);
    if (known == chosen_.end()) {
      chosen_.emplace(slot, Choice{value, ballot});
    } else if (!known->second.value.same(value)) {
      violated(fmt::format("P2: slot {} is chosen at ballot {} and at ballot {} with other values",
                           slot.value(), name(known->second.ballot), name(ballot)));
    }
  }
  if (slot == prefix_.next()) {
    advance();
  }
}

void Invariants::advance() {
  while (is_chosen(prefix_.next())) {
    prefix_ = prefix_.next();
    const Value& value = chosen_.at(prefix_).value;
    if (value.kind == EntryKind::configuration) {
      configurations_[prefix_] = value.voters;
    }
    const model::LogIndex settled = prefix_ + tuning_.alpha;
    if (accepted_.contains(settled)) {
      count(settled);
    }
  }
}

bool Invariants::has_accepted(model::NodeId node, model::LogIndex slot, model::Term ballot) const {
  const auto at = accepted_.find(slot);
  if (at == accepted_.end()) {
    return false;
  }
  const auto nodes = at->second.find(ballot);
  return nodes != at->second.end() && nodes->second.contains(node);
}

void Invariants::observe_state(model::NodeId node, const ProtocolStatus& status,
                               const model::Configuration& /*configuration*/) {
  Node& it = nodes_[node];
  if (status.term < it.term || status.commit < it.commit) {
    violated(fmt::format("P1: node {} goes back from ballot {}, chosen {} to {}, {}", node.value(),
                         name(it.term), it.commit.value(), name(status.term),
                         status.commit.value()));
  }
  it.term = status.term;
  it.commit = status.commit;
  if (status.role == Role::leader || status.role == Role::candidate) {
    if (proposer_of(status.term) != node) {
      violated(fmt::format("P1: node {} uses ballot {}", node.value(), name(status.term)));
    }
  }
  if (status.role == Role::leader) {
    check_peers(node, status);
  } else {
    end_lease(node);
  }
  check_commit(node, status.commit);
  check_trimmed(node, status.first_index.prev());
  note_commit(status.commit);
}

// Promises are on disk before they are on the wire, and ballots before they are used.
void Invariants::observe_sent(const Message& message) {
  Node& it = nodes_[message.from];
  const model::Term promised = it.slots.hard_state().term;
  const auto kind = static_cast<MessageKind>(message.kind);
  if (message.term > promised) {
    violated(fmt::format("P1: node {} sends kind {} at ballot {}, durable is {}",
                         message.from.value(), message.kind, name(message.term), name(promised)));
  }
  if (kind == MessageKind::prepare) {
    const auto [used, fresh] = ballots_.try_emplace(message.term, message.from, it.lives);
    if (!fresh && used->second != std::pair(message.from, it.lives)) {
      violated(fmt::format("P1: node {} uses ballot {} again", message.from.value(),
                           name(message.term)));
    }
  }
  if (kind == MessageKind::promise && !message.reject) {
    note_report(message);
  }
  if ((kind == MessageKind::accepted && !message.reject) || kind == MessageKind::heartbeat_ack) {
    check_acknowledged(message);
  }
}

void Invariants::observe_applied(model::NodeId node, model::LogIndex index, model::Term /*term*/,
                                 std::uint64_t payload_hash) {
  Node& it = nodes_[node];
  if (index != it.applied.next() || index > prefix_ || !it.slots.holds(index)) {
    violated(fmt::format("P4: node {} applies {} after {}; chosen without gaps is {}", node.value(),
                         index.value(), it.applied.value(), prefix_.value()));
  }
  it.applied = index;
  it.applied_ever = std::max(it.applied_ever, index);
  const auto [known, fresh] = applied_.try_emplace(index, payload_hash);
  const auto chosen = chosen_.find(index);
  const bool other = chosen != chosen_.end() && chosen->second.value.kind == EntryKind::data &&
                     chosen->second.value.hash && *chosen->second.value.hash != payload_hash;
  if ((!fresh && known->second != payload_hash) || other) {
    violated(fmt::format("A: node {} applies another value at {}", node.value(), index.value()));
  }
}

}  // namespace ostraka::protocol::multi_paxos
