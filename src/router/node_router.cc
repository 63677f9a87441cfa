#include "router/node_router.h"

#include "base/assert.h"
#include "router/internal/client_session.h"
#include "router/internal/context.h"
#include "router/internal/frames.h"
#include "router/internal/leader_side.h"
#include "router/internal/read_path.h"
#include "router/internal/write_path.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ostraka::router {

class NodeRouter::Impl final : public Context, public SessionOwner {
 public:
  Impl(port::Executor& executor_ref, Shard& shard_ref, peer::Transport& transport_ref,
       const RouterOptions& given);

  // Context
  void request_flush() override;
  void finish(ClientSession& session, Call& call,
              const base::Result<base::ByteView>& results) override;
  // SessionOwner
  void submit(ClientSession& session, Call& call) override;
  void abandon(ClientSession& session) override;

  std::unique_ptr<Session> open_session();
  void on_reply_frame(model::NodeId from, base::ByteView body);
  void restart();
  void stop();
  [[nodiscard]] bool is_connected(model::NodeId peer) const {
    return std::ranges::find(connected_, peer) != connected_.end();
  }
  void set_connected(model::NodeId peer, bool connected);
  [[nodiscard]] RouterStatus status() const;

  WritePath writes;
  ReadPath reads;
  LeaderSide others;

 private:
  void start(ClientSession& session, Call& call);
  void start_waiting();
  void cancel_waiting(ClientSession& session, base::ErrorCode code);
  void flush();
  void on_timer();
  void arm();

  std::vector<model::NodeId> connected_;
  std::vector<ClientSession*> ready_;
  std::vector<ClientSession*> all_;
  ClientSession* starting_ = nullptr;
  std::size_t calls_ = 0;
  std::size_t bytes_ = 0;
  bool flush_requested_ = false;
  bool stopped_ = false;
  std::unique_ptr<port::Timer> timer_;
  // Outlived by closures in the executor's queue.
  std::shared_ptr<Impl*> alive_;

 public:
  ~Impl() override { *alive_ = nullptr; }
};

NodeRouter::Impl::Impl(port::Executor& executor_ref, Shard& shard_ref,
                       peer::Transport& transport_ref, const RouterOptions& given)
    : Context(executor_ref, shard_ref, transport_ref, given),
      writes(*this),
      reads(*this),
      others(*this),
      timer_(executor.make_timer([this] { on_timer(); })),
      alive_(std::make_shared<Impl*>(this)) {}

void NodeRouter::Impl::request_flush() {
  if (flush_requested_ || stopped_) {
    return;
  }
  flush_requested_ = true;
  executor.post_end_of_turn([alive = alive_] {
    if (*alive != nullptr) {
      (*alive)->flush();
    }
  });
}

std::unique_ptr<Session> NodeRouter::Impl::open_session() {
  auto session = std::make_unique<ClientSession>(*this);
  session->position = all_.size();
  all_.push_back(session.get());
  return session;
}

void NodeRouter::Impl::submit(ClientSession& session, Call& call) {
  const std::size_t size = call.command.size();
  const bool fits =
      session.in_flight() == 0 || (session.bytes + size <= options.session_bytes_max &&
                                   session.in_flight() < options.session_calls_max);
  const bool node_fits =
      calls_ == 0 || (bytes_ + size <= options.node_bytes_max && calls_ < options.node_calls_max);
  if (stopped_ || !fits || !node_fits) {
    ++counters.busy;
    call.complete(base::fail(stopped_ ? base::ErrorCode::shutting_down : base::ErrorCode::busy));
    return;
  }
  session.bytes += size;
  bytes_ += size;
  ++calls_;
  if (!session.waiting.empty() || !session.may_start(call)) {
    session.waiting.push_back(&call);
    return;
  }
  start(session, call);
}

