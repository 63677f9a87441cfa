#include "protocol/multi_paxos/multi_paxos.h"

#include "base/assert.h"

#include <algorithm>
#include <variant>

namespace ostraka::protocol::multi_paxos {
namespace {

constexpr TimerId kElectionTimer{1};
constexpr TimerId kHeartbeatTimer{2};

}  // namespace

MultiPaxos::MultiPaxos(model::NodeId self, const Settings& settings, const Recovered& recovered,
                       std::uint64_t seed)
    : self_(self),
      settings_(settings),
      prng_(seed),
      configuration_(recovered.configurations.empty()
                         ? recovered.snapshot.configuration
                         : recovered.configurations.back().configuration),
      hard_(recovered.hard_state),
      commit_(recovered.applied),
      told_upto_(recovered.applied) {
  for (const EntryMeta& entry : recovered.entries) {
    slots_[entry.index].accepted = entry;  // written under token 0: durable
  }
  for (const model::Member& member : configuration_->voters) {
    if (member.id != self_) {
      s_.peers.push_back({member.id, 0, {}});
    }
  }
  OSTRAKA_ASSERT(s_.peers.size() < 64, "acknowledgements are bits of a word");
}

void MultiPaxos::step(const Event& event, Effects& effects) {
  now_ = event.now;
  out_ = &effects;
  std::visit([this](const auto& body) { on(body); }, event.body);
  finish();
  out_ = nullptr;
}

ProtocolStatus MultiPaxos::status() const {
  ProtocolStatus status;
  status.role = s_.role;
  status.term = hard_.term;
  status.leader = s_.leader;
  status.first_index = slots_.empty() ? commit_.next() : slots_.begin()->first;
  status.last_index = last_slot();
  status.durable_index = told_upto_;
  status.commit = commit_;
  if (s_.role == Role::leader) {
    for (const Peer& peer : s_.peers) {
      status.peers.push_back({peer.id, peer.commit, true, false, false});
    }
  }
  return status;
}

model::Term MultiPaxos::term_at(model::LogIndex index) const {
  const auto found = slots_.find(index);
  return found == slots_.end() ? model::Term{} : found->second.accepted.term;
}

std::string MultiPaxos::describe(const TraceRecord&) const { return {}; }

void MultiPaxos::on(const Started&) { arm_election(); }

void MultiPaxos::on(const TimerFired& event) {
  if (event.id == kElectionTimer && s_.role != Role::leader) {
    campaign();
  } else if (event.id == kHeartbeatTimer && s_.role == Role::leader) {
    send_heartbeats();
  }
}

void MultiPaxos::on(const Received& event) {
  const Message& message = *event.message;
  if (position(message.from) == s_.peers.size()) {
    return;  // not a member
  }
  s_.seen = std::max({s_.seen, message.term, message.hint_term});
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::prepare:
      on_prepare(message);
      return;
    case MessageKind::promise:
      on_promise(message);
      return;
    case MessageKind::accept:
      on_accept(message);
      return;
    case MessageKind::accepted:
      on_accepted(message);
      return;
    case MessageKind::heartbeat:
      on_heartbeat(message);
      return;
    case MessageKind::heartbeat_ack:
      on_heartbeat_ack(message);
      return;
    case MessageKind::learn:
      on_learn(message);
      return;
  }
}

void MultiPaxos::on(const Durable& event) {
  durable_ = std::max(durable_, event.token);
  try_lead();
  advance();
}

void MultiPaxos::on(const Campaign&) {
  if (s_.role != Role::leader) {
    campaign();
  }
}

void MultiPaxos::on(const StepDown&) {
  if (s_.role == Role::leader) {
    step_down({});
  }
}

void MultiPaxos::on(const ChangeMembership& event) {
  out_->failed.push_back({event.id, base::ErrorCode::unsupported, s_.leader});
}

void MultiPaxos::on(const TransferLeadership& event) {
  out_->failed.push_back({event.id, base::ErrorCode::unsupported, s_.leader});
}

void MultiPaxos::on(const SnapshotReceived&) { out_->discard_snapshot = true; }

void MultiPaxos::on_prepare(const Message& message) {
  if (message.term < hard_.term) {
    Message& refusal = compose(out_->send_now.add(), message.from, MessageKind::promise);
    refusal.reject = true;
    refusal.hint_term = hard_.term;
    return;
  }
  promise(message.term);
  if (s_.role != Role::follower || !s_.leader.is_none()) {
    step_down({});
  }
  arm_election();
  DelayedMessage& delayed = out_->send_after_durable.add();
  delayed.token = last_token_;
  Message& answer = compose(delayed.message, message.from, MessageKind::promise);
  answer.index = message.index;
  for (auto it = slots_.lower_bound(message.index); it != slots_.end(); ++it) {
    answer.entries.push_back(it->second.accepted);
  }
}

