#include "sim/machine.h"

#include "base/assert.h"

#include <utility>

namespace ostraka::sim {
namespace {

constexpr std::size_t kLogLinesMax = 2000;

class SimLog final : public node::Log {
 public:
  explicit SimLog(std::vector<std::string>& lines) : lines_(lines) {}
  void write(node::LogLevel, std::string_view line) override {
    if (lines_.size() < kLogLinesMax) {
      lines_.emplace_back(line);
    }
  }

 private:
  std::vector<std::string>& lines_;
};

class NoProcessInfo final : public node::ProcessInfo {
 public:
  [[nodiscard]] node::ProcessUsage sample() override { return {}; }
};

}  // namespace

// Members are destroyed from the last to the first: the node before what it stands on.
struct Machine::Process final : node::NodeListener {
  Process(Machine& machine, OnFatal fatal, std::uint64_t seed)
      : on_fatal_call(std::move(fatal)),
        name(machine.name_),
        executor(machine.scheduler_, machine.clock_, seed, latency_of(machine, seed)),
        network(machine.fabric_, executor, machine.name_),
        files(machine.disk_->open_process()),
        log(machine.log_lines_) {}

  static sim_ports::SimExecutor::JobLatency latency_of(Machine& machine, std::uint64_t seed) {
    return [prng = base::Prng(seed ^ 0x6469736b), &machine](unsigned) mutable {
      return base::Duration::microseconds(prng.between(50, 500)) +
             machine.disk_->faults().extra_latency;
    };
  }

  void on_ready(const node::Addresses&) override { ready = true; }
  void on_fatal(const base::Error& reason) override { on_fatal_call(name, reason); }

  OnFatal on_fatal_call;
  std::string name;
  bool ready = false;
  sim_ports::SimExecutor executor;
  sim_ports::SimNetwork network;
  std::unique_ptr<port::FileSystem> files;
  SimLog log;
  NoProcessInfo info;
  std::unique_ptr<node::Node> node;
};

Machine::Machine(sim_ports::SimScheduler& scheduler, sim_ports::SimFabric& fabric, std::string name,
                 std::uint64_t seed)
    : scheduler_(scheduler),
      fabric_(fabric),
      name_(std::move(name)),
      prng_(seed),
      disk_(std::make_unique<sim_ports::SimDisk>()) {}

Machine::~Machine() = default;

base::Status Machine::start(node::Options options, engine_memory::Mutant engine_mutant,
                            OnFatal on_fatal) {
  OSTRAKA_ASSERT(!is_running(), "a machine runs one process");
  options.name = name_;
  options.peer_listen = name_ + ":7379";
  options.redis_listen = name_ + ":6379";
  options.http_listen = name_ + ":8379";
  options.seed = prng_.next();
  process_ = std::make_unique<Process>(*this, std::move(on_fatal), prng_.next());
  node::Environment environment{
      .executor = process_->executor,
      .network = process_->network,
      .files = *process_->files,
      .open_engine =
          [engine_mutant](port::FileSystem& files, port::Executor& executor) {
            return engine_memory::open(files, executor, {.mutant = engine_mutant});
          },
      .process = process_->info,
      .log = process_->log,
  };
  process_->node =
      std::make_unique<node::Node>(std::move(environment), std::move(options), *process_);
  return process_->node->start();
}

void Machine::crash(CrashKind kind) {
  if (!is_running()) {
    return;
  }
  // Dead first, then destroyed: nothing that destructors do reaches anybody.
  scheduler_.kill(process_->executor.owner());
  if (kind == CrashKind::power) {
    process_->network.vanish();
    disk_->crash_power(prng_);
  } else {
    disk_->crash_process();
  }
  process_.reset();
}

void Machine::wipe() {
  OSTRAKA_ASSERT(!is_running(), "a disk is replaced while the machine is off");
  disk_ = std::make_unique<sim_ports::SimDisk>();
}

node::Node* Machine::node() { return is_running() ? process_->node.get() : nullptr; }

sim_ports::OwnerId Machine::owner() const {
  return is_running() ? process_->executor.owner() : sim_ports::OwnerId{};
}

}  // namespace ostraka::sim
