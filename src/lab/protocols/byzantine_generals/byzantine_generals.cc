#include "lab/protocols/byzantine_generals/byzantine_generals.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace ostraka::lab {
namespace {

using Path = std::vector<std::int64_t>;  // the commander first, then who relayed

constexpr const char* kAttack = "attack";
constexpr const char* kRetreat = "retreat";  // also what counts when there is no majority

bool is_traitor(const Parameters& parameters, std::int64_t general) {
  return general == 1 ? parameters.is_set("traitor_commander")
                      : general > parameters["generals"] - parameters["traitors"];
}

class General final : public Process {
 public:
  General(ProcessId self, const Parameters& parameters)
      : self_(self.value()),
        generals_(parameters["generals"]),
        depth_(parameters["m"]),
        is_traitor_(is_traitor(parameters, self.value())),
        interval_(parameters.milliseconds("interval")) {}

  void step(const Event& event, Effects& effects) override {
    if (const auto* received = std::get_if<Received>(&event.body)) {
      on_order(received->from, received->message->fields);
    } else if (const auto* input = std::get_if<Input>(&event.body)) {
      effects.at(1);
      tell({}, input->fields.text("value"), effects);
    } else if (std::holds_alternative<TimerFired>(event.body)) {
      on_round(event.now, effects);
    } else if (self_ != 1) {
      effects.arm("round", event.now + interval_);
    }
  }

 private:
  static bool has(const Path& path, std::int64_t general) {
    return std::ranges::find(path, general) != path.end();
  }

  // Who signs nothing can be made to say anything, but not by another's name: the last of the path
  // is whom it comes from.
  void on_order(ProcessId from, const Fields& fields) {
    Path path;
    for (const Value& each : fields.list("path")) {
      path.push_back(each.integer());
    }
    if (path.back() == from.value()) {
      heard_.emplace(path, fields.text("value"));
    }
  }

  // A loyal general passes on what it heard. A traitor that commands says attack to one half, one
  // that relays says the opposite.
  void tell(Path path, const std::string& value, Effects& effects) {
    path.push_back(self_);
    for (std::int64_t other = 2; other <= generals_; ++other) {
      if (!has(path, other)) {
        const bool says_attack = !is_traitor_ ? value == kAttack
                                 : self_ == 1 ? other % 2 == 0
                                              : value != kAttack;
        effects.send(ProcessId{static_cast<std::uint32_t>(other)}, "order",
                     {{"path", List(path.begin(), path.end())},
                      {"value", says_attack ? kAttack : kRetreat}});
      }
    }
  }

  void on_round(base::Instant now, Effects& effects) {
    if (++round_ > depth_) {
      effects.at(3);
      const std::string decision = value_of({1});
      effects.show("decision", decision);
      effects.output("decision", {{"value", decision}}, "decides: " + decision);
      return;
    }
    effects.at(2);
    const std::map<Path, std::string> heard = heard_;
    for (const auto& [path, value] : heard) {
      if (static_cast<std::int64_t>(path.size()) == round_) {
        tell(path, value, effects);
      }
    }
    effects.arm("round", now + interval_);
  }

  // What came by this path, against what the others say came to them by it.
  [[nodiscard]] std::string value_of(const Path& path) const {
    const auto own = heard_.find(path);
    const bool is_attack = own != heard_.end() && own->second == kAttack;
    std::int64_t attacks = is_attack ? 1 : 0;
    std::int64_t voices = 1;
    if (static_cast<std::int64_t>(path.size()) <= depth_) {
      for (std::int64_t other = 2; other <= generals_; ++other) {
        if (other != self_ && !has(path, other)) {
          Path longer = path;
          longer.push_back(other);
          attacks += value_of(longer) == kAttack ? 1 : 0;
          ++voices;
        }
      }
    }
    return 2 * attacks > voices ? kAttack : kRetreat;
  }

