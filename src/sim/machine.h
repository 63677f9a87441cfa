// One simulated machine: clocks and a disk that survive, and a process that may run on it.
#pragma once

#include "base/prng.h"
#include "engine_memory/engine_memory.h"
#include "node/node.h"
#include "sim_ports/sim_disk.h"
#include "sim_ports/sim_executor.h"
#include "sim_ports/sim_network.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::sim {

enum class CrashKind : std::uint8_t { process, power };

// Told when a process ended itself (a failed sync, a damaged log, a refused identity).
using OnFatal = std::function<void(const std::string& machine, const base::Error& reason)>;

class Machine {
 public:
  Machine(sim_ports::SimScheduler& scheduler, sim_ports::SimFabric& fabric, std::string name,
          std::uint64_t seed);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Starts a process with these options (seed and addresses are filled in). Errors as Node::start.
  [[nodiscard]] base::Status start(node::Options options, engine_memory::Mutant engine_mutant,
                                   OnFatal on_fatal);
  void crash(CrashKind kind);
  // The disk is replaced by an empty one.
  void wipe();

  [[nodiscard]] bool is_running() const { return process_ != nullptr; }
  [[nodiscard]] node::Node* node();
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] sim_ports::SimClock& clock() { return clock_; }
  [[nodiscard]] sim_ports::SimDisk& disk() { return *disk_; }
  [[nodiscard]] sim_ports::OwnerId owner() const;
  [[nodiscard]] base::Instant local_now() const { return clock_.local(scheduler_.now()); }
  [[nodiscard]] const std::vector<std::string>& log_lines() const { return log_lines_; }

 private:
  struct Process;
  sim_ports::SimScheduler& scheduler_;
  sim_ports::SimFabric& fabric_;
  std::string name_;
  base::Prng prng_;
  sim_ports::SimClock clock_;
  std::unique_ptr<sim_ports::SimDisk> disk_;
  std::unique_ptr<Process> process_;
  std::vector<std::string> log_lines_;  // bounded
};

}  // namespace ostraka::sim
