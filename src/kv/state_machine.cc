#include "kv/state_machine.h"

#include "base/assert.h"
#include "codec/operation.h"
#include "codec/result_value.h"
#include "kv/internal/applier.h"
#include "kv/internal/core.h"
#include "kv/internal/maintenance.h"
#include "kv/internal/operations.h"
#include "kv/internal/sessions.h"
#include "kv/internal/state_hash.h"
#include "kv/internal/stored.h"

#include <optional>
#include <tuple>
#include <utility>

namespace ostraka::kv {

class StateMachine::Impl {
 public:
  Impl(model::ShardId shard, port::Engine& engine, SessionLimits limits,
       StateMachineOptions options)
      : core(shard, engine, limits, std::move(options)),
        operations(core),
        sessions(core),
        applier(core, operations, sessions),
        maintenance(core) {}

  base::Status load() {
    applier.drop();
    maintenance.reset();
    OSTRAKA_TRY(core.load());
    return sessions.load();
  }

  base::Status apply(std::span<const port::LogEntry> entries, ApplyListener& listener) {
    if (failure.has_value()) {
      return std::unexpected(*failure);
    }
    base::Status status = applier.apply(entries, listener);
    if (!status.has_value() && status.error().code != base::ErrorCode::busy) {
      // An entry may be half done: memory goes back to what the engine holds, and the entries can
      // be applied again from there.
      const base::Status loaded = load();
      failure = loaded.has_value() ? status.error() : loaded.error();
    }
    return status;
  }

  base::Status read(base::ByteView encoded_command, std::string& results) {
    OSTRAKA_TRY(core.check_epoch());
    codec::CommandReader reader(encoded_command);
    codec::ResultWriter out(results);
    codec::Operation operation;
    for (;;) {
      OSTRAKA_ASSIGN(const bool more, reader.next(operation));
      if (!more) {
        return {};
      }
      if (!codec::is_read(operation.code)) {
        return base::fail(base::ErrorCode::invalid_argument, "a write in a read command");
      }
      OSTRAKA_TRY(operations.read(operation, out));
    }
  }

  Core core;
  Operations operations;
  Sessions sessions;
  Applier applier;
  Maintenance maintenance;
  std::optional<base::Error> failure;
};

StateMachine::StateMachine(model::ShardId shard, port::Engine& engine, SessionLimits limits,
                           StateMachineOptions options)
    : impl_(std::make_unique<Impl>(shard, engine, limits, std::move(options))) {}

StateMachine::~StateMachine() = default;

base::Result<AppliedState> StateMachine::load() {
  OSTRAKA_TRY(impl_->load());
  impl_->failure.reset();
  return impl_->core.applied;
}

base::Status StateMachine::apply(std::span<const port::LogEntry> entries, ApplyListener& listener) {
  return impl_->apply(entries, listener);
}

base::Status StateMachine::read(base::ByteView encoded_command, std::string& results) {
  const std::size_t size = results.size();
  base::Status status = impl_->read(encoded_command, results);
  if (!status.has_value()) {
    results.resize(size);
  }
  return status;
}

base::Status StateMachine::write_out() { return impl_->core.write(); }

void StateMachine::settle() {
  // What was refused goes on waiting here.
  std::ignore = impl_->core.settle();
}

model::LogIndex StateMachine::stored() const { return impl_->core.stored_index; }

model::LogIndex StateMachine::applied() const { return impl_->core.applied.index; }

model::Term StateMachine::applied_term() const { return impl_->core.applied.term; }

base::WallTime StateMachine::log_time() const { return impl_->core.applied.log_time; }

std::shared_ptr<const model::Configuration> StateMachine::configuration() const {
  return impl_->core.applied.configuration;
}

// A failing engine shows itself at the next apply; there is nothing to expire or collect until
// then.
std::string StateMachine::expired_command(base::WallTime now, std::size_t max) {
  return impl_->maintenance.expired_command(now, max).value_or(std::string());
}

bool StateMachine::has_expired_sessions(base::WallTime now) const {
  return impl_->sessions.has_expired(now.as_milliseconds());
}

bool StateMachine::collect_garbage(std::size_t max_keys) {
  return impl_->maintenance.collect_garbage(max_keys).value_or(false);
}

std::uint64_t StateMachine::state_hash() {
  const base::Status written = write_out();
  OSTRAKA_ASSERT(written.has_value(), "the engine takes writes");
  const auto hash = hash_state(impl_->core, impl_->sessions);
  OSTRAKA_ASSERT(hash.has_value(), "the state can be read");
  return *hash;
}

std::vector<port::FamilyRange> StateMachine::ranges() const {
  const Core& core = impl_->core;
  std::string first;
  std::string end;
  versioned::append_prefix(first, {.keyspace = core.options.keyspace_first});
  versioned::append_prefix_end(
      end, {.keyspace = core.options.keyspace_last, .generation = ~std::uint32_t{0}});
  std::vector<port::FamilyRange> ranges;
  for (const port::Family family : {port::Family::data, port::Family::history}) {
    ranges.push_back({.family = family, .lower = first, .upper = end});
  }
  for (const port::Family family :
       {port::Family::expiry, port::Family::session, port::Family::meta}) {
    ranges.push_back(
        {.family = family, .lower = shard_begin(core.shard), .upper = shard_end(core.shard)});
  }
  return ranges;
}

}  // namespace ostraka::kv
