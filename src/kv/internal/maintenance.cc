#include "kv/internal/maintenance.h"

#include "codec/operation.h"
#include "kv/internal/stored.h"
#include "versioned/record.h"

#include <limits>
#include <utility>

namespace ostraka::kv {

base::Result<bool> Maintenance::is_current(base::ByteView index_key) {
  if (index_key.size() < kExpiryPrefixBytes) {
    return base::fail(base::ErrorCode::corruption, "expiry index key");
  }
  const base::ByteView stored = index_key.substr(kExpiryPrefixBytes);
  OSTRAKA_ASSIGN(const versioned::StoredKey key, versioned::decode_key(stored));
  if (key.prefix.generation != core_.keyspaces.generation(key.prefix.keyspace)) {
    return false;
  }
  OSTRAKA_ASSIGN(const bool present, core_.engine.get(port::Family::data, stored, record_));
  if (!present) {
    return false;
  }
  OSTRAKA_ASSIGN(const versioned::Record record, versioned::decode_record(record_));
  return record.header.deadline_ms == deadline_of(index_key);
}

// Stale entries count against the bound too, but are gone afterwards.
base::Result<std::string> Maintenance::expired_command(base::WallTime now, std::size_t max) {
  constexpr std::size_t kStalePerKey = 4;
  if (max == 0 || now.as_milliseconds() < core_.deadline_min) {
    return std::string();
  }
  OSTRAKA_TRY(core_.write());  // the index is read from the engine
  const std::size_t examined_max = max * kStalePerKey;
  codec::CommandBuilder command;
  const auto it = core_.engine.iterate({.family = port::Family::expiry,
                                        .lower = shard_begin(core_.shard),
                                        .upper = shard_end(core_.shard)});
  std::size_t examined = 0;
  bool found = false;
  for (it->seek_first(); it->valid(); it->next()) {
    if (command.operation_count() == max || examined++ == examined_max) {
      found = true;
      break;
    }
    if (it->key().size() < kExpiryPrefixBytes) {
      return base::fail(base::ErrorCode::corruption, "expiry index key");
    }
    if (deadline_of(it->key()) > now.as_milliseconds()) {
      core_.deadline_min = found ? core_.deadline_min : deadline_of(it->key());
      found = true;
      break;
    }
    OSTRAKA_ASSIGN(const bool current, is_current(it->key()));
    if (!current) {
      batch_->remove(port::Family::expiry, it->key());
      continue;
    }
    found = true;
    OSTRAKA_ASSIGN(const versioned::StoredKey key,
                   versioned::decode_key(it->key().substr(kExpiryPrefixBytes)));
    command.add({.code = codec::OpCode::remove_expired,
                 .keyspace = key.prefix.keyspace,
                 .key = key.user_key});
  }
  OSTRAKA_TRY(it->status());
  OSTRAKA_TRY(write());
  if (!found) {
    core_.deadline_min = std::numeric_limits<std::int64_t>::max();
  }
  return command.operation_count() == 0 ? std::string() : command.take();
}

// What waits for the engine goes on waiting when there is nothing to do: handed over here, it would
// be a pause of the reactor at every call.
base::Result<bool> Maintenance::collect_garbage(std::size_t max_keys) {
  OSTRAKA_ASSIGN(const bool any, has_garbage());
  if (!any) {
    return false;
  }
  // It may belong to a generation that is collected now, or to a key whose entry is looked at.
  OSTRAKA_TRY(core_.write());
  std::size_t budget = max_keys;
  OSTRAKA_TRY(collect_generations(budget));
  if (budget == 0) {
    OSTRAKA_TRY(write());
    return true;
  }
  OSTRAKA_ASSIGN(const bool more, sweep_index(budget));
  OSTRAKA_TRY(write());
  return more;
}

base::Result<bool> Maintenance::has_garbage() {
  for (const auto& [keyspace, state] : core_.keyspaces.all()) {
    if (state.collected != state.generation) {
      return true;
    }
  }
  if (!sweep_from_.empty()) {
    return true;
  }
  const auto it = core_.engine.iterate({.family = port::Family::expiry,
                                        .lower = shard_begin(core_.shard),
                                        .upper = shard_end(core_.shard)});
  it->seek_first();
  OSTRAKA_TRY(it->status());
  return it->valid() && core_.expired(deadline_of(it->key()));
}

base::Status Maintenance::collect_generations(std::size_t& budget) {
  for (const auto& [keyspace, state] : core_.keyspaces.all()) {
    if (state.collected == state.generation) {
      continue;
    }
    port::FamilyRange range{.family = port::Family::data, .lower = {}, .upper = {}};
    versioned::append_prefix(range.lower, {.keyspace = keyspace, .generation = state.collected});
    versioned::append_prefix(range.upper, {.keyspace = keyspace, .generation = state.generation});
    const auto it = core_.engine.iterate(range);
    it->seek_first();
    const std::string first = it->valid() ? std::string(it->key()) : std::string();
    const bool any = it->valid();
    for (; it->valid() && budget > 0; it->next()) {
      --budget;
    }
    OSTRAKA_TRY(it->status());
    if (any) {
      const base::ByteView end = it->valid() ? it->key() : base::ByteView(range.upper);
      batch_->remove_range(port::Family::data, first, end);
    }
    if (it->valid() || budget == 0) {
      return {};
    }
    core_.keyspaces.set_collected(core_.shard, keyspace, *batch_);
  }
  return {};
}

// Entries of keys that have expired but still wait for the leader's command are passed over.
base::Result<bool> Maintenance::sweep_index(std::size_t& budget) {
  const auto it = core_.engine.iterate({.family = port::Family::expiry,
                                        .lower = shard_begin(core_.shard),
                                        .upper = shard_end(core_.shard)});
  if (sweep_from_.empty()) {
    it->seek_first();
  } else {
    it->seek(sweep_from_);
  }
  for (; it->valid() && core_.expired(deadline_of(it->key())); it->next()) {
    if (budget == 0) {
      sweep_from_.assign(it->key());
      return true;
    }
    --budget;
    OSTRAKA_ASSIGN(const bool current, is_current(it->key()));
    if (!current) {
      batch_->remove(port::Family::expiry, it->key());
    }
  }
  OSTRAKA_TRY(it->status());
  sweep_from_.clear();
  return false;
}

base::Status Maintenance::write() {
  if (batch_->empty()) {
    return {};
  }
  base::Status status = core_.engine.write(*batch_);
  batch_->clear();
  return status;
}

}  // namespace ostraka::kv
