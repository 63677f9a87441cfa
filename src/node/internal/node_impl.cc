// Events of a running node, housekeeping, stopping.
#include "node/internal/node_impl.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ostraka::node {

namespace {

const base::Duration kHousekeeping = base::Duration::milliseconds(500);
const base::Duration kLeaderlessMax = base::Duration::seconds(2);
const base::Duration kGreetLimit = base::Duration::seconds(2);

std::string hexadecimal(std::uint64_t a, std::uint64_t b) {
  return fmt::format("{:016x}{:016x}{:08x}", a, b, static_cast<std::uint32_t>(a ^ b));
}

}  // namespace

Node::Impl::Impl(Environment environment, Options options, NodeListener& listener)
    : environment_(std::move(environment)),
      options_(std::move(options)),
      listener_(listener),
      prng_(options_.seed) {}

Node::Impl::~Impl() {
  alive_.reset();
  timer_.reset();
  parts_.http.reset();
  parts_.redis.reset();
  parts_.admin.reset();
  if (parts_.store != nullptr) {
    parts_.store->set_sessions(nullptr);
  }
  parts_.router.reset();
  parts_.shard.reset();
  parts_.store.reset();
  parts_.transport.reset();
  join_transport_.reset();
  parts_.engine.reset();
  parts_.log.reset();
}

void Node::Impl::fatal(const base::Error& reason) {
  if (failed_) {
    return;
  }
  failed_ = true;
  listener_.on_fatal(reason);
}

void Node::Impl::on_protocol_message(peer::ReceivedMessage& received) {
  if (parts_.store != nullptr) {
    parts_.store->on_protocol_message(received);
  }
}

void Node::Impl::on_frame(model::NodeId from, peer::FrameType type, model::ShardId shard,
                          base::ByteView body) {
  if (parts_.admin == nullptr) {
    return;
  }
  if (type == peer::FrameType::join_request) {
    // `shard` names the call; the answer goes to no node with it.
    parts_.admin->on_join(body, [this, alive = std::weak_ptr<bool>(alive_),
                                 shard](const std::string& answer) {
      if (!alive.expired()) {
        static_cast<void>(parts_.transport->send_frame(model::NodeId{}, peer::Channel::control,
                                                       peer::FrameType::join_reply, shard, answer));
      }
    });
    return;
  }
  if (from.is_none() || parts_.router->on_frame(from, type, shard, body) ||
      parts_.store->on_frame(from, type, shard, body)) {
    return;
  }
  static_cast<void>(parts_.admin->on_frame(from, type, body));
}

void Node::Impl::on_connected(model::NodeId peer) {
  log(LogLevel::debug, fmt::format("connected to node {}", peer.value()));
  if (parts_.router != nullptr) {
    parts_.store->on_connected(peer);
    parts_.router->on_connected(peer);
  }
}

void Node::Impl::on_disconnected(model::NodeId peer, bool refused) {
  log(LogLevel::debug, fmt::format("disconnected from node {}", peer.value()));
  if (parts_.router != nullptr) {
    parts_.store->on_disconnected(peer, refused);
    parts_.router->on_disconnected(peer);
    parts_.admin->on_disconnected(peer);
  }
}

void Node::Impl::on_role(model::ShardId /*shard*/, const protocol::RoleChange& change) {
  const std::string leader =
      parts_.admin == nullptr ? std::string() : parts_.admin->name_of(change.leader);
  const char* role = change.role == protocol::Role::leader     ? "leader"
                     : change.role == protocol::Role::follower ? "follower"
                     : change.role == protocol::Role::learner  ? "learner"
                                                               : "candidate";
  log(LogLevel::info, fmt::format("{} in term {}, leader {}", role, change.term.value(),
                                  leader.empty() ? "unknown" : leader));
}

void Node::Impl::on_removed(model::ShardId /*shard*/) {
  log(LogLevel::warning, "this node was removed from the cluster; it serves nothing any more");
}

void Node::Impl::on_stopped(model::ShardId /*shard*/, const base::Error& reason) {
  if (reason.code != base::ErrorCode::log_lost) {
    fatal(base::Error{reason.code, "the shard cannot go on: " + reason.context});
    return;
  }
  // The next leader will not know what this disk forgot: it must not come back by itself. Blocking
  // is no matter, nothing follows.
  const std::string why =
      fmt::format("{}; run 'ostraka member remove {}', empty the directory and start with --join",
                  reason.context, origin_.name);
  if (const base::Status barred = wal::bar_data_directory(environment_.files, why);
      !barred.has_value()) {
    log(LogLevel::error, "BARRED: " + barred.error().to_string());
  }
  fatal(base::Error{reason.code, why});
}

void Node::Impl::on_checkpoint_failed(const base::Error& reason) {
  log(LogLevel::error, "checkpoint failed: " + reason.to_string());
}

