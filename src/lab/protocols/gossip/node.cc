#include "lab/protocols/gossip/node.h"

namespace ostraka::lab::gossip_detail {

Node::Node(const Birth& birth, const Parameters& parameters)
    : self_(birth.self.value()),
      nodes_(static_cast<std::uint32_t>(parameters["nodes"])),
      method_(static_cast<Method>(parameters["method"])),
      exchange_(static_cast<Exchange>(parameters["exchange"])),
      is_feedback_(parameters.text("stop_on") == "feedback"),
      is_counter_(parameters.text("stop_by") == "counter"),
      k_(static_cast<std::uint64_t>(parameters["k"])),
      has_backup_(parameters.is_set("backup")),
      rounds_(parameters["rounds"]),
      interval_(parameters.milliseconds("interval")),
      prng_(birth.seed),
      knows_(birth.storage->contains("update")) {}

void Node::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, effects);
  } else if (std::holds_alternative<Input>(event.body)) {
    effects.at(Step::mail);
    learn("makes an update", effects);
    if (method_ == Method::direct_mail) {
      for (std::uint32_t id = 1; id <= nodes_; ++id) {
        if (id != self_) {
          effects.send(ProcessId{id}, "update");
        }
      }
    }
  } else if (std::holds_alternative<TimerFired>(event.body)) {
    on_round(event.now, effects);
  } else if (method_ != Method::direct_mail || has_backup_) {
    effects.arm("round", event.now + interval_);
  }
}

ProcessId Node::draw_other() {
  const auto drawn = static_cast<std::uint32_t>(prng_.below(nodes_ - 1)) + 1;
  return ProcessId{drawn < self_ ? drawn : drawn + 1};
}

// With a backup, the second half of the rounds is anti-entropy by push and pull.
void Node::on_round(base::Instant now, Effects& effects) {
  if (++round_ > rounds_) {
    return;
  }
  effects.arm("round", now + interval_);
  const bool is_backup = has_backup_ && round_ > rounds_ / 2;
  if (method_ == Method::direct_mail && !is_backup) {
    return;
  }
  is_comparing_ = method_ == Method::anti_entropy || is_backup;
  const Exchange exchange = is_backup ? Exchange::push_pull : exchange_;
  const ProcessId other = draw_other();
  if (exchange != Exchange::pull && knows_ && (is_hot_ || is_comparing_)) {
    effects.at(is_comparing_ ? Step::anti_entropy : Step::push);
    effects.send(other, "update");
    if (!is_feedback_) {
      tire(true, effects);
    }
  }
  if (exchange != Exchange::push) {
    effects.at(is_comparing_ ? Step::anti_entropy : Step::pull);
    effects.send(other, "pull", {{"knows", knows_ ? 1 : 0}});
  }
}

void Node::on_message(ProcessId from, const Message& message, Effects& effects) {
  if (message.kind == "update") {
    effects.at(Step::push);
    if (!knows_) {
      learn("learns of the update", effects);
    } else if (is_feedback_ && method_ == Method::rumour && !is_comparing_) {
      effects.send(from, "known");
    }
  } else if (message.kind == "known") {
    tire(true, effects);
  } else if (knows_ && (is_hot_ || is_comparing_)) {
    effects.at(is_comparing_ ? Step::anti_entropy : Step::pull);
    const bool is_wasted = message.fields.integer("knows") != 0;
    if (!is_wasted) {
      effects.send(from, "update");
    }
    tire(is_wasted || !is_feedback_, effects);
  }
}

void Node::learn(const char* how, Effects& effects) {
  if (knows_) {
    return;
  }
  knows_ = true;
  is_hot_ = method_ == Method::rumour;
  effects.write("update", 1);
  effects.output("learns", {}, how);
  effects.show("update", is_hot_ ? "knows it, and tells it" : "knows it");
}

void Node::tire(bool is_wasted, Effects& effects) {
  if (!is_hot_ || is_comparing_ || !is_wasted) {
    return;
  }
  ++wasted_;
  if (is_counter_ ? wasted_ >= k_ : prng_.chance(1, k_)) {
    is_hot_ = false;
    effects.at(Step::lose_interest);
    effects.note("tired", "loses interest in the rumour");
    effects.show("update", "knows it");
  }
}

}  // namespace ostraka::lab::gossip_detail
