#include "store/internal/store_impl.h"

#include "base/hash.h"
#include "protocol/engines/engines.h"
#include "store/internal/recovery.h"

#include <algorithm>
#include <utility>

namespace ostraka::store {
Store::Impl::Impl(Environment environment, Options options)
    : environment_(environment),
      options_(std::move(options)),
      link_(environment_.transport),
      sender_(*this),
      receiver_(*this),
      checkpointer_(
          *this, sender_,
          [this](const base::Error& error) {
            if (listener_ != nullptr) {
              listener_->on_checkpoint_failed(error);
            }
          },
          [this] { return reload_all(); }) {
  if (!options_.protocol_factory) {
    options_.protocol_factory = protocol::find_engine(options_.protocol_engine)->make;
  }
}

base::Status Store::Impl::start() {
  port::FileSystem& files = environment_.files;
  OSTRAKA_TRY(files.remove_tree(options_.snapshot_folder));
  OSTRAKA_TRY(files.make_directory(options_.snapshot_folder));
  OSTRAKA_TRY(files.sync_directory("."));
  checkpointer_.start();
  return {};
}

base::Result<bool> Store::Impl::has_shard(model::ShardId shard) {
  const std::vector<model::ShardId> logged = environment_.log.shards();
  if (std::find(logged.begin(), logged.end(), shard) != logged.end()) {
    return true;
  }
  kv::StateMachine state(shard, environment_.engine, options_.sessions);
  OSTRAKA_ASSIGN(const kv::AppliedState applied, state.load());
  return !applied.index.is_none();
}

base::Status Store::Impl::open_shard(model::ShardId shard,
                                     const std::shared_ptr<const model::Configuration>& initial,
                                     const kv::StateMachineOptions& state_options) {
  if (find(shard) != nullptr) {
    return base::fail(base::ErrorCode::already_exists, "the shard is open");
  }
  auto state = std::make_unique<kv::StateMachine>(shard, environment_.engine, options_.sessions,
                                                  state_options);
  OSTRAKA_ASSIGN(const kv::AppliedState applied, state->load());
  OSTRAKA_ASSIGN(port::RecoveredLog log, environment_.log.take_recovered(shard));
  const bool keeps_slots = protocol::find_engine(options_.protocol_engine)->keeps_slots;
  OSTRAKA_ASSIGN(Recovery recovery, recover(applied, std::move(log), initial, keeps_slots));

  ProtocolParts parts;
  parts.shard = shard;
  parts.self = options_.self;
  parts.settings = options_.protocol;
  const std::uint64_t id = shard.value();
  parts.seed = base::hash64({reinterpret_cast<const char*>(&id), sizeof id}, options_.seed);
  parts.now = environment_.executor.now();
  parts.recovered = recovery.recovered;
  std::unique_ptr<protocol::Protocol> protocol = options_.protocol_factory(std::move(parts));
  OSTRAKA_ASSERT(protocol->keeps_slots() == keeps_slots, "the factory makes another engine");
  const auto configuration =
      std::make_shared<const model::Configuration>(protocol->configuration());

  auto replica = std::make_unique<replica::Replica>(
      replica::Parts{shard, options_.self, environment_.executor, environment_.log, link_, *this,
                     std::move(protocol), std::move(state), recovery.recovered.hard_state,
                     std::move(recovery.unapplied), recovery.reset_log,
                     std::move(recovery.first_write)},
      options_.replica);
  replica::Replica& opened = *replica;
  replicas_.emplace(shard, std::move(replica));
  checkpointer_.add(shard, applied.index);
  configurations_[shard] = configuration;
  tell_members();
  opened.set_sessions(sessions_);
  opened.start();
  return {};
}

void Store::Impl::stop() {
  checkpointer_.stop();
  for (auto& [shard, replica] : replicas_) {
    replica->stop();
  }
}

void Store::Impl::set_sessions(replica::Sessions* sessions) {
  sessions_ = sessions;
  for (auto& [shard, replica] : replicas_) {
    replica->set_sessions(sessions);
  }
}

std::vector<model::ShardId> Store::Impl::shards() const {
  std::vector<model::ShardId> shards;
  shards.reserve(replicas_.size());
  for (const auto& [shard, replica] : replicas_) {
    shards.push_back(shard);
  }
  return shards;
}

StoreStatus Store::Impl::status() const {
  StoreStatus status;
  status.checkpoints = checkpointer_.completed();
  status.snapshots_sent = sender_.sent();
  status.snapshots_installed = receiver_.installed();
  status.snapshots_sending = sender_.active();
  status.snapshots_receiving = receiver_.active();
  status.engine = environment_.engine.stats();
  return status;
}

bool Store::Impl::on_frame(model::NodeId from, peer::FrameType type, model::ShardId shard,
                           base::ByteView body) {
  if (type == peer::FrameType::snapshot_chunk) {
    const base::Result<SnapshotChunk> chunk = decode_snapshot_chunk(body);
    if (chunk.has_value()) {
      receiver_.on_chunk(from, shard, *chunk);
    }
    return true;
  }
  if (type == peer::FrameType::snapshot_reply) {
    const base::Result<SnapshotReply> reply = decode_snapshot_reply(body);
    if (reply.has_value()) {
      sender_.on_reply(from, *reply);
    }
    return true;
  }
  const bool request = type == peer::FrameType::read_index_request;
  if (!request && type != peer::FrameType::read_index_reply) {
    return false;
  }
  if (replica::Replica* replica = find(shard); replica != nullptr && request) {
    replica->on_read_index_request(from, body);
  } else if (replica != nullptr) {
    replica->on_read_index_reply(from, body);
  }
  return true;
}

void Store::Impl::on_disconnected(model::NodeId peer, bool refused) {
  sender_.on_disconnected(peer);
  receiver_.on_disconnected(peer);
  if (refused) {
    for (auto& [shard, replica] : replicas_) {
      replica->on_peer_unreachable(peer);
    }
  }
}

replica::Replica* Store::Impl::find(model::ShardId shard) {
  const auto found = replicas_.find(shard);
  return found == replicas_.end() ? nullptr : found->second.get();
}

void Store::Impl::on_installed(model::ShardId shard, model::LogIndex index) {
  checkpointer_.set_flushed(shard, index);
}

void Store::Impl::on_role(model::ShardId shard, const protocol::RoleChange& change) {
  if (listener_ != nullptr) {
    listener_->on_role(shard, change);
  }
}

void Store::Impl::on_configuration(
    model::ShardId shard, const std::shared_ptr<const model::Configuration>& configuration) {
  configurations_[shard] = configuration;
  tell_members();
}

void Store::Impl::on_send_snapshot(model::ShardId shard, const protocol::SendSnapshot& request) {
  sender_.request(shard, request);
}

void Store::Impl::on_install_snapshot(model::ShardId shard, const protocol::SnapshotMeta& meta) {
  receiver_.install(shard, meta);
}

void Store::Impl::on_discard_snapshot(model::ShardId shard) { receiver_.discard(shard); }

void Store::Impl::on_removed(model::ShardId shard) {
  if (listener_ != nullptr) {
    listener_->on_removed(shard);
  }
}

void Store::Impl::on_stopped(model::ShardId shard, const base::Error& reason) {
  if (listener_ != nullptr) {
    listener_->on_stopped(shard, reason);
  }
}

void Store::Impl::on_state_hash(model::ShardId shard, model::LogIndex index, std::uint64_t hash) {
  if (listener_ != nullptr) {
    listener_->on_state_hash(shard, index, hash);
  }
}

// All members of all shards: those the transport may talk to.
void Store::Impl::tell_members() {
  std::map<model::NodeId, model::Member> all;
  for (const auto& [shard, configuration] : configurations_) {
    for (const auto* list :
         {&configuration->voters, &configuration->voters_outgoing, &configuration->learners}) {
      for (const model::Member& member : *list) {
        all.emplace(member.id, member);
      }
    }
  }
  std::vector<model::Member> members;
  members.reserve(all.size());
  for (auto& [id, member] : all) {
    members.push_back(std::move(member));
  }
  // A joining node knows nobody yet: whom it may talk to was told by the node.
  if (members.empty() || members == members_) {
    return;
  }
  members_ = std::move(members);
  environment_.transport.set_members(members_);
  if (listener_ != nullptr) {
    listener_->on_members(members_);
  }
}

bool Store::Impl::reload_all() {
  bool all = true;
  for (auto& [shard, replica] : replicas_) {
    all = replica->reload_state() && all;
  }
  return all;
}

}  // namespace ostraka::store
