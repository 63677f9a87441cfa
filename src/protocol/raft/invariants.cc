#include "protocol/raft/invariants.h"

#include "protocol/core/membership.h"
#include "protocol/quorum/quorum.h"
#include "protocol/raft/types.h"

#include <fmt/core.h>

#include <algorithm>

namespace ostraka::protocol::raft {

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
      violated(
          fmt::format("D: node {} restarts with last {} term {} vote {}, durable was last {} "
                      "term {} vote {}",
                      node.value(), recovered.snapshot.index.value() + recovered.entries.size(),
                      recovered.hard_state.term.value(), recovered.hard_state.vote.value(),
                      it.log.last().value(), it.log.hard_state().term.value(),
                      it.log.hard_state().vote.value()));
    }
  }
  it.started = true;
  it.issued.clear();
  std::uint64_t base_chain = 0;
  const auto key = std::pair(recovered.snapshot.index, recovered.snapshot.term);
  if (const auto known = chains_.find(key); known != chains_.end()) {
    base_chain = known->second;
  }
  it.log.adopt(recovered, base_chain);
  // The first entries of a cluster are there from the start: nobody appends them.
  for (model::LogIndex index = it.log.base(); index <= it.log.last(); index = index.next()) {
    chains_.try_emplace({index, it.log.at(index).term}, it.log.at(index).chain);
  }
  it.term = recovered.hard_state.term;
  it.commit = recovered.applied;
  it.applied = recovered.applied;
  end_service(node);
}

void Invariants::observe_append(model::NodeId node, const Append& append,
                                std::span<const std::uint64_t> /*hashes*/) {
  check_writer(node, append);
  nodes_[node].issued.push({append, std::nullopt, 0});
}

void Invariants::observe_install(model::NodeId node, const SnapshotMeta& meta) {
  const auto known = chains_.find({meta.index, meta.term});
  if (meta.index > committed() || committed_term(meta.index) != meta.term ||
      known == chains_.end()) {
    violated(fmt::format("R5: node {} installs a snapshot at {} of term {} that is not committed",
                         node.value(), meta.index.value(), meta.term.value()));
    return;
  }
  nodes_[node].issued.push({Append{}, meta, known->second});
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
  it.log.apply(write);
  const HardState& after = it.log.hard_state();
  if (after.term < before.term ||
      (after.term == before.term && !before.vote.is_none() && after.vote != before.vote)) {
    violated(fmt::format("R1: node {} replaces its vote for {} in term {} by {} in term {}",
                         node.value(), before.vote.value(), before.term.value(), after.vote.value(),
                         after.term.value()));
  }
  if (write.snapshot) {
    return;
  }
  check_matching(node, write.append);
  for (const ConfigurationAt& change : write.append.configurations) {
    check_change(node, change, write.append.term);
  }
  const model::Term term = write.append.term;
  for (auto entry = write.append.entries.rbegin(); entry != write.append.entries.rend(); ++entry) {
    if (entry->term == term) {
      model::LogIndex& last = accepted_[term][node];
      last = std::max(last, entry->index);
      count_replicas(term);
      break;
    }
  }
}

// R2: a leader only adds to its log.
void Invariants::check_writer(model::NodeId node, const Append& append) {
  const auto leader = leaders_.find(append.term);
  if (leader != leaders_.end() && leader->second.node == node && append.truncate_from) {
    violated(fmt::format("R2: node {}, leader of term {}, cuts its log from {}", node.value(),
                         append.term.value(), append.truncate_from->value()));
  }
}

// R3: index and term name an entry and everything before it.
void Invariants::check_matching(model::NodeId node, const Append& append) {
  const ShadowLog& log = nodes_[node].log;
  for (const EntryMeta& entry : append.entries) {
    if (!log.has(entry.index)) {
      violated(fmt::format("R3: node {} writes entry {} behind a gap", node.value(),
                           entry.index.value()));
      return;
    }
    const std::uint64_t chain = log.at(entry.index).chain;
    const auto [known, fresh] = chains_.try_emplace({entry.index, entry.term}, chain);
    if (!fresh && known->second != chain) {
      violated(fmt::format("R3: node {} has another history before entry {} of term {}",
                           node.value(), entry.index.value(), entry.term.value()));
    }
  }
}

