#include "store/store.h"

#include "store/internal/store_impl.h"

#include <utility>

namespace ostraka::store {

Store::Store(Environment environment, Options options)
    : impl_(std::make_unique<Impl>(environment, std::move(options))) {}

Store::~Store() = default;

void Store::set_listener(StoreListener* listener) { impl_->set_listener(listener); }

void Store::set_sessions(replica::Sessions* sessions) { impl_->set_sessions(sessions); }

base::Status Store::start() { return impl_->start(); }

base::Result<bool> Store::has_shard(model::ShardId shard) { return impl_->has_shard(shard); }

base::Status Store::open_shard(model::ShardId shard,
                               const std::shared_ptr<const model::Configuration>& initial,
                               const kv::StateMachineOptions& state) {
  return impl_->open_shard(shard, initial, state);
}

replica::Replica* Store::find(model::ShardId shard) { return impl_->find(shard); }

std::vector<model::ShardId> Store::shards() const { return impl_->shards(); }

void Store::checkpoint(std::move_only_function<void(base::Status)> on_done) {
  impl_->checkpointer().flush(std::move(on_done));
}

void Store::stop() { impl_->stop(); }

void Store::on_protocol_message(peer::ReceivedMessage& received) {
  if (replica::Replica* replica = impl_->find(received.shard); replica != nullptr) {
    replica->on_message(received.message, received.payloads);
  }
}

bool Store::on_frame(model::NodeId from, peer::FrameType type, model::ShardId shard,
                     base::ByteView body) {
  return impl_->on_frame(from, type, shard, body);
}

void Store::on_connected(model::NodeId) {}

void Store::on_disconnected(model::NodeId peer, bool refused) {
  impl_->on_disconnected(peer, refused);
}

StoreStatus Store::status() const { return impl_->status(); }

}  // namespace ostraka::store