void NodeRouter::Impl::start(ClientSession& session, Call& call) {
  if (call.read_only) {
    ++counters.reads;
    ++session.reads;
    reads.submit(session, call);
  } else if (writes.is_overloaded()) {
    ++counters.busy;
    ++session.writes;
    finish(session, call, base::fail(base::ErrorCode::busy));
  } else {
    ++counters.writes;
    ++session.writes;
    writes.submit(session, call);
  }
}

void NodeRouter::Impl::finish(ClientSession& session, Call& call,
                              const base::Result<base::ByteView>& results) {
  const std::size_t size = call.command.size();
  OSTRAKA_ASSERT(calls_ > 0 && session.bytes >= size, "a call ended twice");
  session.bytes -= size;
  bytes_ -= size;
  --calls_;
  --(call.read_only ? session.reads : session.writes);
  if (!session.ready_queued && !session.waiting.empty() &&
      session.may_start(*session.waiting.front())) {
    session.ready_queued = true;
    ready_.push_back(&session);
    request_flush();
  }
  call.complete(results);
}

void NodeRouter::Impl::start_waiting() {
  while (!ready_.empty()) {
    ClientSession& session = *ready_.back();
    ready_.pop_back();
    // Starting a read may complete it, and the gateway may end the session then.
    starting_ = &session;
    while (starting_ != nullptr && !session.waiting.empty() &&
           session.may_start(*session.waiting.front())) {
      Call& call = *session.waiting.front();
      session.waiting.pop_front();
      start(session, call);
    }
    if (starting_ != nullptr) {
      session.ready_queued = false;
      starting_ = nullptr;
    }
  }
}

void NodeRouter::Impl::abandon(ClientSession& session) {
  std::erase(ready_, &session);
  if (starting_ == &session) {
    starting_ = nullptr;
  }
  session.ready_queued = true;  // finish() must not queue it
  writes.abandon(session);
  reads.abandon(session);
  cancel_waiting(session, base::ErrorCode::cancelled);
  all_[session.position] = all_.back();
  all_[session.position]->position = session.position;
  all_.pop_back();
}

void NodeRouter::Impl::cancel_waiting(ClientSession& session, base::ErrorCode code) {
  while (!session.waiting.empty()) {
    Call& call = *session.waiting.front();
    session.waiting.pop_front();
    ++(call.read_only ? session.reads : session.writes);
    finish(session, call, base::fail(code));
  }
}

void NodeRouter::Impl::flush() {
  flush_requested_ = false;
  if (stopped_) {
    return;
  }
  const base::Instant now = executor.now();
  start_waiting();
  writes.flush(now);
  reads.flush(now);
  others.flush();
  arm();
}

void NodeRouter::Impl::on_timer() {
  if (stopped_) {
    return;
  }
  const base::Instant now = executor.now();
  writes.tick(now);
  reads.tick(now);
  flush();
}

void NodeRouter::Impl::arm() {
  const base::Instant now = executor.now();
  timer_->arm(std::min({writes.wake_at(now), reads.wake_at(now), others.wake_at(now)}));
}

void NodeRouter::Impl::on_reply_frame(model::NodeId from, base::ByteView body) {
  base::Reader in(body);
  ReplyRecord record;
  for (;;) {
    const base::Result<bool> more = next_reply(in, record);
    if (!more.has_value() || !*more) {
      return;
    }
    if (record.kind == ReplyKind::lost) {
      if (from == target().node) {
        restart();
      }
      continue;
    }
    base::Result<base::ByteView> results = record.results;
    if (record.error != 0) {
      results = std::unexpected(error_from(record.error));
    }
    if (record.kind == ReplyKind::read_result) {
      reads.on_reply(record.number, results);
    } else if (writes.owns(record.session)) {
      if (record.kind == ReplyKind::result) {
        writes.on_result(model::Serial(record.number), results);
      } else if (record.error != 0) {
        writes.on_refused(model::Serial(record.number), record.count, results.error().code);
      }
    }
  }
}

