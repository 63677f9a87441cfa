// Starting: identity, joining, storage, the shard, the front ends.
#include "base/assert.h"
#include "node/internal/engine_choice.h"
#include "node/internal/http_routes.h"
#include "node/internal/node_impl.h"
#include "node/internal/start_room.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace ostraka::node {

namespace {

const base::Duration kHousekeeping = base::Duration::milliseconds(500);
const base::Duration kJoinLimit = base::Duration::seconds(10);
constexpr int kJoinTries = 30;
constexpr int kTriesPerLine = 5;

// A folder that somebody uses for something else is not filled with a database.
base::Status refuse_foreign_files(port::FileSystem& files) {
  // What a first start may leave when it is interrupted, and what a fresh file system has.
  constexpr std::array<std::string_view, 5> kFresh{"LOCK", "origin", "origin.new", "IDENTITY.new",
                                                   "lost+found"};
  OSTRAKA_ASSIGN(const std::vector<std::string> names, files.list("."));
  std::string foreign;
  for (const std::string& name : names) {
    if (name == "IDENTITY" || name == "wal") {
      return {};  // ours, whole or not
    }
    if (std::ranges::find(kFresh, name) == kFresh.end()) {
      foreign = name;
    }
  }
  if (foreign.empty()) {
    return {};
  }
  return base::fail(base::ErrorCode::already_exists,
                    fmt::format("the data directory {} holds '{}' and nothing of Ostraka: give "
                                "--data-dir an empty folder, or one that Ostraka made",
                                files.root(), foreign));
}

}  // namespace

base::Status Node::Impl::start() {
  started_at_ = environment_.executor.now();
  leaderless_since_ = started_at_;
  OSTRAKA_TRY(refuse_foreign_files(environment_.files));
  OSTRAKA_ASSIGN(const std::optional<wal::Identity> stored,
                 wal::open_data_directory(environment_.files));
  if (stored.has_value()) {
    identity_ = *stored;
    OSTRAKA_ASSIGN(origin_, read_origin(environment_.files));
    if (origin_.name != options_.name) {
      return base::fail(base::ErrorCode::identity_mismatch,
                        fmt::format("the data directory belongs to node '{}', --name says '{}'",
                                    origin_.name, options_.name));
    }
    OSTRAKA_ASSIGN(engine_, engine_of_directory(identity_.engine, options_.engine));
    if (!options_.join.empty()) {
      log(LogLevel::info, fmt::format("--join {} is ignored: the directory is that of member '{}' "
                                      "already",
                                      options_.join, origin_.name));
    }
    return open();
  }
  origin_.name = options_.name;
  OSTRAKA_ASSIGN(engine_, engine_asked_for(options_.engine));
  identity_.engine = engine_->number;
  identity_.incarnation = model::Incarnation(prng_.next() | 1U);
  if (options_.mutant == Mutant::wiped_voter_votes) {
    identity_.incarnation = model::Incarnation(1);
  }
  if (!options_.join.empty()) {
    join();
    return {};
  }
  OSTRAKA_TRY(initialise());
  return open();
}

base::Status Node::Impl::initialise() {
  std::vector<InitialMember> members = options_.cluster;
  if (members.empty()) {
    members.push_back({.name = options_.name, .address = advertised()});
    identity_.cluster = model::ClusterId(prng_.next() | 1U);
  } else {
    identity_.cluster = cluster_of(members);
  }
  identity_.node = id_of(members, options_.name);
  OSTRAKA_ASSERT(!identity_.node.is_none(), "the name is checked to be in the list");
  origin_.members = initial_configuration(members);
  for (model::Member& member : origin_.members.voters) {
    if (member.id == identity_.node) {
      member.incarnation = identity_.incarnation;
    }
  }
  OSTRAKA_TRY(keep_identity());
  log(LogLevel::info, fmt::format("initialised an empty directory: node {} of {}",
                                  identity_.node.value(), members.size()));
  return {};
}

base::Status Node::Impl::keep_identity() {
  OSTRAKA_TRY(write_origin(environment_.files, origin_));
  return wal::initialise_data_directory(environment_.files, identity_);
}

// A new node has no identity until a member of the cluster gives it one.
void Node::Impl::join() {
  peer::TransportOptions transport;
  transport.peer_secret = options_.peer_secret;
  transport.log = [this](std::string_view line) { log(LogLevel::warning, std::string(line)); };
  join_transport_ =
      peer::make_transport(environment_.executor, environment_.network, transport, prng_.next());
  log(LogLevel::info, "asking " + options_.join + " to be admitted");
  ask_to_join(options_.join, kJoinTries);
}

