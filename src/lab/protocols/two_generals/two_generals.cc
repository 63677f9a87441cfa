#include "lab/protocols/two_generals/two_generals.h"

#include <fmt/format.h>

#include <algorithm>

namespace ostraka::lab {
namespace {

constexpr ProcessId kA{1};
constexpr ProcessId kB{2};

// Message 1 is the order, from a to b; message k + 1 confirms message k. Who has sent or received
// the last one attacks at dawn.
class General final : public Process {
 public:
  General(ProcessId self, const Parameters& parameters)
      : other_(self == kA ? kB : kA),
        last_(parameters["messages"]),
        messengers_(parameters["messengers"]),
        interval_(parameters.milliseconds("interval")),
        dawn_(base::Instant() + parameters.milliseconds("dawn")) {}

  void step(const Event& event, Effects& effects) override {
    if (std::holds_alternative<Started>(event.body)) {
      effects.arm("dawn", dawn_);
    } else if (std::holds_alternative<Input>(event.body)) {
      effects.at(1);
      effects.note("order", "orders the attack at dawn");
      begin(1, event.now, effects);
    } else if (const auto* received = std::get_if<Received>(&event.body)) {
      on_message(received->message->fields.integer("number"), event.now, effects);
    } else if (const auto* timer = std::get_if<TimerFired>(&event.body)) {
      if (timer->name == "dawn") {
        decide(effects);
      } else {
        send(event.now, effects);
      }
    }
  }

 private:
  void on_message(std::int64_t number, base::Instant now, Effects& effects) {
    if (number <= reached_) {
      return;  // another messenger with the same news
    }
    reached_ = number;
    effects.at(2);
    effects.show("knows", fmt::format("message {} of {}", number, last_));
    if (number < last_) {
      begin(number + 1, now, effects);
    } else {
      ready(effects, "has received the last message");
    }
  }

  void begin(std::int64_t number, base::Instant now, Effects& effects) {
    sending_ = number;
    reached_ = std::max(reached_, number);
    left_ = messengers_;
    send(now, effects);
    if (number == last_) {
      ready(effects, "has sent the last message, and cannot know whether it arrives");
    }
  }

  void send(base::Instant now, Effects& effects) {
    effects.at(sending_ == 1 ? 1 : 2);
    effects.send(other_, sending_ == 1 ? "order" : "confirmation", {{"number", sending_}});
    if (--left_ > 0) {
      effects.arm("messenger", now + interval_);
    }
  }

  void ready(Effects& effects, const char* why) {
    is_ready_ = true;
    effects.at(3);
    effects.note("ready", why);
    effects.show("plan", "attack");
  }

  void decide(Effects& effects) {
    effects.disarm("messenger");
    effects.at(4);
    effects.output("decision", {{"attack", is_ready_ ? 1 : 0}},
                   is_ready_ ? "attacks" : "stays in camp");
  }

