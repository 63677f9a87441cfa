#include "lab/protocols/ntp/ntp.h"

#include "lab/protocols/ntp/processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace ostraka::lab {
namespace {

using base::Duration;
using base::Instant;

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  Setup setup;
  setup.processes.push_back(
      {.name = "c",
       .role = "client",
       .make = [parameters](
                   const Birth&) { return std::make_unique<ntp_roles::TimeClient>(parameters); },
       .clock = {.offset = parameters.milliseconds("ahead") - parameters.milliseconds("behind"),
                 .rate_ppm = parameters["drift"]}});
  for (std::int64_t i = 1; i <= parameters["servers"]; ++i) {
    const Duration wrong = i == 1 ? parameters.milliseconds("s1_wrong") : Duration();
    setup.processes.push_back(
        {.name = fmt::format("s{}", i),
         .role = "server",
         .make = [](const Birth&) { return std::make_unique<ntp_roles::TimeServer>(); },
         .clock = {.offset = wrong}});
  }
  return setup;
}

Duration size(Duration duration) { return std::max(duration, Duration() - duration); }

Duration reading_error(const RecordEvent& event) {
  return Duration::microseconds(event.fields.integer("reading")) - (event.at - Instant());
}

double as_ms(Duration duration) { return static_cast<double>(duration.as_microseconds()) / 1000; }

// While it was measured the clock drifted and was slewed: that much is not the estimate's fault.
Duration tolerance(const Parameters& parameters) {
  const Duration round = ntp_roles::kBurstGap * parameters["burst"] + ntp_roles::kPatience;
  const std::int64_t ppm = std::abs(parameters["drift"]) + parameters["slew_rate"];
  return Duration::microseconds(round.as_microseconds() * ppm / 1'000'000 + 2);
}

void check_estimates(const RunContext& context, const Record& record, Judge& judge) {
  for (const RecordEvent* each : outputs_of(record, "estimate")) {
    const Duration behind = Duration() - reading_error(*each);
    const Duration said = Duration::microseconds(each->fields.integer("offset"));
    const Duration bound =
        Duration::microseconds(each->fields.integer("delay")) / 2 + tolerance(context.parameters);
    if (size(said - behind) > bound) {
      judge.violated("error_bound", {each->id},
                     fmt::format("the clock is {:.3f} ms behind, the estimate says {:.3f} ms, "
                                 "which is wrong by more than {:.3f} ms",
                                 as_ms(behind), as_ms(said), as_ms(bound)));
    }
  }
}

void check(const RunContext& context, const Record& record, Judge& judge) {
  check_estimates(context, record, judge);
  const auto readings = outputs_of(record, "reading");
  for (std::size_t i = 1; i < readings.size(); ++i) {
    if (readings[i]->fields.integer("reading") < readings[i - 1]->fields.integer("reading")) {
      judge.violated(
          "monotone", {readings[i - 1]->id, readings[i]->id},
          fmt::format("the clock goes back by {} us", readings[i - 1]->fields.integer("reading") -
                                                          readings[i]->fields.integer("reading")));
    }
  }
  const Duration target = context.parameters.milliseconds("target");
  const bool is_right = !readings.empty() && size(reading_error(*readings.back())) <= target;
  judge.eventually(
      "synchronised", is_right,
      readings.empty() ? std::vector<EventId>{} : std::vector<EventId>{readings.back()->id},
      readings.empty() ? "nothing was read"
                       : fmt::format("at last the clock is {:.3f} ms from the true time; at most "
                                     "{:.0f} ms are allowed",
                                     as_ms(size(reading_error(*readings.back()))), as_ms(target)));
}

void plot(const RunContext&, const Record& record, std::vector<Plot>& plots) {
  Plot plot{.name = "error",
            .title = "The client's clock against the true time",
            .x_label = "true time, s",
            .y_label = "ahead, ms",
            .series = {{.name = "c"}}};
  for (const RecordEvent* each : outputs_of(record, "reading")) {
    plot.series.front().points.emplace_back(as_ms(each->at - Instant()) / 1000,
                                            as_ms(reading_error(*each)));
  }
  plots.push_back(std::move(plot));
}

// The way back takes 200 ms longer: of every answer, or of all but one of a burst.
const std::vector<std::string_view> kAllBack{
    "delay s1.c.answer.1 200ms", "delay s1.c.answer.2 200ms", "delay s1.c.answer.3 200ms",
    "delay s1.c.answer.4 200ms"};
const std::vector<std::string_view> kMostBack{
    "delay s1.c.answer.1 200ms", "delay s1.c.answer.3 200ms", "delay s1.c.answer.4 200ms"};

