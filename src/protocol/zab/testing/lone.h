// One state machine, driven by hand: for tests of single sentences of the papers.
#pragma once

#include "protocol/testing/cluster.h"
#include "protocol/zab/zab.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace ostraka::protocol::zab::testing {

struct LoneOptions {
  std::uint32_t self = 1;
  std::vector<std::uint32_t> voters = {1, 2, 3};
  std::vector<std::uint32_t> learners = {};
  std::vector<std::uint32_t> log = {};  // epochs of entries 1, 2, ..
  std::uint64_t accepted = 0;
  std::uint64_t current = 0;
  Settings settings = {};
};

class Lone {
 public:
  explicit Lone(const LoneOptions& options = {}) : self(options.self) {
    Recovered recovered;
    recovered.hard_state.term = model::Term{options.accepted};
    recovered.hard_state.second_term = model::Term{options.current};
    recovered.snapshot.configuration = std::make_shared<const model::Configuration>(
        protocol::testing::make_configuration(options.voters, options.learners));
    for (const std::uint32_t epoch : options.log) {
      recovered.entries.push_back(
          {model::LogIndex{recovered.entries.size() + 1}, model::Term{epoch}, EntryKind::data, 1});
    }
    zab = std::make_unique<Zab>(model::NodeId{options.self}, options.settings, recovered, 42, now);
    step(Started{});
    if (options.accepted != 0) {  // a promise of the life before
      after(260).step(TimerFired{kElectionTimer});
    }
  }

  // Steps one event; the effects of this step only are in `out`.
  Lone& step(EventBody body) {
    out.clear();
    zab->step({now, std::move(body)}, out);
    if (out.append.present) {
      issued = {out.append.token, out.append.term, out.append.index};
      writes.push_back(out.append);
    }
    return *this;
  }
  // The newest write, and so every earlier one, is on disk.
  Lone& durable() { return step(Durable{issued}); }
  Lone& receive(Message message) {
    message.to = model::NodeId{self};
    return step(Received{&message});
  }
  Lone& after(std::int64_t ms) {
    now = now + base::Duration::milliseconds(ms);
    return *this;
  }
  Lone& fire(TimerId id) { return step(TimerFired{id}); }

  // Node 2 votes for this node, and nobody else speaks: it leads, prospectively.
  Lone& win() {
    Message vote = notification(2, self, kLooking, 1);
    vote.hint_term = zab_vote().epoch;
    vote.index = zab->status().last_index;
    vote.log_term = zab->term_at(vote.index);
    receive(vote);
    return after(51).fire(kElectionTimer);
  }
  // win(), and the epoch is chosen and accepted by node 2, whose history is empty or `last`.
  Lone& discover(std::uint64_t last = 0, std::uint64_t last_epoch = 0, std::uint64_t current = 0) {
    win();
    receive(info(2, 7));
    durable();
    Message ack = make(2, MessageKind::ack_epoch, epoch());
    ack.context = 7;
    ack.hint_term = model::Term{current};
    ack.index = model::LogIndex{last};
    ack.log_term = model::Term{last_epoch};
    return receive(ack);
  }
  // discover(), and node 2 has acknowledged NEWLEADER: established.
  Lone& lead() {
    discover();
    durable();
    return receive(ack(2, MessageKind::ack_new_leader, zab->status().last_index.value()))
        .step(Applied{zab->status().commit});
  }
  // Follows node 2 and has accepted its epoch, durably.
  Lone& accept(std::uint64_t epoch) {
    receive(established(2, epoch));
    Message message = make(2, MessageKind::new_epoch, epoch);
    message.context = sent(MessageKind::follower_info).at(0).context;
    receive(message);
    return out.append.present ? durable() : *this;
  }
  // accept(), and NEWLEADER with this history has been taken, durably.
  Lone& adopt(std::uint64_t epoch, std::initializer_list<std::uint64_t> history) {
    accept(epoch);
    receive(entries(MessageKind::new_leader, epoch, 0, 0, history));
    return durable();
  }

  static Message make(std::uint32_t from, MessageKind kind, std::uint64_t epoch) {
    Message message;
    message.from = model::NodeId{from};
    message.to = model::NodeId{1};
    message.kind = static_cast<std::uint8_t>(kind);
    message.term = model::Term{epoch};
    return message;
  }
  static Message notification(std::uint32_t from, std::uint32_t vote, std::uint8_t state,
                              std::uint64_t round) {
    Message message = make(from, MessageKind::notification, 0);
    message.flags = state;
    message.context = round;
    message.hint_index = model::LogIndex{vote};
    return message;
  }
  static Message info(std::uint32_t from, std::uint64_t session, std::uint64_t accepted = 0) {
    Message message = make(from, MessageKind::follower_info, accepted);
    message.context = session;
    return message;
  }
  static Message established(std::uint32_t from, std::uint64_t epoch) {
    Message message = make(from, MessageKind::ping, epoch);
    message.flags = kFlagEstablished | kFlagPromise;
    return message;
  }
  [[nodiscard]] Message ack(std::uint32_t from, MessageKind kind, std::uint64_t index) const {
    Message message = make(from, kind, epoch());
    message.index = message.hint_index = model::LogIndex{index};
    return message;
  }
  static Message entries(MessageKind kind, std::uint64_t epoch, std::uint64_t index,
                         std::uint64_t log_term, std::initializer_list<std::uint64_t> terms) {
    Message message = make(2, kind, epoch);
    message.index = model::LogIndex{index};
    message.log_term = model::Term{log_term};
    for (const std::uint64_t each : terms) {
      message.entries.push_back({model::LogIndex{++index}, model::Term{each}, EntryKind::data, 1});
    }
    return message;
  }

  // Everything of this step, whatever it waits for.
  [[nodiscard]] std::vector<Message> sent() const {
    std::vector<Message> all;
    for (const Message& message : out.send_now) {
      all.push_back(message);
    }
    for (const DelayedMessage& delayed : out.send_after_durable) {
      all.push_back(delayed.message);
    }
    return all;
  }
  [[nodiscard]] std::vector<Message> sent(MessageKind kind) const {
    std::vector<Message> some;
    for (const Message& message : sent()) {
      if (message.kind == static_cast<std::uint8_t>(kind)) {
        some.push_back(message);
      }
    }
    return some;
  }
  [[nodiscard]] std::vector<std::uint64_t> log() const {
    std::vector<std::uint64_t> terms;
    const ProtocolStatus status = zab->status();
    for (model::LogIndex i = status.first_index; i <= status.last_index; i = i.next()) {
      terms.push_back(zab->term_at(i).value());
    }
    return terms;
  }
  [[nodiscard]] Role role() const { return zab->status().role; }
  [[nodiscard]] std::uint64_t epoch() const { return zab->status().term.value(); }
  [[nodiscard]] std::uint64_t commit() const { return zab->status().commit.value(); }
  [[nodiscard]] Vote zab_vote() const {
    Vote vote;
    for (const Message& message : sent(MessageKind::notification)) {
      vote = {message.hint_term, message.log_term, message.index,
              model::NodeId{static_cast<std::uint32_t>(message.hint_index.value())}};
    }
    return vote;
  }

  const std::uint32_t self;
  base::Instant now = base::Instant::from_nanoseconds(1'000'000'000);
  std::unique_ptr<Zab> zab;
  Effects out;
  Durable issued{};
  std::vector<Append> writes;
};

}  // namespace ostraka::protocol::zab::testing
