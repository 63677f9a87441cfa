#include "protocol/testing/victim.h"

#include "base/assert.h"
#include "protocol/testing/cluster.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol::testing {
namespace {

constexpr std::size_t kSentKept = 32;
// More than every pending read and a window to every peer.
constexpr std::size_t kMessagesOfOneStepMax = 8192;

Settings settings() {
  Settings small;
  small.max_message_bytes = 32;
  small.max_in_flight_bytes = 128;
  small.max_in_flight_messages = 4;
  small.max_uncommitted_bytes = 4096;
  small.trace = true;
  return small;
}

}  // namespace

Victim::Counters& Victim::Counters::operator+=(const Counters& other) {
  steps += other.steps;
  refused += other.refused;
  elections += other.elections;
  entries += other.entries;
  applied += other.applied;
  replaced += other.replaced;
  installs += other.installs;
  restarts += other.restarts;
  return *this;
}

Victim::Victim(const EngineProbe& engine, std::uint32_t voters) : engine_(engine) {
  std::vector<std::uint32_t> ids;
  for (std::uint32_t id = 1; id <= voters; ++id) {
    ids.push_back(id);
  }
  disk_.base.configuration =
      std::make_shared<const model::Configuration>(make_configuration(ids, {}));
  boot();
}

void Victim::boot() {
  ProtocolParts parts{.shard = {},
                      .self = kSelf,
                      .settings = settings(),
                      .seed = 42,
                      .now = now_,
                      .recovered = {.hard_state = disk_.hard_state,
                                    .snapshot = disk_.base,
                                    .applied = disk_.base.index,
                                    .entries = {},
                                    .configurations = {}}};
  held_.clear();
  for (const auto& [index, entry] : disk_.entries) {
    parts.recovered.entries.push_back(entry);
    held_.insert(index);
  }
  for (const auto& [index, configuration] : disk_.configurations) {
    parts.recovered.configurations.push_back({index, configuration});
  }
  protocol_ = engine_.make(parts);
  writes_.clear();
  timers_.clear();
  installing_.reset();
  term_ = disk_.hard_state.term;
  applied_ = disk_.base.index;
  step(Started{});
}

void Victim::step(const EventBody& body) {
  ++counters_.steps;
  out_.clear();
  protocol_->step({now_, body}, out_);
  for (const TraceRecord& record : out_.trace) {
    OSTRAKA_ASSERT(!protocol_->describe(record).empty(), "every record can be told");
  }
  counters_.refused += out_.message_refused ? 1 : 0;
  OSTRAKA_ASSERT(out_.send_now.size() + out_.send_after_durable.size() <= kMessagesOfOneStepMax,
                 "the messages of a step are bounded");
  if (out_.append.present) {
    take_append();
  }
  for (const TimerRequest& timer : out_.timers) {
    timers_[timer.id] = timer.deadline;
  }
  for (const Message& message : out_.send_now) {
    note_sent(message);
  }
  for (const DelayedMessage& delayed : out_.send_after_durable) {
    note_sent(delayed.message);
  }
  take_snapshots();
  if (out_.role_change && out_.role_change->role == Role::leader) {
    ++counters_.elections;
  }
  const ProtocolStatus status = protocol_->status();
  OSTRAKA_ASSERT(status.term >= term_, "terms never fall");
  term_ = status.term;
  if (const model::LogIndex upto = out_.apply_upto; upto > applied_) {
    OSTRAKA_ASSERT(upto <= status.durable_index && upto <= status.commit, "durable and committed");
    counters_.applied += upto - applied_;
    applied_ = upto;
    step(Applied{upto});
  }
}

// As the driver: the payload is in the proposal, in the message, in the configuration, or empty; or
// what a slot engine writes again is here already.
bool Victim::has_payload(const EntryMeta& entry) const {
  if (entry.kind == EntryKind::noop || proposing_) {
    return true;
  }
  if (received_ != nullptr) {
    const auto& entries = received_->entries;
    const auto found = std::lower_bound(
        entries.begin(), entries.end(), entry.index,
        [](const EntryMeta& each, model::LogIndex index) { return each.index < index; });
    if (found != entries.end() && *found == entry) {
      return true;
    }
  }
  if (entry.kind == EntryKind::configuration) {
    return std::any_of(out_.append.configurations.begin(), out_.append.configurations.end(),
                       [&entry](const ConfigurationAt& at) { return at.index == entry.index; });
  }
  return engine_.slots && held_.contains(entry.index);
}

void Victim::take_append() {
  const Append& append = out_.append;
  if (append.truncate_from) {
    OSTRAKA_ASSERT(!engine_.slots, "slots are not cut off");
    OSTRAKA_ASSERT(*append.truncate_from > applied_, "nothing committed is ever cut off");
    held_.erase(held_.lower_bound(*append.truncate_from), held_.end());
    ++counters_.replaced;
  }
  for (const EntryMeta& entry : append.entries) {
    OSTRAKA_ASSERT(entry.index > applied_, "nothing committed is overwritten");
    OSTRAKA_ASSERT(has_payload(entry), "an appended entry has its payload somewhere");
    counters_.entries += received_ != nullptr ? 1 : 0;
    const bool fresh = held_.insert(entry.index).second;
    OSTRAKA_ASSERT(fresh || engine_.slots, "an entry is cut off before it is replaced");
    counters_.replaced += fresh ? 0 : 1;
  }
  if (append.hard_state) {
    OSTRAKA_ASSERT(append.hard_state->term >= term_, "terms never fall");
  }
  writes_.push_back(append);
}

