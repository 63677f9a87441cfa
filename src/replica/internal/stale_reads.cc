#include "replica/internal/stale_reads.h"

#include <algorithm>
#include <utility>

namespace ostraka::replica {
namespace {

// A question that was not answered is asked again after this.
constexpr base::Duration kAskAgain = base::Duration::milliseconds(50);

}  // namespace

StaleReads::StaleReads(const Environment& environment)
    : env_(environment), timer_(environment.executor.make_timer([this] { on_timer(); })) {}

void StaleReads::read(Read& read) {
  const base::Instant now = env_.executor.now();
  read.link.received = now;
  if (is_fresh_for(read, now)) {
    env_.reads.local(read);
    return;
  }
  if (waiting_.size() >= env_.options.stale_reads_max) {
    read.complete(base::fail(base::ErrorCode::busy, "reads of the shard"));
    return;
  }
  const bool first = waiting_.empty();
  waiting_.push_back(&read);
  if (first) {
    timer_->arm(now + kAskAgain);
  }
  if (!asked_.has_value()) {
    ask();
  }
}

void StaleReads::on_reply(const ReadIndexReply& reply) {
  if (!asked_.has_value() || reply.ticket != asked_->ticket) {
    return;  // the answer to an older question
  }
  const base::Instant stamp = asked_->stamp;
  asked_.reset();
  if (reply.ok) {
    confirmed_ = Confirmed{stamp, reply.index};
    on_progress();
  }
  // Who came after the stamp and wants more than this answer gives needs another question; a
  // refusal waits for the timer.
  const bool later = std::any_of(waiting_.begin(), waiting_.end(),
                                 [stamp](const Read* read) { return read->link.received > stamp; });
  if (reply.ok && later) {
    ask();
  }
}

void StaleReads::on_progress() {
  if (confirmed_.has_value() && env_.state_machine.applied() >= confirmed_->index) {
    fresh_as_of_ = confirmed_->stamp;
    confirmed_.reset();
  }
  while (true) {
    const base::Instant now = env_.executor.now();
    const auto ready = std::find_if(waiting_.begin(), waiting_.end(),
                                    [this, now](const Read* r) { return is_fresh_for(*r, now); });
    if (ready == waiting_.end()) {
      return;
    }
    Read& read = **ready;
    waiting_.erase(ready);
    env_.reads.local(read);
  }
}

void StaleReads::on_leader() {
  asked_.reset();
  if (!waiting_.empty()) {
    ask();
  }
}

void StaleReads::fail_all(base::ErrorCode code) {
  while (!waiting_.empty()) {
    Read* read = waiting_.back();
    waiting_.pop_back();
    read->complete(base::fail(code, "read of the shard"));
  }
}

bool StaleReads::is_fresh_for(const Read& read, base::Instant now) const {
  if (!fresh_as_of_.has_value()) {
    return false;
  }
  // A state that has everything committed when the read arrived is fresh whatever the bound.
  return *fresh_as_of_ >= read.link.received || now - *fresh_as_of_ <= read.max_staleness;
}

void StaleReads::ask() {
  const model::NodeId leader = env_.driver.leader();
  if (leader.is_none()) {
    return;  // the timer tries again
  }
  // The stamp is taken before the request leaves: what the leader confirms is newer.
  asked_ = Asked{next_ticket_++, env_.executor.now()};
  ReadIndexRequest request;
  request.ticket = asked_->ticket;
  frame_.clear();
  encode(request, frame_);
  if (!env_.peers.send_read_index_request(env_.shard, leader, frame_)) {
    asked_.reset();
  }
}

void StaleReads::on_timer() {
  const base::Instant now = env_.executor.now();
  while (true) {
    const auto late = std::find_if(waiting_.begin(), waiting_.end(), [this, now](const Read* r) {
      return now - r->link.received >= env_.options.stale_read_timeout;
    });
    if (late == waiting_.end()) {
      break;
    }
    Read& read = **late;
    waiting_.erase(late);
    const base::ErrorCode code =
        env_.driver.leader().is_none() ? base::ErrorCode::no_leader : base::ErrorCode::too_stale;
    read.complete(base::fail(code, "no fresh enough state in time"));
  }
  if (waiting_.empty()) {
    return;
  }
  if (!confirmed_.has_value()) {
    ask();
  }
  timer_->arm(now + kAskAgain);
}

}  // namespace ostraka::replica
