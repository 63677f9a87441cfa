#include "sim/scenario.h"

#include "sim/engines.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace ostraka::sim {
namespace {

using base::Duration;
using Words = std::vector<std::string>;

// Times are in ms, and counted in ns.
constexpr std::int64_t kNumberMax = 1'000'000'000'000;

Words split(std::string_view text, char separator) {
  Words words;
  std::string word;
  for (const char c : text) {
    if (c == separator || (separator == ' ' && c == '\t')) {
      if (!word.empty()) {
        words.push_back(std::move(word));
        word.clear();
      }
    } else {
      word.push_back(c);
    }
  }
  if (!word.empty()) {
    words.push_back(std::move(word));
  }
  return words;
}

std::optional<std::int64_t> number(const std::string& word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || value < 0 || value > kNumberMax) {
    return std::nullopt;
  }
  return value;
}

bool contains_dollar(const Words& words) {
  return std::ranges::any_of(
      words, [](const std::string& word) { return word.find('$') != std::string::npos; });
}

bool names_a_kind(const Step& step) {
  return step.rule.kind != 0 || std::ranges::any_of(step.any_of, [](const Condition& condition) {
           return condition.rule.kind != 0;
         });
}

// By the first word of a fault, or a kind of random faults.
void note_need(const std::string& fault, protocol::Capabilities& needs) {
  needs.transfer = needs.transfer || fault == "transfer";
  needs.membership = needs.membership || fault == "member" || fault == "wipe";
  needs.joint = needs.joint || fault == "member";
  needs.disk_space = needs.disk_space || fault == "full_disk";
}

void note_need(const Words& fault, protocol::Capabilities& needs) {
  note_need(fault.front(), needs);
  needs.disk_space = needs.disk_space || (fault.front() == "disk" && fault.size() > 2 &&
                                          (fault[2] == "full" || fault[2] == "low"));
}

protocol::Capabilities needs_of(const Scenario& scenario) {
  protocol::Capabilities needs;
  needs.membership = scenario.spares > 0;
  for (const Step& step : scenario.steps) {
    needs.lease = needs.lease || std::ranges::any_of(step.any_of, [](const Condition& condition) {
                    return condition.kind == Condition::Kind::lease && !condition.negated;
                  });
    needs.membership = needs.membership || step.kind == Step::Kind::change;
    needs.transfer = needs.transfer || step.kind == Step::Kind::transfer;
    note_need(step.words, needs);
  }
  for (const FaultAction& action : scenario.actions) {
    note_need(action.words, needs);
  }
  for (const RandomFaults& random : scenario.random) {
    std::ranges::for_each(random.kinds, [&](const std::string& kind) { note_need(kind, needs); });
  }
  std::ranges::for_each(scenario.pairs.kinds,
                        [&](const std::string& kind) { note_need(kind, needs); });
  return needs;
}

class Parser {
 public:
  explicit Parser(const std::string& name) { scenario_.name = name; }

  base::Result<Scenario> parse(std::string_view text) {
    for (const std::string& raw : lines_of(text)) {
      ++line_;
      const Words words = split(raw.substr(0, raw.find('#')), ' ');
      if (!words.empty() && !take_repeated(words)) {
        return not_understood(raw);
      }
    }
    if (repeat_) {
      return not_understood("repeat without end");
    }
    for (const Step& step : scenario_.steps) {
      line_ = step.line;
      if (!names_known_nodes(step)) {
        return not_understood("there is no such node");
      }
    }
    if (scenario_.workloads.empty()) {
      return base::fail(base::ErrorCode::invalid_argument,
                        "scenario " + scenario_.name + " has no workload");
    }
    if (scenario_.engine == nullptr && std::ranges::any_of(scenario_.steps, names_a_kind)) {
      scenario_.engine = &default_engine();
    }
    scenario_.needs = needs_of(scenario_);
    return std::move(scenario_);
  }