void Node::Impl::ask_to_join(const std::string& address, int tries) {
  const AdminRequest request{.id = 0,
                             .op = AdminOp::join,
                             .name = options_.name,
                             .address = advertised(),
                             .incarnation = identity_.incarnation,
                             .engine = options_.engine.empty() ? std::uint8_t{0} : engine_->number};
  join_transport_->call_address(
      address, peer::FrameType::join_request, encode(request),
      environment_.executor.now() + kJoinLimit,
      [this, alive = std::weak_ptr<bool>(alive_), tries](base::Result<base::Buffer> reply) {
        if (!alive.expired()) {
          on_join_reply(std::move(reply), tries - 1);
        }
      });
}

void Node::Impl::on_join_reply(base::Result<base::Buffer> reply, int tries) {
  base::Result<JoinReply> answer = reply.has_value() ? decode_join_reply(reply->view())
                                                     : std::unexpected(std::move(reply).error());
  std::optional<base::Error> error;
  std::string next = options_.join;
  if (!answer.has_value()) {
    error = answer.error();
  } else if (answer->error != 0) {
    error =
        base::Error{base::error_code_from(answer->error).value_or(base::ErrorCode::unknown_outcome),
                    answer->text};
    next = answer->redirect.empty() ? options_.join : answer->redirect;
    if (!base::is_retryable(error->code)) {
      error->code = base::ErrorCode::identity_mismatch;  // the cluster does not take this node
    }
  }
  if (!error.has_value()) {
    // The cluster's, unless the operator said otherwise.
    base::Result<const protocol::Engine*> engine =
        engine_of_directory(answer->engine, options_.engine);
    if (engine.has_value()) {
      engine_ = *engine;
      identity_.engine = engine_->number;
    } else {
      error = base::Error{engine.error().code,
                          options_.engine.empty()
                              ? engine.error().context
                              : other_engine("the cluster", answer->engine, identity_.engine)};
    }
  }
  if (!error.has_value()) {
    identity_.cluster = answer->cluster;
    identity_.node = answer->node;
    origin_.members = answer->members;
    origin_.joined = true;
    base::Status opened = keep_identity();
    if (opened.has_value()) {
      join_transport_->stop();
      opened = open();
    }
    if (!opened.has_value()) {
      fatal(opened.error());
    }
    return;
  }
  const bool retryable = base::is_retryable(error->code);
  if (tries <= 0 || !retryable) {
    error->context =
        fmt::format("--join {}: {}{}", options_.join,
                    retryable ? fmt::format("given up after {} tries: ", kJoinTries) : "",
                    error->context.empty() ? error->to_string() : error->context);
    fatal(*error);
    return;
  }
  if (tries % kTriesPerLine == kTriesPerLine - 1) {
    log(LogLevel::warning, fmt::format("--join {}: not admitted yet: {}; asking {} again, {} tries "
                                       "left",
                                       options_.join, error->to_string(), next, tries));
  }
  set_timer([this, next, tries] { ask_to_join(next, tries); }, kHousekeeping);
}

base::Status Node::Impl::open_storage() {
  OSTRAKA_ASSIGN(const bool out_of_room, secure_start_room(environment_.files));
  if (out_of_room) {
    log(LogLevel::warning,
        "the disk is full: the room kept for this start is in use, writes are "
        "refused; make space on the file system");
    options_.store.disk_reserve_least = kStartRoomBytes;
  }
  wal::Options log_options = options_.wal;
  log_options.identity = identity_.incarnation.value();
  OSTRAKA_ASSIGN(parts_.log, wal::Wal::open(environment_.files, environment_.executor, log_options,
                                            [this](const base::Error& error) { fatal(error); }));
  OSTRAKA_ASSIGN(parts_.engine,
                 environment_.open_engine(environment_.files, environment_.executor));
  return {};
}

