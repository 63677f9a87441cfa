#include "base/hash.h"
#include "lab/core/export.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <span>

namespace ostraka::lab {
namespace {

using Json = nlohmann::ordered_json;

std::int64_t us(base::Instant at) { return (at - base::Instant()).as_microseconds(); }

Json json_of(const Value& value) {
  if (value.is_integer()) {
    return value.integer();
  }
  if (value.is_text()) {
    return value.text();
  }
  Json list = Json::array();
  for (const Value& each : value.list()) {
    list.push_back(json_of(each));
  }
  return list;
}

Json json_of(const Fields& fields) {
  Json object = Json::object();
  for (const auto& [name, value] : fields) {
    object[name] = json_of(value);
  }
  return object;
}

Json json_of(std::span<const std::pair<std::string, std::string>> pairs) {
  Json object = Json::object();
  for (const auto& [name, text] : pairs) {
    object[name] = text;
  }
  return object;
}

Json json_of(std::span<const EventId> ids) {
  Json list = Json::array();
  for (const EventId id : ids) {
    list.push_back(id.value());
  }
  return list;
}

void put_text(Json& object, const char* key, const std::string& text) {
  if (!text.empty()) {
    object[key] = text;
  }
}

Json json_of(const Record& record, const RecordEvent& event) {
  Json object{{"id", event.id.value()}, {"time", us(event.at)}};
  if (!event.process.is_none()) {
    object["process"] = record.name_of(event.process);
  }
  object["kind"] = name_of(event.kind);
  put_text(object, "topic", event.topic);
  put_text(object, "text", event.text);
  if (!event.fields.empty()) {
    object["fields"] = json_of(event.fields);
  }
  if (event.step != 0) {
    object["step"] = event.step;
  }
  if (!event.cause.is_none()) {
    object["cause"] = event.cause.value();
  }
  put_text(object, "message", event.message);
  if (!event.sent.empty()) {
    object["sent"] = event.sent;
  }
  if (!event.state.empty()) {
    object["state"] = json_of(event.state);
  }
  return object;
}

Json json_of(const Record& record, const RecordMessage& message) {
  Json object{{"id", message.id},
              {"from", record.name_of(message.from)},
              {"to", record.name_of(message.to)},
              {"kind", message.kind},
              {"fields", json_of(message.fields)}};
  if (message.step != 0) {
    object["step"] = message.step;
  }
  object["text"] = fmt::format("{}({})", message.kind, message.fields.render());
  object["sent"] = us(message.sent);
  object["send_event"] = message.send_event.value();
  object["ends"] = us(message.ends);
  object["fate"] = name_of(message.fate);
  put_text(object, "why", message.why);
  if (!message.receive_event.is_none()) {
    object["receive_event"] = message.receive_event.value();
  }
  return object;
}

Json json_of(const Plot& plot) {
  Json series = Json::array();
  for (const Plot::Series& each : plot.series) {
    series.push_back({{"name", each.name}, {"points", each.points}});
  }
  return {{"name", plot.name},
          {"title", plot.title},
          {"x", plot.x_label},
          {"y", plot.y_label},
          {"form", plot.bars ? "bars" : "lines"},
          {"categories", plot.categories},
          {"series", std::move(series)}};
}

void put_head(const Record& record, Json& run) {
  run = {{"format", "ostraka-lab-run"},
         {"version", 1},
         {"protocol", record.protocol},
         {"title", record.title},
         {"scenario", record.scenario},
         {"scenario_title", record.scenario_title},
         {"seed", record.seed},
         {"parameters", json_of(record.parameters)},
         {"set", json_of(record.set)},
         {"interventions", Json::array()},
         {"command", command_of(record)},
         {"processes", Json::array()},
         {"steps", Json::array()},
         {"end", {{"time", us(record.end)}, {"reason", name_of(record.end_reason)}}},
         {"remarks", record.remarks}};
  for (const RecordIntervention& each : record.interventions) {
    run["interventions"].push_back({{"text", each.text},
                                    {"by", each.by_scenario ? "scenario" : "user"},
                                    {"acted", each.acted},
                                    {"remark", each.remark}});
  }
  for (const Record::ProcessLine& each : record.processes) {
    run["processes"].push_back({{"name", each.name}, {"role", each.role}});
  }
  for (std::size_t i = 0; i < record.steps.size(); ++i) {
    run["steps"].push_back(
        {{"number", i + 1}, {"text", record.steps[i].text}, {"source", record.steps[i].source}});
  }
}

Json json_of(const Scenario& scenario) {
  Json object{{"name", scenario.name},
              {"kind", name_of(scenario.kind)},
              {"title", scenario.title},
              {"set", Json::object()},
              {"interventions", scenario.interventions},
              {"expect", Json::object()}};
  for (const auto& [name, value] : scenario.set) {
    object["set"][std::string(name)] = value;
  }
  for (const auto& [name, verdict] : scenario.expect) {
    object["expect"][std::string(name)] = name_of(verdict);
  }
  return object;
}

Json json_of(const Parameter& parameter, bool is_common) {
  return {{"name", parameter.name},   {"min", parameter.min},        {"max", parameter.max},
          {"value", parameter.value}, {"unit", parameter.unit},      {"doc", parameter.doc},
          {"common", is_common},      {"choices", parameter.choices}};
}

// The common parameters with the protocol's own defaults.
std::vector<Parameter> common_of(const Declaration& declaration) {
  const std::span<const Parameter> all = common_parameters();
  Parameters parameters({all.begin(), all.end()});
  for (const auto& [name, value] : declaration.defaults) {
    static_cast<void>(parameters.set(name, value));  // others are of its own parameters
  }
  return parameters.declared();
}

// Texts of users (parameters, interventions) may hold any bytes.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string to_json(const Record& record) {
  Json run;
  put_head(record, run);
  run["events"] = Json::array();
  for (const RecordEvent& event : record.events) {
    run["events"].push_back(json_of(record, event));
  }
  run["messages"] = Json::array();
  for (const RecordMessage& message : record.messages) {
    run["messages"].push_back(json_of(record, message));
  }
  run["properties"] = Json::array();
  for (const Judgement& each : record.properties) {
    run["properties"].push_back({{"name", each.name},
                                 {"kind", name_of(each.kind)},
                                 {"doc", each.doc},
                                 {"verdict", name_of(each.verdict)},
                                 {"expected", name_of(each.expected)},
                                 {"events", json_of(each.events)},
                                 {"sentence", each.sentence}});
  }
  run["plots"] = Json::array();
  for (const Plot& plot : record.plots) {
    run["plots"].push_back(json_of(plot));
  }
  return dump(run);
}

std::uint64_t hash_of(const Record& record) { return base::hash64(to_json(record)); }

std::string catalogue_json(const Catalogue& catalogue) {
  Json all{{"protocols", Json::array()}};
  for (const Entry& entry : catalogue.entries()) {
    const Declaration& it = *entry.declaration;
    Json scenarios = Json::array();
    for (const Scenario& scenario : it.scenarios) {
      scenarios.push_back(
          {{"name", scenario.name}, {"kind", name_of(scenario.kind)}, {"title", scenario.title}});
    }
    all["protocols"].push_back({{"name", it.name},
                                {"title", it.title},
                                {"family", it.family},
                                {"summary", it.summary},
                                {"scenarios", std::move(scenarios)}});
  }
  return dump(all);
}

std::string declaration_json(const Entry& entry) {
  const Declaration& it = *entry.declaration;
  Json all{
      {"name", it.name},           {"title", it.title},           {"family", it.family},
      {"summary", it.summary},     {"page", entry.page},          {"assumptions", it.assumptions},
      {"steps", Json::array()},    {"parameters", Json::array()}, {"properties", Json::array()},
      {"scenarios", Json::array()}};
  for (std::size_t i = 0; i < it.steps.size(); ++i) {
    all["steps"].push_back(
        {{"number", i + 1}, {"text", it.steps[i].text}, {"source", it.steps[i].source}});
  }
  for (const Parameter& each : it.parameters) {
    all["parameters"].push_back(json_of(each, false));
  }
  for (const Parameter& each : common_of(it)) {
    all["parameters"].push_back(json_of(each, true));
  }
  for (const Property& each : it.properties) {
    all["properties"].push_back(
        {{"name", each.name}, {"kind", name_of(each.kind)}, {"doc", each.doc}});
  }
  for (const Scenario& each : it.scenarios) {
    all["scenarios"].push_back(json_of(each));
  }
  return dump(all);
}

}  // namespace ostraka::lab
