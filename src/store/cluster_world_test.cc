#include "store/cluster_world_test.h"

#include "base/assert.h"
#include "codec/result_value.h"
#include "wal/wal.h"

#include <algorithm>
#include <sstream>

namespace ostraka::store::testing {
namespace {

constexpr base::Duration kSlice = base::Duration::milliseconds(1);

}  // namespace

Process::~Process() {
  // The owner of each comes behind what it owns.
  store.reset();
  transport.reset();
  log.reset();
  engine.reset();
  files.reset();
  executor.reset();
}

void TestTransport::set_members(std::span<const model::Member> now) {
  members.assign(now.begin(), now.end());
}

bool TestTransport::send(model::ShardId shard, const protocol::Message& message,
                         std::span<const base::Buffer> payloads) {
  OSTRAKA_ASSERT(payloads.size() == message.entries.size(), "one payload per entry");
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    OSTRAKA_ASSERT(payloads[i].size() == message.entries[i].payload_bytes, "sizes fit");
  }
  if (!cluster_.connected(self_, message.to)) {
    return false;
  }
  auto received = std::make_shared<peer::ReceivedMessage>();
  received->shard = shard;
  received->message = message;
  received->message.from = self_;
  received->message.configurations.clear();  // the wire carries metadata and payloads only
  received->payloads.assign(payloads.begin(), payloads.end());
  const peer::Channel channel =
      message.entries.empty() ? peer::Channel::control : peer::Channel::bulk;
  cluster_.deliver(self_, message.to, channel,
                   [received](Process& process) { process.store->on_protocol_message(*received); });
  return true;
}

bool TestTransport::send_frame(model::NodeId to, peer::Channel channel, peer::FrameType type,
                               model::ShardId shard, base::ByteView body) {
  if (!cluster_.connected(self_, to)) {
    return false;
  }
  cluster_.count_frame(type);
  cluster_.deliver(self_, to, channel,
                   [from = self_, type, shard, bytes = std::string(body)](Process& process) {
                     OSTRAKA_ASSERT(process.store->on_frame(from, type, shard, bytes), "known");
                   });
  return true;
}

Cluster::Cluster(ClusterOptions options) : options_(std::move(options)), prng_(options_.seed) {
  for (std::uint32_t i = 1; i <= options_.nodes; ++i) {
    create(model::NodeId(i));
  }
  for (auto& [id, machine] : machines_) {
    boot(*machine);
  }
}

Cluster::~Cluster() = default;

void Cluster::run(base::Duration duration) { scheduler_.run_until(scheduler_.now() + duration); }

bool Cluster::run_until(const std::function<bool()>& condition, base::Duration limit) {
  const base::Instant end = scheduler_.now() + limit;
  while (!condition()) {
    if (scheduler_.now() >= end) {
      return false;
    }
    run(kSlice);
  }
  return true;
}

void Cluster::crash(model::NodeId node) {
  machine(node).process.reset();
  machine(node).disk.crash_process();
  for (auto& [id, other] : machines_) {
    if (other->process != nullptr) {
      other->process->store->on_disconnected(node, true);
    }
  }
}

void Cluster::crash_power(model::NodeId node) {
  machine(node).process.reset();
  machine(node).disk.crash_power(prng_);
}

void Cluster::restart(model::NodeId node) { boot(machine(node)); }

model::NodeId Cluster::add_machine() {
  const model::NodeId id(static_cast<std::uint32_t>(machines_.size() + 1));
  Machine& machine = create(id);
  machine.joining = true;
  boot(machine);
  return id;
}

void Cluster::cut(model::NodeId a, model::NodeId b) {
  cuts_.insert({a, b});
  cuts_.insert({b, a});
  for (const auto& [node, other] : {std::pair(a, b), std::pair(b, a)}) {
    if (machine(node).process != nullptr) {
      machine(node).process->store->on_disconnected(other, false);
    }
  }
}

void Cluster::isolate(model::NodeId node) {
  for (auto& [id, machine] : machines_) {
    if (id != node) {
      cut(node, id);
    }
  }
}

void Cluster::heal() { cuts_.clear(); }