void NodeRouter::Impl::set_connected(model::NodeId peer, bool connected) {
  std::erase(connected_, peer);
  if (connected) {
    connected_.push_back(peer);
  }
}

void NodeRouter::Impl::restart() {
  writes.restart();
  reads.restart();
}

void NodeRouter::Impl::stop() {
  if (stopped_) {
    return;
  }
  stopped_ = true;
  timer_->disarm();
  writes.stop();
  reads.stop();
  others.stop();
  for (std::size_t i = 0; i < all_.size();) {
    ClientSession& session = *all_[i];
    if (session.waiting.empty()) {
      ++i;
      continue;
    }
    // Never started. The gateway may end sessions meanwhile: look at this place again.
    Call& call = *session.waiting.front();
    session.waiting.pop_front();
    ++(call.read_only ? session.reads : session.writes);
    finish(session, call, base::fail(base::ErrorCode::shutting_down));
  }
}

RouterStatus NodeRouter::Impl::status() const {
  return {.sessions = all_.size(),
          .calls_in_flight = calls_,
          .bytes_in_flight = bytes_,
          .window_calls = writes.window_calls(),
          .session_registered = writes.is_registered(),
          .counters = counters};
}

NodeRouter::NodeRouter(port::Executor& executor, Shard& shard, peer::Transport& transport,
                       RouterOptions options)
    : impl_(std::make_unique<Impl>(executor, shard, transport, options)) {}

NodeRouter::~NodeRouter() = default;

std::unique_ptr<Session> NodeRouter::open_session() { return impl_->open_session(); }

base::WallTime NodeRouter::log_time_now() { return impl_->shard.log_time_now(); }

bool NodeRouter::ready() const {
  const Target target = impl_->target();
  return target.here || (!target.node.is_none() && impl_->is_connected(target.node));
}

void NodeRouter::on_result(model::ShardId shard, model::SessionId session, model::Serial serial,
                           const base::Result<base::ByteView>& results) {
  if (shard != impl_->options.shard) {
    return;
  }
  if (impl_->writes.owns(session)) {
    impl_->writes.on_result(serial, results);
  } else {
    impl_->others.on_result(session, serial, results);
  }
}

void NodeRouter::on_refused(model::ShardId shard, model::SessionId session,
                            model::Serial first_serial, std::uint32_t count, base::ErrorCode code) {
  if (shard != impl_->options.shard) {
    return;
  }
  if (impl_->writes.owns(session)) {
    impl_->writes.on_refused(first_serial, count, code);
  } else {
    impl_->others.on_refused(session, first_serial, count, code);
  }
}

void NodeRouter::on_leadership(model::ShardId shard, bool /*leads_here*/,
                               model::NodeId /*leader*/) {
  if (shard == impl_->options.shard) {
    impl_->restart();
    impl_->request_flush();
  }
}

bool NodeRouter::on_frame(model::NodeId from, peer::FrameType type, model::ShardId shard,
                          base::ByteView body) {
  if (type != peer::FrameType::forward_request && type != peer::FrameType::forward_reply) {
    return false;
  }
  if (shard != impl_->options.shard || from.is_none()) {
    return true;
  }
  if (type == peer::FrameType::forward_request) {
    impl_->others.on_request(from, body);
  } else {
    impl_->on_reply_frame(from, body);
  }
  return true;
}

void NodeRouter::on_connected(model::NodeId peer) {
  impl_->set_connected(peer, true);
  impl_->others.on_connected(peer);
  if (impl_->target().node == peer) {
    impl_->restart();
  }
}

void NodeRouter::on_disconnected(model::NodeId peer) {
  impl_->set_connected(peer, false);
  impl_->others.on_disconnected(peer);
  if (impl_->target().node == peer) {
    impl_->restart();
  }
}

void NodeRouter::stop() { impl_->stop(); }

RouterStatus NodeRouter::status() const { return impl_->status(); }

}  // namespace ostraka::router
