// Phase 1 for all open slots at once, in pieces (Paxos Made Simple, section 3), and what a new
// leader does with it: for each slot the value of the highest ballot that was reported for it, or a
// no-op where nobody reported one.
#include "base/assert.h"
#include "protocol/multi_paxos/internal/quorum_value.h"
#include "protocol/multi_paxos/multi_paxos.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol::multi_paxos {

// One piece of what this acceptor has accepted, from the slot asked for on.
void MultiPaxos::report(const Message& message) {
  Message& answer = mutant_ == Mutant::promise_before_durable
                        ? compose(message.from, MessageKind::promise, AppendToken{})
                        : compose(message.from, MessageKind::promise);
  answer.index = message.index;
  answer.commit = commit_;
  std::uint32_t bytes = 0;
  model::LogIndex at = message.index;
  for (; at <= log_.last() && bytes < settings_.max_message_bytes &&
         answer.entries.size() < kEntriesPerMessageMax;
       at = at.next()) {
    if (log_.term_at(at).is_none()) {
      continue;
    }
    const EntryMeta entry = log_.meta_at(at);
    if (!answer.entries.empty() && entry.payload_bytes > settings_.max_message_bytes - bytes) {
      break;
    }
    attach(answer, entry);
    bytes += entry.payload_bytes;
  }
  answer.hint_index = at.prev();
  answer.flags = at > log_.last() ? kFlagLast : 0;
}

void MultiPaxos::attach(Message& message, const EntryMeta& entry) const {
  message.entries.push_back(entry);
  if (entry.kind == EntryKind::configuration) {
    message.configurations.push_back({entry.index, log_.configuration_at(entry.index)});
  }
}

void MultiPaxos::ask_report(const Peer& peer, const Message* timeout_now) {
  Message& request = compose(peer.id, MessageKind::prepare);
  request.index = peer.report_next;
  if (timeout_now != nullptr) {
    request.flags = kFlagTransfer;
    request.hint_term = timeout_now->term;
    request.context = timeout_now->context;
  }
}

// A leader needs the promises of the voters of a configuration that is to come, too.
bool MultiPaxos::lacks_promises() const {
  return is_leader() ? !has_promises(std::max(s_.leading.proposed.next(), in_force_from()))
                     : role_ == Role::candidate;
}

// A lost prepare, or a lost piece.
void MultiPaxos::repeat_prepares() {
  if (!lacks_promises()) {
    return;
  }
  for (Peer& peer : peers_) {
    if (!peer.promised && peer.id != self_ && (peer.incoming || peer.outgoing)) {
      if (is_leader()) {
        peer.report_next = std::max(peer.report_next, commit_.next());
      }
      ask_report(peer, nullptr);
    }
  }
}

void MultiPaxos::on_promise(const Message& message) {
  Peer* peer = find(message.from);
  if (peer == nullptr || (role_ != Role::candidate && !is_leader())) {
    return;
  }
  if (message.reject) {
    peer->answer = Answer::refused;
    // A leader that needs the voters to come, and one of them has trimmed what it does not know yet
    // to be chosen: that one knows more. To a leader with its promises a refusal only comes late.
    const bool lost = is_leader()
                          ? lacks_promises()
                          : outcome_of(electorate_of(commit_.next())) == quorum::Outcome::lost;
    if (lost) {
      become_follower({});
    }
    return;
  }
  if (peer->promised || message.index != peer->report_next) {
    return;  // a piece that is here already
  }
  if (!adopt(message)) {
    refuse(message);
    return;
  }
  note_candidate();
  if ((message.flags & kFlagLast) == 0) {
    peer->report_next = std::max(message.hint_index.next(), peer->report_next.next());
    ask_report(*peer, nullptr);
    return;
  }
  peer->promised = true;
  s_.election.learned = std::max(s_.election.learned, message.commit);
  if (role_ == Role::candidate) {
    try_lead();
  } else {
    extend();
  }
}