bool Node::Impl::is_ready() const {
  return serving_ && parts_.router != nullptr && parts_.router->ready();
}

Addresses Node::Impl::addresses() const {
  return {.peer = options_.peer_listen,
          .redis = parts_.redis == nullptr ? std::string() : parts_.redis->address(),
          .http = parts_.http == nullptr ? std::string() : parts_.http->address()};
}

void Node::Impl::housekeeping() {
  timer_->arm(environment_.executor.now() + kHousekeeping);
  replica::Replica* replica = parts_.store->find(kShard);
  if (replica == nullptr) {
    return;
  }
  const base::Instant now = environment_.executor.now();
  if (!replica->leader().is_none()) {
    leaderless_since_ = now;
  } else if (now - leaderless_since_ > kLeaderlessMax) {
    leaderless_since_ = now;
    greet_peers();
  }
  if (replica->leads()) {
    parts_.admin->announce(identity_.node, identity_.incarnation);
    for (const peer::PeerConnectionStatus& peer : parts_.transport->status()) {
      parts_.admin->announce(peer.id, peer.incarnation);
    }
  }
}

void Node::Impl::drop_timer() {
  if (timer_ != nullptr) {
    timer_->disarm();
    environment_.executor.post([old = std::move(timer_)] {});
  }
}

void Node::Impl::set_timer(port::Closure on_fire, base::Duration after) {
  drop_timer();
  timer_ = environment_.executor.make_timer(std::move(on_fire));
  timer_->arm(environment_.executor.now() + after);
}

// Without a leader for long: is this node with this disk still what the others know? A wiped voter
// that came back with its old flags learns it here; its connections are refused in any case.
void Node::Impl::greet_peers() {
  const AdminRequest request{.id = 0,
                             .op = AdminOp::greet,
                             .name = origin_.name,
                             .address = {},
                             .incarnation = identity_.incarnation};
  const model::Configuration* configuration = parts_.admin->configuration();
  for (const model::Member& member :
       all_members(configuration == nullptr || configuration->voters.empty() ? origin_.members
                                                                             : *configuration)) {
    if (member.id == identity_.node) {
      continue;
    }
    parts_.transport->call_address(
        member.peer_address, peer::FrameType::join_request, encode(request),
        environment_.executor.now() + kGreetLimit,
        [this, alive = std::weak_ptr<bool>(alive_)](base::Result<base::Buffer> reply) {
          if (alive.expired() || !reply.has_value()) {
            return;
          }
          const base::Result<JoinReply> answer = decode_join_reply(reply->view());
          if (!answer.has_value() || answer->error == 0) {
            return;
          }
          if (answer->error == static_cast<std::uint16_t>(base::ErrorCode::identity_mismatch)) {
            refuse_disk(answer->text);
            return;
          }
          log(LogLevel::warning, answer->text);
        });
  }
}

gateway::resp::ServerFacts Node::Impl::facts() {
  const ProcessUsage usage = environment_.process.sample();
  const replica::Replica* replica = parts_.store->find(kShard);
  gateway::resp::ServerFacts facts;
  facts.version = options_.version;
  facts.node_name = origin_.name;
  facts.run_id = hexadecimal(identity_.incarnation.value(), options_.seed);
  if (replica != nullptr) {
    facts.role = role_text(replica->status());
    facts.leader_name = parts_.admin->name_of(replica->leader());
    const model::Configuration& now = replica->protocol().configuration();
    facts.nodes = static_cast<std::uint32_t>(all_members(now).size());
    facts.acknowledging_replicas = static_cast<std::uint32_t>(now.voters.size() / 2);
  }
  facts.executable = options_.executable;
  facts.config_file = options_.config_file;
  facts.process_id = usage.process_id;
  facts.uptime_seconds = static_cast<std::uint64_t>(
      (environment_.executor.now() - started_at_).as_milliseconds() / 1000);
  facts.memory_bytes = usage.resident_bytes;
  facts.cpu_user_seconds = usage.cpu_user_seconds;
  facts.cpu_system_seconds = usage.cpu_system_seconds;
  return facts;
}

NodeFacts Node::Impl::node_facts() {
  NodeFacts facts;
  facts.name = origin_.name;
  facts.id = identity_.node;
  facts.version = options_.version;
  facts.engine = engine_ == nullptr ? std::string() : std::string(engine_->name);
  facts.uptime_seconds =
      static_cast<double>((environment_.executor.now() - started_at_).as_milliseconds()) / 1000.0;
  const Addresses where = addresses();
  facts.redis_address = where.redis;
  facts.http_address = where.http;
  facts.process = environment_.process.sample();
  facts.free_disk_bytes = environment_.files.free_bytes().value_or(0);
  if (parts_.store == nullptr) {
    return facts;
  }
  if (const replica::Replica* replica = parts_.store->find(kShard)) {
    facts.replica = replica->status();
    facts.replica_counters = replica->counters();
    facts.leader_name = parts_.admin->name_of(replica->leader());
  }
  facts.store = parts_.store->status();
  facts.log = parts_.log->stats();
  facts.router = parts_.router->status();
  facts.peers = parts_.transport->status();
  facts.redis = parts_.redis == nullptr ? nullptr : &parts_.redis->statistics();
  return facts;
}

