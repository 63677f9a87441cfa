// The simulated network, disks and clocks.
#include "base/assert.h"
#include "protocol/testing/cluster.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace ostraka::protocol::testing {
namespace {

bool matches(const Packet& packet, std::pair<std::uint32_t, std::uint32_t> link,
             std::uint8_t kind) {
  return (link.first == 0 || packet.message.from.value() == link.first) &&
         (link.second == 0 || packet.message.to.value() == link.second) &&
         (kind == 0 || packet.message.kind == kind);
}

}  // namespace

std::int64_t Cluster::delay(std::int64_t low_us, std::int64_t high_us) {
  if (options_.manual_network) {
    return 0;
  }
  return prng_.between(low_us, std::max(low_us, high_us)) * 1000;
}

void Cluster::send(Node& node, Packet packet) {
  invariants_->observe_sent(packet.message);
  if (node.id == packet.message.to) {
    return;
  }
  if (!options_.manual_network && prng_.chance(options_.loss_per_mille, 1000)) {
    return;
  }
  if (!options_.manual_network && prng_.chance(options_.duplicate_per_mille, 1000)) {
    post(packet);
  }
  post(std::move(packet));
}

void Cluster::post(Packet packet) {
  packet.at = time_ns_ + delay(options_.delay_min_us, options_.delay_max_us);
  if (!options_.manual_network && prng_.chance(options_.loss_per_mille, 2000)) {
    packet.at += delay(100'000, 900'000);  // some come very late
  }
  packet.number = ++number_;
  number_ += number_ % 2;
  for (const auto& [link, kind] : holds_) {
    packet.held = packet.held || matches(packet, link, kind);
  }
  say("   " + engine().render(packet.message) + (packet.held ? " [held]" : ""));
  packets_.push_back(std::move(packet));
}

void Cluster::hold(std::uint32_t from, std::uint32_t to, std::uint8_t kind) {
  holds_.push_back({{from, to}, kind});
  for (Packet& packet : packets_) {
    packet.held = packet.held || matches(packet, {from, to}, kind);
  }
}

void Cluster::release() {
  holds_.clear();
  for (Packet& packet : packets_) {
    packet.held = false;
  }
}

std::size_t Cluster::drop(std::uint32_t from, std::uint32_t to, std::uint8_t kind) {
  return std::erase_if(packets_,
                       [&](const Packet& packet) { return matches(packet, {from, to}, kind); });
}

void Cluster::arrive(const Packet& packet) {
  const std::uint32_t from = packet.message.from.value();
  const std::uint32_t to = packet.message.to.value();
  if (to == 0 || to > size() || cuts_.contains({from, to})) {
    return;
  }
  Node& node = node_of(to);
  if (node.protocol == nullptr || violation_) {
    return;
  }
  incoming_ = &packet;
  step(node, Received{&packet.message});
  incoming_ = nullptr;
}

void Cluster::write_to_disk(Node& node, const DiskWrite& write) {
  Disk& disk = node.disk;
  if (write.snapshot) {
    disk.snapshot = *write.snapshot;
    if (engine().slots) {  // what was accepted behind it stays
      disk.log.erase(disk.log.begin(), disk.log.upper_bound(write.snapshot->index));
    } else {
      disk.log.clear();
    }
    std::erase_if(disk.configurations,
                  [&disk](const ConfigurationAt& at) { return !disk.log.contains(at.index); });
    disk.checkpoint = write.snapshot->index;
    disk.checkpoint_hash = write.snapshot_hash;
    disk.checkpoint_configuration = write.snapshot->configuration;
    return;
  }
  const Append& append = write.append;
  if (append.truncate_from) {
    disk.log.erase(disk.log.lower_bound(*append.truncate_from), disk.log.end());
    std::erase_if(disk.configurations,
                  [&](const ConfigurationAt& at) { return at.index >= *append.truncate_from; });
  }
  for (std::size_t i = 0; i < append.entries.size(); ++i) {
    const EntryMeta& entry = append.entries[i];
    const model::LogIndex last = disk.log.empty() ? disk.snapshot.index : disk.log.rbegin()->first;
    if (!engine().slots && entry.index != last.next() && !violation_) {
      violation_ = fmt::format("DRIVER node {} appends entry {} behind {}", node.id.value(),
                               entry.index.value(), last.value());
    }
    disk.log[entry.index] = {entry, write.payloads[i]};
    std::erase_if(disk.configurations,
                  [&entry](const ConfigurationAt& at) { return at.index == entry.index; });
  }
  disk.configurations.insert(disk.configurations.end(), append.configurations.begin(),
                             append.configurations.end());
  std::ranges::sort(disk.configurations, {}, &ConfigurationAt::index);
  if (append.hard_state) {
    disk.hard_state = *append.hard_state;
  }
}

void Cluster::finish_write(Node& node) {
  const DiskWrite write = std::move(node.writes.front());
  node.writes.pop_front();
  write_to_disk(node, write);
  if (write.snapshot) {
    invariants_->observe_snapshot_durable(node.id);
    node.applied = write.snapshot->index;
    node.state_hash = write.snapshot_hash;
    node.configuration = write.snapshot->configuration;
    step(node, SnapshotInstalled{*write.snapshot});
    return;
  }
  node.durable = write.append.token;
  invariants_->observe_append_durable(node.id, write.append.token);
  while (!node.waiting.empty() && node.waiting.front().first <= node.durable) {
    Packet packet = std::move(node.waiting.front().second);
    node.waiting.erase(node.waiting.begin());
    send(node, std::move(packet));
  }
  step(node, Durable{write.append.token, write.append.term, write.append.index});
}