void Victim::take_snapshots() {
  if (out_.install_snapshot || out_.discard_snapshot) {
    OSTRAKA_ASSERT(snapshot_offered_ && !installing_, "only what is staged is decided about");
    OSTRAKA_ASSERT(out_.install_snapshot.has_value() != out_.discard_snapshot, "one of the two");
    snapshot_offered_ = false;
  }
  if (out_.install_snapshot) {
    OSTRAKA_ASSERT(out_.install_snapshot->index > applied_,
                   "a snapshot never takes the state back");
    installing_ = out_.install_snapshot;
  }
}

void Victim::note_sent(const Message& message) {
  sent_.push_back(message);
  if (sent_.size() > kSentKept) {
    sent_.pop_front();
  }
}

void Victim::receive(const Message& message) {
  received_ = &message;
  step(Received{&message});
  received_ = nullptr;
}

void Victim::receive_snapshot(const SnapshotReceived& event) {
  if (installing_) {
    return;
  }
  snapshot_offered_ = true;
  step(event);
  OSTRAKA_ASSERT(!snapshot_offered_, "a staged snapshot is installed or dropped");
}

void Victim::propose(std::uint32_t bytes) {
  proposing_ = true;
  step(Propose{RequestId{counters_.steps}, bytes});
  proposing_ = false;
}

void Victim::fire_timer() {
  auto first = timers_.end();
  for (auto at = timers_.begin(); at != timers_.end(); ++at) {
    if (first == timers_.end() || at->second < first->second) {
      first = at;
    }
  }
  if (first == timers_.end() || first->second == base::Instant::never()) {
    return;
  }
  now_ = std::max(now_, first->second);
  first->second = base::Instant::never();
  step(TimerFired{first->first});
}

void Victim::pass(std::int64_t microseconds) {
  now_ = now_ + base::Duration::microseconds(microseconds);
}

void Victim::write(const Append& append) {
  if (append.truncate_from) {
    const model::LogIndex from = *append.truncate_from;
    disk_.entries.erase(disk_.entries.lower_bound(from), disk_.entries.end());
    disk_.configurations.erase(disk_.configurations.lower_bound(from), disk_.configurations.end());
  }
  for (const EntryMeta& entry : append.entries) {
    const model::LogIndex last =
        disk_.entries.empty() ? disk_.base.index : disk_.entries.rbegin()->first;
    OSTRAKA_ASSERT(engine_.slots || entry.index == last.next(), "a log has no gaps");
    disk_.entries[entry.index] = entry;
    disk_.configurations.erase(entry.index);
  }
  for (const ConfigurationAt& at : append.configurations) {
    disk_.configurations[at.index] = at.configuration;
  }
  if (append.hard_state) {
    disk_.hard_state = *append.hard_state;
  }
}

void Victim::finish_write() {
  if (writes_.empty()) {
    return;
  }
  const Append done = std::move(writes_.front());
  writes_.pop_front();
  write(done);
  step(Durable{done.token, done.term, done.index});
}

// The new start of the log is a write like the others: those before it are on disk then, and the
// instance hears of them after it.
void Victim::finish_install() {
  if (!installing_) {
    return;
  }
  const SnapshotMeta meta = *std::exchange(installing_, std::nullopt);
  std::deque<Append> before = std::exchange(writes_, {});
  for (const Append& append : before) {
    write(append);
  }
  disk_.base = meta;
  drop_upto(meta.index);
  if (!protocol_->keeps_slots()) {
    disk_.entries.clear();
    disk_.configurations.clear();
    held_.clear();
  }
  applied_ = meta.index;
  ++counters_.installs;
  step(SnapshotInstalled{meta});
  for (const Append& append : before) {
    step(Durable{append.token, append.term, append.index});
  }
}

void Victim::compact(std::uint64_t keep) {
  if (installing_ || !writes_.empty() || applied_.value() <= disk_.base.index.value() + keep) {
    return;
  }
  const model::LogIndex upto = std::min(applied_ - keep, protocol_->trim_limit());
  if (upto <= disk_.base.index) {
    return;
  }
  disk_.base.index = upto;
  disk_.base.term = protocol_->term_at(upto);
  for (const auto& [index, configuration] : disk_.configurations) {
    if (index <= upto) {
      disk_.base.configuration = configuration;
    }
  }
  drop_upto(upto);
  step(LogCompacted{upto});
}

void Victim::drop_upto(model::LogIndex index) {
  disk_.entries.erase(disk_.entries.begin(), disk_.entries.upper_bound(index));
  disk_.configurations.erase(disk_.configurations.begin(), disk_.configurations.upper_bound(index));
  held_.erase(held_.begin(), held_.upper_bound(index));
}

void Victim::restart(std::size_t survive) {
  for (std::size_t i = 0; i < std::min(survive, writes_.size()); ++i) {
    write(writes_[i]);
  }
  ++counters_.restarts;
  now_ = now_ + base::Duration::milliseconds(1);
  boot();
}

}  // namespace ostraka::protocol::testing
