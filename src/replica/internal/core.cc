#include "replica/internal/core.h"

#include "base/assert.h"
#include "codec/configuration.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace ostraka::replica {
namespace {

// Events that wait while the log is reset; beyond, messages are dropped.
constexpr std::size_t kQueueMax = 4096;

bool is_member(const model::Configuration& configuration, model::NodeId node) {
  for (const auto* members :
       {&configuration.voters, &configuration.voters_outgoing, &configuration.learners}) {
    for (const model::Member& member : *members) {
      if (member.id == node) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

Replica::Impl::Impl(Parts parts, const Options& options)
    : parts_(std::move(parts)),
      options_(options),
      cache_(options_.log_cache_bytes),
      clock_(options_.log_time_step_max),
      outbox_({parts_.shard, parts_.peers, parts_.log, cache_, counters_,
               options_.waiting_messages_max}),
      intake_({parts_.shard, parts_.executor, *this, clock_, counters_, options_}),
      applier_({parts_.shard, parts_.executor, parts_.log, cache_, *parts_.state_machine, *this,
                *this, counters_, options_}),
      reads_({parts_.shard, parts_.executor, *this, parts_.peers, *parts_.protocol,
              *parts_.state_machine, counters_, options_}),
      stale_reads_({parts_.shard, parts_.executor, *this, parts_.peers, *parts_.state_machine,
                    reads_, options_}),
      work_({parts_.shard, parts_.self, parts_.executor, *this, parts_.peers, *parts_.protocol,
             *parts_.state_machine, intake_, clock_, options_}) {
  durability_.hard_state = parts_.hard_state;
  durability_.apply_upto = parts_.state_machine->applied();
  cache_.pin_from(durability_.apply_upto.next());
  for (port::LogEntry& entry : parts_.recovered_entries) {
    cache_.put(std::move(entry));
  }
  parts_.recovered_entries.clear();
  clock_.recover(parts_.state_machine->log_time());
  rare_.applied_configuration = parts_.state_machine->configuration();
}

void Replica::Impl::start() {
  OSTRAKA_ASSERT(!flags_.started, "started once");
  flags_.started = true;
  parts_.log.attach(parts_.shard, *this);
  rare_.disk_full_timer = parts_.executor.make_timer([this] { hand_over_full(); });
  write_first();
  work_.start();
  feed(protocol::Started{});
}

// Nobody waits for these to be durable: what the protocol appends comes behind them, and a restart
// before that writes the same again.
void Replica::Impl::write_first() {
  if (parts_.reset_log.has_value()) {
    reset_log(*parts_.reset_log, AppendKind::of_start);
  }
  if (parts_.first_write.has_value()) {
    for (const port::LogEntry& entry : parts_.first_write->entries) {
      cache_.put(entry);
    }
    parts_.log.append(parts_.shard, new_append(AppendKind::of_start).cookie,
                      *std::move(parts_.first_write));
    parts_.first_write.reset();
  }
}

// The log starts behind `start`; of a slot engine what lies behind it stays.
void Replica::Impl::reset_log(const LogPosition& start, AppendKind kind) {
  const std::uint64_t cookie = new_append(kind).cookie;
  if (parts_.protocol->keeps_slots() && options_.mutant != Mutant::install_resets_slots) {
    parts_.log.start_behind(parts_.shard, cookie, start.index, start.term);
  } else {
    parts_.log.reset(parts_.shard, cookie, start.index, start.term, durability_.hard_state);
  }
}

Replica::Impl::PendingAppend& Replica::Impl::new_append(AppendKind kind) {
  PendingAppend& pending = durability_.appends.push();
  pending = {};
  pending.kind = kind;
  pending.cookie = ++durability_.cookie;
  return pending;
}

void Replica::Impl::set_sessions(Sessions* sessions) {
  rare_.sessions = sessions;
  intake_.set_sessions(sessions);
}

void Replica::Impl::stop() {
  if (flags_.stopped) {
    return;
  }
  if (leads()) {
    feed(protocol::StepDown{});
  }
  flags_.stopped = true;
  work_.stop();
  rare_.timers.clear();
  rare_.disk_full_timer.reset();
  intake_.end_leadership(base::ErrorCode::shutting_down);
  stale_reads_.fail_all(base::ErrorCode::shutting_down);
  reads_.fail_all(base::ErrorCode::shutting_down);
  while (!rare_.requests.empty()) {
    answer(rare_.requests.begin()->first, base::fail(base::ErrorCode::shutting_down));
  }
}

void Replica::Impl::request(protocol::EventBody body, protocol::RequestId id, OnDone on_done) {
  if (flags_.stopped || error_.has_value()) {
    on_done(base::fail(base::ErrorCode::shutting_down, "the replica is stopped"));
    return;
  }
  rare_.requests.emplace(id, std::move(on_done));
  feed(std::move(body));
}

void Replica::Impl::receive(protocol::Message& message, std::span<const base::Buffer> payloads) {
  if (flags_.stopped || error_.has_value()) {
    return;
  }
  if (payloads.size() != message.entries.size()) {
    ++counters_.messages_refused;
    return;
  }
  message.configurations.clear();
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    if (message.entries[i].kind != protocol::EntryKind::configuration) {
      continue;
    }
    base::Result<model::Configuration> decoded = codec::decode_configuration(payloads[i].view());
    if (!decoded.has_value()) {
      ++counters_.messages_refused;
      return;  // nothing of a damaged message is believed
    }
    message.configurations.push_back(
        {message.entries[i].index,
         std::make_shared<const model::Configuration>(*std::move(decoded))});
  }
  if (!must_wait()) {
    received_.emplace(&message, payloads);
    flags_.stepping = true;
    step(protocol::Received{&message});
    flags_.stepping = false;
    drain();
    return;
  }
  if (queue_.size() >= kQueueMax) {
    ++counters_.messages_dropped;
    return;
  }
  Queued& queued = queue_.push();
  queued.owned = std::make_unique<OwnedMessage>();
  queued.owned->message = message;
  queued.owned->payloads.assign(payloads.begin(), payloads.end());
  queued.body = protocol::Received{&queued.owned->message};
}

void Replica::Impl::on_read_index_request(model::NodeId from, base::ByteView body) {
  const base::Result<ReadIndexRequest> request = decode_read_index_request(body);
  if (!request.has_value() || flags_.stopped || error_.has_value()) {
    return;
  }
  if (request->kind == ReadIndexKind::commit_index) {
    reads_.remote(from, request->ticket);
    return;
  }
  ReadIndexReply reply;
  reply.kind = ReadIndexKind::clock;
  reply.ticket = request->ticket;
  reply.ok = true;
  reply.wall = parts_.executor.wall_now();
  std::string frame;
  encode(reply, frame);
  static_cast<void>(parts_.peers.send_read_index_reply(parts_.shard, from, frame));
}

void Replica::Impl::on_read_index_reply(model::NodeId from, base::ByteView body) {
  const base::Result<ReadIndexReply> reply = decode_read_index_reply(body);
  if (!reply.has_value() || flags_.stopped) {
    return;
  }
  if (reply->kind == ReadIndexKind::commit_index) {
    stale_reads_.on_reply(*reply);
  } else {
    work_.on_clock_reply(from, *reply);
  }
}

void Replica::Impl::read(Read& read) {
  if (flags_.stopped || error_.has_value()) {
    read.complete(base::fail(flags_.stopped ? base::ErrorCode::shutting_down : error_->code));
    return;
  }
  switch (read.kind) {
    case ReadKind::linearizable:
      reads_.linearizable(read);
      return;
    case ReadKind::stale:
      reads_.local(read);
      return;
    case ReadKind::bounded_staleness:
      if (leads()) {
        reads_.linearizable(read);
      } else {
        stale_reads_.read(read);
      }
      return;
  }
}

void Replica::Impl::snapshot_installed(const protocol::SnapshotMeta& meta) {
  OSTRAKA_ASSERT(flags_.installing, "only after on_install_snapshot");
  OSTRAKA_ASSERT(parts_.state_machine->applied() == meta.index, "the state was reloaded");
  flags_.resetting_log = true;
  durability_.installing = meta;
  if (parts_.protocol->keeps_slots()) {
    cache_.drop_upto(meta.index);
  } else {
    cache_.clear();
  }
  reset_log({meta.index, meta.term}, AppendKind::reset);
}

void Replica::Impl::compact_log(model::LogIndex upto) {
  upto = std::min(upto, parts_.protocol->trim_limit());
  const model::Term term = parts_.protocol->term_at(upto);
  if (upto.is_none() || term.is_none() || flags_.resetting_log || error_.has_value()) {
    return;
  }
  OSTRAKA_ASSERT(upto <= parts_.state_machine->applied(), "only what is applied is dropped");
  feed(protocol::LogCompacted{upto});
  parts_.log.compact(parts_.shard, upto, term);
}

void Replica::Impl::fail(base::Error reason) {
  if (error_.has_value()) {
    return;
  }
  if (leads()) {
    feed(protocol::StepDown{});
  }
  error_ = std::move(reason);
  stale_reads_.fail_all(error_->code);
  reads_.fail_all(error_->code);
  parts_.host.on_stopped(parts_.shard, *error_);
}

model::LogIndex Replica::Impl::write_out() {
  // While the state is being replaced what waits is of the past.
  if (!applier_.paused()) {
    // An engine that refuses shows itself at the next apply.
    std::ignore = parts_.state_machine->write_out();
  }
  return parts_.state_machine->stored();
}

bool Replica::Impl::reload_state() {
  if (flags_.installing || error_.has_value()) {
    return true;  // an installation loads it at its end
  }
  applier_.pause();
  const base::Result<kv::AppliedState> loaded = parts_.state_machine->load();
  if (!loaded.has_value()) {
    if (loaded.error().code == base::ErrorCode::corruption ||
        loaded.error().code == base::ErrorCode::format_unknown) {
      fail(loaded.error());
      return true;
    }
    on_apply_suspended(loaded.error());
    return false;
  }
  flags_.engine_full = false;
  settle_disk_full();
  applier_.resume();
  return true;
}

Status Replica::Impl::status() const {
  Status status;
  status.protocol = parts_.protocol->status();
  status.applied = parts_.state_machine->applied();
  status.applied_term = parts_.state_machine->applied_term();
  status.log_time = parts_.state_machine->log_time();
  status.leads = leads();
  status.lease_valid = leads() && parts_.protocol->lease_covers(parts_.executor.now());
  status.disk_full = flags_.disk_full;
  status.stopped = error_;
  status.proposal_bytes = intake_.bytes();
  status.log_cache_bytes = cache_.bytes();
  return status;
}

void Replica::Impl::feed(protocol::EventBody body) {
  if (!must_wait() && queue_.empty()) {
    flags_.stepping = true;
    step(body);
    flags_.stepping = false;
  } else {
    Queued& queued = queue_.push();
    queued.body = std::move(body);
    queued.owned.reset();
  }
  drain();
}

base::Result<model::LogIndex> Replica::Impl::propose(const base::Buffer& payload) {
  if (must_wait() || flags_.stopped || error_.has_value()) {
    return base::fail(base::ErrorCode::not_leader, "the replica does not take proposals now");
  }
  proposing_ = {next_request(), &payload, {}, {}};
  feed(protocol::Propose{proposing_.id, static_cast<std::uint32_t>(payload.size())});
  const Proposing answer = std::exchange(proposing_, {});
  if (answer.failed.has_value()) {
    return base::fail(*answer.failed, "proposal");
  }
  OSTRAKA_ASSERT(!answer.index.is_none(), "a proposal is answered in its step");
  return answer.index;
}

protocol::RequestId Replica::Impl::next_request() {
  return protocol::RequestId(++rare_.last_request);
}

bool Replica::Impl::can_read() const {
  return !applier_.applying() && !applier_.paused() && !error_.has_value();
}

ClockSample Replica::Impl::sample_clocks() {
  return {parts_.executor.now(), parts_.executor.wall_now()};
}

void Replica::Impl::on_clock_ready() {
  if (rare_.sessions != nullptr) {
    rare_.sessions->on_leadership(parts_.shard, leads(), leader());
  }
}

void Replica::Impl::trim_cache() {
  model::LogIndex needed_from = parts_.state_machine->applied().next();
  if (leads()) {
    const protocol::ProtocolStatus now = parts_.protocol->status();
    for (const protocol::PeerStatus& peer : now.peers) {
      if (peer.recently_active && !peer.needs_snapshot && peer.id != parts_.self) {
        needed_from = std::min(needed_from, peer.match.next());
      }
    }
  }
  cache_.trim(needed_from, options_.log_cache_idle_bytes);
}

void Replica::Impl::on_durable(std::uint64_t cookie) {
  RingQueue<PendingAppend>& appends = durability_.appends;
  while (!appends.empty() && appends.front().cookie <= cookie) {
    const PendingAppend done = appends.front();
    appends.pop();
    if (done.kind == AppendKind::reset) {
      finish_reset();
    } else if (done.kind == AppendKind::of_protocol && !flags_.stopped && !error_.has_value()) {
      outbox_.release(done.token);
      feed(protocol::Durable{done.token, done.term, done.index});
    }
  }
}

void Replica::Impl::on_result(model::SessionId session, model::Serial serial,
                              const base::Result<base::ByteView>& results) {
  if (rare_.sessions != nullptr) {
    rare_.sessions->on_result(parts_.shard, session, serial, results);
  }
}

void Replica::Impl::on_state_hash(model::LogIndex index, std::uint64_t hash) {
  parts_.host.on_state_hash(parts_.shard, index, hash);
}

void Replica::Impl::on_applied(model::LogIndex index) {
  intake_.on_applied(index);
  if (leads()) {
    cache_.trim(index, options_.log_cache_bytes);
  } else {
    clock_.observe(parts_.state_machine->log_time(), parts_.executor.now());
    cache_.trim(index, options_.log_cache_idle_bytes);
  }
  if (index > rare_.told_applied) {
    rare_.told_applied = index;
    feed(protocol::Applied{index});
  }
  reads_.on_progress();
  stale_reads_.on_progress();
  const std::shared_ptr<const model::Configuration> now = parts_.state_machine->configuration();
  if (now != rare_.applied_configuration) {
    rare_.applied_configuration = now;
    if (now != nullptr && !is_member(*now, parts_.self)) {
      parts_.host.on_removed(parts_.shard);
    }
  }
}

void Replica::Impl::on_apply_failed(const base::Error& error) { fail(error); }

void Replica::Impl::on_apply_suspended(const base::Error&) {
  flags_.engine_full = true;
  settle_disk_full();
}

bool Replica::Impl::must_wait() const {
  return flags_.stepping || flags_.resetting_log || applier_.applying();
}

void Replica::Impl::drain() {
  while (!queue_.empty() && !must_wait()) {
    const Queued queued = std::move(queue_.front());
    queue_.pop();
    if (queued.owned != nullptr) {
      received_.emplace(&queued.owned->message, queued.owned->payloads);
    }
    flags_.stepping = true;
    step(queued.body);
    flags_.stepping = false;
  }
}

void Replica::Impl::step(const protocol::EventBody& body) {
  if (!flags_.stopped && !error_.has_value()) {
    rare_.last_now = std::max(rare_.last_now, parts_.executor.now());
    effects_.clear();
    parts_.protocol->step(protocol::Event{rare_.last_now, body}, effects_);
    execute(effects_);
  }
  received_.reset();
}

// The log starts behind the snapshot now.
void Replica::Impl::finish_reset() {
  OSTRAKA_ASSERT(flags_.resetting_log, "a reset is under way");
  const protocol::SnapshotMeta meta = std::exchange(durability_.installing, {});
  durability_.apply_upto = std::max(durability_.apply_upto, meta.index);
  cache_.pin_from(durability_.apply_upto.next());
  clock_.observe(parts_.state_machine->log_time(), parts_.executor.now());
  rare_.applied_configuration = parts_.state_machine->configuration();
  flags_.resetting_log = false;
  flags_.installing = false;
  // Before everything that waited.
  flags_.stepping = true;
  step(protocol::SnapshotInstalled{meta});
  flags_.stepping = false;
  applier_.resume();
  drain();
  reads_.on_progress();
  stale_reads_.on_progress();
}

}  // namespace ostraka::replica
