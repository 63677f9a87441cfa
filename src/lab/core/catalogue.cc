#include "lab/core/catalogue.h"

#include "base/assert.h"
#include "lab/core/intervention.h"
#include "lab/core/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace ostraka::lab {
namespace {

base::Result<Parameters> parameters_of(const Declaration& declaration, const Scenario& scenario,
                                       const RunRequest& request) {
  std::vector<Parameter> all = declaration.parameters;
  const std::span<const Parameter> common = common_parameters();
  all.insert(all.end(), common.begin(), common.end());
  Parameters parameters(std::move(all));
  for (const auto& settings : {declaration.defaults, scenario.set}) {
    for (const auto& [name, value] : settings) {
      OSTRAKA_TRY(parameters.set(name, value));
    }
  }
  for (const auto& [name, value] : request.set) {
    OSTRAKA_TRY(parameters.set(name, value));
  }
  if (parameters["delay_min"] > parameters["delay_max"]) {
    return base::fail(base::ErrorCode::invalid_argument,
                      fmt::format("delay_min is {} ms, above delay_max, which is {} ms",
                                  parameters["delay_min"], parameters["delay_max"]));
  }
  if (declaration.validate != nullptr) {
    OSTRAKA_TRY(declaration.validate(parameters));
  }
  return parameters;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> names_of(const Record& record) {
  std::vector<std::string> names;
  names.reserve(record.processes.size());
  for (const Record::ProcessLine& process : record.processes) {
    names.push_back(process.name);
  }
  return names;
}

// What an intervention names, as processes.
std::vector<std::string> named_by(const Intervention& what) {
  const auto ends_of = [](const std::string& message) {
    const std::size_t first = message.find('.');
    const std::size_t second = message.find('.', first + 1);
    return first == std::string::npos || second == std::string::npos
               ? std::vector<std::string>{message}
               : std::vector<std::string>{message.substr(0, first),
                                          message.substr(first + 1, second - first - 1)};
  };
  if (const auto* drop = std::get_if<DropMessage>(&what)) {
    return ends_of(drop->message);
  }
  if (const auto* delay = std::get_if<DelayMessage>(&what)) {
    return ends_of(delay->message);
  }
  if (const auto* copy = std::get_if<DuplicateMessage>(&what)) {
    return ends_of(copy->message);
  }
  if (const auto* crash = std::get_if<CrashProcess>(&what)) {
    return {crash->process};
  }
  if (const auto* restart = std::get_if<RestartProcess>(&what)) {
    return {restart->process};
  }
  if (const auto* pause = std::get_if<PauseProcess>(&what)) {
    return {pause->process};
  }
  std::vector<std::string> all;
  for (const auto& group : std::get<Partition>(what).groups) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

std::optional<std::string> stranger_of(const Intervention& what,
                                       const std::vector<std::string>& names) {
  for (const std::string& each : named_by(what)) {
    if (!has(names, each)) {
      return unknown_name("process", each, names);
    }
  }
  return std::nullopt;
}

using Placed = std::vector<std::pair<std::size_t, Intervention>>;

// The scenario's, as far as its processes exist with these parameters, then the caller's.
base::Result<Placed> interventions_of(const Scenario& scenario, const RunRequest& request,
                                      Record& record) {
  const std::vector<std::string> names = names_of(record);
  Placed placed;
  for (const std::string_view text : scenario.interventions) {
    OSTRAKA_ASSIGN(Intervention what, parse_intervention(text));
    record.interventions.push_back({.text = render(what), .by_scenario = true});
    if (const auto problem = stranger_of(what, names)) {
      record.interventions.back().remark = "these parameters have no such process";
    } else {
      placed.emplace_back(record.interventions.size() - 1, std::move(what));
    }
  }
  for (const std::string& text : request.interventions) {
    OSTRAKA_ASSIGN(Intervention what, parse_intervention(text));
    if (const auto problem = stranger_of(what, names)) {
      return base::fail(base::ErrorCode::invalid_argument, fmt::format("'{}': {}", text, *problem));
    }
    record.interventions.push_back({.text = render(what)});
    placed.emplace_back(record.interventions.size() - 1, std::move(what));
  }
  return placed;
}

void describe(const Declaration& declaration, const Scenario& scenario, const RunRequest& request,
              const Parameters& parameters, Record& record) {
  record.protocol = declaration.name;
  record.title = declaration.title;
  record.scenario = scenario.name;
  record.scenario_title = scenario.title;
  record.seed = request.seed;
  record.set = request.set;
  for (const Parameter& each : parameters.declared()) {
    record.parameters.emplace_back(each.name, parameters.text(each.name));
  }
  for (const AlgorithmStep& step : declaration.steps) {
    record.steps.push_back({.text = std::string(step.text), .source = std::string(step.source)});
  }
  for (const Property& property : declaration.properties) {
    const auto expected = std::ranges::find(scenario.expect, property.name,
                                            [](const auto& each) { return each.first; });
    record.properties.push_back(
        {.name = std::string(property.name),
         .kind = property.kind,
         .doc = std::string(property.doc),
         .verdict = property.kind == PropertyKind::safety ? Verdict::held : Verdict::open,
         .expected = expected == scenario.expect.end() ? Verdict::held : expected->second});
  }
}

// Operations of processes that do not exist with these parameters are left out, and told.
void add_inputs(const Scenario& scenario, Setup& setup, Record& record) {
  const std::vector<std::string> names = names_of(record);
  setup.inputs.insert(setup.inputs.end(), scenario.inputs.begin(), scenario.inputs.end());
  std::erase_if(setup.inputs, [&](const Operation& input) {
    const bool is_unknown = !has(names, input.process);
    if (is_unknown) {
      record.remarks.push_back(
          fmt::format("{} for {} at {} is left out: these parameters have no "
                      "such process",
                      input.kind, input.process, render(input.at - base::Instant())));
    }
    return is_unknown;
  });
}

}  // namespace

base::Result<Scenario> find_scenario(const Declaration& declaration, std::string_view name) {
  OSTRAKA_ASSERT(!declaration.scenarios.empty(), "a protocol has scenarios");
  if (name.empty()) {
    return declaration.scenarios.front();
  }
  const auto at = std::ranges::find(declaration.scenarios, name, &Scenario::name);
  if (at != declaration.scenarios.end()) {
    return *at;
  }
  std::vector<std::string> known;
  known.reserve(declaration.scenarios.size());
  for (const Scenario& each : declaration.scenarios) {
    known.emplace_back(each.name);
  }
  return base::fail(base::ErrorCode::invalid_argument,
                    unknown_name(fmt::format("scenario of {}", declaration.name), name, known));
}

base::Result<Record> run(const Declaration& declaration, const RunRequest& request,
                         RunLimits limits) {
  OSTRAKA_ASSIGN(const Scenario scenario, find_scenario(declaration, request.scenario));
  OSTRAKA_ASSIGN(const Parameters parameters, parameters_of(declaration, scenario, request));
  Record record;
  describe(declaration, scenario, request, parameters, record);
  const RunContext context{
      .parameters = parameters, .scenario = scenario.name, .seed = request.seed};
  WorldOptions options{.setup = declaration.make(context),
                       .interventions = {},
                       .limits = limits,
                       .seed = request.seed};
  for (const ProcessSpec& process : options.setup.processes) {
    OSTRAKA_ASSERT(!has(names_of(record), process.name), "processes have different names");
    record.processes.push_back({.name = process.name, .role = process.role});
  }
  OSTRAKA_ASSIGN(options.interventions, interventions_of(scenario, request, record));
  add_inputs(scenario, options.setup, record);
  play(parameters, std::move(options), record);
  Judge judge(record);
  declaration.check(context, record, judge);
  if (declaration.plot != nullptr) {
    declaration.plot(context, record, record.plots);
  }
  return record;
}

base::Result<Entry> Catalogue::find(std::string_view protocol) const {
  std::vector<std::string> known;
  for (const Entry& entry : entries_) {
    if (entry.declaration->name == protocol) {
      return entry;
    }
    known.emplace_back(entry.declaration->name);
  }
  return base::fail(base::ErrorCode::invalid_argument, unknown_name("protocol", protocol, known));
}

base::Result<Record> Catalogue::run(const RunRequest& request, RunLimits limits) const {
  OSTRAKA_ASSIGN(const Entry entry, find(request.protocol));
  return lab::run(*entry.declaration, request, limits);
}

std::string command_of(const Record& record) {
  if (!record.command.empty()) {
    return record.command;
  }
  std::string command = fmt::format("ostraka lab run {} --scenario {} --seed {}", record.protocol,
                                    record.scenario, record.seed);
  for (const auto& [name, value] : record.set) {
    command += fmt::format(" --set {}={}", name, value);
  }
  for (const RecordIntervention& each : record.interventions) {
    if (!each.by_scenario) {
      command += fmt::format(" --do '{}'", each.text);
    }
  }
  return command;
}

}  // namespace ostraka::lab
