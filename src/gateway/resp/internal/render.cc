#include "codec/resp_number.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/plan.h"

#include <algorithm>
#include <limits>

namespace ostraka::gateway::resp {
namespace {

using codec::RespWriter;
using codec::ResultReader;
using codec::ResultValue;
using codec::ValueKind;

// What Redis keeps as an integer or in one allocation.
constexpr std::size_t kIntegerTextMax = 20;
constexpr std::size_t kEmbeddedStringMax = 44;
constexpr std::int64_t kSharedIntegers = 10'000;
constexpr std::int64_t kSharedReferences = std::numeric_limits<std::int32_t>::max();

bool next(ResultReader& results, ResultValue& value) {
  const auto more = results.next(value);
  return more.has_value() && *more;
}

void write_failure(const ResultValue& value, RespWriter& reply) {
  reply.error(failure_reply(static_cast<codec::Failure>(value.integer)));
}

bool write_value(const ResultValue& value, ResultReader& results, RespWriter& reply) {
  switch (value.kind) {
    case ValueKind::nil:
    case ValueKind::aborted:
      reply.null();
      return true;
    case ValueKind::ok:
      reply.simple("OK");
      return true;
    case ValueKind::integer:
      reply.integer(value.integer);
      return true;
    case ValueKind::bytes:
      reply.bulk(value.bytes);
      return true;
    case ValueKind::failure:
      write_failure(value, reply);
      return true;
    case ValueKind::array:
      break;
  }
  const auto children = value.integer;
  reply.array(static_cast<std::size_t>(children));
  for (std::int64_t i = 0; i < children; ++i) {
    // Children of operations are leaves; keys of a scan are rendered elsewhere.
    ResultValue child;
    if (!next(results, child) || child.kind == ValueKind::array ||
        !write_value(child, results, reply)) {
      return false;
    }
  }
  return true;
}

bool write_sum(std::uint32_t operations, ResultReader& results, RespWriter& reply) {
  std::int64_t sum = 0;
  ResultValue value;
  for (std::uint32_t i = 0; i < operations; ++i) {
    if (!next(results, value) || value.kind != ValueKind::integer) {
      return false;
    }
    sum += value.integer;
  }
  reply.integer(sum);
  return true;
}

bool write_list(std::uint32_t operations, ResultReader& results, RespWriter& reply) {
  reply.array(operations);
  ResultValue value;
  for (std::uint32_t i = 0; i < operations; ++i) {
    if (!next(results, value) || !write_value(value, results, reply)) {
      return false;
    }
  }
  return true;
}

// The first failure stands for all.
bool write_all_ok(std::uint32_t operations, ResultReader& results, RespWriter& reply) {
  ResultValue failed;
  ResultValue value;
  for (std::uint32_t i = 0; i < operations; ++i) {
    if (!next(results, value)) {
      return false;
    }
    if (value.kind == ValueKind::failure && failed.kind != ValueKind::failure) {
      failed = value;
    }
  }
  if (failed.kind == ValueKind::failure) {
    write_failure(failed, reply);
  } else {
    reply.simple("OK");
  }
  return true;
}

bool write_all_if_absent(std::uint32_t operations, ResultReader& results, RespWriter& reply) {
  ResultValue value;
  bool held = true;
  for (std::uint32_t i = 0; i < operations; ++i) {
    if (!next(results, value)) {
      return false;
    }
    if (value.kind == ValueKind::integer) {
      held = false;  // of the guard that failed; nothing follows
      break;
    }
    if (value.kind == ValueKind::failure) {
      write_failure(value, reply);
      return true;
    }
  }
  reply.integer(held ? 1 : 0);
  return true;
}

std::string_view encoding_of(base::ByteView bytes) {
  if (bytes.size() <= kIntegerTextMax && codec::parse_resp_integer(bytes)) {
    return "int";
  }
  return bytes.size() <= kEmbeddedStringMax ? "embstr" : "raw";
}

std::int64_t references_of(base::ByteView bytes) {
  const auto number = codec::parse_resp_integer(bytes);
  return number && *number >= 0 && *number < kSharedIntegers ? kSharedReferences : 1;
}

bool write_of_bytes(Render render, const ResultValue& value, RespWriter& reply) {
  if (value.kind == ValueKind::nil) {
    reply.null();
  } else if (value.kind != ValueKind::bytes) {
    return false;
  } else if (render == Render::encoding) {
    reply.bulk(encoding_of(value.bytes));
  } else {
    reply.integer(references_of(value.bytes));
  }
  return true;
}

bool write_of_presence(Render render, const ResultValue& value, RespWriter& reply) {
  if (value.kind != ValueKind::integer) {
    return false;
  }
  const bool present = value.integer != 0;
  if (render == Render::type) {
    reply.simple(present ? "string" : "none");
  } else if (!present) {
    reply.null();
  } else if (render == Render::not_integer_if_present) {
    reply.error(text::kNotInteger);
  } else if (render == Render::bad_expiry_if_present) {
    reply.error(invalid_expire("getex"));
  } else if (render == Render::idle_time) {
    reply.integer(0);
  } else {
    reply.error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
        "that when switching between policies at runtime LRU and LFU data will take some time to "
        "adjust.");
  }
  return true;
}

bool write_time(Render render, ResultReader& results, RespWriter& reply) {
  ResultValue deadline;
  ResultValue now;
  if (!next(results, deadline) || deadline.kind != ValueKind::integer) {
    return false;
  }
  const bool relative = render == Render::time_left_s || render == Render::time_left_ms;
  if (relative && (!next(results, now) || now.kind != ValueKind::integer)) {
    return false;
  }
  std::int64_t ms = deadline.integer;
  if (ms >= 0) {
    ms = relative ? std::max<std::int64_t>(ms - now.integer, 0) : ms;
    ms = render == Render::time_left_ms ? ms : (ms + 500) / 1000;
  }
  reply.integer(ms);
  return true;
}

// [next key or nil, [keys]]
bool write_keys(ResultReader& results, RespWriter& reply) {
  ResultValue page;
  ResultValue continuation;
  ResultValue keys;
  if (!next(results, page) || page.kind != ValueKind::array || page.integer != 2 ||
      !next(results, continuation) || !next(results, keys) || keys.kind != ValueKind::array) {
    return false;
  }
  std::string scratch;
  RespWriter listed(scratch, reply.protocol());
  if (!write_value(keys, results, listed)) {
    return false;
  }
  if (continuation.kind == ValueKind::nil) {
    reply.out().append(scratch);
  } else {
    reply.error("ERR the database is too large for KEYS inside MULTI");
  }
  return true;
}

// A count, or [next key, count] when it did not reach the end.
bool write_total(ResultReader& results, RespWriter& reply) {
  ResultValue value;
  if (!next(results, value)) {
    return false;
  }
  if (value.kind == ValueKind::integer) {
    reply.integer(value.integer);
    return true;
  }
  ResultValue part;
  for (std::int64_t i = 0; value.kind == ValueKind::array && i < value.integer; ++i) {
    if (!next(results, part)) {
      return false;
    }
  }
  reply.error("ERR the database is too large for DBSIZE inside MULTI");
  return value.kind == ValueKind::array;
}

bool skip(std::uint32_t operations, ResultReader& results) {
  std::string unused;
  RespWriter writer(unused, codec::RespProtocol::resp2);
  return write_list(operations, results, writer);
}

bool write_one(Render render, ResultReader& results, RespWriter& reply) {
  ResultValue value;
  if (!next(results, value)) {
    return false;
  }
  if (value.kind == ValueKind::failure) {
    write_failure(value, reply);
    return true;
  }
  if (render == Render::set_if_absent) {
    reply.integer(value.kind == ValueKind::ok ? 1 : 0);
    return value.kind == ValueKind::ok || value.kind == ValueKind::nil;
  }
  if (render == Render::encoding || render == Render::refcount) {
    return write_of_bytes(render, value, reply);
  }
  if (render != Render::value) {
    return write_of_presence(render, value, reply);
  }
  return write_value(value, results, reply);
}

}  // namespace

bool render_reply(Render render, std::uint32_t operations, ResultReader& results,
                  RespWriter& reply) {
  switch (render) {
    case Render::sum:
      return write_sum(operations, results, reply);
    case Render::list:
      return write_list(operations, results, reply);
    case Render::all_ok:
      return write_all_ok(operations, results, reply);
    case Render::all_if_absent:
      return write_all_if_absent(operations, results, reply);
    case Render::time_left_s:
    case Render::time_left_ms:
    case Render::deadline_s:
      return write_time(render, results, reply);
    case Render::keys:
      return write_keys(results, reply);
    case Render::total:
      return write_total(results, reply);
    case Render::fixed:
      return skip(operations, results);
    case Render::value:
    case Render::set_if_absent:
    case Render::type:
    case Render::encoding:
    case Render::refcount:
    case Render::idle_time:
    case Render::access_frequency:
    case Render::not_integer_if_present:
    case Render::bad_expiry_if_present:
      return write_one(render, results, reply);
  }
  return false;
}

}  // namespace ostraka::gateway::resp
