// What the parts of a store share.
#pragma once

#include "model/ids.h"
#include "store/store.h"

namespace ostraka::store {

class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  virtual ~Context() = default;
  [[nodiscard]] virtual Environment& environment() = 0;
  [[nodiscard]] virtual const Options& options() const = 0;
  // Null when the shard is not open here.
  [[nodiscard]] virtual replica::Replica* find(model::ShardId shard) = 0;
  // The engine holds the state at `index` durably (an ingest needs no flush).
  virtual void on_installed(model::ShardId shard, model::LogIndex index) = 0;
};

}  // namespace ostraka::store
