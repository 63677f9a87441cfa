#include "gateway/resp/internal/connection.h"

#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/transaction_plan.h"

#include <algorithm>
#include <utility>

namespace ostraka::gateway::resp {
namespace {

// From this size on, replies are handed over instead of copied.
constexpr std::size_t kHandOverBytes = 32U << 10;

}  // namespace

// The calls of a job, one at a time. Its completion only notes the results: the job goes on in a
// turn of its own, so that no call is submitted from within the completion of another.
class Connection::JobCall final : public router::Call {
 public:
  explicit JobCall(Connection& connection) : connection_(connection) {}

  void complete(const base::Result<base::ByteView>& results) override {
    if (results.has_value()) {
      results_ = std::string(*results);
    } else {
      results_ = std::unexpected(results.error());
    }
    if (connection_.phase_ == Phase::ended) {
      return;
    }
    connection_.server_.executor.post([weak = connection_.weak_from_this()] {
      if (const auto connection = weak.lock(); connection != nullptr) {
        connection->resume_job();
      }
    });
  }
  [[nodiscard]] const base::Result<std::string>& results() const { return results_; }

 private:
  Connection& connection_;
  base::Result<std::string> results_;
};

Connection::Connection(ServerContext& server, SlotPool& pool, ConnectionOwner& owner,
                       std::unique_ptr<port::Stream> stream, std::uint64_t id)
    : server_(server),
      owner_(owner),
      stream_(std::move(stream)),
      parser_(server.options.connection.requests),
      pipeline_(pool),
      session_(server.router.open_session()) {
  const base::Instant now = server_.executor.now();
  client_.id = id;
  client_.address = stream_->peer_address();
  client_.local_address = server_.address;
  client_.authenticated = server_.options.password.empty();
  client_.connected_at = now;
  client_.last_active = now;
  parser_.set_unauthenticated(!client_.authenticated);
  times_.output_progress = now;
}

Connection::~Connection() {
  phase_ = Phase::ended;
  session_.reset();
  server_.statistics.commands_in_flight -= pipeline_.size();
}

void Connection::start() { stream_->start(*this); }

std::size_t Connection::on_bytes(base::ByteView bytes) {
  if (phase_ == Phase::ended) {
    return bytes.size();
  }
  server_.statistics.bytes_in += bytes.size() - std::min(held_bytes_, bytes.size());
  client_.last_active = server_.executor.now();
  processing_ = true;
  std::size_t used = 0;
  std::uint32_t taken = 0;
  while (can_take()) {
    if (taken == server_.options.connection.commands_per_turn_max) {
      read_on_next_turn();
      break;
    }
    const auto status = parser_.parse(bytes.substr(used));
    if (status == codec::RespRequestParser::Status::need_more) {
      break;
    }
    if (status == codec::RespRequestParser::Status::error) {
      refuse_protocol_error();
      break;
    }
    used += parser_.consumed();
    ++taken;
    if (!parser_.arguments().empty()) {
      dispatch(parser_.arguments());
    }
    parser_.next();
  }
  if (client_.close_after_reply) {
    used = bytes.size();  // nothing behind it is looked at
  } else if (!can_take()) {
    stop_reading();
  }
  processing_ = false;
  note_progress(bytes.size() - used);
  if (refused_ && !reading_stopped_) {
    // The last reply and the end leave together, so that the client sees the end before it asks
    // again.
    end_if_drained(false);
  }
  flush();
  close_if_asked();
  return used;
}

bool Connection::can_take() const {
  return phase_ == Phase::open && !client_.close_after_reply && running_.job == nullptr &&
         pipeline_.size() < server_.options.connection.in_flight_max &&
         stream_->pending_bytes() + out_.size() <= server_.options.connection.output_soft_bytes;
}

void Connection::stop_reading() {
  if (phase_ == Phase::open && !reading_stopped_) {
    reading_stopped_ = true;
    stream_->pause_reading();
  }
}

void Connection::read_on_next_turn() {
  stop_reading();
  server_.executor.post([weak = weak_from_this()] {
    if (const auto connection = weak.lock(); connection != nullptr) {
      connection->read_on_if_possible();
    }
  });
}

void Connection::read_on_if_possible() {
  if (reading_stopped_ && can_take()) {
    reading_stopped_ = false;
    times_.request_started = server_.executor.now();
    times_.request_bytes = held_bytes_;
    stream_->resume_reading();
  }
}

void Connection::refuse_protocol_error() {
  ++server_.statistics.protocol_errors;
  std::string reply;
  codec::RespWriter(reply, client_.protocol).error("ERR " + parser_.error_text());
  server_.statistics.count_error(reply);
  client_.close_after_reply = true;
  if (pipeline_.empty()) {
    out_.append(reply);
    return;
  }
  Slot& slot = pipeline_.push(*this);
  ++server_.statistics.commands_in_flight;
  slot.reply = std::move(reply);
  slot.done = true;
}

// A window begins with a command's first bytes and whenever one was completed.
void Connection::note_progress(std::size_t held) {
  if (held_bytes_ == 0 || held < held_bytes_) {
    times_.request_started = client_.last_active;
    times_.request_bytes = held;
  }
  held_bytes_ = held;
}

void Connection::check_time(base::Instant now) {
  if (phase_ != Phase::open) {
    return;
  }
  const Options& options = server_.options;
  const ConnectionLimits& limits = options.connection;
  const std::size_t pending = stream_->pending_bytes();
  if (pending == 0 || pending != times_.output_pending) {
    times_.output_progress = now;
    times_.output_pending = pending;
    read_on_if_possible();  // a queue that was never above the stream's own mark tells nobody
  }
  const bool stalled = pending > 0 && now - times_.output_progress >= limits.output_stall;
  bool starved = false;
  if (held_bytes_ > 0 && !reading_stopped_ &&
      now - times_.request_started >= limits.progress_window) {
    starved = held_bytes_ < times_.request_bytes + limits.progress_bytes_min;
    times_.request_started = now;
    times_.request_bytes = held_bytes_;
  }
  const bool idle = options.idle_max > base::Duration() && pipeline_.empty() &&
                    now - client_.last_active >= options.idle_max;
  const bool anonymous =
      !client_.authenticated && now - client_.connected_at >= limits.authentication_max;
  if (stalled || starved || idle || anonymous) {
    ++server_.statistics.connections_cut;
    cut();
  }
}

void Connection::on_drained() {
  times_.output_progress = server_.executor.now();
  times_.output_pending = 0;
  read_on_if_possible();
}

void Connection::on_closed(const base::Error& /*reason*/) {
  if (phase_ != Phase::ended) {
    phase_ = Phase::ended;
    owner_.on_ended(client_.id);
  }
}

void Connection::end_if_drained(bool grace_over) {
  if (reading_stopped_) {
    read_on_if_possible();  // what it holds is answered first
    return;
  }
  if (phase_ == Phase::open && pipeline_.empty() && stream_->pending_bytes() == 0 &&
      (refused_ || grace_over)) {
    close();
  }
}

void Connection::give_up() {
  if (phase_ != Phase::open) {
    return;
  }
  session_.reset();  // its calls end as cancelled
  if (phase_ == Phase::open && running_.job != nullptr) {
    abandon_job({base::ErrorCode::cancelled, "the node is shutting down"});
  }
  close();
}

void Connection::close() { end(false); }

void Connection::cut() { end(true); }

void Connection::end(bool at_once) {
  if (phase_ == Phase::ended) {
    return;
  }
  if (at_once) {
    stream_->abort();
  } else {
    flush();
    if (phase_ == Phase::ended) {
      return;  // the flush found too much output
    }
    stream_->close();
  }
  phase_ = Phase::ended;
  owner_.on_ended(client_.id);
}

void Connection::flush() {
  if (out_.empty() || phase_ == Phase::ended) {
    return;
  }
  server_.statistics.bytes_out += out_.size();
  if (out_.size() >= kHandOverBytes) {
    stream_->write(base::Buffer::take(std::exchange(out_, {})));
  } else {
    stream_->write(out_);
    out_.clear();
  }
  if (stream_->pending_bytes() > server_.options.connection.output_hard_bytes) {
    ++server_.statistics.connections_cut;
    cut();
  }
}

void Connection::close_if_asked() {
  if (client_.close_after_reply && pipeline_.empty()) {
    close();
  }
}

void Connection::on_complete(Slot& slot, const base::Result<base::ByteView>& results) {
  if (phase_ == Phase::ended) {
    slot.done = true;  // recycled with the pipeline
    return;
  }
  if (pipeline_.is_first(slot)) {
    render(slot, results, out_);
  } else {
    render(slot, results, slot.reply);
  }
  slot.done = true;
  const std::uint32_t before = pipeline_.size();
  pipeline_.pop_finished(out_);
  server_.statistics.commands_in_flight -= before - pipeline_.size();
  if (!processing_) {
    flush();
    close_if_asked();
    read_on_if_possible();
  }
}

void Connection::render(Slot& slot, const base::Result<base::ByteView>& results, std::string& out) {
  const std::size_t start = out.size();
  codec::RespWriter reply(out, slot.protocol);
  if (!results.has_value()) {
    reply.error(
        error_reply(results.error(), slot.read_only ? Effect::read_only : Effect::may_write));
  } else if (results->size() > server_.options.connection.output_hard_bytes) {
    reply.error("ERR the reply is larger than a client may be sent");
  } else {
    codec::ResultReader reader(*results);
    const bool fits = slot.transaction != nullptr
                          ? render_transaction(*slot.transaction, *results, reply,
                                               server_.statistics) != ExecOutcome::malformed
                          : render_reply(slot.render, slot.operations, reader, reply);
    if (!fits) {
      out.resize(start);
      reply.error(text::kBadResults);
    }
  }
  account(slot.id, slot.started, std::string_view(out).substr(start));
}

void Connection::account(CommandId id, base::Instant started, std::string_view reply) {
  CommandStatistics& statistics = server_.statistics.of(id);
  ++statistics.calls;
  statistics.failed += server_.statistics.count_error(reply) ? 1 : 0;
  if (statistics.latency_ns == nullptr) {
    statistics.latency_ns = std::make_unique<base::Histogram>();
  }
  const auto nanoseconds = (server_.executor.now() - started).as_nanoseconds();
  statistics.latency_ns->record(static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0)));
}

