#include "kv/internal/operations.h"

#include "base/assert.h"

#include <algorithm>

namespace ostraka::kv {

using codec::Failure;
using codec::OpCode;

base::Status Operations::execute(std::span<const Operation> operations, model::LogIndex index,
                                 Writer& out) {
  index_ = index;
  OSTRAKA_ASSIGN(const Operation* const guard, failing_guard(operations));
  if (guard != nullptr) {
    if (misplaced(*guard)) {
      out.failure(Failure::wrong_shard);
    } else if (guard->code == OpCode::check_version) {
      out.aborted();
    } else {
      out.integer(0);
    }
    return {};
  }
  for (const Operation& operation : operations) {
    OSTRAKA_TRY(perform(operation, out));
  }
  return {};
}

base::Result<const codec::Operation*> Operations::failing_guard(
    std::span<const Operation> operations) {
  for (const Operation& operation : operations) {
    const bool by_version = operation.code == OpCode::check_version;
    if (!by_version && operation.code != OpCode::set_if_absent_all) {
      continue;
    }
    if (misplaced(operation)) {
      return &operation;
    }
    Live live;
    OSTRAKA_ASSIGN(const bool present, store_.find(operation.keyspace, operation.key, live));
    const std::uint64_t version = present ? live.version : 0;
    const bool holds =
        by_version ? version == static_cast<std::uint64_t>(operation.number) : !present;
    if (!holds) {
      return &operation;
    }
  }
  return nullptr;
}

bool Operations::misplaced(const Operation& operation) const {
  if (operation.code == OpCode::log_time || operation.code == OpCode::touch) {
    return false;
  }
  return !core_.owns(operation.keyspace) ||
         (!operation.keyspace2.is_none() && !core_.owns(operation.keyspace2));
}

base::Status Operations::read(const Operation& operation, Writer& out) {
  OSTRAKA_ASSERT(codec::is_read(operation.code), "not a read");
  return perform(operation, out);
}

base::Status Operations::perform(const Operation& operation, Writer& out) {
  if (misplaced(operation)) {
    out.failure(Failure::wrong_shard);
    return {};
  }
  switch (operation.code) {
    case OpCode::get:
    case OpCode::exists:
    case OpCode::string_length:
    case OpCode::deadline:
    case OpCode::key_version:
      return look_up(operation, out);
    case OpCode::get_range:
      return get_range(operation, out);
    case OpCode::scan:
    case OpCode::scan_reverse:
      return scan(operation, out);
    case OpCode::count:
      return count(operation, out);
    case OpCode::random_key:
      return random_key(operation, out);
    case OpCode::log_time:
      out.integer(core_.applied.log_time.as_milliseconds());
      return {};
    case OpCode::set:
      return set(operation, out);
    case OpCode::remove:
      return remove(operation, out);
    case OpCode::increment:
      return increment(operation, out);
    case OpCode::append:
      return append(operation, out);
    case OpCode::set_range:
      return set_range(operation, out);
    case OpCode::get_remove:
      return get_remove(operation, out);
    case OpCode::expire_at:
      return expire_at(operation, out);
    case OpCode::persist:
      return persist(operation, out);
    case OpCode::get_expire:
      return get_expire(operation, out);
    case OpCode::rename:
      return rename(operation, out);
    case OpCode::copy:
      return copy(operation, out);
    case OpCode::flush_keyspace:
      flush_keyspace(operation, out);
      return {};
    case OpCode::remove_expired:
      return remove_expired(operation, out);
    case OpCode::set_for:
      return set(from_now(operation, OpCode::set), out);
    case OpCode::expire_in:
      return expire_at(from_now(operation, OpCode::expire_at), out);
    case OpCode::get_expire_in:
      return get_expire(from_now(operation, OpCode::get_expire), out);
    case OpCode::check_version:
    case OpCode::set_if_absent_all:  // a guard that holds
    case OpCode::touch:
      out.nil();
      return {};
  }
  OSTRAKA_UNREACHABLE("an operation that the parser knows");
}

// What one key tells about itself.
base::Status Operations::look_up(const Operation& operation, Writer& out) {
  Live live;
  OSTRAKA_ASSIGN(const bool present, store_.find(operation.keyspace, operation.key, live));
  if (operation.code == OpCode::get) {
    present ? out.bytes(live.value) : out.nil();
  } else if (operation.code == OpCode::exists) {
    out.integer(present ? 1 : 0);
  } else if (operation.code == OpCode::string_length) {
    out.integer(present ? static_cast<std::int64_t>(live.value.size()) : 0);
  } else if (operation.code == OpCode::deadline) {
    const std::int64_t deadline = live.deadline_ms == 0 ? -1 : live.deadline_ms;
    out.integer(present ? deadline : -2);
  } else {
    OSTRAKA_ASSERT(operation.code == OpCode::key_version, "the fifth of five");
    out.integer(present ? static_cast<std::int64_t>(live.version) : 0);
  }
  return {};
}

// Indexes are inclusive, negative ones count from the end; what lies outside is cut.
base::Status Operations::get_range(const Operation& operation, Writer& out) {
  Live live;
  OSTRAKA_ASSIGN(const bool present, store_.find(operation.keyspace, operation.key, live));
  const auto size = static_cast<std::int64_t>(present ? live.value.size() : 0);
  std::int64_t start = operation.number;
  std::int64_t end = operation.number2;
  start = std::max<std::int64_t>(start < 0 ? start + size : start, 0);
  end = std::max<std::int64_t>(end < 0 ? end + size : end, 0);
  end = std::min(end, size - 1);
  const bool inverted =
      operation.number < 0 && operation.number2 < 0 && operation.number > operation.number2;
  if (inverted || start > end || size == 0) {
    out.bytes({});
    return {};
  }
  out.bytes(live.value.substr(static_cast<std::size_t>(start),
                              static_cast<std::size_t>(end - start) + 1));
  return {};
}

}  // namespace ostraka::kv