// R8, seen from the leader that makes the change.
void Invariants::check_change(model::NodeId node, const ConfigurationAt& change, model::Term term) {
  const ShadowLog& log = nodes_[node].log;
  const ConfigurationAt* before = log.configuration_before(change.index);
  const auto leader = leaders_.find(term);
  if (before == nullptr || leader == leaders_.end() || leader->second.node != node ||
      log.term_at(change.index) != term) {
    return;
  }
  if (!may_follow(*before->configuration, *change.configuration)) {
    violated(fmt::format("R8: the configurations at {} and {} have quorums that do not meet",
                         before->index.value(), change.index.value()));
  }
  if (before->index > committed()) {
    violated(fmt::format("R8: configuration {} follows {}, which is not committed",
                         change.index.value(), before->index.value()));
  }
  model::LogIndex first = change.index;
  while (first.prev() > log.base() && log.term_at(first.prev()) == term) {
    first = first.prev();
  }
  if (first == change.index || first > committed()) {
    violated(fmt::format("R8: configuration {} before an entry of term {} is committed",
                         change.index.value(), term.value()));
  }
}

// Which entry of `term` has a quorum now, in the configuration that its leader uses.
void Invariants::count_replicas(model::Term term) {
  const auto leader = leaders_.find(term);
  if (leader == leaders_.end()) {
    return;
  }
  const std::map<model::NodeId, model::LogIndex>& accepted = accepted_[term];
  const model::Configuration& in_use = leader->second.configuration;
  std::vector<std::uint64_t> incoming = held_by(in_use.voters, accepted);
  std::vector<std::uint64_t> outgoing = held_by(in_use.voters_outgoing, accepted);
  const model::LogIndex index{quorum::joint_value(incoming, outgoing)};
  if (!index.is_none()) {
    commit(index, term);
  }
}

void Invariants::commit(model::LogIndex index, model::Term term) {
  if (index <= committed()) {
    const Committed& known = committed_[index.value() - 1];
    if (known.entry.term != term) {
      violated(fmt::format("R4: entry {} is committed in term {} and in term {}", index.value(),
                           known.entry.term.value(), term.value()));
    }
    return;
  }
  for (const auto& [id, node] : nodes_) {
    const ShadowLog& log = node.log;
    if (!log.has(index) || log.at(index).term != term || log.base() > committed()) {
      continue;
    }
    if (!committed_.empty() && log.has(committed()) &&
        log.at(committed()).chain != committed_.back().entry.chain) {
      violated(fmt::format("R4: term {} commits entry {} on node {} over another entry {}",
                           term.value(), index.value(), id.value(), committed().value()));
      return;
    }
    for (model::LogIndex i = committed().next(); i <= index; i = i.next()) {
      committed_.push_back({log.at(i), term});
    }
    return;
  }
}

// R1 and R4 at the moment of an election.
void Invariants::check_elected(model::NodeId node, model::Term term) {
  // What later terms committed is none of this leader's business.
  std::size_t count = committed_.size();
  while (count > 0 && committed_[count - 1].by >= term) {
    --count;
  }
  if (count == 0) {
    return;
  }
  const model::LogIndex index{count};
  const ShadowLog& log = nodes_[node].log;
  if (index > log.last() ||
      (log.has(index) && log.at(index).chain != committed_[count - 1].entry.chain)) {
    violated(fmt::format("R4: node {} leads term {} without the committed entry {} of term {}",
                         node.value(), term.value(), index.value(),
                         committed_[count - 1].entry.term.value()));
  }
}

