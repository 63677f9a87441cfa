// The proposer: phase 1 for all slots at once, then phase 2 per slot.
#include "protocol/multi_paxos/multi_paxos.h"
#include "protocol/quorum/quorum.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace ostraka::protocol::multi_paxos {
namespace {

constexpr TimerId kHeartbeatTimer{2};
constexpr unsigned kNodeBits = 16;
// Slots of one retransmission, and slots that may be open at a time.
constexpr std::uint64_t kSlotsPerMessage = 64;
constexpr std::uint64_t kOpenSlotsMax = 4096;

}  // namespace

void MultiPaxos::campaign() {
  const std::uint64_t round = (std::max(hard_.term, s_.seen).value() >> kNodeBits) + 1;
  promise(model::Term(round << kNodeBits | self_.value()));
  set_role(Role::candidate, {});
  s_.promised = 0;
  s_.recorded = last_token_;
  for (const Peer& peer : s_.peers) {
    // Durable first: a ballot is never used twice, also over a restart.
    DelayedMessage& delayed = out_->send_after_durable.add();
    delayed.token = last_token_;
    compose(delayed.message, peer.id, MessageKind::prepare).index = commit_.next();
  }
  arm_election();
}

// What others accepted is recorded with its ballot before this node leads. That is safe: a proposal
// (ballot, value) that was made may be reported by any acceptor, since a new proposer takes the
// value of the highest ballot, and every ballot above a chosen one has the chosen value.
void MultiPaxos::on_promise(const Message& message) {
  if (s_.role != Role::candidate || message.reject || message.term != hard_.term) {
    return;
  }
  for (const EntryMeta& entry : message.entries) {
    if (entry.index > commit_ && term_at(entry.index) < entry.term) {
      write(entry);
      s_.recorded = last_token_;
    }
  }
  s_.promised |= std::uint64_t{1} << position(message.from);
  try_lead();
}

void MultiPaxos::try_lead() {
  if (s_.role == Role::candidate && durable_ >= s_.recorded && is_majority(s_.promised)) {
    lead();
  }
}

// Every slot that may have been chosen is proposed again at the new ballot; gaps get no-ops.
void MultiPaxos::lead() {
  set_role(Role::leader, self_);
  for (Peer& peer : s_.peers) {
    peer.round = 0;
    peer.commit = {};
  }
  s_.round = 0;
  s_.inherited = last_slot();
  for (model::LogIndex i = commit_.next(); i <= s_.inherited; i = i.next()) {
    const auto found = slots_.find(i);
    EntryMeta meta{i, hard_.term, EntryKind::noop, 0};
    if (found != slots_.end()) {
      meta.kind = found->second.accepted.kind;
      meta.payload_bytes = found->second.accepted.payload_bytes;
    }
    write(meta);
  }
  write({s_.inherited.next(), hard_.term, EntryKind::noop, 0});
  for (const Peer& peer : s_.peers) {
    send_slots(MessageKind::accept, peer.id, commit_.next(), last_slot());
  }
  send_heartbeats();
}

void MultiPaxos::on(const Propose& event) {
  if (s_.role != Role::leader) {
    out_->failed.push_back({event.id, base::ErrorCode::not_leader, s_.leader});
    return;
  }
  if (last_slot() - commit_ >= kOpenSlotsMax) {
    out_->failed.push_back({event.id, base::ErrorCode::busy, self_});
    return;
  }
  const model::LogIndex slot = last_slot().next();
  write({slot, hard_.term, EntryKind::data, event.payload_bytes});
  out_->proposed.push_back({event.id, slot, hard_.term});
  for (const Peer& peer : s_.peers) {
    send_slots(MessageKind::accept, peer.id, slot, slot);
  }
}

void MultiPaxos::on(const ReadBarrier& event) {
  if (s_.role != Role::leader) {
    out_->failed.push_back({event.id, base::ErrorCode::not_leader, s_.leader});
    return;
  }
  // A quorum that answers after this has promised nobody else; what others chose before is
  // inherited.
  send_heartbeats();
  s_.reads.push_back({event.id, s_.round, std::max(commit_, s_.inherited)});
  answer_reads();
}

