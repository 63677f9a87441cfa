#include "lab/protocols/ntp/processes.h"

#include <fmt/format.h>

namespace ostraka::lab::ntp_roles {
namespace {

using base::Duration;
using base::Instant;
using protocol::clock::Correction;
using protocol::clock::OffsetSample;

std::int64_t us(Instant reading) { return (reading - Instant()).as_microseconds(); }
Instant reading_of(std::int64_t us) { return Instant() + Duration::microseconds(us); }

std::string ms_text(Duration duration) {
  return fmt::format("{:.3f} ms", static_cast<double>(duration.as_microseconds()) / 1000);
}

}  // namespace

void TimeServer::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    effects.at(Step::answer);
    effects.send(
        received->from, "answer",
        {{"t1", received->message->fields["t1"]}, {"t2", us(event.now)}, {"t3", us(event.now)}});
  }
}

TimeClient::TimeClient(const Parameters& parameters)
    : rounds_left_(parameters["rounds"]),
      burst_(parameters["burst"]),
      interval_(parameters.milliseconds("interval")),
      takes_majority_(parameters.text("selection") == "majority"),
      limits_{.step_above = parameters.milliseconds("step_above"),
              .panic_above = Duration::seconds(parameters["panic_above"])},
      clock_(parameters["slew_rate"]),
      servers_(static_cast<std::size_t>(parameters["servers"])) {}

void TimeClient::step(const Event& event, Effects& effects) {
  if (std::holds_alternative<Started>(event.body)) {
    begin_round(event.now, effects);
  } else if (const auto* received = std::get_if<Received>(&event.body)) {
    on_answer(received->from, received->message->fields, event.now, effects);
  } else if (const auto* timer = std::get_if<TimerFired>(&event.body)) {
    if (timer->name == "round") {
      begin_round(event.now, effects);
    } else if (timer->name == "last") {
      tell_reading(event.now, effects);
    } else if (burst_left_ > 0) {
      send_burst(event.now, effects);
    } else {
      end_round(event.now, effects);
    }
  }
}

void TimeClient::begin_round(Instant now, Effects& effects) {
  tell_reading(now, effects);
  burst_left_ = burst_;
  send_burst(now, effects);
}

void TimeClient::send_burst(Instant now, Effects& effects) {
  effects.at(Step::ask);
  --burst_left_;
  for (std::uint32_t i = 0; i < servers_.size(); ++i) {
    effects.send(ProcessId{i + 2}, "request", {{"t1", us(clock_.read(now))}});
  }
  effects.arm("burst", now + (burst_left_ > 0 ? kBurstGap : kPatience));
}

void TimeClient::on_answer(ProcessId from, const Fields& fields, Instant now, Effects& effects) {
  const auto sample = protocol::clock::sample_of({.asked = reading_of(fields.integer("t1")),
                                                  .was_asked = reading_of(fields.integer("t2")),
                                                  .answers = reading_of(fields.integer("t3")),
                                                  .has_answer = clock_.read(now)});
  effects.at(Step::measure);
  if (!sample.has_value()) {
    effects.note("nonsense", "the readings go back: the answer is of no use");
    return;
  }
  effects.note("sample",
               fmt::format("offset {}, delay {}", ms_text(sample->offset), ms_text(sample->delay)));
  servers_.at(from.value() - 2).add(*sample);
}

std::optional<OffsetSample> TimeClient::select(Effects& effects) const {
  std::vector<OffsetSample> best;
  for (const auto& server : servers_) {
    if (const auto sample = server.best()) {
      best.push_back(*sample);
    }
  }
  if (!takes_majority_) {
    effects.at(Step::filter);
    return best.empty() ? std::nullopt : std::optional(best.front());
  }
  effects.at(Step::agree);
  return best.size() * 2 > servers_.size() ? protocol::clock::agreement_of(best) : std::nullopt;
}

void TimeClient::end_round(Instant now, Effects& effects) {
  tell_reading(now, effects);
  const auto chosen = select(effects);
  if (chosen.has_value()) {
    effects.output("estimate",
                   {{"offset", chosen->offset.as_microseconds()},
                    {"delay", chosen->delay.as_microseconds()},
                    {"reading", us(clock_.read(now))}},
                   fmt::format("is {} behind, give or take {}", ms_text(chosen->offset),
                               ms_text(chosen->error())));
    correct(chosen->offset, now, effects);
  } else {
    effects.note("no_estimate", "no answers that agree: leaves the clock as it is");
  }
  for (auto& server : servers_) {
    server.clear();
  }
  tell_reading(now, effects);
  const bool is_last = --rounds_left_ <= 0 || has_panicked_;
  effects.arm(is_last ? "last" : "round", now + interval_);
}

void TimeClient::correct(Duration offset, Instant now, Effects& effects) {
  switch (protocol::clock::correction_for(offset, limits_)) {
    case Correction::slew:
      clock_.slew(offset, now);
      effects.at(Step::slew);
      effects.note("slew", fmt::format("slews by {}", ms_text(offset)));
      return;
    case Correction::step:
      clock_.step(offset, now);
      effects.at(Step::step_clock);
      effects.note("step", fmt::format("steps by {}", ms_text(offset)));
      return;
    case Correction::panic:
      has_panicked_ = true;
      effects.at(Step::panic);
      effects.note("panic", fmt::format("{} is too much to believe: leaves the clock and gives up",
                                        ms_text(offset)));
      effects.show("state", "panic");
      return;
  }
}

void TimeClient::tell_reading(Instant now, Effects& effects) const {
  effects.output("reading", {{"reading", us(clock_.read(now))}},
                 fmt::format("reads {}", ms_text(clock_.read(now) - Instant())));
  effects.show("to slew", ms_text(clock_.left(now)));
}

}  // namespace ostraka::lab::ntp_roles
