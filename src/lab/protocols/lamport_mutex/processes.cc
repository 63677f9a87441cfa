#include "lab/protocols/lamport_mutex/processes.h"

#include <fmt/format.h>

namespace ostraka::lab::mutex {
namespace {

constexpr ProcessId kServer{1};

base::Duration hold_of(const Fields& fields) {
  return base::Duration::milliseconds(fields.integer("hold"));
}

// The example of the source documents counts processes from 0, as [time:process].
std::string text_of(const LamportStamp& stamp) {
  return fmt::format("[{}:{}]", stamp.time, stamp.process);
}

// p0 is the first of the cast.
ProcessId named(const std::string& name) {
  return ProcessId{static_cast<std::uint32_t>(std::stoul(name.substr(1)) + 1)};
}

std::uint64_t place_of(ProcessId process) { return process.value() - 1; }

void say_request(const std::string& how, Effects& effects) {
  effects.output("request", {}, "requests the lock" + how);
}

void say_enter(Effects& effects) {
  effects.at(Step::enter);
  effects.output("enter", {}, "has the lock");
  effects.show("lock", "has it");
}

void say_leave(Effects& effects) {
  effects.at(Step::release);
  effects.output("leave", {}, "gives the lock back");
  effects.show("lock", "");
}

}  // namespace

// -- the distributed queue

Peer::Peer(const Birth& birth, const Parameters& parameters, std::uint64_t start)
    : self_(birth.self),
      peers_(static_cast<std::uint32_t>(parameters["processes"])),
      clock_(start) {}

template <typename Act>
void Peer::for_others(Act act) const {
  for (std::uint32_t i = 1; i <= peers_; ++i) {
    if (ProcessId{i} != self_) {
      act(ProcessId{i});
    }
  }
}

void Peer::step(const Event& event, Effects& effects) {
  if (const auto* input = std::get_if<Input>(&event.body)) {
    ask(input->fields, effects);
  } else if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, event.now, effects);
  } else if (std::holds_alternative<TimerFired>(event.body)) {
    leave(effects);
  }
  show(effects);
}

void Peer::ask(const Fields& asked, Effects& effects) {
  if (!mine_.has_value()) {
    hold_ = hold_of(asked);
    mine_ = LamportStamp{clock_.tick(), place_of(self_)};
    acknowledged_.clear();
    queue_.insert(*mine_);
    effects.at(Step::request);
    say_request(" with " + text_of(*mine_), effects);
    for_others([&](ProcessId to) {
      effects.send(to, "request", {{"time", static_cast<std::int64_t>(mine_->time)}});
    });
  }
  if (asked.has("tell")) {
    effects.send(named(asked.text("tell")), "tell",
                 {{"time", tick()}, {"hold", asked.integer("hold")}});
  }
}

void Peer::on_message(ProcessId from, const Message& message, base::Instant now, Effects& effects) {
  const auto sent = static_cast<std::uint64_t>(message.fields.integer("time"));
  clock_.receive(sent);
  if (message.kind == "request") {
    queue_.insert({sent, place_of(from)});
    effects.at(Step::acknowledge);
    effects.send(from, "ack", {{"time", tick()}});
  } else if (message.kind == "ack") {
    if (mine_.has_value() && LamportStamp{sent, place_of(from)} > *mine_) {
      acknowledged_.insert(from);
    }
  } else if (message.kind == "release") {
    effects.at(Step::forget);
    queue_.erase({static_cast<std::uint64_t>(message.fields.integer("of")), place_of(from)});
    show(effects);
  } else {
    ask(message.fields, effects);
  }
  enter_if_first(now, effects);
}

void Peer::enter_if_first(base::Instant now, Effects& effects) {
  if (!mine_.has_value() || is_inside_ || acknowledged_.size() + 1 < peers_) {
    return;
  }
  if (*queue_.begin() != *mine_) {
    effects.at(Step::enter);
    effects.note("queue", fmt::format("everyone has answered, but {} is before {}",
                                      text_of(*queue_.begin()), text_of(*mine_)));
    return;
  }
  is_inside_ = true;
  say_enter(effects);
  effects.arm("hold", now + hold_);
}

void Peer::leave(Effects& effects) {
  is_inside_ = false;
  say_leave(effects);
  queue_.erase(*mine_);
  const std::int64_t time = tick();
  for_others([&](ProcessId to) {
    effects.send(to, "release", {{"time", time}, {"of", static_cast<std::int64_t>(mine_->time)}});
  });
  mine_.reset();
}

void Peer::show(Effects& effects) const {
  std::string queue;
  for (const LamportStamp& stamp : queue_) {
    queue += (queue.empty() ? "" : " ") + text_of(stamp);
  }
  effects.show("clock", static_cast<std::int64_t>(clock_.now()));
  effects.show("queue", queue);
}

// -- the central server

void Client::ask(const Fields& asked, Effects& effects) {
  hold_ = hold_of(asked);
  effects.at(Step::request);
  say_request("", effects);
  effects.send(kServer, "request");
  if (asked.has("tell")) {
    effects.send(named(asked.text("tell")), "tell", {{"hold", asked.integer("hold")}});
  }
}

void Client::step(const Event& event, Effects& effects) {
  if (const auto* input = std::get_if<Input>(&event.body)) {
    ask(input->fields, effects);
  } else if (const auto* received = std::get_if<Received>(&event.body)) {
    if (received->message->kind == "grant") {
      say_enter(effects);
      effects.arm("hold", event.now + hold_);
    } else {
      ask(received->message->fields, effects);
    }
  } else if (std::holds_alternative<TimerFired>(event.body)) {
    say_leave(effects);
    effects.send(kServer, "release");
  }
}

void Server::step(const Event& event, Effects& effects) {
  const auto* received = std::get_if<Received>(&event.body);
  if (received == nullptr) {
    return;
  }
  effects.at(Step::enter);
  if (received->message->kind == "request") {
    waiting_.push_back(received->from);
    if (waiting_.size() > 1) {
      return;
    }
  } else {
    waiting_.erase(waiting_.begin());
  }
  if (!waiting_.empty()) {
    effects.send(waiting_.front(), "grant");
  }
}

}  // namespace ostraka::lab::mutex
