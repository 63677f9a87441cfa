#include "protocol/core/reads.h"

namespace ostraka::protocol {

base::Instant read_deadline(base::Instant now, const Settings& settings) {
  return now + settings.election_timeout_min * 2;
}

PendingRead read_asked_by(const Message& request, base::Instant deadline) {
  return {.origin = request.from, .context = request.context, .deadline = deadline};
}

base::Instant PendingReads::deadline() const {
  return reads_.empty() ? base::Instant::never() : reads_.front().deadline;
}

bool PendingReads::add(const PendingRead& read) {
  if (reads_.size() >= kPendingReadsMax) {
    return false;
  }
  reads_.push_back(read);
  return true;
}

std::optional<PendingRead> PendingReads::take() {
  if (reads_.empty()) {
    return std::nullopt;
  }
  const PendingRead read = reads_.front();
  reads_.pop_front();
  return read;
}

std::optional<PendingRead> PendingReads::take_ready(bool leased, std::uint64_t confirmed) {
  if (reads_.empty()) {
    return std::nullopt;
  }
  const std::uint64_t round = reads_.front().round;
  return leased || (round != 0 && round <= confirmed) ? take() : std::nullopt;
}

std::optional<PendingRead> PendingReads::take_expired(base::Instant now) {
  return !reads_.empty() && reads_.front().deadline <= now ? take() : std::nullopt;
}

bool PendingReads::wants_round() const { return !reads_.empty() && reads_.front().round == 0; }

void PendingReads::begin_round(std::uint64_t round, model::LogIndex commit) {
  for (std::size_t i = 0; i < reads_.size(); ++i) {
    reads_[i].round = round;
    reads_[i].index = commit;
  }
}

base::Instant ForwardedReads::deadline() const {
  return reads_.empty() ? base::Instant::never() : reads_.front().deadline;
}

std::optional<std::uint64_t> ForwardedReads::add(RequestId id, base::Instant deadline) {
  if (reads_.size() >= kPendingReadsMax) {
    return std::nullopt;
  }
  ++context_;
  reads_.push_back({id, context_, deadline, false});
  return context_;
}

std::optional<RequestId> ForwardedReads::take_answered(std::uint64_t context) {
  if (reads_.empty() || context < reads_.front().context ||
      context - reads_.front().context >= reads_.size()) {
    return std::nullopt;
  }
  Forwarded& read = reads_[context - reads_.front().context];
  if (read.done) {
    return std::nullopt;
  }
  read.done = true;
  const RequestId id = read.id;
  drop_done();
  return id;
}

std::optional<RequestId> ForwardedReads::take() {
  if (reads_.empty()) {
    return std::nullopt;
  }
  const RequestId id = reads_.front().id;
  reads_.pop_front();
  drop_done();
  return id;
}

std::optional<RequestId> ForwardedReads::take_expired(base::Instant now) {
  return !reads_.empty() && reads_.front().deadline <= now ? take() : std::nullopt;
}

void ForwardedReads::drop_done() {
  while (!reads_.empty() && reads_.front().done) {
    reads_.pop_front();
  }
}

}  // namespace ostraka::protocol