void MultiPaxos::on_accepted(const Message& message) {
  if (s_.role != Role::leader) {
    return;
  }
  if (message.reject) {
    if (message.hint_term > hard_.term) {
      step_down({});
    }
    return;
  }
  if (message.term != hard_.term) {
    return;
  }
  const std::size_t from = position(message.from);
  s_.peers[from].commit = std::max(s_.peers[from].commit, message.commit);
  const std::uint64_t bit = std::uint64_t{1} << from;
  for (auto it = slots_.lower_bound(message.index);
       it != slots_.end() && it->first <= message.hint_index; ++it) {
    if (it->second.accepted.term == hard_.term) {
      it->second.acks |= bit;
    }
  }
  advance();
}

void MultiPaxos::on_heartbeat_ack(const Message& message) {
  if (s_.role != Role::leader || message.reject) {
    if (s_.role == Role::leader && message.hint_term > hard_.term) {
      step_down({});
    }
    return;
  }
  if (message.term != hard_.term) {
    return;
  }
  const std::size_t from = position(message.from);
  Peer& peer = s_.peers[from];
  peer.round = std::max(peer.round, message.context);
  peer.commit = message.commit;  // may fall: it restarted; or an old answer, which does no harm
  answer_reads();
  if (peer.commit < commit_) {
    const model::LogIndex last = std::min(commit_, peer.commit + kSlotsPerMessage);
    send_slots(MessageKind::learn, peer.id, peer.commit.next(), last);
    return;
  }
  // Lost proposals: the first run of slots that it has not accepted.
  const std::uint64_t bit = std::uint64_t{1} << from;
  auto first = slots_.upper_bound(commit_);
  while (first != slots_.end() && (first->second.acks & bit) != 0) {
    ++first;
  }
  if (first != slots_.end()) {
    send_slots(MessageKind::accept, peer.id, first->first,
               std::min(last_slot(), first->first + (kSlotsPerMessage - 1)));
  }
}

void MultiPaxos::advance() {
  if (s_.role != Role::leader) {
    return;
  }
  const model::LogIndex before = commit_;
  for (auto it = slots_.find(commit_.next()); it != slots_.end(); ++it) {
    const Slot& slot = it->second;
    // This node's own acceptance counts when it is durable.
    const bool chosen = slot.written <= durable_ && is_majority(slot.acks);
    if (it->first != commit_.next() || !chosen) {
      break;
    }
    commit_ = it->first;
  }
  if (commit_ > before) {
    send_heartbeats();
  }
}

void MultiPaxos::answer_reads() {
  std::erase_if(s_.reads, [this](const PendingRead& read) {
    std::uint64_t confirmed = 0;
    for (std::size_t i = 0; i < s_.peers.size(); ++i) {
      confirmed |= s_.peers[i].round >= read.round ? std::uint64_t{1} << i : 0;
    }
    if (!is_majority(confirmed)) {
      return false;
    }
    out_->reads.push_back({read.id, read.index});
    return true;
  });
}

void MultiPaxos::send_heartbeats() {
  ++s_.round;
  for (const Peer& peer : s_.peers) {
    compose(out_->send_now.add(), peer.id, MessageKind::heartbeat).context = s_.round;
  }
  out_->timers.push_back({kHeartbeatTimer, now_ + settings_.heartbeat_interval});
}

void MultiPaxos::send_slots(MessageKind kind, model::NodeId to, model::LogIndex first,
                            model::LogIndex last) {
  Message& message = compose(out_->send_now.add(), to, kind);
  for (auto it = slots_.lower_bound(first); it != slots_.end() && it->first <= last; ++it) {
    message.entries.push_back(it->second.accepted);
  }
}

void MultiPaxos::step_down(model::NodeId leader) {
  for (const PendingRead& read : s_.reads) {
    out_->failed.push_back({read.id, base::ErrorCode::not_leader, leader});
  }
  s_.reads.clear();
  set_role(Role::follower, leader);
  arm_election();
}

// This node and so many others.
bool MultiPaxos::is_majority(std::uint64_t others) const {
  const std::size_t count = 1 + static_cast<std::size_t>(std::popcount(others));
  return count >= quorum::majority(s_.peers.size() + 1);
}

// Of a voter among the others; their number when it is none.
std::size_t MultiPaxos::position(model::NodeId id) const {
  const auto found = std::find_if(s_.peers.begin(), s_.peers.end(),
                                  [id](const Peer& peer) { return peer.id == id; });
  return static_cast<std::size_t>(found - s_.peers.begin());
}

}  // namespace ostraka::protocol::multi_paxos