  std::int64_t self_;
  std::int64_t generals_;
  std::int64_t depth_;
  bool is_traitor_;
  base::Duration interval_;
  std::int64_t round_ = 0;
  std::map<Path, std::string> heard_;
};

Setup make(const RunContext& context) {
  Setup setup;
  const Parameters& parameters = context.parameters;
  for (std::int64_t i = 1; i <= parameters["generals"]; ++i) {
    setup.processes.push_back({fmt::format("g{}", i),
                               fmt::format("{}{}", is_traitor(parameters, i) ? "traitor, " : "",
                                           i == 1 ? "commander" : "lieutenant"),
                               [parameters](const Birth& birth) {
                                 return std::make_unique<General>(birth.self, parameters);
                               }});
  }
  return setup;
}

void check(const RunContext& context, const Record& record, Judge& judge) {
  const auto orders = events_of(record, EventKind::input, "order");
  std::vector<const RecordEvent*> loyal;
  std::vector<EventId> ids;
  for (const RecordEvent* each : outputs_of(record, "decision")) {
    if (!is_traitor(context.parameters, each->process.value())) {
      loyal.push_back(each);
      ids.push_back(each->id);
    }
  }
  for (const RecordEvent* each : loyal) {
    const std::string& value = each->fields.text("value");
    if (value != loyal.front()->fields.text("value")) {
      judge.violated(
          "agreement", {loyal.front()->id, each->id},
          fmt::format("{} decides {}, {} decides {}", record.name_of(loyal.front()->process),
                      loyal.front()->fields.text("value"), record.name_of(each->process), value));
    }
    if (!is_traitor(context.parameters, 1) && !orders.empty() &&
        value != orders.front()->fields.text("value")) {
      judge.violated(
          "obedience", {orders.front()->id, each->id},
          fmt::format("the commander is loyal and orders {}, {} decides {}",
                      orders.front()->fields.text("value"), record.name_of(each->process), value));
    }
  }
  std::size_t wanted = 0;
  for (std::uint32_t id = 2; id <= record.processes.size(); ++id) {
    const bool counts = !is_traitor(context.parameters, id) && is_up_at_end(record, ProcessId{id});
    wanted += counts ? 1 : 0;
  }
  judge.eventually("decision", ids.size() >= wanted, ids,
                   fmt::format("{} of {} loyal lieutenants have decided", ids.size(), wanted));
}

Operation attack() {
  return {.at = base::Instant(), .process = "g1", .kind = "order", .fields = {{"value", kAttack}}};
}

std::vector<Scenario> scenarios() {
  return {
      {.name = "four_generals",
       .kind = ScenarioKind::famous_fix,
       .title = "Four generals, a traitor among the lieutenants: the loyal ones obey",
       .inputs = {attack()}},
      {.name = "all_loyal",
       .kind = ScenarioKind::normal,
       .title = "Nobody is a traitor",
       .set = {{"traitors", "0"}},
       .inputs = {attack()}},
      {.name = "traitor_commands",
       .kind = ScenarioKind::famous_fix,
       .title = "Four generals, the commander tells each something else: the others agree still",
       .set = {{"traitors", "0"}, {"traitor_commander", "1"}},
       .inputs = {attack()}},
      {.name = "three_generals",
       .kind = ScenarioKind::famous_failure,
       .title = "Three generals cannot bear one traitor: g2 cannot tell who lies",
       .set = {{"generals", "3"}},
       .inputs = {attack()},
       .expect = {{"obedience", Verdict::violated}}},
      {.name = "no_exchange",
       .kind = ScenarioKind::famous_failure,
       .title = "OM(0): nobody compares, and a traitor that commands divides them",
       .set = {{"m", "0"}, {"traitors", "0"}, {"traitor_commander", "1"}},
       .inputs = {attack()},
       .expect = {{"agreement", Verdict::violated}}},
      {.name = "seven_generals",
       .kind = ScenarioKind::normal,
       .title = "Seven generals bear two traitors, the commander one of them, with OM(2)",
       .set = {{"generals", "7"}, {"m", "2"}, {"traitor_commander", "1"}},
       .inputs = {attack()}},
  };
}

}  // namespace

const Declaration& byzantine_generals() {
  static const Declaration kDeclaration{
      .name = "byzantine_generals",
      .title = "Byzantine generals",
      .family = "agreement",
      .summary = "Loyal generals agree although traitors lie, if fewer than a third are traitors.",
      .assumptions = {"Traitors say what they like, to each something else.",
                      "Every message arrives within a round; its sender is known, its absence is "
                      "noticed.",
                      "Messages are oral: what one relays, nobody can prove."},
      .steps = {{"The commander sends its order to every lieutenant.",
                 "Lamport, Shostak, Pease 1982, section 3, OM(m) (1)"},
                {"For m rounds everyone tells everyone what it heard, and by whom.",
                 "Lamport, Shostak, Pease 1982, section 3, OM(m) (2)"},
                {"Each takes the majority of what it heard itself and what the others say they "
                 "heard, from the longest paths inwards; without a majority, retreat.",
                 "Lamport, Shostak, Pease 1982, section 3, OM(m) (3)"}},
      .parameters = {{"generals", 3, 10, 4, "", "g1 commands, g2, g3, … are lieutenants"},
                     {"m", 0, 3, 1, "", "rounds of relaying: traitors that are borne"},
                     {"traitors", 0, 9, 1, "", "so many of the last lieutenants"},
                     {"traitor_commander", 0, 1, 0, "", "1: the commander is a traitor too"},
                     {"interval", 1, 10'000, 50, "ms", "length of a round, above delay_max"}},
      .defaults = {},
      .properties = {{"agreement", PropertyKind::safety,
                      "All loyal lieutenants decide the same (IC1)."},
                     {"obedience", PropertyKind::safety,
                      "If the commander is loyal, all loyal lieutenants decide its order (IC2)."},
                     {"decision", PropertyKind::liveness, "Every loyal lieutenant decides."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check};
  return kDeclaration;
}

}  // namespace ostraka::lab
