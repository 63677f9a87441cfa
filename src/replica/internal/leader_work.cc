#include "replica/internal/leader_work.h"

#include <algorithm>
#include <utility>

namespace ostraka::replica {
namespace {

// A replica with nothing to do looks around this seldom.
constexpr base::Duration kIdleInterval = base::Duration::seconds(1);
constexpr base::Duration kAskAgain = base::Duration::milliseconds(20);
// A question is repeated, and answers to it count, for so long: peers may be further away than
// kAskAgain, and an old answer tells an old time.
constexpr base::Duration kQuestionAge = base::Duration::seconds(1);
// An answer that is later than this is not waited for.
constexpr base::Duration kLateAnswer = base::Duration::milliseconds(300);
constexpr base::Duration kGarbageInterval = base::Duration::milliseconds(2);

}  // namespace

LeaderWork::LeaderWork(const Environment& environment)
    : env_(environment), timer_(environment.executor.make_timer([this] { tick(); })) {}

void LeaderWork::start() { timer_->arm(env_.executor.now() + kIdleInterval); }

void LeaderWork::stop() { timer_->disarm(); }

void LeaderWork::on_leadership() {
  expiry_proposed_at_ = {};
  told_ready_ = false;
  quorum_full_ = false;
  asked_at_.reset();
  env_.clock.begin_leadership();
  if (env_.clock.wants_quorum(env_.driver.sample_clocks())) {
    ask_clocks();
  }
  tell_ready();
  timer_->arm(env_.executor.now() + (told_ready_ ? env_.options.expiry_interval : kAskAgain));
}

void LeaderWork::tick() {
  base::Duration next = env_.driver.leads() ? env_.options.expiry_interval : kIdleInterval;
  if (env_.driver.leads()) {
    if (!told_ready_) {
      next = kAskAgain;
    }
    if (env_.clock.wants_quorum(env_.driver.sample_clocks())) {
      count_clocks();
      ask_clocks();
    }
    remove_expired();
    count_space();
  }
  env_.driver.trim_cache();
  if (env_.driver.can_read() && env_.state_machine.collect_garbage(env_.options.garbage_keys_max)) {
    next = kGarbageInterval;
  }
  timer_->arm(env_.executor.now() + next);
}

void LeaderWork::remove_expired() {
  // The removal proposed last must be applied first, else the same keys are found again.
  if (!told_ready_ || !env_.driver.can_read() ||
      env_.state_machine.applied() < expiry_proposed_at_) {
    return;
  }
  const base::WallTime log_time = env_.clock.next(env_.driver.sample_clocks());
  const std::string command =
      env_.state_machine.expired_command(log_time, env_.options.expired_keys_max);
  // Entries of clients move the log time too; without any, idle sessions would stay for ever.
  const bool moves_time = command.empty();
  if (moves_time && !env_.state_machine.has_expired_sessions(log_time)) {
    return;
  }
  const codec::EntryType type =
      moves_time ? codec::EntryType::advance_time : codec::EntryType::commands;
  if (env_.intake.add_entry(type, model::SessionId{}, command).has_value()) {
    expiry_proposed_at_ = env_.protocol.commit_index().next();
  }
}

namespace {

bool can_store(const protocol::PeerStatus& peer) { return peer.recently_active && !peer.disk_full; }

}  // namespace

// A majority of these voters is there and has room.
bool LeaderWork::has_space(const std::vector<model::Member>& voters,
                           const protocol::ProtocolStatus& status) const {
  const auto count = std::ranges::count_if(voters, [&status](const model::Member& member) {
    const auto peer = std::ranges::find(status.peers, member.id, &protocol::PeerStatus::id);
    return peer != status.peers.end() && can_store(*peer);
  });
  return static_cast<std::size_t>(count) >= voters.size() / 2 + 1;
}

void LeaderWork::count_space() {
  const protocol::ProtocolStatus status = env_.protocol.status();
  if (std::ranges::none_of(status.peers, &protocol::PeerStatus::disk_full)) {
    quorum_full_ = false;
    return;
  }
  const model::Configuration& now = env_.protocol.configuration();
  quorum_full_ =
      !has_space(now.voters, status) || (now.is_joint() && !has_space(now.voters_outgoing, status));
}

model::NodeId LeaderWork::heir_with_space() const {
  const protocol::ProtocolStatus status = env_.protocol.status();
  const model::Configuration& now = env_.protocol.configuration();
  model::NodeId best;
  model::LogIndex best_match;
  if (!has_space(now.voters, status)) {
    return best;
  }
  for (const protocol::PeerStatus& peer : status.peers) {
    if (!peer.learner && peer.id != env_.self && can_store(peer) &&
        (best.is_none() || peer.match > best_match)) {
      best = peer.id;
      best_match = peer.match;
    }
  }
  return best;
}

void LeaderWork::ask_clocks() {
  const base::Instant now = env_.executor.now();
  if (!asked_at_ || now - *asked_at_ > kQuestionAge) {
    ++clock_ticket_;
    clocks_.clear();
    asked_at_ = now;
  }
  ReadIndexRequest request;
  request.kind = ReadIndexKind::clock;
  request.ticket = clock_ticket_;
  frame_.clear();
  encode(request, frame_);
  const model::Configuration& configuration = env_.protocol.configuration();
  for (const std::vector<model::Member>* voters :
       {&configuration.voters, &configuration.voters_outgoing}) {
    for (const model::Member& member : *voters) {
      if (member.id != env_.self) {
        // Lost questions are asked again by the next tick.
        static_cast<void>(env_.peers.send_read_index_request(env_.shard, member.id, frame_));
      }
    }
  }
  count_clocks();
}

void LeaderWork::on_clock_reply(model::NodeId from, const ReadIndexReply& reply) {
  if (reply.ticket != clock_ticket_ || !env_.driver.leads()) {
    return;
  }
  clocks_[from] = reply.wall;
  count_clocks();
}

// An answer that is missing counts as a clock that never starts, so a slow clock that answers first
// stands for the majority until the next answer: log time would begin behind and then step over
// deadlines counted from it. Answers that disagree with this clock wait for the rest.
void LeaderWork::count_clocks() {
  const model::Configuration& configuration = env_.protocol.configuration();
  const ClockSample sample = env_.driver.sample_clocks();
  clocks_[env_.self] = sample.wall;
  base::WallTime time;
  if (!quorum_of(configuration.voters, time)) {
    return;
  }
  base::WallTime outgoing = time;
  if (configuration.is_joint() && !quorum_of(configuration.voters_outgoing, outgoing)) {
    return;
  }
  time = std::min(time, outgoing);
  const bool agree = time.as_milliseconds() + env_.options.log_time_step_max.as_milliseconds() >=
                     sample.wall.as_milliseconds();
  const bool waited = asked_at_ && sample.now - *asked_at_ >= kLateAnswer;
  if (!agree && !waited && !has_everybody()) {
    return;
  }
  // The answers are a little old: the anchor is rather behind than ahead.
  env_.clock.confirm(time, sample.now);
  asked_at_.reset();
  tell_ready();
}

bool LeaderWork::has_everybody() const {
  const model::Configuration& now = env_.protocol.configuration();
  const auto known = [this](const model::Member& member) { return clocks_.contains(member.id); };
  return std::ranges::all_of(now.voters, known) && std::ranges::all_of(now.voters_outgoing, known);
}

void LeaderWork::tell_ready() {
  if (!told_ready_ && env_.clock.is_ready(env_.driver.sample_clocks())) {
    told_ready_ = true;
    env_.driver.on_clock_ready();
  }
}

// The time that a majority of these voters' clocks has reached; those that have not answered count
// as clocks that never start.
bool LeaderWork::quorum_of(const std::vector<model::Member>& voters, base::WallTime& time) {
  sorted_.clear();
  std::size_t answered = 0;
  for (const model::Member& member : voters) {
    const auto found = clocks_.find(member.id);
    sorted_.push_back(found == clocks_.end() ? base::WallTime{} : found->second);
    answered += found == clocks_.end() ? 0U : 1U;
  }
  if (answered < voters.size() / 2 + 1) {
    return false;
  }
  time = majority_time(sorted_);
  return true;
}

}  // namespace ostraka::replica