std::vector<Scenario> scenarios() {
  return {
      {.name = "slew",
       .kind = ScenarioKind::normal,
       .title = "80 ms behind and 50 ppm slow: slewed away, without a jump",
       .set = {{"behind", "80"}, {"drift", "-50"}}},
      {.name = "step_back",
       .kind = ScenarioKind::famous_failure,
       .title = "200 ms ahead is above the threshold: a step, and time goes back",
       .set = {{"ahead", "200"}},
       .expect = {{"monotone", Verdict::violated}}},
      {.name = "slew_only",
       .kind = ScenarioKind::famous_fix,
       .title = "The same, but a higher threshold: slewed, which takes seven minutes",
       .set = {{"ahead", "200"}, {"step_above", "600000"}, {"rounds", "8"}}},
      {.name = "panic",
       .kind = ScenarioKind::famous_failure,
       .title = "2,000 s ahead is too much to believe: the clock is left alone",
       .set = {{"ahead", "2000000"}},
       .expect = {{"synchronised", Verdict::violated}}},
      {.name = "one_way_queue",
       .kind = ScenarioKind::famous_failure,
       .title = "The way back is 200 ms longer than the way there: wrong by half of that",
       .set = {{"rounds", "1"}},
       .interventions = kAllBack,
       .expect = {{"synchronised", Verdict::violated}}},
      {.name = "filter",
       .kind = ScenarioKind::famous_fix,
       .title = "One answer of four comes without the queue: the shortest round trip is believed",
       .set = {{"rounds", "1"}},
       .interventions = kMostBack},
      {.name = "falseticker",
       .kind = ScenarioKind::famous_failure,
       .title = "The server itself is 400 ms wrong: precisely measured, and wrong",
       .set = {{"s1_wrong", "400"}, {"rounds", "2"}},
       .expect = {{"error_bound", Verdict::violated}, {"synchronised", Verdict::violated}}},
      {.name = "majority",
       .kind = ScenarioKind::famous_fix,
       .title = "Three servers, one wrong: what two of them agree on",
       .set = {{"s1_wrong", "400"}, {"rounds", "2"}, {"servers", "3"}, {"selection", "majority"}}}};
}

}  // namespace

const Declaration& ntp() {
  static const Declaration kDeclaration{
      .name = "ntp",
      .title = "NTP: offset, slew, step and panic",
      .family = "time and order",
      .summary = "How far is my clock off, how sure am I, and what do I do about it?",
      .assumptions = {"The servers are right, or most of them are.",
                      "Nothing is known of how long a message takes, but its round trip is "
                      "measured.",
                      "Clocks drift slowly."},
      .steps = {{"The client sends a request with its reading t1.", "RFC 5905, section 8"},
                {"A server answers with its readings of arrival t2 and of departure t3.",
                 "RFC 5905, section 8"},
                {"With its reading t4 the client has offset ((t2 - t1) + (t3 - t4)) / 2 and delay "
                 "(t4 - t1) - (t3 - t2).",
                 "RFC 5905, section 8"},
                {"Of the last samples of a server the one with the least delay counts.",
                 "RFC 5905, section 10"},
                {"Of several servers the offsets count that a majority allows, each within its "
                 "error.",
                 "RFC 5905, section 11.2.1; Marzullo 1984"},
                {"Up to 125 ms the clock is slewed: it runs a little faster or slower.",
                 "RFC 5905, sections 11.3 and 12"},
                {"Above that it is stepped.", "RFC 5905, section 11.3"},
                {"Above 1,000 s it is left alone, and the operator called.",
                 "RFC 5905, section 11.3"}},
      .parameters = {{"servers", 1, 5, 1, "", "processes s1, s2, …"},
                     {"behind", 0, 3'000'000, 0, "ms", "so far is the client's clock behind"},
                     {"ahead", 0, 3'000'000, 0, "ms", "so far is the client's clock ahead"},
                     {"drift", -1000, 1000, 0, "ppm", "so much faster than true does it run"},
                     {"s1_wrong", 0, 3'000'000, 0, "ms", "so far is the clock of s1 ahead"},
                     {"selection", 0, 1, 0, "", "of servers", {"first", "majority"}},
                     {"rounds", 1, 40, 5, "", "of measuring and correcting"},
                     {"burst", 1, 8, 4, "", "requests to each server in a round"},
                     {"interval", 1000, 1'024'000, 64'000, "ms", "between rounds"},
                     {"step_above", 0, 3'600'000, 125, "ms", "a larger offset is stepped"},
                     {"panic_above", 1, 3'600, 1000, "s", "a larger offset is not believed"},
                     {"slew_rate", 1, 5000, 500, "ppm", "of a slewed clock, faster or slower"},
                     {"target", 1, 1000, 20, "ms", "so near to the true time is synchronised"}},
      .defaults = {{"time_limit", "600000"}},
      .properties = {{"error_bound", PropertyKind::safety,
                      "An estimate is wrong by no more than half of its delay."},
                     {"monotone", PropertyKind::safety, "The client's clock never goes back."},
                     {"synchronised", PropertyKind::liveness,
                      "In the end the client's clock is near the true time."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check,
      .plot = plot};
  return kDeclaration;
}

}  // namespace ostraka::lab
