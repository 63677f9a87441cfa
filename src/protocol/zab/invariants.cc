#include "protocol/zab/invariants.h"

#include "protocol/core/membership.h"
#include "protocol/quorum/quorum.h"
#include "protocol/zab/types.h"

#include <fmt/core.h>

#include <algorithm>

namespace ostraka::protocol::zab {

model::Term Invariants::committed_term(model::LogIndex index) const {
  return index.is_none() || index > committed() ? model::Term{}
                                                : committed_[index.value() - 1].entry.term;
}

void Invariants::observe_started(model::NodeId node, const Recovered& recovered) {
  Node& it = nodes_[node];
  if (it.started) {
    for (const IssuedWrite& write : it.issued.take_survivors(it.log, recovered)) {
      settle(node, write);
    }
    if (!it.log.equals(recovered)) {
      const HardState& was = it.log.hard_state();
      violated(
          fmt::format("D: node {} restarts with last {} epochs {} and {}, durable was last {} "
                      "epochs {} and {}",
                      node.value(), recovered.snapshot.index.value() + recovered.entries.size(),
                      recovered.hard_state.term.value(), recovered.hard_state.second_term.value(),
                      it.log.last().value(), was.term.value(), was.second_term.value()));
    }
  }
  it.started = true;
  it.issued.clear();
  std::uint64_t base_chain = 0;
  const auto key = std::pair(recovered.snapshot.index, recovered.snapshot.term);
  if (const auto known = values_.find(key); known != values_.end()) {
    base_chain = known->second.chain;
  }
  it.log.adopt(recovered, base_chain);
  // The first entries of a cluster are there from the start: nobody proposes them.
  for (model::LogIndex index = it.log.base(); index <= it.log.last(); index = index.next()) {
    values_.try_emplace({index, it.log.at(index).term}, Value{it.log.at(index).chain, {}});
  }
  it.term = recovered.hard_state.term;
  it.commit = recovered.applied;
  it.applied = recovered.applied;
  it.applied_term = {};
  end_service(node);
}

void Invariants::observe_append(model::NodeId node, const Append& append,
                                std::span<const std::uint64_t> hashes) {
  check_broadcast(node, append);
  for (std::size_t i = 0; i < append.entries.size() && i < hashes.size(); ++i) {
    const EntryMeta& entry = append.entries[i];
    const auto known = values_.find({entry.index, entry.term});
    if (known == values_.end() || entry.kind != EntryKind::data) {
      continue;
    }
    if (known->second.hash && *known->second.hash != hashes[i]) {
      violated(fmt::format("Z2: node {} stores another value as entry {} of epoch {}", node.value(),
                           entry.index.value(), entry.term.value()));
    }
    known->second.hash = hashes[i];
  }
  Node& it = nodes_[node];
  if (append.hard_state && append.hard_state->vote == node &&
      append.hard_state->second_term == append.hard_state->term) {
    open_epoch(node, append.hard_state->term);
  }
  it.issued.push({append, std::nullopt, 0});
}

// What a primary adds in its own epoch: Z2 (nobody else proposes), Z5 and Z6.
void Invariants::check_broadcast(model::NodeId node, const Append& append) {
  for (const EntryMeta& entry : append.entries) {
    if (values_.contains({entry.index, entry.term})) {
      continue;  // proposed before: this is a copy
    }
    const auto opened = epochs_.find(entry.term);
    const Node& it = nodes_[node];
    if (opened == epochs_.end() && entry.term == append.term && it.log.hard_state().vote == node) {
      violated(fmt::format("Z5: node {} broadcasts in epoch {}, which is not even adopted",
                           node.value(), entry.term.value()));
      return;
    }
    if (opened == epochs_.end() || opened->second.leader != node) {
      violated(fmt::format("Z2: node {} stores entry {} of epoch {}, which nobody proposed",
                           node.value(), entry.index.value(), entry.term.value()));
      return;
    }
    const model::LogIndex initial = opened->second.initial_end;
    if (it.applied < initial || committed() < initial) {
      violated(
          fmt::format("Z5: node {} broadcasts in epoch {}, delivered up to {}, the history "
                      "before it ends at {}, committed is {}",
                      node.value(), entry.term.value(), it.applied.value(), initial.value(),
                      committed().value()));
    }
    if (entry.index > initial && entry.index - initial > max_epoch_entries_) {
      violated(fmt::format("Z6: node {} proposes entry {} of epoch {}, the counter ends at {}",
                           node.value(), entry.index - initial, entry.term.value(),
                           max_epoch_entries_));
    }
    values_[{entry.index, entry.term}] = {};
  }
}

void Invariants::observe_install(model::NodeId node, const SnapshotMeta& meta) {
  const auto known = values_.find({meta.index, meta.term});
  if (meta.index > committed() || committed_term(meta.index) != meta.term ||
      known == values_.end()) {
    violated(fmt::format("Z2: node {} installs a snapshot at {} of epoch {} that is not committed",
                         node.value(), meta.index.value(), meta.term.value()));
    return;
  }
  nodes_[node].issued.push({Append{}, meta, known->second.chain});
}

void Invariants::observe_append_durable(model::NodeId node, AppendToken token) {
  for (const IssuedWrite& write : nodes_[node].issued.take_durable(token)) {
    settle(node, write);
  }
}

void Invariants::observe_snapshot_durable(model::NodeId node) {
  Node& it = nodes_[node];
  for (const IssuedWrite& write : it.issued.take_through_snapshot()) {
    settle(node, write);
    if (write.snapshot) {
      it.applied = std::max(it.applied, write.snapshot->index);
      it.commit = std::max(it.commit, write.snapshot->index);
    }
  }
}

void Invariants::settle(model::NodeId node, const IssuedWrite& write) {
  Node& it = nodes_[node];
  const HardState before = it.log.hard_state();
  const model::Term epoch =
      write.append.hard_state ? write.append.hard_state->second_term : before.second_term;
  const auto opened = epochs_.find(before.second_term);
  if (write.append.truncate_from && before.second_term == epoch && opened != epochs_.end()) {
    const auto held = opened->second.accepted.find(node);
    const bool fixed = it.log.hard_state().term == epoch;
    if (fixed && held != opened->second.accepted.end() &&
        *write.append.truncate_from <= held->second) {
      violated(fmt::format("Z4: node {} cuts from {} within epoch {}, it has adopted up to {}",
                           node.value(), write.append.truncate_from->value(), epoch.value(),
                           held->second.value()));
    }
  }
  it.log.apply(write);
  const HardState& after = it.log.hard_state();
  check_epochs(node, before, after);
  if (!write.snapshot) {
    check_entries(node, write.append);
    for (const ConfigurationAt& change : write.append.configurations) {
      check_change(node, change);
    }
  }
  if (after.second_term.is_none()) {
    return;
  }
  if (after.second_term != before.second_term) {
    check_adopted(node, after.second_term);
  }
  if (after.term == after.second_term) {
    epochs_[after.second_term].accepted[node] = it.log.last();
    count_replicas(after.second_term);
  }
}

void Invariants::check_epochs(model::NodeId node, const HardState& before, const HardState& after) {
  if (after.term < before.term || after.second_term < before.second_term ||
      after.second_term > after.term) {
    violated(
        fmt::format("Z1: node {} goes from accepted epoch {} and current epoch {} to {} and {}",
                    node.value(), before.term.value(), before.second_term.value(),
                    after.term.value(), after.second_term.value()));
  }
  // An epoch that its leader has opened, and so a quorum given to it, can be lost to nobody.
  const auto opened = epochs_.find(after.term);
  const bool settled = opened != epochs_.end() && opened->second.leader == after.vote;
  if (after.term == before.term && !before.vote.is_none() && after.vote != before.vote &&
      !settled) {
    violated(fmt::format("Z1: node {} gives epoch {} to {} after it gave it to {}", node.value(),
                         after.term.value(), after.vote.value(), before.vote.value()));
  }
}

void Invariants::open_epoch(model::NodeId node, model::Term epoch) {
  const ShadowLog& log = nodes_[node].log;
  Opened& opened = epochs_[epoch];
  if (!nodes_[node].issued.empty()) {
    violated(fmt::format("Z3: node {} opens epoch {} with a history that is not durable",
                         node.value(), epoch.value()));
  }
  if (!opened.leader.is_none() && opened.leader != node) {
    violated(fmt::format("Z1: nodes {} and {} lead epoch {}", opened.leader.value(), node.value(),
                         epoch.value()));
    return;
  }
  opened.leader = node;
  opened.configuration = configurations_[node];
  opened.initial_end = log.last();
  opened.initial_chain = log.at(log.last()).chain;
}

// Z3: who holds an epoch as current has the leader's initial history, and with it everything that
// earlier epochs committed.
void Invariants::check_adopted(model::NodeId node, model::Term epoch) {
  const ShadowLog& log = nodes_[node].log;
  const auto opened = epochs_.find(epoch);
  if (opened == epochs_.end() || opened->second.leader.is_none()) {
    violated(fmt::format("Z3: node {} adopts epoch {} before its leader has a history for it",
                         node.value(), epoch.value()));
    return;
  }
  const model::LogIndex end = opened->second.initial_end;
  if (end > log.last() || (log.has(end) && log.at(end).chain != opened->second.initial_chain)) {
    violated(fmt::format(
        "Z3: node {} adopts epoch {} without its initial history up to {}, it "
        "ends at {} of epoch {}",
        node.value(), epoch.value(), end.value(), log.last().value(), log.last_term().value()));
  }
  for (model::LogIndex i = std::max(end, log.base()).next(); i <= log.last(); i = i.next()) {
    if (log.term_at(i) != epoch) {
      violated(
          fmt::format("Z3: node {} adopts epoch {} and keeps entry {} of epoch {} behind its "
                      "initial history",
                      node.value(), epoch.value(), i.value(), log.term_at(i).value()));
    }
  }
  std::size_t count = committed_.size();
  while (count > 0 && committed_[count - 1].by >= epoch) {
    --count;  // what this epoch or a later one committed is another matter
  }
  const model::LogIndex last{count};
  if (count > 0 && (last > log.last() ||
                    (log.has(last) && log.at(last).chain != committed_[count - 1].entry.chain))) {
    violated(fmt::format("Z3: node {} adopts epoch {} without the committed entry {} of epoch {}",
                         node.value(), epoch.value(), last.value(),
                         committed_[count - 1].entry.term.value()));
  }
}

// Z4 on the disk: index and epoch name an entry and everything before it, in the order of the
// primary; under a current epoch only its own entries are added.
void Invariants::check_entries(model::NodeId node, const Append& append) {
  const ShadowLog& log = nodes_[node].log;
  const HardState& hard = log.hard_state();
  const bool adopts = append.hard_state.has_value();
  for (const EntryMeta& entry : append.entries) {
    if (!log.has(entry.index)) {
      violated(fmt::format("Z4: node {} writes entry {} behind a gap", node.value(),
                           entry.index.value()));
      return;
    }
    if (!adopts && hard.second_term == hard.term && entry.term != hard.term) {
      violated(fmt::format("Z4: node {} adds entry {} of epoch {} within epoch {}", node.value(),
                           entry.index.value(), entry.term.value(), hard.term.value()));
    }
    const std::uint64_t chain = log.at(entry.index).chain;
    Value& value = values_[{entry.index, entry.term}];
    if (value.chain != 0 && value.chain != chain) {
      violated(fmt::format("Z4: node {} has another history before entry {} of epoch {}",
                           node.value(), entry.index.value(), entry.term.value()));
    }
    value.chain = chain;
  }
}

// R8, seen from the leader that makes the change.
void Invariants::check_change(model::NodeId node, const ConfigurationAt& change) {
  const ShadowLog& log = nodes_[node].log;
  const model::Term epoch = log.term_at(change.index);
  const auto opened = epochs_.find(epoch);
  const ConfigurationAt* before = log.configuration_before(change.index);
  if (before == nullptr || opened == epochs_.end() || opened->second.leader != node ||
      change.index <= opened->second.initial_end) {
    return;
  }
  if (!may_follow(*before->configuration, *change.configuration)) {
    violated(fmt::format("R8: the configurations at {} and {} have quorums that do not meet",
                         before->index.value(), change.index.value()));
  }
  if (before->index > committed() || opened->second.initial_end > committed()) {
    violated(fmt::format("R8: configuration {} follows {}, committed is {}", change.index.value(),
                         before->index.value(), committed().value()));
  }
}

// Which entries have a quorum now, in the configuration that the epoch's leader uses.
void Invariants::count_replicas(model::Term epoch) {
  const auto opened = epochs_.find(epoch);
  if (opened == epochs_.end() || opened->second.leader.is_none()) {
    return;
  }
  const std::map<model::NodeId, model::LogIndex>& accepted = opened->second.accepted;
  const model::Configuration& in_use = opened->second.configuration;
  std::vector<std::uint64_t> incoming = held_by(in_use.voters, accepted);
  std::vector<std::uint64_t> outgoing = held_by(in_use.voters_outgoing, accepted);
  const model::LogIndex index{quorum::joint_value(incoming, outgoing)};
  if (index > committed()) {
    commit(index, epoch);
  }
}

void Invariants::commit(model::LogIndex index, model::Term epoch) {
  for (const auto& [id, node] : nodes_) {
    const ShadowLog& log = node.log;
    if (!log.has(index) || log.hard_state().second_term != epoch || log.base() > committed()) {
      continue;
    }
    if (!committed_.empty() && log.has(committed()) &&
        log.at(committed()).chain != committed_.back().entry.chain) {
      violated(fmt::format("Z3: epoch {} commits entry {} on node {} over another entry {}",
                           epoch.value(), index.value(), id.value(), committed().value()));
      return;
    }
    for (model::LogIndex i = committed().next(); i <= index; i = i.next()) {
      committed_.push_back({log.at(i), epoch});
    }
    return;
  }
}

void Invariants::observe_state(model::NodeId node, const ProtocolStatus& status,
                               const model::Configuration& configuration) {
  Node& it = nodes_[node];
  if (status.term < it.term || status.commit < it.commit) {
    violated(fmt::format("R6: node {} falls from epoch {} and commit {} to {} and {}", node.value(),
                         it.term.value(), it.commit.value(), status.term.value(),
                         status.commit.value()));
  }
  it.term = status.term;
  it.commit = status.commit;
  configurations_[node] = configuration;
  const auto opened = epochs_.find(status.term);
  const bool leads = status.role == Role::leader || status.role == Role::candidate;
  if (leads && opened != epochs_.end() && opened->second.leader == node &&
      opened->second.configuration != configuration) {
    opened->second.configuration = configuration;
    count_replicas(status.term);
  }
  if (status.role == Role::leader) {
    if (opened == epochs_.end() || opened->second.leader != node) {
      violated(fmt::format("Z1: node {} leads epoch {} without having opened it", node.value(),
                           status.term.value()));
    }
    check_peers(node, status);
  } else {
    end_lease(node);
  }
  if (status.commit > committed()) {
    violated(fmt::format("Z2: node {} reports commit {}, a quorum has {}", node.value(),
                         status.commit.value(), committed().value()));
  }
  note_commit(status.commit);
}

// R7: what a leader believes of its followers is on their disks.
void Invariants::check_peers(model::NodeId node, const ProtocolStatus& status) {
  const ShadowLog& own = nodes_[node].log;
  for (const PeerStatus& peer : status.peers) {
    const auto at = nodes_.find(peer.id);
    if (at == nodes_.end() || peer.match.is_none() || wiped_.contains(peer.id)) {
      continue;
    }
    const ShadowLog& log = at->second.log;
    if (log.hard_state().term > status.term) {
      continue;  // a later leader may have cut it since
    }
    if (!may_match(own, log, peer.match)) {
      violated(
          fmt::format("R7: the leader {} of epoch {} believes that node {} has {}, durable "
                      "there is {}",
                      node.value(), status.term.value(), peer.id.value(), peer.match.value(),
                      log.last().value()));
    }
  }
}

// R9, and of NEWLEADER Z3: what is acknowledged is on disk before it is on the wire.
void Invariants::observe_sent(const Message& message) {
  const ShadowLog& log = nodes_[message.from].log;
  const HardState& hard = log.hard_state();
  const auto kind = static_cast<MessageKind>(message.kind);
  if (message.term > hard.term) {
    violated(fmt::format("R9: node {} sends kind {} with epoch {}, durable is {}",
                         message.from.value(), message.kind, message.term.value(),
                         hard.term.value()));
  }
  if (message.reject || message.term != hard.term) {
    return;
  }
  if (kind == MessageKind::ack_epoch && hard.vote != message.to) {
    violated(fmt::format("Z1: node {} acknowledges epoch {} to {}, it gave it to {}",
                         message.from.value(), message.term.value(), message.to.value(),
                         hard.vote.value()));
  }
  if (kind == MessageKind::ack_new_leader &&
      (hard.second_term != message.term || message.index > log.last())) {
    violated(
        fmt::format("Z3: node {} acknowledges NEWLEADER of epoch {} with history {}, durable "
                    "are epoch {} and history {}",
                    message.from.value(), message.term.value(), message.index.value(),
                    hard.second_term.value(), log.last().value()));
  }
  if ((kind == MessageKind::ack || kind == MessageKind::pong) && message.index > log.last()) {
    violated(fmt::format("R9: node {} acknowledges {}, durable is {}", message.from.value(),
                         message.index.value(), log.last().value()));
  }
}

void Invariants::observe_applied(model::NodeId node, model::LogIndex index, model::Term term,
                                 std::uint64_t payload_hash) {
  Node& it = nodes_[node];
  if (index != it.applied.next() || index > it.commit || index > it.log.last()) {
    violated(fmt::format("R6: node {} applies {} after {}, its commit is {}, durable {}",
                         node.value(), index.value(), it.applied.value(), it.commit.value(),
                         it.log.last().value()));
  }
  if (term < it.applied_term) {
    violated(fmt::format("Z4: node {} delivers {} of epoch {} after epoch {}", node.value(),
                         index.value(), term.value(), it.applied_term.value()));
  }
  it.applied = index;
  it.applied_term = term;
  const auto [known, fresh] = applied_.try_emplace(index, std::pair(term, payload_hash));
  if (!fresh && known->second != std::pair(term, payload_hash)) {
    violated(fmt::format("Z2: node {} delivers another entry at {}", node.value(), index.value()));
  }
  if (!values_.contains({index, term})) {
    violated(fmt::format("Z2: node {} delivers {} of epoch {}, which nobody proposed", node.value(),
                         index.value(), term.value()));
  }
  if (index <= committed() && committed_term(index) != term) {
    violated(fmt::format("Z2: node {} delivers epoch {} at {}, committed is epoch {}", node.value(),
                         term.value(), index.value(), committed_term(index).value()));
  }
}

}  // namespace ostraka::protocol::zab