replica::Replica* Cluster::replica(model::NodeId node, model::ShardId shard) {
  const auto found = machines_.find(node);
  if (found == machines_.end() || found->second->process == nullptr) {
    return nullptr;
  }
  return found->second->process->store->find(shard);
}

model::NodeId Cluster::leader(model::ShardId shard) {
  model::NodeId leader;
  model::Term term;
  for (auto& [id, machine] : machines_) {
    const replica::Replica* here = replica(id, shard);
    if (here != nullptr && here->leads() && here->status().protocol.term > term) {
      term = here->status().protocol.term;
      leader = id;
    }
  }
  return leader;
}

bool Cluster::elect(model::ShardId shard) {
  return run_until([this, shard] {
    const model::NodeId id = leader(shard);
    if (id.is_none()) {
      return false;
    }
    // What opens its leadership is applied; not every engine writes an entry for that.
    const replica::Status status = replica(id, shard)->status();
    return status.applied == status.protocol.last_index;
  });
}

model::Member Cluster::member(model::NodeId node) const {
  model::Member member;
  member.id = node;
  member.incarnation = model::Incarnation(std::uint64_t{node.value()} * 100);
  member.name = "n" + std::to_string(node.value());
  member.peer_address = member.name + ":1";
  return member;
}

std::shared_ptr<const model::Configuration> Cluster::initial() const {
  model::Configuration configuration;
  for (std::uint32_t i = 1; i <= options_.nodes; ++i) {
    configuration.voters.push_back(member(model::NodeId(i)));
  }
  return std::make_shared<const model::Configuration>(std::move(configuration));
}

bool Cluster::put(const std::string& key, const std::string& value, model::ShardId shard) {
  const std::string command = [&] {
    codec::CommandBuilder builder;
    codec::Operation operation;
    operation.code = codec::OpCode::set;
    operation.keyspace = model::KeyspaceId(static_cast<std::uint32_t>(shard.value()));
    operation.key = key;
    operation.value = value;
    builder.add(operation);
    return builder.take();
  }();
  for (int attempt = 0; attempt < 50; ++attempt) {
    if (!ensure_session(shard)) {
      return false;
    }
    Session& session = sessions_[shard];
    const model::NodeId node = leader(shard);
    if (node.is_none()) {
      run(base::Duration::milliseconds(50));
      continue;
    }
    const base::ByteView commands[] = {command};
    machine(node).process->sessions->told.clear();
    const base::Status submitted =
        replica(node, shard)->submit_commands(session.id, session.next, {}, commands);
    if (submitted.has_value() && await_result(node, session.next)) {
      session.next = session.next.next();
      return true;
    }
    run(base::Duration::milliseconds(20));
  }
  return false;
}

std::optional<std::string> Cluster::get(model::NodeId node, const std::string& key,
                                        replica::ReadKind kind, base::Duration max_staleness,
                                        model::ShardId shard) {
  codec::CommandBuilder builder;
  codec::Operation operation;
  operation.code = codec::OpCode::get;
  operation.keyspace = model::KeyspaceId(static_cast<std::uint32_t>(shard.value()));
  operation.key = key;
  builder.add(operation);
  replica::testing::TestRead read;
  read.command = base::Buffer::take(builder.take());
  read.kind = kind;
  read.max_staleness = max_staleness;
  replica(node, shard)->read(read);
  if (!run_until([&read] { return read.done; })) {
    replica(node, shard)->cancel_read(read);
    return std::nullopt;
  }
  if (read.error.has_value()) {
    return std::nullopt;
  }
  codec::ResultReader reader(read.value);
  codec::ResultValue result;
  const auto more = reader.next(result);
  OSTRAKA_ASSERT(more.has_value() && *more, "one result");
  return result.kind == codec::ValueKind::nil ? "(nil)" : std::string(result.bytes);
}

bool Cluster::converged(model::ShardId shard) {
  std::optional<model::LogIndex> applied;
  for (auto& [id, machine] : machines_) {
    if (replica::Replica* here = replica(id, shard); here != nullptr) {
      if (applied.value_or(here->applied()) != here->applied()) {
        return false;  // before anything is hashed
      }
      applied = here->applied();
    }
  }
  std::optional<std::pair<model::LogIndex, std::uint64_t>> common;
  for (auto& [id, machine] : machines_) {
    replica::Replica* here = replica(id, shard);
    if (here == nullptr) {
      continue;
    }
    const std::pair mine(here->applied(), here->state_machine().state_hash());
    if (common.has_value() && *common != mine) {
      return false;
    }
    common = mine;
  }
  return true;
}