void Node::Impl::append_metrics(base::MetricsText& out) {
  add_metrics(node_facts(), out);
  environment_.process.append_metrics(out);
}

void Node::Impl::cluster_status(std::move_only_function<void(std::string)> on_done) {
  struct Gathering {
    std::vector<NodeAnswer> answers;
    std::size_t missing = 0;
    std::string leader;
    std::move_only_function<void(std::string)> on_done;
  };
  auto gathering = std::make_shared<Gathering>();
  gathering->on_done = std::move(on_done);
  const NodeFacts own = node_facts();
  gathering->leader = own.leader_name;
  const model::Configuration* configuration =
      parts_.admin == nullptr ? nullptr : parts_.admin->configuration();
  const model::Configuration& now = configuration == nullptr ? origin_.members : *configuration;
  for (const model::Member& member : all_members(now)) {
    const bool learner =
        std::ranges::find(now.learners, member.id, &model::Member::id) != now.learners.end();
    gathering->answers.push_back({.member = member, .learner = learner, .json = {}});
  }
  gathering->missing = gathering->answers.size() + 1;
  const auto one_less = [](Gathering& all) {
    if (--all.missing == 0) {
      all.on_done(cluster_status_json(all.leader, all.answers));
    }
  };
  for (std::size_t i = 0; i < gathering->answers.size(); ++i) {
    if (gathering->answers[i].member.id == identity_.node) {
      gathering->answers[i].json = local_status_json(own);
      one_less(*gathering);
      continue;
    }
    parts_.admin->ask_status(gathering->answers[i].member.id,
                             [gathering, i, one_less](base::Result<std::string> answer) {
                               if (answer.has_value()) {
                                 gathering->answers[i].json = std::move(*answer);
                               }
                               one_less(*gathering);
                             });
  }
  one_less(*gathering);
}

void Node::Impl::stop(std::move_only_function<void()> on_stopped) {
  on_stopped_callback_ = std::move(on_stopped);
  serving_ = false;
  stop_deadline_ = environment_.executor.now() + options_.stop_limit;
  if (parts_.redis == nullptr) {
    close();
    return;
  }
  // Clients are served until another node leads.
  hand_over();
}

void Node::Impl::hand_over() {
  replica::Replica* replica = parts_.store->find(kShard);
  model::NodeId best;
  model::LogIndex best_match;
  if (replica != nullptr && replica->leads()) {
    for (const protocol::PeerStatus& peer : replica->status().protocol.peers) {
      if (!peer.learner && peer.recently_active && peer.id != identity_.node &&
          (best.is_none() || peer.match > best_match)) {
        best = peer.id;
        best_match = peer.match;
      }
    }
  }
  if (best.is_none()) {
    drain();
    return;
  }
  log(LogLevel::info, "handing leadership to " + parts_.admin->name_of(best));
  replica->transfer_leadership(
      best, [this, alive = std::weak_ptr<bool>(alive_)](const base::Status& status) {
        if (alive.expired()) {
          return;
        }
        if (!status.has_value()) {
          log(LogLevel::warning, "leadership was not handed over: " + status.error().to_string());
        }
        environment_.executor.post([this, still = alive] {
          if (!still.expired()) {
            drain();
          }
        });
      });
}

// No new connections; what is in flight is answered.
void Node::Impl::drain() {
  const base::Instant limit = environment_.executor.now() + options_.drain_limit;
  parts_.redis->drain(std::min(limit, stop_deadline_), [this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) {
      close();
    }
  });
}

// The checkpoint makes the next start short.
void Node::Impl::close() {
  auto done = [this, alive = std::weak_ptr<bool>(alive_)](const base::Status& status) {
    if (alive.expired()) {
      return;
    }
    if (!status.has_value()) {
      log(LogLevel::warning, "last checkpoint: " + status.error().to_string());
    }
    parts_.http->stop();
    parts_.admin->stop();
    parts_.router->stop();
    parts_.store->stop();
    parts_.transport->stop();
    environment_.executor.post([this, still = alive] {
      if (!still.expired()) {
        std::exchange(on_stopped_callback_, nullptr)();
      }
    });
  };
  drop_timer();
  if (parts_.store == nullptr || failed_) {
    std::exchange(on_stopped_callback_, nullptr)();
    return;
  }
  parts_.store->checkpoint(std::move(done));
}

}  // namespace ostraka::node