void Invariants::observe_state(model::NodeId node, const ProtocolStatus& status,
                               const model::Configuration& configuration) {
  Node& it = nodes_[node];
  if (status.term < it.term) {
    violated(fmt::format("R6: the term of node {} falls from {} to {}", node.value(),
                         it.term.value(), status.term.value()));
  }
  if (status.commit < it.commit) {
    violated(fmt::format("R6: the commit index of node {} falls from {} to {}", node.value(),
                         it.commit.value(), status.commit.value()));
  }
  it.term = status.term;
  it.commit = status.commit;
  if (status.role == Role::leader) {
    const auto [leader, fresh] = leaders_.try_emplace(status.term, Leader{node, configuration});
    if (leader->second.node != node) {
      violated(fmt::format("R1: nodes {} and {} lead term {}", leader->second.node.value(),
                           node.value(), status.term.value()));
      return;
    }
    if (fresh) {
      check_elected(node, status.term);
    }
    if (fresh || leader->second.configuration != configuration) {
      leader->second.configuration = configuration;
      count_replicas(status.term);
    }
    check_peers(node, status);
  } else {
    end_lease(node);
  }
  if (status.commit > committed()) {
    violated(fmt::format("R6: node {} reports commit {}, a quorum has {}", node.value(),
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
          fmt::format("R7: leader {} of term {} believes that node {} has {}, durable there "
                      "is {}",
                      node.value(), status.term.value(), peer.id.value(), peer.match.value(),
                      log.last().value()));
    }
  }
}

// R9: promises are on disk before they are on the wire.
void Invariants::observe_sent(const Message& message) {
  const ShadowLog& log = nodes_[message.from].log;
  const HardState& hard = log.hard_state();
  const auto kind = static_cast<MessageKind>(message.kind);
  if (message.term > hard.term) {
    violated(fmt::format("R9: node {} sends kind {} with term {}, durable is {}",
                         message.from.value(), message.kind, message.term.value(),
                         hard.term.value()));
  }
  const bool grants = kind == MessageKind::vote_ack && !message.reject;
  const bool asks = kind == MessageKind::vote;
  const model::NodeId vote = asks ? message.from : message.to;
  if ((grants || asks) && message.term == hard.term && hard.vote != vote) {
    violated(fmt::format("R9: node {} grants {} its vote in term {}, durable is {}",
                         message.from.value(), vote.value(), message.term.value(),
                         hard.vote.value()));
  }
  const bool acknowledges =
      (kind == MessageKind::append_ack && !message.reject) || kind == MessageKind::heartbeat_ack;
  if (acknowledges && message.index > log.last()) {
    violated(fmt::format("R9: node {} acknowledges {}, durable is {}", message.from.value(),
                         message.index.value(), log.last().value()));
  }
}

void Invariants::observe_applied(model::NodeId node, model::LogIndex index, model::Term term,
                                 std::uint64_t payload_hash) {
  Node& it = nodes_[node];
  if (index != it.applied.next()) {
    violated(fmt::format("R6: node {} applies {} after {}", node.value(), index.value(),
                         it.applied.value()));
  }
  it.applied = index;
  if (index > it.commit || index > it.log.last()) {
    violated(fmt::format("R6: node {} applies {} beyond its commit {} or durable {}", node.value(),
                         index.value(), it.commit.value(), it.log.last().value()));
  }
  const auto [known, fresh] = applied_.try_emplace(index, Applied{term, payload_hash});
  if (!fresh && (known->second.term != term || known->second.hash != payload_hash)) {
    violated(fmt::format("R5: node {} applies another entry at {}", node.value(), index.value()));
  }
  if (index <= committed() && committed_term(index) != term) {
    violated(fmt::format("R5: node {} applies term {} at {}, committed is term {}", node.value(),
                         term.value(), index.value(), committed_term(index).value()));
  }
}

}  // namespace ostraka::protocol::raft