std::string Cluster::describe(model::ShardId shard) {
  std::ostringstream out;
  for (auto& [id, machine] : machines_) {
    replica::Replica* here = replica(id, shard);
    out << "n" << id.value();
    if (here == nullptr) {
      out << " down\n";
      continue;
    }
    const replica::Status status = here->status();
    const StoreStatus store = machine->process->store->status();
    out << " role " << static_cast<int>(status.protocol.role) << " term "
        << status.protocol.term.value() << " leader " << status.protocol.leader.value() << " log ["
        << status.protocol.first_index.value() << ", " << status.protocol.last_index.value()
        << "] durable " << status.protocol.durable_index.value() << " commit "
        << status.protocol.commit.value() << " applied " << status.applied.value() << " hash "
        << here->state_machine().state_hash() << " snapshots " << store.snapshots_sent << "/"
        << store.snapshots_installed << " running " << store.snapshots_sending << "/"
        << store.snapshots_receiving << " checkpoints " << store.checkpoints
        << (status.stopped.has_value() ? status.stopped->to_string() : "") << "\n";
    for (const protocol::PeerStatus& peer : status.protocol.peers) {
      out << "   peer " << peer.id.value() << " match " << peer.match.value() << " active "
          << peer.recently_active << " snapshot " << peer.needs_snapshot << "\n";
    }
  }
  return out.str();
}

base::Status Cluster::change(std::shared_ptr<const model::Configuration> target, bool joint) {
  std::optional<base::Status> outcome;
  replica(leader())->change_membership(
      std::move(target), joint, [&outcome](base::Status status) { outcome = std::move(status); });
  if (!run_until([&outcome] { return outcome.has_value(); })) {
    return base::fail(base::ErrorCode::deadline_exceeded);
  }
  return *outcome;
}

base::Status Cluster::transfer(model::NodeId to) {
  std::optional<base::Status> outcome;
  replica(leader())->transfer_leadership(
      to, [&outcome](base::Status status) { outcome = std::move(status); });
  if (!run_until([&outcome] { return outcome.has_value(); })) {
    return base::fail(base::ErrorCode::deadline_exceeded);
  }
  return *outcome;
}

void Cluster::deliver(model::NodeId from, model::NodeId to, peer::Channel channel,
                      std::function<void(Process&)> action) {
  if (prng_.chance(options_.loss_per_mille, 1000)) {
    return;
  }
  base::Instant at = scheduler_.now() +
                     base::Duration::nanoseconds(prng_.between(
                         options_.delay_min.as_nanoseconds(), options_.delay_max.as_nanoseconds()));
  if (!options_.reorder) {
    base::Instant& last = last_[{{from, to}, channel}];
    at = last = std::max(last, at);
  }
  machine(to).process->executor->run_at(at, [this, from, to, action = std::move(action)] {
    if (connected(from, to)) {
      action(*machine(to).process);
    }
  });
}

bool Cluster::connected(model::NodeId from, model::NodeId to) const {
  const auto found = machines_.find(to);
  return found != machines_.end() && found->second->process != nullptr &&
         !cuts_.contains({from, to});
}

std::uint64_t Cluster::frames(peer::FrameType type) const {
  const auto found = frames_.find(type);
  return found == frames_.end() ? 0 : found->second;
}