  ProcessId other_;
  std::int64_t last_;
  std::int64_t messengers_;
  base::Duration interval_;
  base::Instant dawn_;
  std::int64_t reached_ = 0;  // the highest message sent or received
  std::int64_t sending_ = 0;
  std::int64_t left_ = 0;  // messengers still to go out with it
  bool is_ready_ = false;
};

Setup make(const RunContext& context) {
  const auto factory = [parameters = context.parameters](const Birth& birth) {
    return std::make_unique<General>(birth.self, parameters);
  };
  return {.processes = {{.name = "a", .role = "general", .make = factory},
                        {.name = "b", .role = "general", .make = factory}}};
}

void check(const RunContext&, const Record& record, Judge& judge) {
  const auto decisions = outputs_of(record, "decision");
  const auto orders = events_of(record, EventKind::input, "attack");
  std::vector<EventId> ids;
  std::vector<const RecordEvent*> attacks;
  for (const RecordEvent* each : decisions) {
    ids.push_back(each->id);
    if (each->fields.integer("attack") != 0) {
      attacks.push_back(each);
    }
  }
  if (decisions.size() == 2 && attacks.size() == 1) {
    judge.violated("agreement", ids,
                   fmt::format("{} attacks alone", record.name_of(attacks.front()->process)));
  }
  if (!attacks.empty() && orders.empty()) {
    judge.violated(
        "validity", {attacks.front()->id},
        fmt::format("{} attacks without an order", record.name_of(attacks.front()->process)));
  }
  judge.eventually("attack", orders.empty() || attacks.size() == 2, ids,
                   orders.empty() ? "no attack was ordered"
                                  : fmt::format("{} of 2 generals attack", attacks.size()));
}

Operation order() { return {.at = base::Instant(), .process = "a", .kind = "attack"}; }

}  // namespace

const Declaration& two_generals() {
  static const Declaration kDeclaration{
      .name = "two_generals",
      .title = "Two generals",
      .family = "agreement",
      .summary = "Two generals must attack together, and their messengers may be captured.",
      .assumptions = {"Two processes, neither of which fails.",
                      "Messages may be lost, any of them; nobody learns of a loss.",
                      "Clocks are good enough for both to know when it is dawn."},
      .steps = {{"General a orders the attack by a messenger to b.",
                 "Gray 1978, section 5.8.3.3.1"},
                {"Who receives message k answers with message k + 1, which confirms it, until the "
                 "agreed last one.",
                 "Gray 1978, section 5.8.3.3.1"},
                {"Who has sent or received the last message is ready to attack.",
                 "Gray 1978, section 5.8.3.3.1"},
                {"At dawn a general who is ready attacks; the other stays.",
                 "Gray 1978, section 5.8.3.3.1"}},
      .parameters = {{"messages", 1, 40, 2, "",
                      "length of the chain: the order and its "
                      "confirmations"},
                     {"messengers", 1, 40, 1, "", "messengers that carry each message"},
                     {"interval", 1, 1000, 20, "ms", "between the messengers of one message"},
                     {"dawn", 100, 100'000, 1500, "ms", "when both decide"}},
      .defaults = {},
      .properties = {{"agreement", PropertyKind::safety, "Both generals attack, or both stay."},
                     {"validity", PropertyKind::safety, "Nobody attacks without an order."},
                     {"attack", PropertyKind::liveness,
                      "An attack that was ordered is made by both."}},
      .scenarios =
          {{.name = "no_capture",
            .kind = ScenarioKind::normal,
            .title = "Every messenger arrives: order, confirmation, attack",
            .inputs = {order()}},
           {.name = "last_messenger",
            .kind = ScenarioKind::famous_failure,
            .title = "The last messenger is captured: who sent him attacks alone",
            .set = {{"messages", "3"}},
            .inputs = {order()},
            .interventions = {"drop a.b.confirmation.1"},
            .expect = {{"agreement", Verdict::violated}, {"attack", Verdict::violated}}},
           {.name = "more_confirmations",
            .kind = ScenarioKind::famous_failure,
            .title = "Eight messages instead of three: there is still a last one to capture",
            .set = {{"messages", "8"}},
            .inputs = {order()},
            .interventions = {"drop b.a.confirmation.4"},
            .expect = {{"agreement", Verdict::violated}, {"attack", Verdict::violated}}},
           {.name = "order_captured",
            .kind = ScenarioKind::normal,
            .title = "The first messenger is captured: nobody attacks, which is agreement too",
            .inputs = {order()},
            .interventions = {"drop a.b.order.1"},
            .expect = {{"attack", Verdict::violated}}},
           {.name = "many_messengers",
            .kind = ScenarioKind::famous_fix,
            .title = "No confirmation but forty messengers, three of ten captured: almost certain",
            .set = {{"messages", "1"}, {"messengers", "40"}, {"loss", "30"}},
            .inputs = {order()}}},
      .make = make,
      .check = check};
  return kDeclaration;
}

}  // namespace ostraka::lab
