#include "kv/internal/number.h"
#include "kv/internal/operations.h"
#include "kv/internal/stored.h"

#include <cstring>
#include <limits>

namespace ostraka::kv {

using codec::Failure;
using codec::OpCode;

// A deadline counted from the log time of the entry.
codec::Operation Operations::from_now(const codec::Operation& operation, OpCode code) const {
  codec::Operation absolute = operation;
  absolute.code = code;
  if (__builtin_add_overflow(operation.deadline_ms, core_.applied.log_time.as_milliseconds(),
                             &absolute.deadline_ms)) {
    absolute.deadline_ms = operation.deadline_ms < 0 ? std::numeric_limits<std::int64_t>::min()
                                                     : std::numeric_limits<std::int64_t>::max();
  }
  return absolute;
}

bool Operations::fits(std::size_t value_bytes, std::size_t more) const {
  return value_bytes <= kValueBytesMax && more <= kValueBytesMax &&
         value_bytes + more <= kValueBytesMax &&
         core_.pending.entry_bytes() + value_bytes + more <= kEntryBytesMax;
}

base::Status Operations::set(const Operation& operation, Writer& out) {
  if (operation.value.size() > kValueBytesMax) {
    out.failure(Failure::too_long);
    return {};
  }
  if (operation.flags != 0) {
    return set_conditional(operation, out);
  }
  Slot& slot = store_.overwrite(operation.keyspace, operation.key);
  slot.value.assign(operation.value);
  store_.written(slot, index_, operation.deadline_ms);
  out.ok();
  return {};
}

base::Status Operations::set_conditional(const Operation& operation, Writer& out) {
  OSTRAKA_ASSIGN(Slot* const slot, store_.edit(operation.keyspace, operation.key));
  const bool live = store_.is_live(*slot);
  const bool stopped = ((operation.flags & codec::kSetIfAbsent) != 0 && live) ||
                       ((operation.flags & codec::kSetIfPresent) != 0 && !live);
  if ((operation.flags & codec::kSetGet) != 0) {
    live ? out.bytes(slot->value) : out.nil();
  } else {
    stopped ? out.nil() : out.ok();
  }
  if (stopped) {
    return {};
  }
  const bool keep = (operation.flags & codec::kSetKeepDeadline) != 0;
  const std::int64_t kept = live ? slot->deadline_ms : 0;
  slot->value.assign(operation.value);
  store_.written(*slot, index_, keep ? kept : operation.deadline_ms);
  return {};
}

base::Status Operations::remove(const Operation& operation, Writer& out) {
  OSTRAKA_ASSIGN(Slot* const slot, store_.edit(operation.keyspace, operation.key));
  const bool live = store_.is_live(*slot);
  if (live) {
    store_.remove(*slot);
  }
  out.integer(live ? 1 : 0);
  return {};
}

base::Status Operations::increment(const Operation& operation, Writer& out) {
  OSTRAKA_ASSIGN(Slot* const slot, store_.edit(operation.keyspace, operation.key));
  const bool live = store_.is_live(*slot);
  const auto old = live ? parse_integer(slot->value) : 0;
  if (!old.has_value()) {
    out.failure(Failure::not_an_integer);
    return {};
  }
  const auto sum = checked_add(*old, operation.number);
  if (!sum.has_value()) {
    out.failure(Failure::overflow);
    return {};
  }
  write_integer(*sum, slot->value);
  store_.written(*slot, index_, live ? slot->deadline_ms : 0);
  out.integer(*sum);
  return {};
}

base::Status Operations::append(const Operation& operation, Writer& out) {
  OSTRAKA_ASSIGN(Slot* const slot, store_.edit(operation.keyspace, operation.key));
  const bool live = store_.is_live(*slot);
  const std::size_t size = live ? slot->value.size() : 0;
  if (!fits(size, operation.value.size())) {
    out.failure(Failure::too_long);
    return {};
  }
  if (!live) {
    slot->value.clear();
  }
  slot->value.append(operation.value);
  store_.written(*slot, index_, live ? slot->deadline_ms : 0);
  out.integer(static_cast<std::int64_t>(slot->value.size()));
  return {};
}

base::Status Operations::set_range(const Operation& operation, Writer& out) {
  if (operation.number < 0) {
    out.failure(Failure::offset_out_of_range);
    return {};
  }
  OSTRAKA_ASSIGN(Slot* const slot, store_.edit(operation.keyspace, operation.key));
  const bool live = store_.is_live(*slot);
  const std::size_t size = live ? slot->value.size() : 0;
  if (operation.value.empty()) {
    out.integer(static_cast<std::int64_t>(size));
    return {};
  }
  const auto offset = static_cast<std::size_t>(operation.number);
  const std::size_t length = operation.value.size();
  if (offset > kValueBytesMax || !fits(std::max(size, offset + length), 0)) {
    out.failure(Failure::too_long);
    return {};
  }
  if (!live) {
    slot->value.clear();
  }
  if (slot->value.size() < offset + length) {
    slot->value.resize(offset + length, '\0');
  }
  std::memcpy(slot->value.data() + offset, operation.value.data(), length);
  store_.written(*slot, index_, live ? slot->deadline_ms : 0);
  out.integer(static_cast<std::int64_t>(slot->value.size()));
  return {};
}

base::Status Operations::get_remove(const Operation& operation, Writer& out) {
  OSTRAKA_ASSIGN(Slot* const slot, store_.edit(operation.keyspace, operation.key));
  if (!store_.is_live(*slot)) {
    out.nil();
    return {};
  }
  out.bytes(slot->value);
  store_.remove(*slot);
  return {};
}

// Zero is a time like others here, and has passed: stored deadlines are never zero.
void Operations::set_deadline(Slot& slot, std::int64_t deadline_ms) {
  if (deadline_ms == 0 || core_.expired(deadline_ms)) {
    store_.remove(slot);
  } else {
    store_.written(slot, index_, deadline_ms);
  }
}

base::Status Operations::expire_at(const Operation& operation, Writer& out) {
  OSTRAKA_ASSIGN(Slot* const slot, store_.edit(operation.keyspace, operation.key));
  const auto has = [&](std::uint32_t flag) { return (operation.flags & flag) != 0; };
  const std::int64_t present = slot->deadline_ms;
  const bool stopped =
      !store_.is_live(*slot) || (has(codec::kExpireIfNone) && present != 0) ||
      (has(codec::kExpireIfSome) && present == 0) ||
      (has(codec::kExpireIfGreater) && (present == 0 || operation.deadline_ms <= present)) ||
      (has(codec::kExpireIfLess) && present != 0 && operation.deadline_ms >= present);
  if (!stopped) {
    set_deadline(*slot, operation.deadline_ms);
  }
  out.integer(stopped ? 0 : 1);
  return {};
}

base::Status Operations::persist(const Operation& operation, Writer& out) {
  OSTRAKA_ASSIGN(Slot* const slot, store_.edit(operation.keyspace, operation.key));
  const bool changes = store_.is_live(*slot) && slot->deadline_ms != 0;
  if (changes) {
    store_.written(*slot, index_, 0);
  }
  out.integer(changes ? 1 : 0);
  return {};
}

base::Status Operations::get_expire(const Operation& operation, Writer& out) {
  OSTRAKA_ASSIGN(Slot* const slot, store_.edit(operation.keyspace, operation.key));
  if (!store_.is_live(*slot)) {
    out.nil();
    return {};
  }
  out.bytes(slot->value);
  if ((operation.flags & codec::kGetExpireSet) != 0) {
    set_deadline(*slot, operation.deadline_ms);
  } else if ((operation.flags & codec::kGetExpirePersist) != 0 && slot->deadline_ms != 0) {
    store_.written(*slot, index_, 0);
  }
  return {};
}

base::Status Operations::rename(const Operation& operation, Writer& out) {
  const bool if_absent = (operation.flags & codec::kRenameIfAbsent) != 0;
  OSTRAKA_ASSIGN(Slot* const from, store_.edit(operation.keyspace, operation.key));
  if (!store_.is_live(*from)) {
    out.failure(Failure::no_such_key);
    return {};
  }
  if (operation.key == operation.key2) {
    if_absent ? out.integer(0) : out.ok();
    return {};
  }
  if (!fits(from->value.size(), 0)) {
    out.failure(Failure::too_long);
    return {};
  }
  OSTRAKA_ASSIGN(Slot* const to, store_.edit(operation.keyspace, operation.key2));
  if (if_absent && store_.is_live(*to)) {
    out.integer(0);
    return {};
  }
  to->value.assign(from->value);
  store_.written(*to, index_, from->deadline_ms);
  store_.remove(*from);
  if_absent ? out.integer(1) : out.ok();
  return {};
}

base::Status Operations::copy(const Operation& operation, Writer& out) {
  const model::KeyspaceId target =
      operation.keyspace2.is_none() ? operation.keyspace : operation.keyspace2;
  if (operation.key == operation.key2 && operation.keyspace == target) {
    out.failure(Failure::same_object);
    return {};
  }
  OSTRAKA_ASSIGN(Slot* const from, store_.edit(operation.keyspace, operation.key));
  if (!store_.is_live(*from)) {
    out.integer(0);
    return {};
  }
  if (!fits(from->value.size(), 0)) {
    out.failure(Failure::too_long);
    return {};
  }
  OSTRAKA_ASSIGN(Slot* const to, store_.edit(target, operation.key2));
  if ((operation.flags & codec::kCopyReplace) == 0 && store_.is_live(*to)) {
    out.integer(0);
    return {};
  }
  to->value.assign(from->value);
  store_.written(*to, index_, from->deadline_ms);
  out.integer(1);
  return {};
}

void Operations::flush_keyspace(const Operation& operation, Writer& out) {
  core_.keyspaces.flush(core_.shard, operation.keyspace, *core_.batch);
  out.ok();
}

base::Status Operations::remove_expired(const Operation& operation, Writer& out) {
  OSTRAKA_ASSIGN(Slot* const slot, store_.edit(operation.keyspace, operation.key));
  const bool expired = slot->present && core_.expired(slot->deadline_ms);
  if (expired) {
    store_.remove(*slot);
  }
  out.integer(expired ? 1 : 0);
  return {};
}

}  // namespace ostraka::kv
