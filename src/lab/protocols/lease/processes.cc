#include "lab/protocols/lease/processes.h"

#include <fmt/format.h>

#include <algorithm>

namespace ostraka::lab::lease_roles {
namespace {

using base::Duration;
using base::Instant;

std::int64_t number_or_zero(const Storage& storage, std::string_view key) {
  const auto it = storage.find(key);
  return it == storage.end() ? 0 : it->second.integer();
}

}  // namespace

// -- issuer

Issuer::Issuer(const Birth& birth, const Parameters& parameters)
    : length_(parameters.milliseconds("length")),
      until_(Instant::from_nanoseconds(number_or_zero(*birth.storage, "until"))),
      token_(number_or_zero(*birth.storage, "token")) {}

void Issuer::step(const Event& event, Effects& effects) {
  const auto* received = std::get_if<Received>(&event.body);
  if (received == nullptr) {
    return;
  }
  effects.at(Step::grant);
  const Value number = received->message->fields["number"];
  if (token_ > 0 && event.now < until_) {
    effects.send(received->from, "denied", {{"number", number}});
    return;
  }
  ++token_;
  until_ = event.now + length_;
  effects.write("until", until_.as_nanoseconds());
  effects.write("token", token_);
  effects.show("promise", fmt::format("to {} with token {}", received->from.value() - 2, token_));
  effects.send_after_durable(
      received->from, "grant",
      {{"number", number}, {"token", token_}, {"length", length_.as_milliseconds()}});
}

// -- holder

Holder::Holder(const Parameters& parameters)
    : retry_(parameters.milliseconds("retry")),
      patience_(parameters.milliseconds("length") * 3),
      write_every_(parameters.milliseconds("write_every")),
      bound_percent_(parameters["bound"]),
      counts_from_send_(parameters.text("count_from") == "send") {}

void Holder::step(const Event& event, Effects& effects) {
  if (std::holds_alternative<Input>(event.body)) {
    if (token_ == 0 && !is_asking_) {
      send_request(event.now, effects);
    }
  } else if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(*received->message, event.now, effects);
  } else if (const auto* timer = std::get_if<TimerFired>(&event.body)) {
    on_timer(timer->name, event.now, effects);
  }
}

void Holder::send_request(Instant now, Effects& effects) {
  is_asking_ = true;
  sent_ = now;
  effects.at(Step::ask);
  effects.send(kIssuer, "request", {{"number", ++request_}});
  effects.arm("ask", now + patience_);
}

void Holder::on_message(const Message& message, Instant now, Effects& effects) {
  if (message.kind == "written" || message.kind == "refused") {
    return;
  }
  if (!is_asking_ || message.fields.integer("number") != request_) {
    return;  // of a request that was given up
  }
  if (message.kind == "denied") {
    effects.arm("ask", now + retry_);
    return;
  }
  is_asking_ = false;
  effects.disarm("ask");
  effects.at(Step::hold);
  const Duration length = Duration::milliseconds(message.fields.integer("length"));
  const Instant from = counts_from_send_ ? sent_ : now;
  until_ = from + length * (100 - bound_percent_) / 100;
  if (now >= until_) {
    effects.note("too_late", "the grant was under way for so long that the lease is over");
    send_request(now, effects);
    return;
  }
  token_ = message.fields.integer("token");
  effects.output("hold", {{"token", token_}}, fmt::format("holds the lease, token {}", token_));
  effects.show("lease", fmt::format("token {}", token_));
  effects.arm("lapse", until_);
  write(now, effects);
}

void Holder::on_timer(const std::string& name, Instant now, Effects& effects) {
  if (name == "ask") {
    send_request(now, effects);
  } else if (token_ != 0 && now >= until_) {
    lapse(effects);  // whichever timer came first after a pause
  } else if (name == "write") {
    write(now, effects);
  }
}

void Holder::write(Instant now, Effects& effects) {
  effects.at(Step::use);
  effects.send(kStore, "write", {{"token", token_}, {"value", ++written_}});
  effects.arm("write", now + write_every_);
}

void Holder::lapse(Effects& effects) {
  effects.at(Step::hold);
  effects.output("lapse", {{"token", token_}}, "the lease is over");
  effects.show("lease", "");
  effects.disarm("write");
  effects.disarm("lapse");
  token_ = 0;
}

// -- store

Store::Store(const Birth& birth, const Parameters& parameters)
    : is_fencing_(parameters.is_set("fencing")),
      highest_(number_or_zero(*birth.storage, "highest")) {}

void Store::step(const Event& event, Effects& effects) {
  const auto* received = std::get_if<Received>(&event.body);
  if (received == nullptr) {
    return;
  }
  const std::int64_t token = received->message->fields.integer("token");
  const std::int64_t value = received->message->fields.integer("value");
  const std::string what = fmt::format("write {} with token {}", value, token);
  effects.at(Step::fence);
  if (is_fencing_ && token < highest_) {
    effects.note("refusal", fmt::format("refuses {}: {} was here", what, highest_));
    effects.send(received->from, "refused", {{"value", value}});
    return;
  }
  highest_ = std::max(highest_, token);
  effects.write("highest", highest_);
  effects.show("highest", highest_);
  effects.output("accepted", {{"token", token}, {"value", value}}, "takes " + what);
  effects.send_after_durable(received->from, "written", {{"value", value}});
}

}  // namespace ostraka::lab::lease_roles
