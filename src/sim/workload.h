// What clients do during a run, and how their histories are judged.
//
// Every operation has a unique value; outcomes are ok, failed (certainly not done) or unknown.
// Workloads are made by name
// from a scenario file: "workload NAME key=value …". Threads: one.
#pragma once

#include "base/result.h"
#include "sim/world.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ostraka::sim {

using Parameters = std::map<std::string, std::string>;

// One operation that a schedule asks for, of a client that speaks to one node only.
enum class OrderKind : std::uint8_t { write, remove, read, read_follower };
// What became of a client's last order.
enum class OrderState : std::uint8_t { none, open, ok, failed, unknown };

class Workload {
 public:
  Workload() = default;
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;
  virtual ~Workload() = default;
  virtual void start() = 0;
  // No new operations; the running ones end.
  virtual void stop() = 0;
  // After the quiet end: last reads. They run as events; the runner gives them time.
  virtual void read_final_state() {}
  // Clients count from 1. False: not such a workload, or no such client.
  virtual bool order(std::size_t /*client*/, OrderKind /*kind*/, const std::string& /*node*/) {
    return false;
  }
  [[nodiscard]] virtual OrderState order_state(std::size_t /*client*/) const {
    return OrderState::none;
  }
  // The verdict; empty when good.
  [[nodiscard]] virtual std::string judge() = 0;
  [[nodiscard]] virtual std::uint64_t operations_ok() const = 0;
  // Of these, the writes: what shows that the cluster goes on.
  [[nodiscard]] virtual std::uint64_t writes_ok() const { return operations_ok(); }
  [[nodiscard]] virtual std::uint64_t operations_open() const = 0;
};

// Names: registers, counters, pipelines, script, expiry, bulk, flood. Errors: invalid_argument for
// an unknown name or parameter.
[[nodiscard]] base::Result<std::unique_ptr<Workload>> make_workload(World& world,
                                                                    const std::string& name,
                                                                    const Parameters& parameters);

// A whole number parameter, or its default. Consumed, so that unknown ones can be reported.
[[nodiscard]] std::int64_t take_number(Parameters& parameters, const std::string& name,
                                       std::int64_t otherwise);

}  // namespace ostraka::sim
