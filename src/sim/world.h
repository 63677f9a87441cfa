// A whole simulated cluster: machines, network, faults, and the watchers that see all of it at
// once.
//
// Everything happens in one thread on virtual time. A run is fixed by (code, seed, scenario).
// Names: nodes are n1 … nN.
#pragma once

#include "base/prng.h"
#include "node/node.h"
#include "sim/machine.h"
#include "sim/mutants.h"
#include "sim/observer.h"
#include "sim_ports/sim_network.h"
#include "sim_ports/sim_scheduler.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ostraka::sim {

struct WorldOptions {
  const protocol::EngineProbe* engine = nullptr;  // null = Raft
  std::uint32_t nodes = 3;
  std::uint32_t spares = 0;             // nodes behind those, which join as learners
  std::uint32_t max_message_bytes = 0;  // of the protocol; 0 = the product's
  std::uint64_t max_epoch_entries = 0;  // the same
  std::uint64_t seed = 1;
  Mutants mutants;
  bool plant_later = false;  // the engine's planted bug waits for plant()
  sim_ports::SimNetworkOptions network;
  // Shrunk knobs: tiny segments, frequent checkpoints, short logs (faults.md 1.0 (iii)).
  bool small_knobs = false;
  // A session that was idle for so long ends; zero = as shipped.
  base::Duration session_expiry;
  // An unanswered forwarded command is sent again after so long; zero = as shipped.
  base::Duration resend_after;
  // So many nodes, from n1 on, are of the next version: they announce it, and know one entry type
  // more, which has no effect.
  std::uint32_t next_version = 0;
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // --- Time. ---
  void run_for(base::Duration span);
  [[nodiscard]] base::Instant now() const { return scheduler_.now(); }
  [[nodiscard]] sim_ports::SimScheduler& scheduler() { return scheduler_; }
  // From now on every event is told as one line: time in microseconds, owner, what.
  void trace(std::function<void(const std::string&)> line);
  // The run becomes a record of the laboratory; before the first start.
  void record(Recording& recording);
  [[nodiscard]] Recording* recording() { return recording_; }
  // A line of a trace that is no event of a process: a fault, a verdict.
  void note(const std::string& what);
  [[nodiscard]] sim_ports::SimFabric& fabric() { return fabric_; }
  [[nodiscard]] base::Prng& prng() { return prng_; }

  // --- Machines. ---
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] Machine& machine(const std::string& name);
  void start(const std::string& name);
  // As start(), and the caller judges a refusal: the machine is off then. Requires that it is off.
  [[nodiscard]] base::Status try_start(const std::string& name);
  void start_all();
  [[nodiscard]] bool is_next_version(const std::string& name) const;
  void crash(const std::string& name, CrashKind kind);
  // Power loss in place of the disk's `event`-th event from now (1 = the next).
  void lose_power_at_event(const std::string& name, std::uint64_t event);
  // Power loss, and the disk is replaced by an empty one.
  void wipe(const std::string& name);
  // Its process ends and is never started again, as a removed member's should.
  void retire(const std::string& name);
  void pause(const std::string& name, base::Duration span);
  // Cuts or heals every link between the two sets.
  void cut(const std::vector<std::string>& a, const std::vector<std::string>& b);
  void heal_all();
  // A fault of the machine that no other event shows, for the record.
  void tell_fault(const std::string& name, const std::string& text);
  // The running node that leads in the highest term; empty when there is none.
  [[nodiscard]] std::string leader();
  // Ends every fault: heals, restores clocks' rates and disks, restarts what is down.
  void end_faults();
  // A node that has refused to start or ended itself for a reason that the scenario allows stays
  // down.
  void allow_refusal(const std::string& name) { may_refuse_.insert(name); }
  [[nodiscard]] const std::map<std::string, std::string>& refusals() const { return refusals_; }

  // The engine's planted bug, if any, is there from now on. Unwatched: see Observer::plant().
  void plant(bool unwatched) { observer_.plant(options_.mutants.protocol, unwatched); }

  // --- Verdicts. ---
  void fail(std::string what);
  [[nodiscard]] const std::optional<std::string>& violation() const { return violation_; }
  [[nodiscard]] Observer& observer() { return observer_; }
  // Whether all running replicas have applied the same.
  [[nodiscard]] bool is_level();
  // Equal state at equal applied index on every running node; one leader; everybody caught up.
  void check_quiet_end();
  // A rare path was taken (coverage marks).
  void mark(const std::string& name) { ++marks_[name]; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& marks() const { return marks_; }

 private:
  [[nodiscard]] node::Options node_options(const std::string& name);
  void after_step();
  void start_later(const std::string& name);
  [[nodiscard]] std::string owner_name(sim_ports::OwnerId owner);
  void end_doomed();
  void on_fatal(const std::string& machine, const base::Error& reason);

  WorldOptions options_;
  base::Prng prng_;
  sim_ports::SimScheduler scheduler_;
  sim_ports::SimFabric fabric_;
  const protocol::EngineProbe& engine_;
  Observer observer_;
  std::vector<std::string> names_;
  std::map<std::string, std::unique_ptr<Machine>> machines_;
  std::set<std::string> may_refuse_;
  std::set<std::string> doomed_;  // lose power at an event of their disk
  std::map<std::string, std::string> refusals_;
  std::map<std::string, std::uint64_t> marks_;
  std::optional<std::string> violation_;
  std::function<void(const std::string&)> trace_;
  Recording* recording_ = nullptr;
};

}  // namespace ostraka::sim
