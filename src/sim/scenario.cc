#include "sim/scenario.h"

#include <charconv>
#include <functional>
#include <map>
#include <optional>

namespace ostraka::sim {
namespace {

using base::Duration;
using Words = std::vector<std::string>;

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
  if (error != std::errc() || end != word.data() + word.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

class Parser {
 public:
  explicit Parser(const std::string& name) { scenario_.name = name; }

  base::Result<Scenario> parse(std::string_view text) {
    for (const std::string& raw : lines_of(text)) {
      ++line_;
      const Words words = split(raw.substr(0, raw.find('#')), ' ');
      if (words.empty()) {
        continue;
      }
      if (!take(words, raw)) {
        return base::fail(base::ErrorCode::invalid_argument, "scenario " + scenario_.name +
                                                                 ", line " + std::to_string(line_) +
                                                                 ": not understood: " + raw);
      }
    }
    if (scenario_.workloads.empty()) {
      return base::fail(base::ErrorCode::invalid_argument,
                        "scenario " + scenario_.name + " has no workload");
    }
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

  bool take(const Words& words, const std::string& raw) {
    const std::string& key = words[0];
    if (key == "title") {
      scenario_.title = raw.substr(raw.find("title") + 6);
      return words.size() > 1;
    }
    if (key == "nodes" || key == "run" || key == "quiet") {
      return take_number(words);
    }
    if (key == "workload" || key == "network") {
      return take_parameters(words);
    }
    if (key == "at") {
      return take_action(words);
    }
    if (key == "random") {
      return take_random(words);
    }
    return take_name(words);
  }

  bool take_number(const Words& words) {
    const auto value = words.size() == 2 ? number(words[1]) : std::nullopt;
    if (!value) {
      return false;
    }
    if (words[0] == "nodes") {
      scenario_.nodes = static_cast<std::uint32_t>(*value);
      return *value >= 1 && *value <= 9;
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

  bool take_name(const Words& words) {
    const std::string& key = words[0];
    if (key == "mutant" && words.size() == 3 && number(words[2])) {
      scenario_.mutants.push_back({words[1], static_cast<std::uint32_t>(*number(words[2]))});
      return true;
    }
    if (words.size() != 2) {
      return false;
    }
    if (key == "refuse") {
      scenario_.may_refuse.push_back(words[1]);
    } else if (key == "expect_refusal") {
      scenario_.may_refuse.push_back(words[1]);
      scenario_.must_refuse.push_back(words[1]);
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

  Scenario scenario_;
  std::uint32_t line_ = 0;
};

}  // namespace

base::Result<Scenario> parse_scenario(const std::string& name, std::string_view text) {
  return Parser(name).parse(text);
}

}  // namespace ostraka::sim
