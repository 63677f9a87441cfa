#include "sim/world.h"

#include "base/assert.h"
#include "sim/engines.h"

#include <algorithm>
#include <set>
#include <utility>

namespace ostraka::sim {
namespace {

using base::Duration;

model::NodeId id_of_name(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::ranges::find(names, name);
  OSTRAKA_ASSERT(found != names.end(), "a node of the world");
  return model::NodeId{static_cast<std::uint32_t>(found - names.begin() + 1)};
}

}  // namespace

World::World(WorldOptions options)
    : options_(options),
      prng_(options.seed),
      fabric_(scheduler_, prng_.next(), options.network),
      engine_(options.engine == nullptr ? default_engine() : *options.engine),
      observer_(engine_) {
  if (options_.mutants.seed_by_address) {
    prng_ = base::Prng(reinterpret_cast<std::uintptr_t>(this));
  }
  for (std::uint32_t i = 1; i <= options_.nodes + options_.spares; ++i) {
    names_.push_back("n" + std::to_string(i));
  }
  for (const std::string& name : names_) {
    machines_[name] = std::make_unique<Machine>(scheduler_, fabric_, name, prng_.next());
  }
  if (!options_.plant_later) {
    plant(/*unwatched=*/false);
  }
  scheduler_.on_step([this] { after_step(); });
}

World::~World() {
  for (auto& [name, machine] : machines_) {
    machine->crash(CrashKind::process);
  }
}

void World::run_for(Duration span) {
  const base::Instant until = scheduler_.now() + span;
  // A violation ends the run; small slices keep the rest of the run short.
  while (!violation_ && scheduler_.now() < until) {
    scheduler_.run_until(std::min(until, scheduler_.now() + Duration::milliseconds(10)));
  }
}

std::string World::owner_name(sim_ports::OwnerId owner) {
  if (owner.is_none()) {
    return "world";
  }
  for (const auto& [name, machine] : machines_) {
    if (machine->owner() == owner) {
      return name;
    }
  }
  return "client" + std::to_string(owner.value());
}

void World::trace(std::function<void(const std::string&)> line) {
  trace_ = std::move(line);
  scheduler_.on_event([this](sim_ports::OwnerId owner, const char* what) {
    trace_(std::to_string(now().as_nanoseconds() / 1000) + " " + owner_name(owner) + " " + what);
  });
}

void World::record(Recording& recording) {
  recording_ = &recording;
  recording.begin(
      names_, [this](std::uint8_t kind) { return protocol::kind_name(engine_, kind); },
      [this] { return now(); });
  observer_.record(recording);
}

void World::tell_fault(const std::string& name, const std::string& text) {
  if (recording_ != nullptr) {
    recording_->fault(id_of_name(names_, name), text);
  }
}

void World::note(const std::string& what) {
  if (trace_) {
    trace_(std::to_string(now().as_nanoseconds() / 1000) + " world " + what);
  }
}

Machine& World::machine(const std::string& name) {
  const auto found = machines_.find(name);
  OSTRAKA_ASSERT(found != machines_.end(), "a node of the world");
  return *found->second;
}

node::Options World::node_options(const std::string& name) {
  node::Options options;
  const bool spare = id_of_name(names_, name).value() > options_.nodes;
  for (std::uint32_t i = 0; i < options_.nodes && !spare; ++i) {
    options.cluster.push_back({names_[i], names_[i] + ":7379"});
  }
  if (spare) {
    options.join = names_.front() + ":7379";
  }
  if (options_.max_message_bytes != 0) {
    options.store.protocol.max_message_bytes = options_.max_message_bytes;
  }
  if (options_.max_epoch_entries != 0) {
    options.store.protocol.max_epoch_entries = options_.max_epoch_entries;
  }
  options.advertise = name + ":7379";
  options.engine = engine_.name;
  options.store.protocol_factory = observer_.factory();
  options.store.protocol.trace = recording_ != nullptr;
  options.wal.mutant = options_.mutants.wal;
  options.state.mutant = options_.mutants.kv;
  options.state.local_clock = [this, name] { return machine(name).clock().wall(scheduler_.now()); };
  options.peer_mutant = options_.mutants.peer;
  options.mutant = options_.mutants.node;
  options.router.mutant = options_.mutants.router;
  options.store.replica.mutant = options_.mutants.replica;
  if (is_next_version(name)) {
    options.peer_mutant = peer::Mutant::announce_next_version;
    options.store.replica.mutant = replica::Mutant::propose_unknown_entries;
    options.state.mutant = kv::Mutant::skip_unknown_entries;
  }
  if (options_.session_expiry > Duration{}) {
    options.store.sessions.expiry_ms = options_.session_expiry.as_milliseconds();
  }
  if (options_.resend_after > Duration{}) {
    options.router.resend_after = options_.resend_after;
  }
  if (options_.mutants.log_time_follows_step) {
    options.store.replica.log_time_step_max = Duration::seconds(1'000'000);
  }
  options.wal.segment_bytes = 256U << 10;
  options.wal.initial_segment_bytes = 64U << 10;
  options.store.checkpoint_log_bytes = 256U << 10;
  options.store.checkpoint_age = Duration::seconds(5);
  options.store.log_keep_entries = 64;
  options.store.log_history_bytes = 0;  // who is away needs snapshots
  options.store.log_keep_bytes = 128U << 10;
  options.store.snapshot_chunk_bytes = 16U << 10;
  if (options_.small_knobs) {
    options.wal.segment_bytes = 16U << 10;
    options.wal.initial_segment_bytes = 16U << 10;
    options.wal.max_batch_bytes = 4U << 10;
    options.store.checkpoint_log_bytes = 8U << 10;
    options.store.checkpoint_age = Duration::milliseconds(500);
    options.store.log_keep_entries = 8;
    options.store.log_keep_bytes = 4U << 10;
    options.store.snapshot_chunk_bytes = 4U << 10;
    options.state.write_behind_bytes = 512;
  }
  return options;
}

bool World::is_next_version(const std::string& name) const {
  return id_of_name(names_, name).value() <= options_.next_version;
}

base::Status World::try_start(const std::string& name) {
  Machine& target = machine(name);
  base::Status started = target.start(
      node_options(name), options_.mutants.engine,
      [this](const std::string& who, const base::Error& reason) { on_fatal(who, reason); });
  if (!started.has_value()) {
    target.crash(CrashKind::process);
  }
  return started;
}

void World::start(const std::string& name) {
  if (machine(name).is_running()) {
    return;
  }
  const base::Status started = try_start(name);
  if (!started.has_value() && started.error().code == base::ErrorCode::io_error) {
    start_later(name);
  } else if (!started.has_value()) {
    refusals_[name] = started.error().to_string();
    if (!may_refuse_.contains(name)) {
      fail(name + " does not start: " + started.error().to_string());
    }
  }
}

// After a failed sync or write: the operator's supervisor starts it again.
void World::start_later(const std::string& name) {
  scheduler_.schedule(scheduler_.now() + Duration::milliseconds(500), sim_ports::OwnerId{},
                      [this, name] { start(name); });
}

void World::start_all() {
  for (const std::string& name : names_) {
    if (!refusals_.contains(name)) {
      start(name);
    }
  }
}

void World::crash(const std::string& name, CrashKind kind) {
  Machine& target = machine(name);
  if (target.is_running()) {
    observer_.crashed(id_of_name(names_, name));
    target.crash(kind);
  }
}

void World::lose_power_at_event(const std::string& name, std::uint64_t event) {
  sim_ports::SimDisk& disk = machine(name).disk();
  disk.crash_at_event(disk.events() + event);
  doomed_.insert(name);
}

void World::end_doomed() {
  std::erase_if(doomed_, [this](const std::string& name) {
    const bool dead = machine(name).disk().is_dead();
    if (dead) {
      scheduler_.schedule(scheduler_.now(), sim_ports::OwnerId{},
                          [this, name] { crash(name, CrashKind::power); });
    }
    return dead;
  });
}

void World::wipe(const std::string& name) {
  crash(name, CrashKind::power);
  machine(name).wipe();
  observer_.wiped(id_of_name(names_, name));
}

void World::retire(const std::string& name) {
  crash(name, CrashKind::process);
  refusals_[name] = "retired";
}

void World::pause(const std::string& name, Duration span) {
  Machine& target = machine(name);
  if (target.is_running()) {
    scheduler_.pause(target.owner(), scheduler_.now() + span);
    if (recording_ != nullptr) {
      recording_->paused(id_of_name(names_, name), scheduler_.now() + span);
    }
  }
}

void World::cut(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (recording_ != nullptr) {
    recording_->cut(a, b);
  }
  for (const std::string& from : a) {
    for (const std::string& to : b) {
      if (from != to) {
        fabric_.cut(from, to);
      }
    }
  }
}

void World::heal_all() {
  fabric_.heal_all();
  if (recording_ != nullptr) {
    recording_->healed();
  }
}

std::string World::leader() {
  std::string best;
  model::Term best_term;
  for (const std::string& name : names_) {
    node::Node* node = machine(name).node();
    if (node == nullptr || node->store() == nullptr) {
      continue;
    }
    const replica::Replica* replica = node->store()->find(model::ShardId{1});
    if (replica != nullptr && replica->leads()) {
      const model::Term term = replica->status().protocol.term;
      if (best.empty() || term > best_term) {
        best = name;
        best_term = term;
      }
    }
  }
  return best;
}

void World::end_faults() {
  heal_all();
  fabric_.options().late_one_in = 0;
  fabric_.options().corrupt_one_in = 0;
  fabric_.options().bytes_per_ms = 0;
  for (const std::string& name : names_) {
    Machine& target = machine(name);
    target.clock().set_rate(scheduler_.now(), 1000);
    target.disk().faults() = {};
    target.disk().set_capacity(sim_ports::SimDisk::kUnlimited);
    if (target.is_running()) {
      scheduler_.pause(target.owner(), scheduler_.now());
    }
  }
  start_all();
}

void World::fail(std::string what) {
  if (!violation_) {
    note("violation: " + what);
    if (recording_ != nullptr) {
      recording_->violated(what);
    }
    violation_ = "at " + std::to_string(scheduler_.now().as_nanoseconds() / 1'000'000) +
                 " ms: " + std::move(what);
  }
}

void World::on_fatal(const std::string& who, const base::Error& reason) {
  // It is being called by the process itself: end it in an event of the world.
  const sim_ports::OwnerId life = machine(who).owner();
  scheduler_.schedule(scheduler_.now(), sim_ports::OwnerId{}, [this, who, reason, life] {
    if (machine(who).owner() != life || machine(who).disk().is_dead()) {
      return;  // another life, or about to lose power
    }
    crash(who, CrashKind::process);
    mark("process_ended_itself");
    if (reason.code == base::ErrorCode::io_error) {
      start_later(who);
      return;
    }
    refusals_[who] = reason.to_string();
    if (!may_refuse_.contains(who)) {
      fail(who + " ended itself: " + reason.to_string());
    }
  });
}

void World::after_step() {
  end_doomed();
  if (violation_) {
    return;
  }
  const std::optional<std::string> broken = observer_.check(
      [this](model::NodeId id) { return machine(names_.at(id.value() - 1)).local_now(); });
  if (broken) {
    fail("invariant: " + *broken);
  }
}

bool World::is_level() {
  std::set<model::LogIndex> applied;
  for (const std::string& name : names_) {
    if (node::Node* node = machine(name).node(); node != nullptr) {
      if (const replica::Replica* replica = node->store()->find(model::ShardId{1})) {
        applied.insert(replica->applied());
      }
    }
  }
  return applied.size() <= 1;
}

void World::check_quiet_end() {
  if (violation_) {
    return;
  }
  const std::string leading = leader();
  if (leading.empty()) {
    fail("no leader at the quiet end");
    return;
  }
  std::optional<std::uint64_t> hash;
  std::optional<model::LogIndex> index;
  for (const std::string& name : names_) {
    node::Node* node = machine(name).node();
    if (node == nullptr) {
      continue;
    }
    replica::Replica* replica = node->store()->find(model::ShardId{1});
    if (replica == nullptr) {
      fail(name + " has no replica at the quiet end");
      return;
    }
    const std::uint64_t mine = replica->state_machine().state_hash();
    if (index && *index != replica->applied()) {
      fail(name + " has applied " + std::to_string(replica->applied().value()) + ", another node " +
           std::to_string(index->value()) + " at the quiet end");
      return;
    }
    if (hash && *hash != mine) {
      fail("I-R5: state of " + name + " differs at equal applied index");
      return;
    }
    index = replica->applied();
    hash = mine;
  }
}

}  // namespace ostraka::sim