Machine& Cluster::create(model::NodeId id) {
  auto machine = std::make_unique<Machine>();
  machine->id = id;
  machine->clock.jump_wall(base::Duration::seconds(1'700'000'000));
  return *machines_.emplace(id, std::move(machine)).first->second;
}

void Cluster::boot(Machine& machine) {
  OSTRAKA_ASSERT(machine.process == nullptr, "it runs already");
  auto process = std::make_unique<Process>();
  machine.log_failed = false;
  process->executor =
      std::make_unique<sim_ports::SimExecutor>(scheduler_, machine.clock, prng_.next());
  process->files = machine.disk.open_process();
  auto engine = engine_memory::open(*process->files, *process->executor, {});
  if (!engine.has_value()) {
    OSTRAKA_ASSERT(machine.disk.is_dead(), engine.error().to_string());
    return;
  }
  process->engine = std::make_unique<SlowEngine>(*std::move(engine));
  wal::Options log_options;
  log_options.identity = machine.id.value();
  log_options.segment_bytes = 256U << 10;
  log_options.initial_segment_bytes = 64U << 10;
  auto log = wal::Wal::open(*process->files, *process->executor, log_options,
                            [&machine](const base::Error&) { machine.log_failed = true; });
  if (!log.has_value()) {
    OSTRAKA_ASSERT(machine.disk.is_dead(), log.error().to_string());
    return;
  }
  process->log = *std::move(log);
  process->transport = std::make_unique<TestTransport>(*this, machine.id);
  process->sessions = std::make_unique<replica::testing::TestSessions>();
  Options options;
  // Options are move-only (the factory): the rest is copied by hand.
  const Options& given = options_.store;
  options.protocol = given.protocol;
  options.replica = given.replica;
  options.sessions = given.sessions;
  options.checkpoint_log_bytes = given.checkpoint_log_bytes;
  options.checkpoint_age = given.checkpoint_age;
  options.housekeeping_interval = given.housekeeping_interval;
  options.log_keep_entries = given.log_keep_entries;
  options.log_history_bytes = given.log_history_bytes;
  options.log_keep_bytes = given.log_keep_bytes;
  options.snapshot_chunk_bytes = given.snapshot_chunk_bytes;
  options.snapshot_window = given.snapshot_window;
  options.snapshot_timeout = given.snapshot_timeout;
  options.self = machine.id;
  options.seed = prng_.next();
  options.protocol_engine = options_.protocol_engine;
  process->store =
      std::make_unique<Store>(Environment{*process->executor, *process->engine, *process->log,
                                          *process->files, *process->transport},
                              std::move(options));
  process->store->set_sessions(process->sessions.get());
  machine.process = std::move(process);
  open_shards(machine);
}

void Cluster::open_shards(Machine& machine) {
  Store& store = *machine.process->store;
  const base::Status started = store.start();
  if (!started.has_value()) {
    OSTRAKA_ASSERT(machine.disk.is_dead(), started.error().to_string());
    machine.process.reset();
    return;
  }
  for (const model::ShardId shard : {kShard, kSecondShard}) {
    if (shard == kSecondShard && !options_.two_shards) {
      continue;
    }
    kv::StateMachineOptions state;
    state.write_behind_bytes = options_.write_behind_bytes;
    state.keyspace_first = model::KeyspaceId(static_cast<std::uint32_t>(shard.value()));
    state.keyspace_last = state.keyspace_first;
    const base::Status opened =
        store.open_shard(shard, machine.joining ? nullptr : initial(), state);
    if (!opened.has_value()) {
      OSTRAKA_ASSERT(machine.disk.is_dead(), opened.error().to_string());
      machine.process.reset();
      return;
    }
  }
}

bool Cluster::ensure_session(model::ShardId shard) {
  if (sessions_.contains(shard)) {
    return true;
  }
  for (int attempt = 0; attempt < 50; ++attempt) {
    const model::NodeId node = leader(shard);
    const model::SessionId id(++session_ids_);
    if (!node.is_none()) {
      machine(node).process->sessions->told.clear();
      if (replica(node, shard)->register_session(id).has_value() &&
          await_result(node, model::Serial(0))) {
        sessions_[shard] = Session{id, model::Serial(1)};
        return true;
      }
    }
    run(base::Duration::milliseconds(50));
  }
  return false;
}

bool Cluster::await_result(model::NodeId node, model::Serial serial) {
  bool ok = false;
  const bool answered = run_until(
      [&] {
        if (machine(node).process == nullptr) {
          return true;
        }
        for (const auto& told : machine(node).process->sessions->told) {
          if (told.serial == serial) {
            ok = told.results.has_value();
            return true;
          }
        }
        return !machine(node).process->sessions->refused.empty();
      },
      base::Duration::milliseconds(1500));
  if (machine(node).process != nullptr) {
    machine(node).process->sessions->refused.clear();
  }
  return answered && ok;
}

}  // namespace ostraka::store::testing
