// Generations of a shard's keyspaces. A flush raises the generation; the keys of earlier ones are
// out of sight at once and are deleted in the background, up to `collected`.
#pragma once

#include "base/result.h"
#include "model/ids.h"
#include "port/engine.h"

#include <cstdint>
#include <map>

namespace ostraka::kv {

struct KeyspaceState {
  std::uint32_t generation = 0;  // keyspaces without a record have this one
  std::uint32_t collected = 0;   // no key of an earlier generation is left
};

class Keyspaces {
 public:
  [[nodiscard]] base::Status load(port::Engine& engine, model::ShardId shard);

  [[nodiscard]] std::uint32_t generation(model::KeyspaceId keyspace) const;
  // One generation further.
  void flush(model::ShardId shard, model::KeyspaceId keyspace, port::WriteBatch& batch);
  // Everything before the present generation is deleted.
  void set_collected(model::ShardId shard, model::KeyspaceId keyspace, port::WriteBatch& batch);
  [[nodiscard]] const std::map<model::KeyspaceId, KeyspaceState>& all() const { return states_; }

 private:
  void store(model::ShardId shard, model::KeyspaceId keyspace, port::WriteBatch& batch) const;

  std::map<model::KeyspaceId, KeyspaceState> states_;
};

}  // namespace ostraka::kv