 private:
  static Words lines_of(std::string_view text) {
    Words lines;
    std::size_t begin = 0;
    while (begin <= text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      lines.emplace_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return lines;
  }

  [[nodiscard]] std::unexpected<base::Error> not_understood(const std::string& what) const {
    return base::fail(base::ErrorCode::invalid_argument, "scenario " + scenario_.name + ", line " +
                                                             std::to_string(line_) +
                                                             ": not understood: " + what);
  }

  [[nodiscard]] bool names_known_nodes(const Step& step) const {
    const std::int64_t nodes = scenario_.nodes + scenario_.spares;
    return std::ranges::all_of(step.words, [nodes](std::string_view word) {
      word.remove_prefix(word.starts_with('+') || word.starts_with('-') ? 1 : 0);
      const auto id = word.starts_with('n') ? number(std::string(word.substr(1))) : std::nullopt;
      return !id || (*id >= 1 && *id <= nodes);
    });
  }

  // repeat NAME FROM TO, or each NAME,… VALUE,… …; the lines of its body; end.
  bool take_repeated(const Words& words) {
    if (words[0] == "repeat" || words[0] == "each") {
      if (repeat_) {
        return false;
      }
      repeat_ = words[0] == "repeat" ? repeat_of(words) : each_of(words);
      return repeat_.has_value();
    }
    if (!repeat_) {
      return take(words);
    }
    if (words[0] != "end") {
      repeat_->body.emplace_back(line_, words);
      return true;
    }
    const Repeat repeat = *std::exchange(repeat_, std::nullopt);
    const std::uint32_t end_line = line_;
    for (const Words& values : repeat.rounds) {
      for (const auto& [line, body] : repeat.body) {
        Words replaced = body;
        for (std::size_t i = 0; i < values.size(); ++i) {
          std::ranges::replace(replaced, "$" + repeat.names[i], values[i]);
        }
        line_ = line;
        if (contains_dollar(replaced) || !take(replaced)) {
          return false;
        }
      }
    }
    line_ = end_line;
    return true;
  }

  bool take(const Words& words) {
    const std::string& key = words[0];
    if (key == "title") {
      scenario_.title.clear();
      for (std::size_t i = 1; i < words.size(); ++i) {
        scenario_.title += (i > 1 ? " " : "") + words[i];
      }
      return words.size() > 1;
    }
    if (key == "nodes" || key == "spares" || key == "max_message_bytes" ||
        key == "max_epoch_entries" || key == "run" || key == "quiet" || key == "elections_max" ||
        key == "resent_bytes_max") {
      return take_number(words);
    }
    if (key == "step") {
      const auto step =
          parse_step(Words(words.begin() + 1, words.end()), line_,
                     scenario_.engine == nullptr ? default_engine() : *scenario_.engine);
      if (step) {
        scenario_.steps.push_back(*step);
      }
      return step.has_value();
    }
    if (key == "workload" || key == "network" || key == "options") {
      return take_parameters(words);
    }
    if (key == "at") {
      return take_action(words);
    }
    if (key == "random") {
      return take_random(words);
    }
    if (key == "pairs") {
      return take_pairs(words);
    }
    if (key == "topologies") {
      return take_topologies(words);
    }
    if (key == "mutant") {
      return take_mutant(words);
    }
    return take_name(words);
  }

  bool take_number(const Words& words) {
    const auto value = words.size() == 2 ? number(words[1]) : std::nullopt;
    if (!value) {
      return false;
    }
    if (words[0] == "elections_max") {
      scenario_.elections_max = static_cast<std::uint64_t>(*value);
      return true;
    }
    if (words[0] == "resent_bytes_max") {
      scenario_.resent_bytes_max = static_cast<std::uint64_t>(*value);
      return true;
    }
    if (words[0] == "nodes") {
      scenario_.nodes = static_cast<std::uint32_t>(*value);
      return *value >= 1 && *value <= 9;
    }
    if (words[0] == "max_message_bytes") {
      scenario_.max_message_bytes = static_cast<std::uint32_t>(*value);
      return true;
    }
    if (words[0] == "max_epoch_entries") {
      scenario_.max_epoch_entries = static_cast<std::uint64_t>(*value);
      return *value >= 1;
    }
    if (words[0] == "spares") {
      scenario_.spares = static_cast<std::uint32_t>(*value);
      return *value + scenario_.nodes <= 9;
    }
    (words[0] == "run" ? scenario_.run : scenario_.quiet) = Duration::milliseconds(*value);
    return true;
  }

  bool take_parameters(const Words& words) {
    Parameters parameters;
    const bool workload = words[0] == "workload";
    const std::size_t first = workload ? 2 : 1;
    if (words.size() < first) {
      return false;
    }
    for (std::size_t i = first; i < words.size(); ++i) {
      const std::size_t equals = words[i].find('=');
      if (equals == std::string::npos) {
        return false;
      }
      parameters[words[i].substr(0, equals)] = words[i].substr(equals + 1);
    }
    if (workload) {
      scenario_.workloads.push_back({words[1], std::move(parameters)});
    } else if (words[0] == "options") {
      scenario_.options = std::move(parameters);
    } else {
      scenario_.network = std::move(parameters);
    }
    return true;
  }

  bool take_action(const Words& words) {
    const auto at = words.size() >= 3 ? number(words[1]) : std::nullopt;
    if (!at) {
      return false;
    }
    scenario_.actions.push_back(
        {Duration::milliseconds(*at), Words(words.begin() + 2, words.end()), line_});
    return true;
  }

  // random FROM UNTIL every MEAN KIND,KIND,…
  bool take_random(const Words& words) {
    if (words.size() != 6 || words[3] != "every") {
      return false;
    }
    const auto from = number(words[1]);
    const auto until = number(words[2]);
    const auto every = number(words[4]);
    if (!from || !until || !every || *every == 0) {
      return false;
    }
    scenario_.random.push_back({Duration::milliseconds(*from), Duration::milliseconds(*until),
                                Duration::milliseconds(*every), split(words[5], ',')});
    return true;
  }

  // pairs FROM STEP GAP KIND,KIND,…
  bool take_pairs(const Words& words) {
    if (words.size() != 5) {
      return false;
    }
    const auto from = number(words[1]);
    const auto step = number(words[2]);
    const auto gap = number(words[3]);
    if (!from || !step || !gap) {
      return false;
    }
    scenario_.pairs = {Duration::milliseconds(*from), Duration::milliseconds(*step),
                       Duration::milliseconds(*gap), split(words[4], ',')};
    return true;
  }

  // topologies FROM UNTIL every STEP settle TIME
  bool take_topologies(const Words& words) {
    if (words.size() != 7 || words[3] != "every" || words[5] != "settle") {
      return false;
    }
    const auto from = number(words[1]);
    const auto until = number(words[2]);
    const auto every = number(words[4]);
    const auto settle = number(words[6]);
    if (!from || !until || !every || !settle || *settle >= *every || scenario_.nodes < 3) {
      return false;
    }
    scenario_.topologies = {Duration::milliseconds(*from), Duration::milliseconds(*until),
                            Duration::milliseconds(*every), Duration::milliseconds(*settle)};
    return true;
  }

  // mutant FAMILY:NAME SEEDS [from FIRST]
  bool take_mutant(const Words& words) {
    const bool has_first = words.size() == 5 && words[3] == "from";
    if (words.size() != 3 && !has_first) {
      return false;
    }
    const auto seeds = number(words[2]);
    const auto first = has_first ? number(words[4]) : std::optional<std::int64_t>(1);
    if (!seeds || !first) {
      return false;
    }
    scenario_.mutants.push_back(
        {words[1], static_cast<std::uint32_t>(*seeds), static_cast<std::uint64_t>(*first)});
    return true;
  }

  bool take_name(const Words& words) {
    const std::string& key = words[0];
    if (key == "expect_refusal") {
      return take_refusal(words);
    }
    if (words.size() != 2) {
      return false;
    }
    if (key == "engine") {
      scenario_.engine = engine_named(words[1]);
      return scenario_.engine != nullptr && scenario_.steps.empty();
    }
    if (key == "refuse") {
      scenario_.may_refuse.push_back(words[1]);
    } else if (key == "mark") {
      scenario_.marks.push_back(words[1]);
    } else if (key == "knobs") {
      const std::map<std::string, Knobs> known{
          {"normal", Knobs::normal}, {"small", Knobs::small}, {"seed", Knobs::by_seed}};
      const auto found = known.find(words[1]);
      if (found == known.end()) {
        return false;
      }
      scenario_.knobs = found->second;
    } else {
      return false;
    }
    return true;
  }

  // A refusal for some other reason is a fault of its own: the reason is never left out.
  bool take_refusal(const Words& words) {
    if (words.size() < 3) {
      return false;
    }
    std::string reason = words[2];
    for (std::size_t i = 3; i < words.size(); ++i) {
      reason += " " + words[i];
    }
    scenario_.may_refuse.push_back(words[1]);
    scenario_.must_refuse.emplace_back(words[1], std::move(reason));
    return true;
  }

  struct Repeat {
    Words names;
    std::vector<Words> rounds;                          // a value for each name
    std::vector<std::pair<std::uint32_t, Words>> body;  // with line numbers
  };

  static std::optional<Repeat> repeat_of(const Words& words) {
    const auto from = words.size() == 4 ? number(words[2]) : std::nullopt;
    const auto to = words.size() == 4 ? number(words[3]) : std::nullopt;
    if (!from || !to) {
      return std::nullopt;
    }
    Repeat repeat{{words[1]}, {}, {}};
    for (std::int64_t i = *from; i <= *to; ++i) {
      repeat.rounds.push_back({std::to_string(i)});
    }
    return repeat;
  }

  static std::optional<Repeat> each_of(const Words& words) {
    if (words.size() < 3) {
      return std::nullopt;
    }
    Repeat each{split(words[1], ','), {}, {}};
    for (std::size_t i = 2; i < words.size(); ++i) {
      each.rounds.push_back(split(words[i], ','));
      if (each.rounds.back().size() != each.names.size()) {
        return std::nullopt;
      }
    }
    return each;
  }

  Scenario scenario_;
  std::uint32_t line_ = 0;
  std::optional<Repeat> repeat_;
};

}  // namespace

std::string why_not_under(const Scenario& scenario, const protocol::EngineProbe& engine) {
  if (scenario.engine != nullptr && scenario.engine != &engine) {
    return "it is of the engine " + std::string(scenario.engine->name);
  }
  const protocol::Capabilities& needs = scenario.needs;
  const protocol::Capabilities& can = engine.can;
  if (needs.lease && !can.lease) {
    return "the engine has no lease";
  }
  if (needs.transfer && !can.transfer) {
    return "the engine cannot transfer leadership";
  }
  if ((needs.membership && !can.membership) || (needs.joint && !can.joint)) {
    return "the engine cannot change its members so";
  }
  if (needs.disk_space && !can.disk_space) {
    return "the engine's leader does not hear of full disks";
  }
  return {};
}

base::Result<Scenario> parse_scenario(const std::string& name, std::string_view text) {
  return Parser(name).parse(text);
}

}  // namespace ostraka::sim
