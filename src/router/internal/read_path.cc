#include "router/internal/read_path.h"

#include "base/assert.h"
#include "router/internal/frames.h"

#include <algorithm>
#include <utility>

namespace ostraka::router {

namespace {

// Another try, here or elsewhere, may succeed.
bool may_ask_again(base::ErrorCode code) {
  return code == base::ErrorCode::not_leader || code == base::ErrorCode::no_leader ||
         code == base::ErrorCode::no_quorum || code == base::ErrorCode::too_stale ||
         code == base::ErrorCode::shutting_down || code == base::ErrorCode::cancelled ||
         code == base::ErrorCode::deadline_exceeded;
}

replica::ReadKind kind_of(ConsistencyKind kind) {
  switch (kind) {
    case ConsistencyKind::linearizable:
      return replica::ReadKind::linearizable;
    case ConsistencyKind::bounded_staleness:
      return replica::ReadKind::bounded_staleness;
    case ConsistencyKind::stale:
      return replica::ReadKind::stale;
  }
  OSTRAKA_UNREACHABLE("consistency kind");
}

}  // namespace

void ReadSlot::complete(const base::Result<base::ByteView>& results) {
  owner->on_answer(*this, results);
}

void ReadPath::submit(ClientSession& session, Call& call) {
  ReadSlot& slot = take();
  slot.session = &session;
  slot.call = &call;
  slot.command = call.command;
  slot.max_staleness = call.consistency.max_staleness;
  link(slot);
  earliest_deadline_ = std::min(earliest_deadline_, call.deadline);
  start(slot);
  if (slot.call == &call) {
    context_.request_flush();  // arms the timer
  }
}

void ReadPath::start(ReadSlot& slot) {
  const ConsistencyKind kind = slot.call->consistency.kind;
  if (kind != ConsistencyKind::linearizable && !slot.redirected) {
    ask_replica(slot, kind_of(kind));
  } else if (context_.shard.leads() && queue_.empty()) {
    ask_replica(slot, replica::ReadKind::linearizable);
  } else {
    queue(slot);
  }
}

void ReadPath::ask_replica(ReadSlot& slot, replica::ReadKind kind) {
  slot.where = ReadSlot::Where::replica;
  slot.kind = kind;
  context_.shard.read(slot);
}

void ReadPath::queue(ReadSlot& slot) {
  slot.where = ReadSlot::Where::queued;
  queue_.push_back(&slot);
  context_.request_flush();
}

// From the replica here, or from the leader's reply.
void ReadPath::on_answer(ReadSlot& slot, const base::Result<base::ByteView>& results) {
  OSTRAKA_ASSERT(slot.call != nullptr, "an answer for a read that is over");
  if (!results.has_value()) {
    if (!may_ask_again(results.error().code)) {
      end(slot, results);
      return;
    }
    slot.redirected = true;
    queue(slot);
    if (results.error().code != base::ErrorCode::too_stale) {
      retry_at_ = context_.executor.now() + context_.options.retry_interval;
    }
    return;
  }
  if (slot.session->first_read != &slot) {
    slot.where = ReadSlot::Where::parked;
    return;
  }
  end(slot, results);
}

void ReadPath::end(ReadSlot& slot, const base::Result<base::ByteView>& results) {
  ClientSession& session = *slot.session;
  Call& call = *slot.call;
  release(slot);
  if (session.first_read != nullptr && session.first_read->where == ReadSlot::Where::parked) {
    queue(*session.first_read);
  }
  context_.finish(session, call, results);
}

void ReadPath::flush(base::Instant now) {
  const Target target = context_.target();
  if (target != target_) {
    target_ = target;
    restart();
  }
  if (target_.node.is_none() || now < retry_at_ || queue_.empty()) {
    return;
  }
  if (target_.here) {
    // Those that are refused come back to the queue: not again in this turn.
    for (std::size_t left = queue_.size(); left > 0 && !queue_.empty(); --left) {
      ReadSlot* slot = queue_.front();
      queue_.pop_front();
      if (slot != nullptr) {
        ask_replica(*slot, replica::ReadKind::linearizable);
      }
    }
    return;
  }
  send_queued(now, target_.node);
}

void ReadPath::send_queued(base::Instant now, model::NodeId leader) {
  while (!queue_.empty()) {
    if (!send_batch(leader)) {
      retry_at_ = now + context_.options.retry_interval;
      return;
    }
  }
}

bool ReadPath::send_batch(model::NodeId leader) {
  frame_.clear();
  batch_.clear();
  begin_reads(frame_);
  while (!queue_.empty() && frame_.size() < context_.options.frame_bytes_max) {
    ReadSlot* slot = queue_.front();
    queue_.pop_front();
    if (slot == nullptr) {
      continue;
    }
    slot->number = sent_.push(slot);
    slot->where = ReadSlot::Where::sent;
    add_read(frame_, slot->number, slot->command.view());
    batch_.push_back(slot);
  }
  if (batch_.empty()) {
    return true;
  }
  if (context_.transport.send_frame(leader, peer::Channel::bulk, peer::FrameType::forward_request,
                                    context_.options.shard, frame_)) {
    context_.counters.forwarded += batch_.size();
    return true;
  }
  for (auto slot = batch_.rbegin(); slot != batch_.rend(); ++slot) {
    sent_.at((*slot)->number) = nullptr;
    (*slot)->where = ReadSlot::Where::queued;
    queue_.push_front(*slot);
  }
  return false;
}

void ReadPath::on_reply(std::uint64_t number, const base::Result<base::ByteView>& results) {
  if (!sent_.contains(number)) {
    return;
  }
  ReadSlot* slot = std::exchange(sent_.at(number), nullptr);
  while (!sent_.empty() && sent_.at(sent_.base()) == nullptr) {
    sent_.pop_front();
  }
  if (slot != nullptr) {
    on_answer(*slot, results);
  }
}

void ReadPath::restart() {
  for (std::uint64_t n = sent_.end(); n > sent_.base(); --n) {
    ReadSlot* slot = sent_.at(n - 1);
    if (slot != nullptr) {
      slot->where = ReadSlot::Where::queued;
      queue_.push_front(slot);
    }
  }
  sent_.restart(sent_.end());
  retry_at_ = base::Instant();
  if (!queue_.empty()) {
    context_.request_flush();
  }
}

void ReadPath::tick(base::Instant now) {
  if (now >= earliest_deadline_) {
    earliest_deadline_ = base::Instant::never();
    bool ended = false;
    for (std::size_t i = 0; i < active_.size();) {
      ReadSlot& slot = *active_[i];
      if (slot.call->deadline > now) {
        earliest_deadline_ = std::min(earliest_deadline_, slot.call->deadline);
        ++i;
        continue;
      }
      ++context_.counters.deadlines;
      withdraw(slot);
      end(slot, base::fail(target_.node.is_none() ? base::ErrorCode::no_leader
                                                  : base::ErrorCode::deadline_exceeded,
                           "read"));
      ended = true;
    }
    if (ended) {
      // Completing calls may have moved others behind the walk: look once more.
      earliest_deadline_ = now;
    }
  }
}

base::Instant ReadPath::wake_at(base::Instant now) const {
  base::Instant at = earliest_deadline_;
  if (!target_.node.is_none() && !queue_.empty() && retry_at_ > now) {
    at = std::min(at, retry_at_);
  }
  return at;
}

// Out of the place where an answer could come from.
void ReadPath::withdraw(ReadSlot& slot) {
  switch (slot.where) {
    case ReadSlot::Where::replica:
      context_.shard.cancel_read(slot);
      break;
    case ReadSlot::Where::queued:
      std::ranges::replace(queue_, &slot, nullptr);
      break;
    case ReadSlot::Where::sent:
      if (sent_.contains(slot.number)) {
        sent_.at(slot.number) = nullptr;
      }
      while (!sent_.empty() && sent_.at(sent_.base()) == nullptr) {
        sent_.pop_front();
      }
      break;
    case ReadSlot::Where::parked:
    case ReadSlot::Where::free:
      break;
  }
}

void ReadPath::abandon(ClientSession& session) {
  while (session.first_read != nullptr) {
    ReadSlot& slot = *session.first_read;
    Call& call = *slot.call;
    withdraw(slot);
    release(slot);
    context_.finish(session, call, base::fail(base::ErrorCode::cancelled));
  }
}

void ReadPath::stop() {
  while (!active_.empty()) {
    ReadSlot& slot = *active_.front();
    withdraw(slot);
    end(slot, base::fail(base::ErrorCode::shutting_down));
  }
  queue_.clear();
}

ReadSlot& ReadPath::take() {
  if (free_.empty()) {
    pool_.emplace_back().owner = this;
    free_.push_back(&pool_.back());
  }
  ReadSlot& slot = *free_.back();
  free_.pop_back();
  slot.position = active_.size();
  active_.push_back(&slot);
  return slot;
}

void ReadPath::link(ReadSlot& slot) {
  ClientSession& session = *slot.session;
  slot.earlier = session.last_read;
  slot.later = nullptr;
  (session.last_read == nullptr ? session.first_read : session.last_read->later) = &slot;
  session.last_read = &slot;
}

void ReadPath::release(ReadSlot& slot) {
  ClientSession& session = *slot.session;
  (slot.earlier == nullptr ? session.first_read : slot.earlier->later) = slot.later;
  (slot.later == nullptr ? session.last_read : slot.later->earlier) = slot.earlier;
  active_[slot.position] = active_.back();
  active_[slot.position]->position = slot.position;
  active_.pop_back();
  slot.earlier = nullptr;
  slot.later = nullptr;
  slot.session = nullptr;
  slot.call = nullptr;
  slot.command = base::Buffer();
  slot.where = ReadSlot::Where::free;
  slot.redirected = false;
  free_.push_back(&slot);
}

}  // namespace ostraka::router