bool Cluster::deliver_one() {
  for (Node& node : nodes_) {
    if (!node.disk_held && !node.writes.empty()) {
      finish_write(node);
      return true;
    }
  }
  for (std::size_t i = 0; i < packets_.size(); ++i) {
    if (!packets_[i].held) {
      Packet packet = std::move(packets_[i]);
      packets_.erase(packets_.begin() + static_cast<std::ptrdiff_t>(i));
      arrive(packet);
      return true;
    }
  }
  if (!transfers_.empty()) {
    const SnapshotTransfer transfer = std::move(transfers_.front());
    transfers_.erase(transfers_.begin());
    finish_transfer(transfer);
    return true;
  }
  return false;
}

void Cluster::deliver() {
  for (int i = 0; i < 100'000 && deliver_one() && !violation_; ++i) {
  }
}

std::size_t Cluster::deliver(std::uint32_t from, std::uint32_t to, std::uint8_t kind) {
  std::vector<Packet> chosen;
  for (std::size_t i = 0; i < packets_.size();) {
    if (matches(packets_[i], {from, to}, kind)) {
      chosen.push_back(std::move(packets_[i]));
      packets_.erase(packets_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  for (Packet& packet : chosen) {
    arrive(packet);
  }
  return chosen.size();
}

void Cluster::deliver_at(std::size_t place, bool keep_a_copy) {
  Packet packet = packets_[place];
  if (!keep_a_copy) {
    drop_at(place);
  }
  arrive(packet);
}

void Cluster::drop_at(std::size_t place) {
  packets_.erase(packets_.begin() + static_cast<std::ptrdiff_t>(place));
}

void Cluster::finish_transfer(const SnapshotTransfer& transfer) {
  Node& to = node_of(transfer.to.value());
  const bool answer = transfer.leader_term.is_none();
  if (answer) {
    step(to, SnapshotSent{transfer.from, transfer.meta.index, !transfer.lost});
    return;
  }
  const bool cut = cuts_.contains({transfer.from.value(), transfer.to.value()});
  if (transfer.lost || cut || to.protocol == nullptr || !to.staged_from.is_none()) {
    step(node_of(transfer.from.value()), SnapshotSent{transfer.to, transfer.meta.index, false});
    return;
  }
  to.staged_from = transfer.from;
  to.staged_hash = transfer.hash;
  step(to, SnapshotReceived{transfer.from, transfer.leader_term, transfer.meta});
}

std::int64_t Cluster::next_time() const {
  std::int64_t next = std::numeric_limits<std::int64_t>::max();
  for (const Node& node : nodes_) {
    if (node.protocol == nullptr) {
      continue;
    }
    if (!node.disk_held && !node.writes.empty()) {
      next = std::min(next, node.writes.front().at);
    }
    for (const auto& [id, deadline] : node.timers) {
      if (deadline != base::Instant::never()) {
        next = std::min(next, true_time_of(node, deadline));
      }
    }
  }
  for (const Packet& packet : packets_) {
    if (!packet.held) {
      next = std::min(next, packet.at);
    }
  }
  for (const SnapshotTransfer& transfer : transfers_) {
    next = std::min(next, transfer.at);
  }
  return std::max(next, time_ns_);
}

// Runs the one thing that is due at time_ns_.
void Cluster::run_one() {
  for (Node& node : nodes_) {
    if (node.protocol == nullptr) {
      continue;
    }
    if (!node.disk_held && !node.writes.empty() && node.writes.front().at <= time_ns_) {
      finish_write(node);
      return;
    }
    for (auto& [id, deadline] : node.timers) {
      if (deadline != base::Instant::never() && true_time_of(node, deadline) <= time_ns_) {
        const TimerId fired = id;
        deadline = base::Instant::never();
        step(node, TimerFired{fired});
        return;
      }
    }
  }
  for (std::size_t i = 0; i < transfers_.size(); ++i) {
    if (transfers_[i].at <= time_ns_) {
      const SnapshotTransfer transfer = std::move(transfers_[i]);
      transfers_.erase(transfers_.begin() + static_cast<std::ptrdiff_t>(i));
      finish_transfer(transfer);
      return;
    }
  }
  std::size_t first = packets_.size();
  for (std::size_t i = 0; i < packets_.size(); ++i) {
    if (!packets_[i].held && packets_[i].at <= time_ns_ &&
        (first == packets_.size() || packets_[i].at < packets_[first].at)) {
      first = i;
    }
  }
  if (first != packets_.size()) {
    Packet packet = std::move(packets_[first]);
    packets_.erase(packets_.begin() + static_cast<std::ptrdiff_t>(first));
    arrive(packet);
  }
}

void Cluster::run_for(std::int64_t microseconds) {
  const std::int64_t end = time_ns_ + microseconds * 1000;
  while (!violation_) {
    const std::int64_t next = next_time();
    if (next > end) {
      break;
    }
    time_ns_ = next;
    run_one();
  }
  time_ns_ = std::max(time_ns_, end);
  const std::int64_t limit = 2 * options_.settings.election_timeout_max.as_nanoseconds();
  for (const auto& [id, asked] : open_reads_) {
    if (time_ns_ - asked.first > limit && !violation_) {
      violation_ = fmt::format("L2: read {} has no answer after {} ms", id,
                               (time_ns_ - asked.first) / 1'000'000);
    }
  }
}

}  // namespace ostraka::protocol::testing
