// The will of an exact schedule over single protocol messages and elections: what is held back,
// what may go on, who does not stand for election by itself.
//
// The wrapper around each protocol instance (observer.cc) asks before a message leaves. A held
// message has not been sent: it is lost when its sender's process ends, and when its receiver is
// not there at the time it is let go. Those of one sender leave in their order.
// Threads: one. Ownership: values only.
#pragma once

#include "model/ids.h"
#include "protocol/core/effects.h"
#include "protocol/core/engine_probe.h"
#include "protocol/core/message.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace ostraka::sim {

// Which messages: of one kind or of any, between two nodes or any (none).
struct MessageRule {
  std::uint8_t kind = 0;  // 0 = any
  bool own_term = false;  // only those with an entry of the sender's own term
  model::NodeId from;
  model::NodeId to;

  [[nodiscard]] bool matches(const protocol::Message& message) const;
};

// A kind of the engine (for Raft append, append_ack, heartbeat, …); any; append_own = append with
// an entry of the sender's own term, and so for every kind. False: no such kind.
[[nodiscard]] bool set_kind(MessageRule& rule, std::string_view name,
                            const protocol::EngineProbe& engine);

class MessageControl {
 public:
  // From now on such messages are kept.
  void hold(const MessageRule& rule) { rules_.push_back(rule); }
  // What the pair (none = any) has in keeping may leave; its rules stay.
  void pass(model::NodeId from, model::NodeId to);
  // The same, and the rules of the pair end.
  void release(model::NodeId from, model::NodeId to);
  // What the pair has in keeping is lost.
  void drop(model::NodeId from, model::NodeId to);
  // This node's election timer does not count.
  void set_quiet(model::NodeId node, bool quiet);
  void end();  // everything is let go, everybody may stand

  [[nodiscard]] std::size_t held(const MessageRule& rule) const;
  // Messages that left since the last forget_sent().
  [[nodiscard]] std::size_t sent(const MessageRule& rule) const;
  void forget_sent() { sent_.clear(); }
  // Senders with something that may leave: it does at their next event.
  [[nodiscard]] std::vector<model::NodeId> senders_to_wake() const;

  // --- For the wrapper. ---
  [[nodiscard]] bool is_quiet(model::NodeId node) const { return quiet_.contains(node); }
  // Adds what may leave to the outboxes, which the step has not filled yet.
  void let_go(model::NodeId sender, protocol::AppendToken durable, protocol::Effects& effects);
  // Takes what is to be kept out of the outboxes, from these places on.
  void keep(model::NodeId sender, std::size_t now_from, std::size_t delayed_from,
            protocol::Effects& effects);
  void note_sent(const protocol::Message& message);
  void crashed(model::NodeId sender) { kept_.erase(sender); }

 private:
  struct Kept {
    protocol::AppendToken token;  // 0 = waits for no write
    protocol::Message message;
    bool may_leave = false;
  };
  struct Sent {
    std::uint8_t kind;
    bool own_term;
    model::NodeId from;
    model::NodeId to;
  };
  [[nodiscard]] bool is_held(const protocol::Message& message) const;

  std::vector<MessageRule> rules_;
  std::map<model::NodeId, std::deque<Kept>> kept_;
  std::set<model::NodeId> quiet_;
  std::deque<Sent> sent_;  // bounded
};

}  // namespace ostraka::sim
