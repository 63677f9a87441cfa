// One state machine, driven by hand: for tests of single rules.
#pragma once

#include "protocol/multi_paxos/multi_paxos.h"
#include "protocol/testing/cluster.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace ostraka::protocol::multi_paxos::testing {

struct LoneOptions {
  std::uint32_t self = 1;
  std::vector<std::uint32_t> voters = {1, 2, 3};
  std::vector<std::uint64_t> log = {};  // ballots of slots 1, 2, ..; 0 = a gap
  std::uint64_t promised = 0;
  Settings settings = {};
  Tuning tuning = {};
};

class Lone {
 public:
  explicit Lone(const LoneOptions& options = {}) : self_(options.self) {
    Recovered recovered;
    recovered.hard_state.term = model::Term{options.promised};
    recovered.snapshot.configuration = std::make_shared<const model::Configuration>(
        protocol::testing::make_configuration(options.voters, {}));
    model::LogIndex slot;
    for (const std::uint64_t ballot : options.log) {
      slot = slot.next();
      if (ballot != 0) {
        recovered.entries.push_back({slot, model::Term{ballot}, EntryKind::data, 1});
      }
    }
    paxos = std::make_unique<MultiPaxos>(model::NodeId{options.self}, options.settings, recovered,
                                         42, now, options.tuning);
    step(Started{});
  }

  // Steps one event; the effects of this step only are in `out`.
  Lone& step(EventBody body) {
    out.clear();
    paxos->step({now, std::move(body)}, out);
    if (out.append.present) {
      issued = {out.append.token, out.append.term, out.append.index};
    }
    return *this;
  }
  // The newest write, and so every earlier one, is on disk.
  Lone& durable() { return step(issued); }
  Lone& receive(Message message) {
    message.to = model::NodeId{self_};
    return step(Received{&message});
  }
  Lone& after(std::int64_t ms) {
    now = now + base::Duration::milliseconds(ms);
    return *this;
  }
  // A candidate whose ballot is on disk.
  Lone& stand() {
    after(801).step(TimerFired{kElectionTimer});
    const auto asked = sent(MessageKind::pre_prepare);
    for (const Message& message : asked) {
      Message answer = make(message.to.value(), MessageKind::pre_promise, 0);
      answer.context = message.context;
      receive(answer);
    }
    return durable();
  }
  [[nodiscard]] std::uint64_t ballot() const { return paxos->status().term.value(); }
  [[nodiscard]] Role role() const { return paxos->status().role; }
  [[nodiscard]] std::uint64_t commit() const { return paxos->status().commit.value(); }

  static Message make(std::uint32_t from, MessageKind kind, std::uint64_t ballot) {
    Message message;
    message.from = model::NodeId{from};
    message.to = model::NodeId{1};
    message.kind = static_cast<std::uint8_t>(kind);
    message.term = model::Term{ballot};
    return message;
  }
  // A report that ends; `slots`: (slot, ballot).
  static Message promise(std::uint32_t from, std::uint64_t ballot,
                         std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> slots = {},
                         std::uint64_t first = 1) {
    Message message = make(from, MessageKind::promise, ballot);
    message.index = model::LogIndex{first};
    message.flags = kFlagLast;
    message.hint_index = model::LogIndex{first - 1};
    for (const auto& [slot, at] : slots) {
      message.entries.push_back({model::LogIndex{slot}, model::Term{at}, EntryKind::data, 1});
      message.hint_index = model::LogIndex{slot};
    }
    return message;
  }
  static Message accept(std::uint32_t from, std::uint64_t ballot,
                        std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> slots,
                        std::uint64_t commit = 0) {
    Message message = make(from, MessageKind::accept, ballot);
    message.commit = model::LogIndex{commit};
    for (const auto& [slot, at] : slots) {
      message.entries.push_back({model::LogIndex{slot}, model::Term{at}, EntryKind::data, 1});
    }
    return message;
  }
  static Message accepted(std::uint32_t from, std::uint64_t ballot, std::uint64_t upto) {
    Message message = make(from, MessageKind::accepted, ballot);
    message.index = message.hint_index = model::LogIndex{upto};
    return message;
  }

  [[nodiscard]] std::vector<Message> sent(MessageKind kind) const {
    std::vector<Message> some;
    const auto take = [&some, kind](const Message& message) {
      if (message.kind == static_cast<std::uint8_t>(kind)) {
        some.push_back(message);
      }
    };
    for (const Message& message : out.send_now) {
      take(message);
    }
    for (const DelayedMessage& delayed : out.send_after_durable) {
      take(delayed.message);
    }
    return some;
  }

  base::Instant now = base::Instant::from_nanoseconds(1'000'000'000);
  std::unique_ptr<MultiPaxos> paxos;
  Effects out;
  Durable issued{};

 private:
  std::uint32_t self_;
};

inline std::uint64_t b(std::uint64_t round, std::uint32_t node) {
  return make_ballot(round, model::NodeId{node}).value();
}

}  // namespace ostraka::protocol::multi_paxos::testing
