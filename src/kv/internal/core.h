// What the parts of a state machine share: where the shard lies, what has been applied, and the
// writes that wait for the engine.
//
// Threads: the shard's reactor. The parts hold a reference; StateMachine owns it.
#pragma once

#include "base/result.h"
#include "kv/internal/keyspaces.h"
#include "kv/internal/pending.h"
#include "kv/state_machine.h"
#include "port/engine.h"
#include "versioned/key.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::kv {

class Core {
 public:
  Core(model::ShardId shard_in, port::Engine& engine_in, SessionLimits limits_in,
       StateMachineOptions options_in);

  // Reads the meta records and the generations; drops what is pending.
  [[nodiscard]] base::Status load();
  // Hands pending writes, in key order, the applied record and whatever else is in `batch` to the
  // engine as one. After an error all of it goes on waiting.
  [[nodiscard]] base::Status write();
  // The same beside the reactor: from then on all of it is `leaving`, until settle(). Requires that
  // nothing is leaving.
  void begin_write();
  // True while the engine is at it.
  [[nodiscard]] bool is_writing() const { return writing_ != nullptr && !writing_->done(); }
  // The end of what is leaving; does nothing when nothing is. After an error it goes on waiting.
  [[nodiscard]] base::Status settle();
  // Not handed over yet.
  [[nodiscard]] std::size_t waiting_bytes() const { return pending.bytes() + batch->bytes(); }
  // io_error when the engine was opened anew since load(): it may hold less than was applied.
  [[nodiscard]] base::Status check_epoch() const;
  // The shard's configuration from entry `index` on.
  void set_configuration(std::shared_ptr<const model::Configuration> configuration,
                         model::LogIndex index, base::ByteView encoded);

  [[nodiscard]] bool owns(model::KeyspaceId keyspace) const {
    return keyspace >= options.keyspace_first && keyspace <= options.keyspace_last;
  }
  // A key has expired iff its deadline is not later than the applied log time.
  [[nodiscard]] bool expired(std::int64_t deadline_ms) const {
    if (options.mutant == Mutant::expiry_by_local_clock && options.local_clock) {
      return deadline_ms != 0 && deadline_ms <= options.local_clock().as_milliseconds();
    }
    return deadline_ms != 0 && deadline_ms <= applied.log_time.as_milliseconds();
  }
  [[nodiscard]] versioned::KeyPrefix prefix(model::KeyspaceId keyspace) const {
    return {.keyspace = keyspace, .generation = keyspaces.generation(keyspace)};
  }

  const model::ShardId shard;
  port::Engine& engine;
  const SessionLimits limits;
  const StateMachineOptions options;
  AppliedState applied;
  model::LogIndex stored_index;  // the applied index that the engine holds
  Keyspaces keyspaces;
  Pending pending;
  Pending leaving;  // older than `pending`: what the engine is taking, or refused
  std::unique_ptr<port::WriteBatch> batch;
  // No entry of the expiry index has an earlier deadline.
  std::int64_t deadline_min = std::numeric_limits<std::int64_t>::min();

 private:
  [[nodiscard]] base::Status load_applied();
  [[nodiscard]] base::Status load_configuration();
  // Everything pending, and the applied record, into the batch.
  void emit_pending();
  void emit(Slot& slot);
  void emit_applied();

  std::uint64_t epoch_ = 0;  // of the engine, at load()
  std::vector<Slot*> order_;
  model::LogIndex emitted_;  // the applied index in the batch
  std::string record_;
  std::string index_key_;
  std::string applied_key_;
  std::unique_ptr<port::WriteBatch> leaving_batch_;
  model::LogIndex leaving_index_;               // the applied index in it
  std::unique_ptr<port::EngineWrite> writing_;  // of leaving_batch_; goes before it
};

}  // namespace ostraka::kv
