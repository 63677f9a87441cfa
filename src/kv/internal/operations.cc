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
    OSTRAKA_TRY(codec::is_read(operation.code) ? read(operation, out) : write(operation, out));
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
  if (misplaced(operation)) {
    out.failure(Failure::wrong_shard);
    return {};
  }
  Live live;
  switch (operation.code) {
    case OpCode::get: {
      OSTRAKA_ASSIGN(const bool present, store_.find(operation.keyspace, operation.key, live));
      present ? out.bytes(live.value) : out.nil();
      return {};
    }
    case OpCode::exists: {
      OSTRAKA_ASSIGN(const bool present, store_.find(operation.keyspace, operation.key, live));
      out.integer(present ? 1 : 0);
      return {};
    }
    case OpCode::string_length: {
      OSTRAKA_ASSIGN(const bool present, store_.find(operation.keyspace, operation.key, live));
      out.integer(present ? static_cast<std::int64_t>(live.value.size()) : 0);
      return {};
    }
    case OpCode::deadline: {
      OSTRAKA_ASSIGN(const bool present, store_.find(operation.keyspace, operation.key, live));
      const std::int64_t deadline = live.deadline_ms == 0 ? -1 : live.deadline_ms;
      out.integer(present ? deadline : -2);
      return {};
    }
    case OpCode::key_version: {
      OSTRAKA_ASSIGN(const bool present, store_.find(operation.keyspace, operation.key, live));
      out.integer(present ? static_cast<std::int64_t>(live.version) : 0);
      return {};
    }
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
    case OpCode::remove:
    case OpCode::increment:
    case OpCode::append:
    case OpCode::set_range:
    case OpCode::get_remove:
    case OpCode::expire_at:
    case OpCode::persist:
    case OpCode::get_expire:
    case OpCode::rename:
    case OpCode::copy:
    case OpCode::flush_keyspace:
    case OpCode::check_version:
    case OpCode::set_if_absent_all:
    case OpCode::remove_expired:
    case OpCode::touch:
      break;
  }
  OSTRAKA_UNREACHABLE("not a read");
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
