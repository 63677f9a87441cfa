#include "sim/workload.h"

#include "sim/internal/bulk_workload.h"
#include "sim/internal/expiry_workload.h"
#include "sim/internal/flood_workload.h"
#include "sim/internal/pipeline_workload.h"
#include "sim/internal/recorded_workload.h"
#include "sim/internal/scripted_workload.h"

#include <charconv>

namespace ostraka::sim {

std::int64_t take_number(Parameters& parameters, const std::string& name, std::int64_t otherwise) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) {
    return otherwise;
  }
  std::int64_t number = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) {
    return otherwise;  // stays in the list and is reported as not understood
  }
  parameters.erase(found);
  return number;
}

namespace {

std::uint32_t take_count(Parameters& parameters, const std::string& name, std::uint32_t otherwise) {
  return static_cast<std::uint32_t>(take_number(parameters, name, otherwise));
}

internal::FloodOptions flood_options(Parameters& rest) {
  internal::FloodOptions options;
  options.clients = take_count(rest, "clients", options.clients);
  options.value_bytes = take_number(rest, "value_bytes", options.value_bytes);
  options.rate = take_number(rest, "rate", options.rate);
  options.spike_rate = take_number(rest, "spike_rate", options.spike_rate);
  options.start_ms = take_number(rest, "start_ms", options.start_ms);
  options.spike_ms = take_number(rest, "spike_ms", options.spike_ms);
  options.until_ms = take_number(rest, "until_ms", options.until_ms);
  options.wait_ms = take_number(rest, "wait_ms", options.wait_ms);
  options.done_min = take_count(rest, "done_min", 1);
  options.back_ms = take_number(rest, "back_ms", options.back_ms);
  options.calm_wait_ms = take_number(rest, "calm_wait_ms", options.calm_wait_ms);
  return options;
}

std::unique_ptr<Workload> make_known(World& world, const std::string& name, Parameters& rest) {
  if (name == "registers" || name == "counters") {
    internal::RecordedOptions options;
    options.counters = name == "counters";
    options.clients = take_count(rest, "clients", options.clients);
    options.keys = take_count(rest, "keys", options.keys);
    options.think_ms_max = take_number(rest, "think_ms", options.think_ms_max);
    options.progress_ms = take_number(rest, "progress_ms", options.progress_ms);
    options.start_ms = take_number(rest, "start_ms", options.start_ms);
    options.spread = take_number(rest, "spread", 0) != 0;
    options.crash_one_in = take_count(rest, "crash_one_in", options.crash_one_in);
    return std::make_unique<internal::RecordedWorkload>(world, options);
  }
  if (name == "script") {
    return std::make_unique<internal::ScriptedWorkload>(world, take_count(rest, "clients", 1));
  }
  if (name == "pipelines") {
    internal::PipelineOptions options;
    options.clients = take_count(rest, "clients", options.clients);
    options.depth = take_count(rest, "depth", options.depth);
    return std::make_unique<internal::PipelineWorkload>(world, options);
  }
  if (name == "bulk") {
    internal::BulkOptions options;
    options.clients = take_count(rest, "clients", options.clients);
    options.keys = take_count(rest, "keys", options.keys);
    options.value_bytes = take_number(rest, "value_bytes", options.value_bytes);
    options.node = take_count(rest, "node", options.node);
    options.spread = take_number(rest, "spread", 0) != 0;
    options.until_ms = take_number(rest, "until_ms", options.until_ms);
    options.done_min = take_count(rest, "done_min", 0);
    options.get_percent = take_count(rest, "get_percent", 0);
    options.think_ms_max = take_number(rest, "think_ms", options.think_ms_max);
    return std::make_unique<internal::BulkWorkload>(world, options);
  }
  if (name == "flood") {
    return std::make_unique<internal::FloodWorkload>(world, flood_options(rest));
  }
  if (name == "expiry") {
    internal::ExpiryOptions options;
    options.clients = take_count(rest, "clients", options.clients);
    options.think_ms_max = take_number(rest, "think_ms", options.think_ms_max);
    options.ttl_min_ms = take_number(rest, "ttl_min_ms", options.ttl_min_ms);
    options.ttl_max_ms = take_number(rest, "ttl_max_ms", options.ttl_max_ms);
    options.slack_ms = take_number(rest, "slack_ms", options.slack_ms);
    options.late_ms = take_number(rest, "late_ms", options.late_ms);
    return std::make_unique<internal::ExpiryWorkload>(world, options);
  }
  return nullptr;
}

}  // namespace

base::Result<std::unique_ptr<Workload>> make_workload(World& world, const std::string& name,
                                                      const Parameters& parameters) {
  Parameters rest = parameters;
  std::unique_ptr<Workload> workload = make_known(world, name, rest);
  if (workload == nullptr) {
    return base::fail(base::ErrorCode::invalid_argument, "unknown workload '" + name + "'");
  }
  if (!rest.empty()) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "workload " + name + " does not understand '" + rest.begin()->first + "=" +
                          rest.begin()->second + "'");
  }
  return workload;
}

}  // namespace ostraka::sim
