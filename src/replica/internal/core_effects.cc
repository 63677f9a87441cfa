// How each effect is carried out.
#include "base/assert.h"
#include "codec/configuration.h"
#include "replica/internal/core.h"

#include <algorithm>
#include <string>
#include <utility>

namespace ostraka::replica {

// The order: what is appended is in the cache before messages look for it; messages leave before
// anything that may take long; listeners come last.
void Replica::Impl::execute(protocol::Effects& effects) {
  if (effects.log_lost.has_value()) {
    const protocol::LogLost& lost = *effects.log_lost;
    fail({base::ErrorCode::log_lost, "it ends at entry " + std::to_string(lost.last.value()) +
                                         ", and node " + std::to_string(lost.told_by.value()) +
                                         " holds an acknowledgement of everything up to entry " +
                                         std::to_string(lost.acknowledged.value()) +
                                         ": the disk forgot what it had synced"});
    return;
  }
  counters_.messages_refused += effects.message_refused ? 1 : 0;
  const bool role_changed = effects.role_change.has_value();
  const bool led = leads();
  if (role_changed) {
    role_ = *effects.role_change;
  }
  note_proposals(effects);
  if (effects.append.present) {
    append(effects.append);
  }
  for (protocol::Message& message : effects.send_now) {
    outbox_.send(message);
  }
  for (const protocol::DelayedMessage& delayed : effects.send_after_durable) {
    outbox_.hold(delayed);
  }
  arm_timers(effects.timers);
  if (effects.apply_upto > durability_.apply_upto) {
    durability_.apply_upto = effects.apply_upto;
    cache_.pin_from(effects.apply_upto.next());
    applier_.advance(effects.apply_upto);
  }
  answer_requests(effects);
  handle_snapshots(effects);
  if (effects.configuration != nullptr) {
    parts_.host.on_configuration(parts_.shard, effects.configuration);
  }
  if (role_changed) {
    if (led) {
      intake_.end_leadership(base::ErrorCode::not_leader);
    }
    change_role(role_);
  }
}

void Replica::Impl::note_proposals(const protocol::Effects& effects) {
  for (const protocol::Proposed& proposed : effects.proposed) {
    OSTRAKA_ASSERT(proposed.id == proposing_.id, "a proposal is answered in its step");
    proposing_.index = proposed.index;
  }
}

void Replica::Impl::append(protocol::Append& append) {
  ++counters_.appends;
  port::LogWrite write;
  write.truncate_from = append.truncate_from;
  if (append.truncate_from.has_value()) {
    OSTRAKA_ASSERT(*append.truncate_from > durability_.apply_upto,
                   "nothing committed is ever cut off");
  }
  write.entries.reserve(append.entries.size());
  for (const protocol::EntryMeta& meta : append.entries) {
    OSTRAKA_ASSERT(meta.index > durability_.apply_upto, "nothing committed is overwritten");
    port::LogEntry& entry = write.entries.emplace_back();
    entry.meta = meta;
    entry.payload = payload_for(meta, append);
    entry.meta.payload_bytes = static_cast<std::uint32_t>(entry.payload.size());
  }
  // After the payloads were found: an entry that is written again under another term takes its
  // payload from what is replaced.
  if (append.truncate_from.has_value()) {
    cache_.truncate(*append.truncate_from);
  }
  for (const port::LogEntry& entry : write.entries) {
    cache_.put(entry);
  }
  if (append.hard_state.has_value()) {
    durability_.hard_state = *append.hard_state;
    write.hard_state = append.hard_state;
  }
  PendingAppend& pending = new_append(AppendKind::of_protocol);
  pending.token = append.token;
  pending.term = append.term;
  pending.index = append.index;
  parts_.log.append(parts_.shard, pending.cookie, std::move(write));
}

base::Buffer Replica::Impl::payload_for(const protocol::EntryMeta& meta,
                                        const protocol::Append& append) const {
  if (meta.kind == protocol::EntryKind::noop) {
    return {};
  }
  if (!proposing_.id.is_none() && meta.index == proposing_.index) {
    return *proposing_.payload;
  }
  if (const base::Buffer* received = received_payload(meta); received != nullptr) {
    return *received;
  }
  for (const protocol::ConfigurationAt& at : append.configurations) {
    if (meta.kind == protocol::EntryKind::configuration && at.index == meta.index) {
      std::string encoded;
      codec::encode_configuration(*at.configuration, encoded);
      return base::Buffer::take(std::move(encoded));
    }
  }
  // Written again under another term or ballot: the content is what this node has there.
  const port::LogEntry* mine = cache_.find(meta.index);
  OSTRAKA_ASSERT(mine != nullptr && mine->meta.kind == meta.kind,
                 "an appended entry has its payload in the proposal, the message or the log cache");
  return mine->payload;
}

const base::Buffer* Replica::Impl::received_payload(const protocol::EntryMeta& meta) const {
  if (!received_.has_value()) {
    return nullptr;
  }
  const auto& [message, payloads] = *received_;
  const auto found = std::lower_bound(
      message->entries.begin(), message->entries.end(), meta.index,
      [](const protocol::EntryMeta& entry, model::LogIndex index) { return entry.index < index; });
  // The term too: the message may tell of another value for the slot than the one proposed again.
  if (found == message->entries.end() || found->index != meta.index || found->term != meta.term) {
    return nullptr;
  }
  return &payloads[static_cast<std::size_t>(found - message->entries.begin())];
}

void Replica::Impl::arm_timers(const std::vector<protocol::TimerRequest>& requests) {
  for (const protocol::TimerRequest& request : requests) {
    const std::size_t id = request.id.value();
    if (rare_.timers.size() <= id) {
      rare_.timers.resize(id + 1);
    }
    std::unique_ptr<port::Timer>& timer = rare_.timers[id];
    if (timer == nullptr) {
      timer = parts_.executor.make_timer(
          [this, timer_id = request.id] { feed(protocol::TimerFired{timer_id}); });
    }
    if (request.deadline == base::Instant::never()) {
      timer->disarm();
    } else {
      timer->arm(request.deadline);
    }
  }
}

void Replica::Impl::answer_requests(const protocol::Effects& effects) {
  for (const protocol::ReadReady& ready : effects.reads) {
    reads_.on_barrier_ready(ready.id, ready.index);
  }
  for (const protocol::RequestFailed& failed : effects.failed) {
    if (!proposing_.id.is_none() && failed.id == proposing_.id) {
      proposing_.failed = failed.code;
    } else if (!reads_.on_barrier_failed(failed.id, failed.code)) {
      answer(failed.id, base::fail(failed.code));
    }
  }
  for (const protocol::RequestDone& done : effects.done) {
    answer(done.id, {});
  }
}

void Replica::Impl::answer(protocol::RequestId id, base::Status status) {
  const auto found = rare_.requests.find(id);
  if (found != rare_.requests.end()) {
    OnDone on_done = std::move(found->second);
    rare_.requests.erase(found);
    on_done(std::move(status));
  }
}

void Replica::Impl::handle_snapshots(const protocol::Effects& effects) {
  for (const protocol::SendSnapshot& request : effects.send_snapshot) {
    parts_.host.on_send_snapshot(parts_.shard, request);
  }
  if (effects.install_snapshot.has_value()) {
    OSTRAKA_ASSERT(effects.install_snapshot->index > parts_.state_machine->applied(),
                   "a snapshot never takes the state back");
    flags_.installing = true;
    applier_.pause();
    parts_.host.on_install_snapshot(parts_.shard, *effects.install_snapshot);
  }
  if (effects.discard_snapshot) {
    parts_.host.on_discard_snapshot(parts_.shard);
  }
}

void Replica::Impl::change_role(const protocol::RoleChange& change) {
  if (leads()) {
    work_.on_leadership();
  }
  stale_reads_.on_leader();
  parts_.host.on_role(parts_.shard, change);
  // A new leader is announced when it takes commands (on_clock_ready).
  if (rare_.sessions != nullptr && !leads()) {
    rare_.sessions->on_leadership(parts_.shard, false, leader());
  }
}

}  // namespace ostraka::replica