base::Status Node::Impl::open() {
  OSTRAKA_TRY(open_storage());
  peer::TransportOptions transport;
  transport.cluster = identity_.cluster;
  transport.self = identity_.node;
  transport.incarnation = identity_.incarnation;
  transport.engine = engine_->number;
  transport.peer_secret = options_.peer_secret;
  transport.mutant = options_.peer_mutant;
  transport.log = [this](std::string_view line) { log(LogLevel::warning, std::string(line)); };
  parts_.transport =
      peer::make_transport(environment_.executor, environment_.network, transport, prng_.next());
  OSTRAKA_TRY(parts_.transport->start(options_.peer_listen, *this));
  parts_.transport->set_members(all_members(origin_.members));

  store::Options store_options = std::move(options_.store);
  store_options.self = identity_.node;
  store_options.protocol_engine = engine_->name;
  store_options.seed = prng_.next();
  parts_.store =
      std::make_unique<store::Store>(store::Environment{.executor = environment_.executor,
                                                        .engine = *parts_.engine,
                                                        .log = *parts_.log,
                                                        .files = environment_.files,
                                                        .transport = *parts_.transport},
                                     std::move(store_options));
  parts_.store->set_listener(this);
  parts_.shard = std::make_unique<ReplicaShard>(*parts_.store, kShard);
  router::RouterOptions router_options = options_.router;
  router_options.shard = kShard;
  router_options.self = identity_.node;
  router_options.seed = prng_.next();
  parts_.router = std::make_unique<router::NodeRouter>(environment_.executor, *parts_.shard,
                                                       *parts_.transport, router_options);
  parts_.store->set_sessions(parts_.router.get());
  parts_.admin = std::make_unique<Admin>(Admin::Parts{.executor = environment_.executor,
                                                      .store = *parts_.store,
                                                      .transport = *parts_.transport,
                                                      .shard = kShard,
                                                      .self = identity_.node,
                                                      .cluster = identity_.cluster,
                                                      .engine = *engine_,
                                                      .origin = origin_},
                                         [this] { return local_status_json(node_facts()); });
  OSTRAKA_TRY(parts_.store->start());
  // A log from before incarnations stood in the first configuration is a formed cluster's, too.
  OSTRAKA_ASSIGN(const bool has_shard, parts_.store->has_shard(kShard));
  if (has_shard || is_formed()) {
    OSTRAKA_TRY(open_shard());
  } else if (!options_.cluster.empty() && cluster_of(options_.cluster) != identity_.cluster) {
    return base::fail(base::ErrorCode::identity_mismatch,
                      "--cluster is another list than the one that this directory was made with");
  }
  return open_front_ends();
}

base::Status Node::Impl::open_shard() {
  OSTRAKA_TRY(parts_.store->open_shard(
      kShard,
      origin_.joined ? nullptr : std::make_shared<const model::Configuration>(origin_.members),
      options_.state));
  return check_membership();
}

// A list of members on the command line may not contradict what is stored.
base::Status Node::Impl::check_membership() {
  const model::Configuration* stored = parts_.admin->configuration();
  if (stored == nullptr || stored->voters.empty()) {
    return {};  // joined and not told yet
  }
  if (!options_.cluster.empty()) {
    if (const std::string why = contradiction(options_.cluster, identity_.cluster, *stored);
        !why.empty()) {
      return base::fail(base::ErrorCode::identity_mismatch, why);
    }
  }
  const std::vector<model::Member> members = all_members(*stored);
  const auto self = std::ranges::find(members, identity_.node, &model::Member::id);
  if (self == members.end()) {
    log(LogLevel::warning, "this node is no member of its cluster any more");
  } else if (!options_.advertise.empty() && self->peer_address != options_.advertise) {
    return base::fail(base::ErrorCode::identity_mismatch,
                      fmt::format("--advertise {} contradicts the stored membership, where {} is "
                                  "at {}",
                                  options_.advertise, origin_.name, self->peer_address));
  }
  return {};
}

base::Status Node::Impl::open_front_ends() {
  gateway::resp::Options redis = options_.redis;
  redis.seed = prng_.next();
  parts_.redis = std::make_unique<gateway::resp::Server>(
      environment_.executor, environment_.network, *parts_.router, std::move(redis), *this);
  OSTRAKA_TRY(parts_.redis->start(options_.redis_listen));
  parts_.http = std::make_unique<gateway::http::Server>(environment_.executor, environment_.network,
                                                        gateway::http::ServerOptions{});
  add_routes(*parts_.http, *this);
  OSTRAKA_TRY(parts_.http->start(options_.http_listen));
  serving_ = true;
  if (parts_.store->find(kShard) == nullptr) {
    form();
  } else {
    set_timer([this] { housekeeping(); }, kHousekeeping);
  }
  const model::Configuration* configuration = parts_.admin->configuration();
  if (configuration != nullptr && configuration->voters.size() == 1 && !configuration->is_joint() &&
      configuration->voters.front().id == identity_.node) {
    parts_.store->find(kShard)->campaign();  // nobody else to wait for
  }
  listener_.on_ready(addresses());
  return {};
}

std::string Node::Impl::advertised() const {
  return options_.advertise.empty() ? options_.peer_listen : options_.advertise;
}

}  // namespace ostraka::node