void Connection::run_job(JobNext next) {
  if (next == JobNext::call) {
    if (running_.call == nullptr) {
      running_.call = std::make_unique<JobCall>(*this);
    }
    JobCall& call = *running_.call;
    call.read_only = builder_.is_read_only();
    call.command = base::Buffer::take(builder_.take());
    call.consistency = running_.job->needs_latest() ? router::Consistency() : client_.consistency;
    call.deadline = running_.deadline;
    session_->submit(call);
    return;
  }
  Slot& slot = *running_.slot;
  account(slot.id, slot.started, slot.reply);
  slot.done = true;
  running_.job.reset();
  running_.slot = nullptr;
  parser_.set_unauthenticated(!client_.authenticated);
  const std::uint32_t before = pipeline_.size();
  pipeline_.pop_finished(out_);
  server_.statistics.commands_in_flight -= before - pipeline_.size();
}

void Connection::resume_job() {
  if (phase_ != Phase::open || running_.job == nullptr) {
    return;
  }
  const base::Result<std::string>& results = running_.call->results();
  if (results.has_value()) {
    codec::RespWriter reply(running_.slot->reply, running_.slot->protocol);
    JobContext context{.server = server_, .client = client_, .call = builder_, .reply = reply};
    run_job(running_.job->resume(context, *results));
  } else {
    abandon_job(results.error());
  }
  flush();
  close_if_asked();
  read_on_if_possible();
}

void Connection::abandon_job(const base::Error& error) {
  codec::RespWriter reply(running_.slot->reply, running_.slot->protocol);
  JobContext context{.server = server_, .client = client_, .call = builder_, .reply = reply};
  running_.job->abandoned(context);
  reply.error(error_reply(error, running_.call->read_only ? Effect::read_only : Effect::may_write));
  run_job(JobNext::done);
}

}  // namespace ostraka::gateway::resp
