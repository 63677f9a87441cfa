#include "protocol/testing/cluster.h"

#include "base/assert.h"

#include <fmt/core.h>

#include <algorithm>

namespace ostraka::protocol::testing {

model::Configuration make_configuration(const std::vector<std::uint32_t>& voters,
                                        const std::vector<std::uint32_t>& learners) {
  model::Configuration configuration;
  for (const std::uint32_t id : voters) {
    configuration.voters.push_back({.id = model::NodeId{id},
                                    .incarnation = model::Incarnation{id},
                                    .name = fmt::format("n{}", id),
                                    .peer_address = {}});
  }
  for (const std::uint32_t id : learners) {
    configuration.learners.push_back({.id = model::NodeId{id},
                                      .incarnation = model::Incarnation{id},
                                      .name = fmt::format("n{}", id),
                                      .peer_address = {}});
  }
  return configuration;
}

Cluster::Cluster(const ClusterOptions& options)
    : options_(options), prng_(options.seed), invariants_(options.engine->make_invariants()) {
  std::vector<std::uint32_t> voters;
  for (std::uint32_t id = 1; id <= options.voters; ++id) {
    voters.push_back(id);
  }
  const auto initial = std::make_shared<const model::Configuration>(make_configuration(voters, {}));
  const auto nobody = std::make_shared<const model::Configuration>();
  nodes_.resize(options.voters + options.spares);
  for (std::uint32_t id = 1; id <= nodes_.size(); ++id) {
    Node& node = node_of(id);
    node.id = model::NodeId{id};
    node.disk.snapshot.configuration = id <= options.voters ? initial : nobody;
    node.disk.checkpoint_configuration = node.disk.snapshot.configuration;
    node.clock_offset = prng_.between(0, 1'000'000'000'000);
    const auto drift = static_cast<std::int64_t>(options.drift_per_mille);
    node.rate_per_mille = 1000 + prng_.between(-drift, drift);
  }
}

void Cluster::start() {
  for (Node& node : nodes_) {
    boot(node);
  }
}

base::Instant Cluster::local(const Node& node) const {
  return base::Instant::from_nanoseconds(node.clock_offset + time_ns_ / 1000 * node.rate_per_mille);
}

std::int64_t Cluster::true_time_of(const Node& node, base::Instant local) const {
  const std::int64_t elapsed = local.as_nanoseconds() - node.clock_offset;
  return std::max(time_ns_, (elapsed / node.rate_per_mille + 1) * 1000);
}

Recovered Cluster::recovered(const Node& node) const {
  Recovered r;
  r.hard_state = node.disk.hard_state;
  r.snapshot = node.disk.snapshot;
  r.applied = node.disk.checkpoint;
  for (const auto& [index, entry] : node.disk.log) {
    r.entries.push_back(entry.meta);
  }
  r.configurations = node.disk.configurations;
  return r;
}

void Cluster::boot(Node& node) {
  ProtocolParts parts;
  parts.self = node.id;
  parts.settings = options_.settings;
  parts.seed = prng_.next() ^ node.id.value();
  parts.now = local(node);
  parts.recovered = recovered(node);
  invariants_->observe_started(node.id, parts.recovered);
  node.protocol = engine().make(parts);
  engine().plant(*node.protocol, options_.mutant);
  node.writes.clear();
  node.waiting.clear();
  node.timers.clear();
  node.payloads.clear();
  for (const auto& [index, entry] : node.disk.log) {
    node.payloads[index] = entry.payload;
  }
  node.durable = {};
  node.applied = node.disk.checkpoint;
  node.state_hash = node.disk.checkpoint_hash;
  node.configuration = node.disk.checkpoint_configuration;
  node.staged_from = {};
  ++node.starts;
  step(node, Started{});
}

void Cluster::say(std::string line) {
  if (logging_) {
    log_.push_back(std::move(line));
  }
}

void Cluster::step(Node& node, EventBody body) {
  if (node.protocol == nullptr || violation_) {
    return;
  }
  ++counters_.steps;
  node.effects.clear();
  node.protocol->step({local(node), std::move(body)}, node.effects);
  take_effects(node);
  const ProtocolStatus status = node.protocol->status();
  invariants_->observe_state(node.id, status, node.protocol->configuration());
  apply(node);
  sample_leases();
}

void Cluster::sample_leases() {
  for (Node& node : nodes_) {
    invariants_->observe_lease(
        node.id, node.protocol != nullptr && node.protocol->lease_covers(local(node)));
  }
  if (!violation_) {
    violation_ = invariants_->check();
    if (violation_) {
      say("VIOLATION " + *violation_);
    }
  }
}

void Cluster::take_effects(Node& node) {
  Effects& effects = node.effects;
  for (const TraceRecord& record : effects.trace) {
    say(fmt::format("{}: {}", node.id.value(), node.protocol->describe(record)));
  }
  if (effects.log_lost) {
    violation_ = fmt::format("node {} is told that it lost its log, and no disk here loses any",
                             node.id.value());
  }
  if (effects.role_change && effects.role_change->role == Role::leader) {
    ++counters_.elections;
  }
  if (effects.append.present) {
    take_append(node);
  }
  for (const TimerRequest& timer : effects.timers) {
    node.timers[timer.id] = timer.deadline;
  }
  // Messages with payloads attached; the effects are not touched by what follows.
  const auto packet_of = [&node](const Message& message) {
    Packet packet;
    packet.message = message;
    for (const EntryMeta& entry : message.entries) {
      const auto at = node.payloads.find(entry.index);
      packet.payloads.push_back(at == node.payloads.end() ? 0 : at->second);
    }
    return packet;
  };
  for (const DelayedMessage& delayed : effects.send_after_durable) {
    if (delayed.token <= node.durable) {
      send(node, packet_of(delayed.message));
    } else {
      node.waiting.emplace_back(delayed.token, packet_of(delayed.message));
    }
  }
  for (const Message& message : effects.send_now) {
    send(node, packet_of(message));
  }
  take_snapshots(node);
  take_answers(node);
}

void Cluster::take_append(Node& node) {
  const Append& append = node.effects.append;
  DiskWrite write;
  write.append = append;
  write.at = time_ns_ + delay(options_.disk_min_us, options_.disk_max_us);
  if (!node.writes.empty()) {
    write.at = std::max(write.at, node.writes.back().at);
  }
  for (const EntryMeta& entry : append.entries) {
    const std::optional<std::uint64_t> payload = payload_of(node, entry);
    if (!payload) {
      violation_ = fmt::format("DRIVER node {} appends entry {} of term {} without a payload",
                               node.id.value(), entry.index.value(), entry.term.value());
    }
    write.payloads.push_back(payload.value_or(0));
  }
  // After all were found: what is written again takes its payload from what is replaced.
  for (std::size_t i = 0; i < append.entries.size(); ++i) {
    node.payloads[append.entries[i].index] = write.payloads[i];
  }
  invariants_->observe_append(node.id, append, write.payloads);
  node.writes.push_back(std::move(write));
}

std::optional<std::uint64_t> Cluster::payload_of(const Node& node, const EntryMeta& entry) const {
  if (entry.kind != EntryKind::data) {
    return 0;
  }
  for (const Proposed& proposed : node.effects.proposed) {
    if (proposed.index == entry.index) {
      return value_;
    }
  }
  for (std::size_t i = 0; incoming_ != nullptr && i < incoming_->message.entries.size(); ++i) {
    const EntryMeta& received = incoming_->message.entries[i];
    if (received.index == entry.index && received.term == entry.term) {
      return incoming_->payloads[i];
    }
  }
  const auto mine = node.payloads.find(entry.index);
  return mine == node.payloads.end() ? std::nullopt : std::optional(mine->second);
}

void Cluster::take_answers(Node& node) {
  Effects& effects = node.effects;
  for (const ReadReady& ready : effects.reads) {
    invariants_->observe_read_ready(node.id, ready.id, ready.index);
    open_reads_.erase(ready.id.value());
    answers_[ready.id.value()].index = ready.index;
    ++counters_.reads_done;
    say(fmt::format("{}: read {} at {}", node.id.value(), ready.id.value(), ready.index.value()));
  }
  for (const RequestFailed& failed : effects.failed) {
    answers_[failed.id.value()] = {failed.code, failed.leader_hint, {}, {}};
    if (open_reads_.erase(failed.id.value()) != 0) {
      invariants_->observe_read_failed(node.id, failed.id);
      ++counters_.reads_failed;
    }
    say(fmt::format("{}: request {} failed: {}", node.id.value(), failed.id.value(),
                    base::name_of(failed.code)));
  }
  for (const Proposed& proposed : effects.proposed) {
    ++counters_.proposals;
    answers_[proposed.id.value()] = {{}, {}, proposed.index, proposed.term};
    say(fmt::format("{}: proposed {} in term {}", node.id.value(), proposed.index.value(),
                    proposed.term.value()));
  }
  for (const RequestDone& done : effects.done) {
    answers_[done.id.value()] = {};
    ++(done.id.value() % 2 == 0 ? counters_.changes : counters_.transfers);
    say(fmt::format("{}: request {} done", node.id.value(), done.id.value()));
  }
}

void Cluster::take_snapshots(Node& node) {
  Effects& effects = node.effects;
  for (const SendSnapshot& wanted : effects.send_snapshot) {
    SnapshotTransfer transfer;
    transfer.from = node.id;
    transfer.to = wanted.to;
    transfer.leader_term = node.protocol->status().term;
    transfer.meta = {node.applied, node.protocol->term_at(node.applied), node.configuration};
    transfer.hash = node.state_hash;
    transfer.at = time_ns_ + 5 * delay(options_.delay_min_us, options_.delay_max_us);
    transfer.lost = prng_.chance(options_.loss_per_mille, 1000) || node.applied < wanted.at_least;
    transfers_.push_back(std::move(transfer));
    ++counters_.snapshots;
  }
  const bool decided = effects.install_snapshot || effects.discard_snapshot;
  if (effects.install_snapshot) {
    const SnapshotMeta& meta = *effects.install_snapshot;
    invariants_->observe_install(node.id, meta);
    DiskWrite write;
    write.snapshot = meta;
    write.snapshot_hash = node.staged_hash;
    write.at = time_ns_ + delay(options_.disk_min_us, 4 * options_.disk_max_us);
    if (!node.writes.empty()) {
      write.at = std::max(write.at, node.writes.back().at);
    }
    node.writes.push_back(std::move(write));
  }
  if (decided && !node.staged_from.is_none()) {
    SnapshotTransfer answer;  // the sender hears about it at once
    answer.from = node.id;
    answer.to = node.staged_from;
    answer.at = time_ns_;
    answer.lost = !effects.install_snapshot;
    answer.meta.index =
        effects.install_snapshot ? effects.install_snapshot->index : model::LogIndex{};
    answer.leader_term = {};
    node.staged_from = {};
    transfers_.push_back(std::move(answer));
  }
}

void Cluster::apply(Node& node) {
  const model::LogIndex upto = node.effects.apply_upto;
  if (upto.is_none() || violation_) {
    return;
  }
  while (node.applied < upto) {
    node.applied = node.applied.next();
    const std::uint64_t payload = node.payloads[node.applied];
    const model::Term term = node.protocol->term_at(node.applied);
    node.state_hash = node.state_hash * 0x9e3779b97f4a7c15ULL + payload + 1;
    invariants_->observe_applied(node.id, node.applied, term, payload);
    for (const ConfigurationAt& at : node.disk.configurations) {
      if (at.index == node.applied) {
        node.configuration = at.configuration;
      }
    }
  }
  step(node, Applied{node.applied});
}

std::uint64_t Cluster::propose(std::uint32_t node, std::uint32_t bytes) {
  value_ = prng_.next();
  const std::uint64_t id = ++number_;
  step(node_of(node), Propose{RequestId{id}, bytes});
  return id;
}

void Cluster::campaign(std::uint32_t node) { step(node_of(node), Campaign{}); }

std::uint64_t Cluster::read(std::uint32_t node) {
  Node& it = node_of(node);
  if (it.protocol == nullptr || violation_) {
    return 0;
  }
  const RequestId id{++number_};
  invariants_->observe_read_asked(it.id, id);
  if (it.protocol->lease_covers(local(it))) {
    ++counters_.lease_reads;
    say(fmt::format("{}: read {} by lease at {}", node, id.value(),
                    it.protocol->status().commit.value()));
    invariants_->observe_read_ready(it.id, id, it.protocol->status().commit);
    answers_[id.value()].index = it.protocol->status().commit;
    sample_leases();
    return id.value();
  }
  open_reads_[id.value()] = {time_ns_, it.id};
  step(it, ReadBarrier{id});
  return id.value();
}

std::uint64_t Cluster::transfer(std::uint32_t from, std::uint32_t to) {
  number_ += 1 + number_ % 2;  // odd numbers
  const std::uint64_t id = number_;
  step(node_of(from), TransferLeadership{RequestId{id}, model::NodeId{to}});
  return id;
}

std::uint64_t Cluster::change(std::uint32_t node, const model::Configuration& target, bool joint) {
  number_ += 2 - number_ % 2;  // even numbers
  const std::uint64_t id = number_;
  step(
      node_of(node),
      ChangeMembership{RequestId{id}, std::make_shared<const model::Configuration>(target), joint});
  return id;
}

void Cluster::step_down(std::uint32_t node) { step(node_of(node), StepDown{}); }

void Cluster::disk_space(std::uint32_t node, bool full) { step(node_of(node), DiskSpace{full}); }

void Cluster::unreachable(std::uint32_t node, std::uint32_t peer) {
  step(node_of(node), PeerUnreachable{model::NodeId{peer}});
}

void Cluster::crash(std::uint32_t number) {
  Node& node = node_of(number);
  if (node.protocol == nullptr) {
    return;
  }
  // Writes reach the disk in order; some of those under way may have.
  std::size_t survive = options_.manual_network ? 0 : prng_.below(node.writes.size() + 1);
  while (survive-- > 0) {
    write_to_disk(node, node.writes.front());
    node.writes.pop_front();
  }
  node.protocol.reset();
  node.writes.clear();
  node.waiting.clear();
  node.timers.clear();
  std::erase_if(open_reads_, [&](const auto& read) { return read.second.second == node.id; });
  invariants_->observe_crashed(node.id);
}

void Cluster::restart(std::uint32_t number) {
  Node& node = node_of(number);
  if (node.protocol == nullptr) {
    boot(node);
  }
}

void Cluster::compact(std::uint32_t number, std::uint64_t keep) {
  Node& node = node_of(number);
  Disk& disk = node.disk;
  if (node.protocol == nullptr || violation_ || !node.writes.empty() ||
      node.applied.value() <= disk.snapshot.index.value() + keep) {
    return;
  }
  disk.checkpoint = node.applied;
  disk.checkpoint_hash = node.state_hash;
  disk.checkpoint_configuration = node.configuration;
  const model::LogIndex upto = std::min(node.applied - keep, node.protocol->trim_limit());
  if (upto <= disk.snapshot.index) {
    return;
  }
  SnapshotMeta start = disk.snapshot;
  start.index = upto;
  start.term = disk.log.at(upto).meta.term;
  for (const ConfigurationAt& at : disk.configurations) {
    if (at.index <= upto) {
      start.configuration = at.configuration;
    }
  }
  std::erase_if(disk.configurations, [&](const ConfigurationAt& at) { return at.index <= upto; });
  disk.log.erase(disk.log.begin(), disk.log.upper_bound(upto));
  disk.snapshot = start;
  step(node, LogCompacted{upto});
}

const Answer* Cluster::answer(std::uint64_t request) const {
  const auto found = answers_.find(request);
  return found == answers_.end() ? nullptr : &found->second;
}

std::uint32_t Cluster::leader() {
  std::uint32_t found = 0;
  model::Term term;
  for (Node& node : nodes_) {
    if (node.protocol == nullptr) {
      continue;
    }
    const ProtocolStatus status = node.protocol->status();
    if (status.role == Role::leader && status.term > term) {
      term = status.term;
      found = node.id.value();
    }
  }
  return found;
}

bool Cluster::lease_of(std::uint32_t number) {
  const Node& node = node_of(number);
  return node.protocol != nullptr && node.protocol->lease_covers(local(node));
}

Cluster::Counters& Cluster::Counters::operator+=(const Counters& other) {
  reads_done += other.reads_done;
  reads_failed += other.reads_failed;
  lease_reads += other.lease_reads;
  proposals += other.proposals;
  changes += other.changes;
  transfers += other.transfers;
  elections += other.elections;
  snapshots += other.snapshots;
  steps += other.steps;
  return *this;
}

}  // namespace ostraka::protocol::testing