void MultiPaxos::on_accept(const Message& message) {
  if (message.entries.empty() || !follow(message, MessageKind::accepted)) {
    return;
  }
  for (const EntryMeta& entry : message.entries) {
    // What is chosen stays as it is: any later proposal for the slot has the same value.
    if (entry.index > commit_ && term_at(entry.index) < entry.term) {
      write(entry);
    }
  }
  learn_commit(message);
  DelayedMessage& delayed = out_->send_after_durable.add();
  delayed.token = last_token_;
  Message& answer = compose(delayed.message, message.from, MessageKind::accepted);
  answer.index = message.entries.front().index;
  answer.hint_index = message.entries.back().index;
}

void MultiPaxos::on_heartbeat(const Message& message) {
  if (!follow(message, MessageKind::heartbeat_ack)) {
    return;
  }
  learn_commit(message);
  Message& answer = compose(out_->send_now.add(), message.from, MessageKind::heartbeat_ack);
  answer.context = message.context;
}

void MultiPaxos::on_learn(const Message& message) {
  if (!follow(message, MessageKind::heartbeat_ack)) {
    return;
  }
  for (const EntryMeta& entry : message.entries) {
    if (entry.index != commit_.next()) {
      continue;  // known, or a gap before it
    }
    if (term_at(entry.index) < entry.term) {
      write(entry);  // else the same value was accepted at this ballot or a higher one
    }
    commit_ = entry.index;
  }
  compose(out_->send_now.add(), message.from, MessageKind::heartbeat_ack);
}

bool MultiPaxos::follow(const Message& message, MessageKind answer) {
  if (message.term < hard_.term) {
    Message& refusal = compose(out_->send_now.add(), message.from, answer);
    refusal.reject = true;
    refusal.hint_term = hard_.term;
    return false;
  }
  promise(message.term);
  if (s_.role != Role::follower || s_.leader != message.from) {
    step_down(message.from);
  }
  arm_election();
  return true;
}

// A value accepted at the leader's own ballot is the one that the leader says is chosen: it
// proposes one value per slot and ballot.
void MultiPaxos::learn_commit(const Message& message) {
  while (commit_ < message.commit && term_at(commit_.next()) == message.term) {
    commit_ = commit_.next();
  }
}

void MultiPaxos::write(const EntryMeta& meta) {
  OSTRAKA_ASSERT(meta.index > told_upto_, "what is applied stays");
  open_append();
  out_->append.entries.push_back(meta);
  out_->append.index = meta.index;
  Slot& slot = slots_[meta.index];
  slot.accepted = meta;
  slot.written = out_->append.token;
  slot.acks = 0;
}

void MultiPaxos::promise(model::Term ballot) {
  if (ballot > hard_.term) {
    hard_.term = ballot;
    open_append();
    out_->append.hard_state = hard_;
  }
}

void MultiPaxos::open_append() {
  if (!out_->append.present) {
    last_token_ = last_token_.next();
    out_->append.present = true;
    out_->append.token = last_token_;
    out_->append.index = last_slot();
  }
  out_->append.term = hard_.term;
}

// Applied is what is chosen without a gap and durable here.
void MultiPaxos::finish() {
  model::LogIndex upto = told_upto_;
  while (upto < commit_ && slots_.at(upto.next()).written <= durable_) {
    upto = upto.next();
  }
  if (upto > told_upto_) {
    told_upto_ = upto;
    out_->apply_upto = upto;
  }
}

Message& MultiPaxos::compose(Message& message, model::NodeId to, MessageKind kind) {
  message.from = self_;
  message.to = to;
  message.kind = static_cast<std::uint8_t>(kind);
  message.term = hard_.term;
  message.commit = commit_;
  return message;
}

void MultiPaxos::arm_election() {
  const std::int64_t wait = prng_.between(settings_.election_timeout_min.as_nanoseconds(),
                                          settings_.election_timeout_max.as_nanoseconds());
  out_->timers.push_back({kElectionTimer, now_ + base::Duration::nanoseconds(wait)});
}

void MultiPaxos::set_role(Role role, model::NodeId leader) {
  s_.role = role;
  s_.leader = leader;
  out_->role_change = RoleChange{role, hard_.term, leader};
  out_->timers.push_back({kHeartbeatTimer, role == Role::leader
                                               ? now_ + settings_.heartbeat_interval
                                               : base::Instant::never()});
}

model::LogIndex MultiPaxos::last_slot() const {
  return slots_.empty() ? commit_ : slots_.rbegin()->first;
}

}  // namespace ostraka::protocol::multi_paxos