// What others accepted is recorded here with its ballot before it is proposed again: a proposal
// that was made may be reported by any acceptor, since a new proposer takes the value of the
// highest ballot, and every ballot above that of a chosen value has the same value. It is not
// counted for anything. False when no correct peer reports this.
bool MultiPaxos::adopt(const Message& message) {
  const model::LogIndex known = is_leader() ? s_.leading.proposed : commit_;
  const model::Term best = message.entries.empty()
                               ? model::Term{}
                               : std::ranges::max(message.entries, {}, &EntryMeta::term).term;
  if (mutant_ == Mutant::highest_of_log) {
    if (best < s_.election.best) {
      return true;
    }
    s_.election.best = best;
  }
  if ((role_ == Role::candidate && best == hard_.term) ||
      (!message.entries.empty() && message.entries.back().index > known &&
       message.entries.back().index - known > kSlotsAheadMax)) {
    return false;
  }
  for (const EntryMeta& entry : message.entries) {
    if (entry.index <= known || log_.term_at(entry.index) >= entry.term ||
        mutant_ == Mutant::noop_over_report) {
      continue;
    }
    std::shared_ptr<const model::Configuration> configuration;
    for (const ConfigurationAt& at : message.configurations) {
      if (at.index == entry.index) {
        configuration = at.configuration;
      }
    }
    write(entry, std::move(configuration));
    s_.election.recorded = out_->append.token;
    trace(TraceKind::adopted, entry.index.value(), entry.term.value(), message.from.value());
    if (is_leader()) {
      s_.leading.inherited = std::max(s_.leading.inherited, entry.index);
    }
  }
  return true;
}

void MultiPaxos::try_lead() {
  if (role_ != Role::candidate || !is_durable(s_.election.recorded) ||
      !has_promises(commit_.next())) {
    return;
  }
  // What a reporter knows to be chosen is: every value reported for it at its ballot or a higher
  // one is that value.
  commit_to(std::min(s_.election.learned, log_.filled()));
  if (has_promises(commit_.next())) {
    lead();
  } else {
    repeat_prepares();  // other voters decide about the next slot
  }
}

void MultiPaxos::lead() {
  OSTRAKA_ASSERT(role_ == Role::candidate, "only a candidate leads");
  role_ = Role::leader;
  leader_ = self_;
  Leading& leading = s_.leading;
  leading = Leading{};
  leading.proposed = commit_;
  leading.inherited = std::max(commit_, log_.last());
  for (Peer& peer : peers_) {
    peer.match = mutant_ == Mutant::late_accepted ? peer.match : model::LogIndex{};
    peer.received = {};
    peer.beyond.clear();
    peer.round = 0;
    peer.asked_round = 0;
    peer.sent = {};
    peer.lease_stamp = {};
    peer.heard = now_;
    peer.applied = {};
    peer.received_round = 0;
    peer.disk_full = false;
    begin_probe(peer, commit_.next());
  }
  settle_transfer();
  send_heartbeats();
  propose_inherited();
  if (leading.proposed >= leading.inherited && may_propose(leading.proposed.next())) {
    // One slot of its own, so that its ballot is seen to choose even if nothing was open.
    put_at_own_ballot({leading.proposed.next(), hard_.term, EntryKind::noop, 0}, nullptr);
  }
  extend();
  send_to_all();
  update_lease();
  out_->timers.push_back({kHeartbeatTimer, now_ + settings_.heartbeat_interval});
}

// Phase 2 for the slots that others may have filled, as far as the window reaches.
void MultiPaxos::propose_inherited() {
  Leading& leading = s_.leading;
  while (leading.proposed < leading.inherited && may_propose(leading.proposed.next())) {
    const model::LogIndex slot = leading.proposed.next();
    EntryMeta entry{slot, hard_.term, EntryKind::noop, 0};
    std::shared_ptr<const model::Configuration> configuration;
    const bool held = !log_.term_at(slot).is_none();
    if (held) {
      const EntryMeta accepted = log_.meta_at(slot);
      entry.kind = accepted.kind;
      entry.payload_bytes = accepted.payload_bytes;
      configuration = log_.configuration_at(slot);
    }
    trace(TraceKind::proposed_again, slot.value(), held ? 0 : 1);
    put_at_own_ballot(entry, std::move(configuration));
  }
}

// Whatever can be proposed without a client: the rest of the inherited slots, and what a change of
// configuration waits for.
void MultiPaxos::extend() {
  if (!is_leader()) {
    return;
  }
  const model::LogIndex before = s_.leading.proposed;
  propose_inherited();
  fill_window();
  if (s_.leading.proposed > before) {
    send_to_all();
  }
  if (!is_voter()) {
    continue_change();
  }
}

}  // namespace ostraka::protocol::multi_paxos
