#include "codec/resp_number.h"
#include "gateway/resp/internal/client_state.h"
#include "gateway/resp/internal/encoders.h"
#include "gateway/resp/internal/errors.h"

namespace ostraka::gateway::resp {
namespace {

using codec::OpCode;
using codec::Operation;

// KEYS inside MULTI is one operation: the state machine's own bound on a scan is what counts.
constexpr std::int64_t kKeysInTransactionMax = 1'000'000;

bool add_each(const EncodeContext& context, Arguments words, OpCode code, Plan& plan) {
  for (const base::ByteView key : words.subspan(1)) {
    plan.add({.code = code, .keyspace = context.keyspace, .key = key});
  }
  plan.render_as(Render::sum);
  return true;
}

// NX, XX, GT, LT in any case and order.
bool read_expire_flags(Arguments options, std::uint32_t& flags, Plan& plan) {
  for (const base::ByteView option : options) {
    if (equals_ignoring_case(option, "nx")) {
      flags |= codec::kExpireIfNone;
    } else if (equals_ignoring_case(option, "xx")) {
      flags |= codec::kExpireIfSome;
    } else if (equals_ignoring_case(option, "gt")) {
      flags |= codec::kExpireIfGreater;
    } else if (equals_ignoring_case(option, "lt")) {
      flags |= codec::kExpireIfLess;
    } else {
      return plan.fail("ERR Unsupported option " +
                       std::string(option.substr(0, option.find('\0'))));
    }
  }
  constexpr std::uint32_t kOthers =
      codec::kExpireIfSome | codec::kExpireIfGreater | codec::kExpireIfLess;
  if ((flags & codec::kExpireIfNone) != 0 && (flags & kOthers) != 0) {
    return plan.fail("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  constexpr std::uint32_t kBoth = codec::kExpireIfGreater | codec::kExpireIfLess;
  if ((flags & kBoth) == kBoth) {
    return plan.fail("ERR GT and LT options at the same time are not compatible");
  }
  return true;
}

}  // namespace

bool encode_remove(const EncodeContext& context, Arguments words, Plan& plan) {
  return add_each(context, words, OpCode::remove, plan);
}

bool encode_exists(const EncodeContext& context, Arguments words, Plan& plan) {
  return add_each(context, words, OpCode::exists, plan);
}

bool encode_type(const EncodeContext& context, Arguments words, Plan& plan) {
  plan.add({.code = OpCode::exists, .keyspace = context.keyspace, .key = words[1]});
  plan.render_as(Render::type);
  return true;
}

bool encode_rename(const EncodeContext& context, Arguments words, Plan& plan) {
  const bool if_absent = context.command == CommandId::renamenx;
  plan.add({.code = OpCode::rename,
            .keyspace = context.keyspace,
            .flags = if_absent ? codec::kRenameIfAbsent : 0,
            .key = words[1],
            .key2 = words[2]});
  return true;
}

bool encode_copy(const EncodeContext& context, Arguments words, Plan& plan) {
  std::uint32_t flags = 0;
  model::KeyspaceId destination = context.keyspace;
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (equals_ignoring_case(words[i], "replace")) {
      flags |= codec::kCopyReplace;
    } else if (equals_ignoring_case(words[i], "db") && i + 1 < words.size()) {
      const auto database = codec::parse_resp_integer(words[++i]);
      if (!database) {
        return plan.fail(text::kNotInteger);
      }
      if (*database < 0 || *database >= kDatabases) {
        return plan.fail(text::kDatabase);
      }
      destination = keyspace_of(static_cast<std::uint32_t>(*database));
    } else {
      return plan.fail(text::kSyntax);
    }
  }
  if (destination == context.keyspace && words[1] == words[2]) {
    return plan.fail(text::kSameObject);
  }
  plan.add({.code = OpCode::copy,
            .keyspace = context.keyspace,
            .keyspace2 = destination,
            .flags = flags,
            .key = words[1],
            .key2 = words[2]});
  return true;
}

bool encode_expire(const EncodeContext& context, Arguments words, Plan& plan) {
  std::uint32_t flags = 0;
  if (!read_expire_flags(words.subspan(3), flags, plan)) {
    return false;
  }
  const auto number = codec::parse_resp_integer(words[2]);
  if (!number) {
    return plan.fail(text::kNotInteger);
  }
  const bool seconds =
      context.command == CommandId::expire || context.command == CommandId::expireat;
  const bool relative =
      context.command == CommandId::expire || context.command == CommandId::pexpire;
  const auto deadline =
      deadline_from(*number, seconds ? TimeUnit::seconds : TimeUnit::milliseconds,
                    relative ? TimeBase::relative : TimeBase::absolute, context.now_ms);
  if (!deadline) {
    return plan.fail(invalid_expire(spec_of(context.command).name));
  }
  plan.add({.code = relative ? OpCode::expire_in : OpCode::expire_at,
            .keyspace = context.keyspace,
            .flags = flags,
            .deadline_ms = *deadline,
            .key = words[1]});
  return true;
}

bool encode_persist(const EncodeContext& context, Arguments words, Plan& plan) {
  plan.add({.code = OpCode::persist, .keyspace = context.keyspace, .key = words[1]});
  return true;
}

bool encode_ttl(const EncodeContext& context, Arguments words, Plan& plan) {
  plan.add({.code = OpCode::deadline, .keyspace = context.keyspace, .key = words[1]});
  if (context.command == CommandId::expiretime) {
    plan.render_as(Render::deadline_s);
    return true;
  }
  if (context.command == CommandId::pexpiretime) {
    return true;
  }
  plan.add({.code = OpCode::log_time, .keyspace = context.keyspace});
  plan.render_as(context.command == CommandId::ttl ? Render::time_left_s : Render::time_left_ms);
  return true;
}

bool encode_object(const EncodeContext& context, Arguments words, Plan& plan) {
  Operation operation{.code = OpCode::get, .keyspace = context.keyspace, .key = words[2]};
  if (context.command == CommandId::object_encoding) {
    plan.render_as(Render::encoding);
  } else if (context.command == CommandId::object_refcount) {
    plan.render_as(Render::refcount);
  } else {
    operation.code = OpCode::exists;
    plan.render_as(context.command == CommandId::object_idletime ? Render::idle_time
                                                                 : Render::access_frequency);
  }
  plan.add(operation);
  return true;
}

bool encode_randomkey(const EncodeContext& context, Arguments /*words*/, Plan& plan) {
  plan.add({.code = OpCode::random_key,
            .keyspace = context.keyspace,
            .number = static_cast<std::int64_t>(context.random)});
  return true;
}

// A scan of the state machine takes an empty pattern for none; Redis' matches the empty key only.
codec::Operation keys_operation(model::KeyspaceId keyspace, base::ByteView pattern,
                                std::int64_t keys_max) {
  constexpr base::ByteView kBehindEmptyKey("\0", 1);
  const bool is_plain = pattern == "*" || pattern.empty();
  return {.code = OpCode::scan,
          .keyspace = keyspace,
          .number = keys_max,
          .key2 = pattern.empty() ? kBehindEmptyKey : base::ByteView(),
          .value = is_plain ? base::ByteView() : pattern};
}

bool encode_keys(const EncodeContext& context, Arguments words, Plan& plan) {
  plan.add(keys_operation(context.keyspace, words[1], kKeysInTransactionMax));
  plan.render_as(Render::keys);
  return true;
}

bool encode_dbsize(const EncodeContext& context, Arguments /*words*/, Plan& plan) {
  plan.add({.code = OpCode::count, .keyspace = context.keyspace});
  plan.render_as(Render::total);
  return true;
}

bool encode_flush(const EncodeContext& context, Arguments words, Plan& plan) {
  const bool known_option =
      words.size() == 1 || (words.size() == 2 && (equals_ignoring_case(words[1], "async") ||
                                                  equals_ignoring_case(words[1], "sync")));
  if (!known_option) {
    return plan.fail(text::kSyntax);
  }
  if (context.command == CommandId::flushdb) {
    plan.add({.code = OpCode::flush_keyspace, .keyspace = context.keyspace});
  } else {
    for (std::uint32_t database = 0; database < kDatabases; ++database) {
      plan.add({.code = OpCode::flush_keyspace, .keyspace = keyspace_of(database)});
    }
  }
  plan.render_as(Render::all_ok);
  return true;
}

}  // namespace ostraka::gateway::resp
