// One state machine, driven by hand: for tests of single sentences of the papers.
#pragma once

#include "protocol/raft/raft.h"
#include "protocol/testing/cluster.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

namespace ostraka::protocol::raft::testing {

using protocol::testing::make_configuration;

struct LoneOptions {
  std::uint32_t self = 1;
  std::vector<std::uint32_t> voters = {1, 2, 3};
  std::vector<std::uint32_t> learners = {};
  std::vector<std::uint32_t> log = {};  // terms of entries 1, 2, ..
  std::uint64_t term = 0;
  std::uint32_t vote = 0;
  Settings settings = {};
};

class Lone {
 public:
  explicit Lone(const LoneOptions& options = {}) {
    Recovered recovered;
    recovered.hard_state.term = model::Term{options.term};
    recovered.hard_state.vote = model::NodeId{options.vote};
    recovered.snapshot.configuration = std::make_shared<const model::Configuration>(
        make_configuration(options.voters, options.learners));
    for (const std::uint32_t term : options.log) {
      recovered.entries.push_back(
          {model::LogIndex{recovered.entries.size() + 1}, model::Term{term}, EntryKind::data, 1});
    }
    raft =
        std::make_unique<Raft>(model::NodeId{options.self}, options.settings, recovered, 42, now);
    step(Started{});
  }

  // Steps one event; the effects of this step only are in `out`.
  Lone& step(EventBody body) {
    out.clear();
    raft->step({now, std::move(body)}, out);
    if (out.append.present) {
      issued = {out.append.token, out.append.term, out.append.index};
    }
    return *this;
  }
  // The newest write, and so every earlier one, is on disk.
  Lone& durable() { return step(issued); }
  Lone& receive(Message message) {
    message.to = model::NodeId{1};
    return step(Received{&message});
  }
  Lone& after(std::int64_t ms) {
    now = now + base::Duration::milliseconds(ms);
    return *this;
  }
  Lone& election_timeout() { return after(801).step(TimerFired{kElectionTimer}); }
  Lone& heartbeat_timeout() { return after(50).step(TimerFired{kHeartbeatTimer}); }

  // Elected in the next term by node 2; the no-op is written, not durable.
  Lone& elect() {
    election_timeout();
    for (const Message& message : sent()) {
      if (message.kind == static_cast<std::uint8_t>(MessageKind::pre_vote)) {
        Message answer = reply(message, MessageKind::pre_vote_ack);
        receive(answer);
        break;
      }
    }
    const std::uint64_t term = raft->status().term.value();
    durable();
    return receive(make(2, MessageKind::vote_ack, term));
  }
  // elect(), and node 2 has everything: committed in its own term.
  Lone& lead() {
    elect();
    const Durable noop = issued;
    step(noop);
    Message ack = make(2, MessageKind::append_ack, raft->status().term.value());
    ack.index = ack.hint_index = raft->status().last_index;
    return receive(ack);
  }

  static Message make(std::uint32_t from, MessageKind kind, std::uint64_t term) {
    Message message;
    message.from = model::NodeId{from};
    message.to = model::NodeId{1};
    message.kind = static_cast<std::uint8_t>(kind);
    message.term = model::Term{term};
    return message;
  }
  static Message reply(const Message& request, MessageKind kind) {
    Message message = make(request.to.value(), kind, request.term.value());
    message.context = request.context;
    message.stamp = request.stamp;
    return message;
  }
  static Message append(std::uint64_t term, std::uint64_t index, std::uint64_t log_term,
                        std::initializer_list<std::uint64_t> terms, std::uint64_t commit = 0) {
    Message message = make(2, MessageKind::append, term);
    message.index = model::LogIndex{index};
    message.log_term = model::Term{log_term};
    message.commit = model::LogIndex{commit};
    for (const std::uint64_t each : terms) {
      message.entries.push_back({model::LogIndex{++index}, model::Term{each}, EntryKind::data, 1});
    }
    return message;
  }
  static Message vote(std::uint32_t from, std::uint64_t term, std::uint64_t last,
                      std::uint64_t last_term) {
    Message message = make(from, MessageKind::vote, term);
    message.index = model::LogIndex{last};
    message.log_term = model::Term{last_term};
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
    const ProtocolStatus status = raft->status();
    for (model::LogIndex i = status.first_index; i <= status.last_index; i = i.next()) {
      terms.push_back(raft->term_at(i).value());
    }
    return terms;
  }
  [[nodiscard]] Role role() const { return raft->status().role; }
  [[nodiscard]] std::uint64_t term() const { return raft->status().term.value(); }
  [[nodiscard]] std::uint64_t commit() const { return raft->status().commit.value(); }

  base::Instant now = base::Instant::from_nanoseconds(1'000'000'000);
  std::unique_ptr<Raft> raft;
  Effects out;
  Durable issued{};
};

}  // namespace ostraka::protocol::raft::testing
