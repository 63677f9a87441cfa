#include "kv/internal/keyspaces.h"

#include "base/assert.h"
#include "kv/internal/stored.h"

#include <limits>
#include <string>

namespace ostraka::kv {
namespace {

constexpr std::uint8_t kFormatVersion = 1;

}  // namespace

base::Status Keyspaces::load(port::Engine& engine, model::ShardId shard) {
  states_.clear();
  const std::string lower = meta_key(shard, MetaKind::keyspace);
  std::string upper = lower;
  upper.back() = static_cast<char>(upper.back() + 1);
  const auto it =
      engine.iterate({.family = port::Family::meta, .lower = lower, .upper = std::move(upper)});
  for (it->seek_first(); it->valid(); it->next()) {
    base::Reader in(it->value());
    const std::uint8_t version = in.u8();
    const KeyspaceState state{.generation = in.u32(), .collected = in.u32()};
    if (in.ok() && version != kFormatVersion) {
      return base::fail(base::ErrorCode::format_unknown, "keyspace record");
    }
    if (!in.finished() || it->key().size() != lower.size() + 4) {
      return base::fail(base::ErrorCode::corruption, "keyspace record");
    }
    const model::KeyspaceId id(versioned::get_u32_be(it->key().data() + lower.size()));
    states_.emplace(id, state);
  }
  return it->status();
}

std::uint32_t Keyspaces::generation(model::KeyspaceId keyspace) const {
  const auto found = states_.find(keyspace);
  return found == states_.end() ? 0 : found->second.generation;
}

void Keyspaces::flush(model::ShardId shard, model::KeyspaceId keyspace, port::WriteBatch& batch) {
  KeyspaceState& state = states_[keyspace];
  OSTRAKA_ASSERT(state.generation != std::numeric_limits<std::uint32_t>::max(),
                 "four thousand million flushes");
  ++state.generation;
  store(shard, keyspace, batch);
}

void Keyspaces::set_collected(model::ShardId shard, model::KeyspaceId keyspace,
                              port::WriteBatch& batch) {
  KeyspaceState& state = states_[keyspace];
  state.collected = state.generation;
  store(shard, keyspace, batch);
}

void Keyspaces::store(model::ShardId shard, model::KeyspaceId keyspace,
                      port::WriteBatch& batch) const {
  const KeyspaceState& state = states_.at(keyspace);
  std::string value;
  base::Writer writer(value);
  writer.u8(kFormatVersion);
  writer.u32(state.generation);
  writer.u32(state.collected);
  batch.put(port::Family::meta, keyspace_key(shard, keyspace), value);
}

}  // namespace ostraka::kv
