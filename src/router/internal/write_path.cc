#include "router/internal/write_path.h"

#include "base/assert.h"
#include "codec/operation.h"
#include "router/internal/frames.h"

#include <algorithm>
#include <utility>

namespace ostraka::router {

namespace {

constexpr std::uint32_t kBatchCallsMax = 1024;
// Silence is no loss: on a slow link an answer takes as long as the commands before it. So what is
// repeated because of it never takes more of a link than this.
constexpr std::int64_t kResendBytesPerSecond = 128 << 10;
constexpr std::int64_t kRegistrationPatienceMax = 16;  // times resend_after

base::Buffer encoded_touch() {
  codec::CommandBuilder builder;
  builder.add(codec::Operation{.code = codec::OpCode::touch});
  return base::Buffer::take(builder.take());
}

// The same command would be refused again, whoever leads.
bool is_final(base::ErrorCode code) {
  return code == base::ErrorCode::too_large || code == base::ErrorCode::malformed ||
         code == base::ErrorCode::invalid_argument || code == base::ErrorCode::unsupported ||
         code == base::ErrorCode::format_unknown;
}

}  // namespace

WritePath::WritePath(Context& context)
    : context_(context),
      prng_(context.options.seed),
      touch_(encoded_touch()),
      queue_time_(context.options.queue_calls_min, context.options.queue_time_max),
      batch_calls_max_(kBatchCallsMax) {}

// The clock is read once a turn, not once a write.
base::Instant WritePath::turn() {
  if (!turn_.has_value()) {
    turn_ = context_.executor.now();
    context_.request_flush();  // ends it
  }
  return *turn_;
}

// Writes that wait for space on the disks wait on purpose, and a removal must get in.
bool WritePath::is_overloaded() {
  if (in_flight() < context_.options.queue_calls_min ||
      last_refusal_ == base::ErrorCode::disk_full ||
      context_.options.mutant == Mutant::unbounded_queue_time) {
    return false;
  }
  const Arrival& oldest =
      window_.empty() ? pending_.front().arrival : window_.at(window_.base()).arrival;
  return queue_time_.is_too_long(oldest, in_flight(), turn());
}

void WritePath::submit(ClientSession& session, Call& call) {
  if (pending_.empty() && window_.empty()) {
    retry_at_ = base::Instant();  // it was the long interval of an idle node
  }
  pending_.push_back(
      {.session = &session,
       .call = &call,
       .arrival = {.at = turn(), .in_flight = static_cast<std::uint32_t>(in_flight())}});
  earliest_deadline_ = std::min(earliest_deadline_, call.deadline);
  context_.request_flush();
}

void WritePath::abandon(ClientSession& session) {
  std::vector<Call*> calls;
  for (std::uint64_t n = window_.base(); n < window_.end(); ++n) {
    Slot& slot = window_.at(n);
    if (slot.session == &session) {
      if (slot.call != nullptr) {
        calls.push_back(std::exchange(slot.call, nullptr));
      }
      slot.session = nullptr;
    }
  }
  for (Pending& pending : pending_) {
    if (pending.session == &session) {
      calls.push_back(std::exchange(pending.call, nullptr));
      pending.session = nullptr;
    }
  }
  for (Call* call : calls) {
    context_.finish(session, *call, base::fail(base::ErrorCode::cancelled));
  }
}

void WritePath::flush(base::Instant now) {
  turn_.reset();
  const Target target = context_.target();
  if (target != target_) {
    target_ = target;
    restart();
    retry_at_ = base::Instant();
  }
  if (target_.node.is_none() || now < retry_at_ || !ensure_registered(now)) {
    return;
  }
  fill_window();
  while (sent_ < window_.end() && send_batch(now)) {
    fill_window();
  }
}

bool WritePath::ensure_registered(base::Instant now) {
  if (state_ == State::active) {
    return true;
  }
  if (state_ == State::registering && now < registration_deadline_) {
    return false;
  }
  // Every attempt takes a new identifier: see the invariant in the header.
  state_ = State::none;
  session_ = model::SessionId(prng_.next() | 1U);
  base::Status status;
  if (target_.here) {
    status = context_.shard.register_session(session_);
  } else {
    frame_.clear();
    encode_register(frame_, session_);
    if (!context_.transport.send_frame(target_.node, peer::Channel::bulk,
                                       peer::FrameType::forward_request, context_.options.shard,
                                       frame_)) {
      status = base::fail(base::ErrorCode::no_leader);
    }
  }
  if (!status.has_value()) {
    hold_back(now, status.error().code);
    return false;
  }
  ++context_.counters.registrations;
  state_ = State::registering;
  registration_deadline_ = now + context_.options.resend_after * registration_patience_;
  registration_patience_ = std::min(registration_patience_ * 2, kRegistrationPatienceMax);
  return false;
}

void WritePath::fill_window() {
  while (!pending_.empty() && window_.size() < context_.options.window_calls_max &&
         window_bytes_ < context_.options.window_bytes_max) {
    const Pending pending = pending_.front();
    pending_.pop_front();
    if (pending.call == nullptr) {
      continue;
    }
    window_bytes_ += pending.call->command.size();
    window_.push(Slot{.session = pending.session,
                      .call = pending.call,
                      .command = pending.call->command,
                      .arrival = pending.arrival});
  }
}

bool WritePath::send_batch(base::Instant now) {
  const std::uint64_t first = sent_;
  std::size_t bytes = 0;
  views_.clear();
  if (first == window_.base()) {
    heard_at_ = now;
  }
  while (sent_ < window_.end() && views_.size() < batch_calls_max_ &&
         bytes < context_.options.frame_bytes_max) {
    Slot& slot = window_.at(sent_);
    bytes += slot.command.size();
    views_.push_back(slot.command.view());
    ++slot.attempts;
    ++slot.open_attempts;
    ++sent_;
  }
  const std::uint64_t end = sent_;
  const base::Status status = send_to_leader(first);
  if (status.has_value()) {
    return true;
  }
  // Nothing was taken: as if it had not been sent.
  sent_ = first;
  for (std::uint64_t n = first; n < end; ++n) {
    --window_.at(n).attempts;
    --window_.at(n).open_attempts;
  }
  if (is_final(status.error().code)) {
    on_refused(model::Serial(first), static_cast<std::uint32_t>(end - first), status.error().code);
    return true;
  }
  hold_back(now, status.error().code);
  make_way(status.error().code);
  return false;
}

base::Status WritePath::send_to_leader(std::uint64_t first) {
  const model::Serial acknowledged(window_.base() - 1);
  if (target_.here) {
    return context_.shard.submit_commands(session_, model::Serial(first), acknowledged, views_);
  }
  frame_.clear();
  begin_commands(
      frame_,
      {.session = session_, .first_serial = model::Serial(first), .acknowledged = acknowledged});
  base::Writer writer(frame_);
  for (const base::ByteView command : views_) {
    writer.bytes(command);
  }
  if (!context_.transport.send_frame(target_.node, peer::Channel::bulk,
                                     peer::FrameType::forward_request, context_.options.shard,
                                     frame_)) {
    return base::fail(base::ErrorCode::no_leader, "the leader cannot be reached");
  }
  context_.counters.forwarded += views_.size();
  return {};
}

void WritePath::hold_back(base::Instant now, base::ErrorCode code) {
  last_refusal_ = code;
  const bool idle = pending_.empty() && window_.empty();
  retry_at_ = now + (idle ? context_.options.resend_after : context_.options.retry_interval);
}

void WritePath::on_result(model::Serial serial, const base::Result<base::ByteView>& results) {
  heard_at_ = context_.executor.now();
  if (serial.is_none()) {
    if (state_ == State::registering) {
      state_ = results.has_value() ? State::active : State::none;
      registration_patience_ = 1;
      clear_window();
      context_.request_flush();
    }
    return;
  }
  const std::uint64_t number = serial.value();
  if (state_ != State::active || !window_.contains(number)) {
    return;
  }
  if (!results.has_value() && results.error().code == base::ErrorCode::session_expired) {
    lose_session(number);
    return;
  }
  if (!results.has_value() && results.error().code == base::ErrorCode::sequence_gap) {
    sent_ = window_.base();
    hold_back(heard_at_, base::ErrorCode::sequence_gap);
    context_.request_flush();
    return;
  }
  last_refusal_.reset();
  Slot& slot = window_.at(number);
  if (slot.done) {
    return;
  }
  batch_calls_max_ = kBatchCallsMax;
  queue_time_.on_answer(slot.arrival, heard_at_);
  slot.done = true;
  Slot ended = slot;
  window_bytes_ -= slot.command.size();
  slot.command = base::Buffer();
  slot.call = nullptr;
  advance();
  end_slot(ended, results);
}

void WritePath::end_slot(Slot& slot, const base::Result<base::ByteView>& results) {
  if (slot.call != nullptr) {
    context_.finish(*slot.session, *std::exchange(slot.call, nullptr), results);
  }
}

void WritePath::advance() {
  while (!window_.empty() && window_.at(window_.base()).done) {
    window_.pop_front();
  }
  sent_ = std::max(sent_, window_.base());
  if (!pending_.empty()) {
    context_.request_flush();
  }
}

void WritePath::on_refused(model::Serial first, std::uint32_t count, base::ErrorCode code) {
  const base::Instant now = context_.executor.now();
  if (first.is_none()) {  // a registration
    if (state_ == State::registering) {
      state_ = State::none;
      hold_back(now, code);
    }
    return;
  }
  if (state_ != State::active) {
    return;
  }
  // Only what is in the window: both numbers come from a peer.
  const std::uint64_t begin = std::max(first.value(), window_.base());
  for (std::uint64_t n = begin; n < window_.end() && n - first.value() < count; ++n) {
    if (window_.at(n).open_attempts > 0) {
      --window_.at(n).open_attempts;
    }
  }
  sent_ = std::min(sent_, std::max(first.value(), window_.base()));
  context_.request_flush();
  if (!is_final(code)) {
    hold_back(now, code);
    make_way(code);
    return;
  }
  if (count > 1) {
    batch_calls_max_ = 1;  // finds the command that is refused
    return;
  }
  if (window_.contains(first.value())) {
    Slot& slot = window_.at(first.value());
    replace_by_touch(slot);
    end_slot(slot, base::fail(slot.open_attempts == 0 ? code : base::ErrorCode::unknown_outcome));
  }
}

void WritePath::restart() {
  if (state_ == State::registering) {
    state_ = State::none;
  }
  if (sent_ > window_.base()) {
    ++context_.counters.resends;
    if (context_.options.mutant == Mutant::retry_alone) {
      retry_first_alone();
    }
  }
  sent_ = window_.base();
  retry_at_ = base::Instant();
  context_.request_flush();
}

// A full disk refuses writes and takes removals. As long as none waits, writes wait for space until
// their deadline; else those that were certainly not done end now, since serials leave no gaps.
void WritePath::make_way(base::ErrorCode refusal) {
  if (refusal != base::ErrorCode::disk_full || !has_removal()) {
    return;
  }
  for (std::uint64_t n = window_.base(); n < window_.end(); ++n) {
    Slot& slot = window_.at(n);
    if (slot.call != nullptr && slot.open_attempts == 0 &&
        !codec::only_removes(slot.command.view())) {
      replace_by_touch(slot);
      end_slot(slot, base::fail(refusal, "a removal waits behind it"));
    }
  }
}

bool WritePath::has_removal() {
  for (std::uint64_t n = window_.base(); n < window_.end(); ++n) {
    const Slot& slot = window_.at(n);
    if (slot.call != nullptr && codec::only_removes(slot.command.view())) {
      return true;
    }
  }
  return std::ranges::any_of(pending_, [](const Pending& pending) {
    return pending.call != nullptr && codec::only_removes(pending.call->command.view());
  });
}

void WritePath::retry_first_alone() {
  Slot& slot = window_.at(window_.base());
  if (slot.call != nullptr) {
    pending_.push_front({.session = slot.session,
                         .call = std::exchange(slot.call, nullptr),
                         .arrival = slot.arrival});
    replace_by_touch(slot);
  }
}

// The shard has forgotten the session: `serial` was not done by the attempt that was answered. What
// was sent once, at or behind it, was certainly not done and gets a serial of the next session.
void WritePath::lose_session(std::uint64_t serial) {
  state_ = State::none;
  context_.request_flush();
  for (std::uint64_t n = window_.base(); n < window_.end(); ++n) {
    Slot& slot = window_.at(n);
    const bool again = slot.attempts > 1 && context_.options.mutant != Mutant::redo_expired;
    if (slot.call != nullptr && (n < serial || again)) {
      ++context_.counters.unknown_outcomes;
      context_.counters.expired_retries += slot.attempts > 1 ? 1 : 0;
      end_slot(slot, base::fail(base::ErrorCode::unknown_outcome, "the node's session expired"));
    }
  }
  for (std::uint64_t n = window_.end(); n > window_.base(); --n) {
    const Slot& slot = window_.at(n - 1);
    if (slot.call != nullptr) {
      pending_.push_front({.session = slot.session, .call = slot.call, .arrival = slot.arrival});
    }
  }
  clear_window();
}

void WritePath::clear_window() {
  window_.restart(1);
  window_bytes_ = 0;
  sent_ = 1;
}

base::ErrorCode WritePath::definite_code() const {
  if (target_.node.is_none()) {
    return base::ErrorCode::no_leader;
  }
  const base::ErrorCode code = last_refusal_.value_or(base::ErrorCode::no_quorum);
  return base::certainty_of(code) == base::Certainty::definite ? code : base::ErrorCode::no_quorum;
}

void WritePath::tick(base::Instant now) {
  if (now >= earliest_deadline_) {
    earliest_deadline_ = base::Instant::never();
    expire_window(now);
    expire_pending(now);
  }
  if (sent_ > window_.base() && now >= resend_at()) {
    heard_at_ = now;
    restart();
  }
}

base::Instant WritePath::resend_at() const {
  const auto bytes = static_cast<std::int64_t>(window_bytes_);
  return heard_at_ + context_.options.resend_after +
         base::Duration::microseconds(bytes * 1'000'000 / kResendBytesPerSecond);
}

// Completing a call may submit others and may destroy sessions: both only add to or blank entries
// of the two queues, so that walking by number is safe.
void WritePath::expire_window(base::Instant now) {
  for (std::uint64_t n = window_.base(); n < window_.end(); ++n) {
    Slot& slot = window_.at(n);
    if (slot.call == nullptr) {
      continue;
    }
    if (slot.call->deadline > now) {
      earliest_deadline_ = std::min(earliest_deadline_, slot.call->deadline);
      continue;
    }
    replace_by_touch(slot);
    ++context_.counters.deadlines;
    if (slot.open_attempts == 0) {
      end_slot(slot, base::fail(definite_code(), "not sent before its deadline"));
    } else {
      ++context_.counters.unknown_outcomes;
      end_slot(slot, base::fail(base::ErrorCode::unknown_outcome, "no answer before the deadline"));
    }
  }
}

void WritePath::replace_by_touch(Slot& slot) {
  window_bytes_ -= slot.command.size();
  slot.command = touch_;
  window_bytes_ += slot.command.size();
}

void WritePath::expire_pending(base::Instant now) {
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const Pending pending = pending_[i];
    if (pending.call == nullptr) {
      continue;
    }
    if (pending.call->deadline > now) {
      earliest_deadline_ = std::min(earliest_deadline_, pending.call->deadline);
      continue;
    }
    pending_[i].call = nullptr;
    ++context_.counters.deadlines;
    context_.finish(*pending.session, *pending.call,
                    base::fail(definite_code(), "not sent before its deadline"));
  }
  std::erase_if(pending_, [](const Pending& pending) { return pending.call == nullptr; });
}

base::Instant WritePath::wake_at(base::Instant now) const {
  base::Instant at = earliest_deadline_;
  if (sent_ > window_.base()) {
    at = std::min(at, resend_at());
  }
  if (state_ == State::registering) {
    at = std::min(at, registration_deadline_);
  }
  const bool wants_to_send = state_ == State::none || sent_ < window_.end() || !pending_.empty();
  if (!target_.node.is_none() && wants_to_send && retry_at_ > now) {
    at = std::min(at, retry_at_);
  }
  return at;
}

void WritePath::stop() {
  state_ = State::none;
  for (std::uint64_t n = window_.base(); n < window_.end(); ++n) {
    Slot& slot = window_.at(n);
    end_slot(slot, base::fail(slot.open_attempts == 0 ? base::ErrorCode::shutting_down
                                                      : base::ErrorCode::unknown_outcome));
  }
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const Pending pending = std::exchange(pending_[i], Pending{});
    if (pending.call != nullptr) {
      context_.finish(*pending.session, *pending.call, base::fail(base::ErrorCode::shutting_down));
    }
  }
  pending_.clear();
  clear_window();
}

}  // namespace ostraka::router
