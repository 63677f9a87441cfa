#include "codec/resp_number.h"
#include "gateway/resp/internal/encoders.h"
#include "gateway/resp/internal/errors.h"

#include <limits>

namespace ostraka::gateway::resp {
namespace {

using codec::OpCode;
using codec::Operation;

// The options of SET and GETEX.
struct SetOptions {
  std::uint32_t flags = 0;
  bool persist = false;
  bool has_deadline = false;
  TimeBase base = TimeBase::absolute;
  std::int64_t deadline_ms = 0;
};

std::string_view name_of(CommandId id) { return spec_of(id).name; }

// SET and GETEX refuse times that are not positive.
std::optional<std::int64_t> read_deadline(const EncodeContext& context, base::ByteView word,
                                          TimeUnit unit, TimeBase base, Plan& plan) {
  const auto number = codec::parse_resp_integer(word);
  if (!number) {
    plan.fail(text::kNotInteger);
    return std::nullopt;
  }
  const auto deadline =
      *number <= 0 ? std::nullopt : deadline_from(*number, unit, base, context.now_ms);
  if (!deadline) {
    plan.fail(invalid_expire(name_of(context.command)));
  }
  return deadline;
}

struct ExpiryWord {
  std::string_view word;
  TimeUnit unit;
  TimeBase base;
};
constexpr ExpiryWord kExpiryWords[] = {
    {"ex", TimeUnit::seconds, TimeBase::relative},
    {"px", TimeUnit::milliseconds, TimeBase::relative},
    {"exat", TimeUnit::seconds, TimeBase::absolute},
    {"pxat", TimeUnit::milliseconds, TimeBase::absolute},
};

const ExpiryWord* find_expiry_word(base::ByteView word) {
  for (const ExpiryWord& expiry : kExpiryWords) {
    if (equals_ignoring_case(word, expiry.word)) {
      return &expiry;
    }
  }
  return nullptr;
}

// What has been seen of an option list: syntax first, numbers after, as Redis does.
struct SeenOptions {
  const ExpiryWord* expiry = nullptr;
  base::ByteView expiry_number;
  bool keep = false;
  bool persist = false;
  std::uint32_t flags = 0;

  [[nodiscard]] bool has_expiry() const { return expiry != nullptr || keep || persist; }
};

bool see_set_option(base::ByteView word, SeenOptions& seen) {
  if (equals_ignoring_case(word, "nx") && (seen.flags & codec::kSetIfPresent) == 0) {
    seen.flags |= codec::kSetIfAbsent;
  } else if (equals_ignoring_case(word, "xx") && (seen.flags & codec::kSetIfAbsent) == 0) {
    seen.flags |= codec::kSetIfPresent;
  } else if (equals_ignoring_case(word, "get")) {
    seen.flags |= codec::kSetGet;
  } else if (equals_ignoring_case(word, "keepttl") && !seen.persist && seen.expiry == nullptr) {
    seen.keep = true;
  } else {
    return false;
  }
  return true;
}

// `is_set`: SET's options, else GETEX's.
bool read_options(const EncodeContext& context, Arguments words, bool is_set, SetOptions& options,
                  Plan& plan) {
  SeenOptions seen;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const ExpiryWord* expiry = find_expiry_word(words[i]);
    if (expiry != nullptr && i + 1 < words.size() && !seen.keep && !seen.persist &&
        (seen.expiry == nullptr || seen.expiry == expiry)) {
      seen.expiry = expiry;
      seen.expiry_number = words[i + 1];
      ++i;
    } else if (!is_set && equals_ignoring_case(words[i], "persist") && seen.expiry == nullptr) {
      seen.persist = true;
    } else if (!is_set || !see_set_option(words[i], seen)) {
      return plan.fail(text::kSyntax);
    }
  }
  options.flags = seen.flags | (seen.keep ? codec::kSetKeepDeadline : 0);
  options.persist = seen.persist;
  if (seen.expiry == nullptr) {
    return true;
  }
  options.has_deadline = true;
  options.base = seen.expiry->base;
  const auto deadline =
      read_deadline(context, seen.expiry_number, seen.expiry->unit, seen.expiry->base, plan);
  options.deadline_ms = deadline.value_or(0);
  return deadline.has_value();
}

}  // namespace

std::optional<std::int64_t> deadline_from(std::int64_t number, TimeUnit unit, TimeBase base,
                                          std::int64_t now_ms) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (unit == TimeUnit::seconds) {
    if (number > kMax / 1000 || number < -kMax / 1000) {
      return std::nullopt;
    }
    number *= 1000;
  }
  if (base == TimeBase::relative) {
    return number > kMax - now_ms ? std::nullopt : std::optional(number);
  }
  return std::max<std::int64_t>(number, 1);
}

bool encode_get(const EncodeContext& context, Arguments words, Plan& plan) {
  plan.add({.code = OpCode::get, .keyspace = context.keyspace, .key = words[1]});
  return true;
}

bool encode_set(const EncodeContext& context, Arguments words, Plan& plan) {
  SetOptions options;
  if (!read_options(context, words.subspan(3), true, options, plan)) {
    return false;
  }
  plan.add({.code = options.base == TimeBase::relative ? OpCode::set_for : OpCode::set,
            .keyspace = context.keyspace,
            .flags = options.flags,
            .deadline_ms = options.deadline_ms,
            .key = words[1],
            .value = words[2]});
  return true;
}

bool encode_setnx(const EncodeContext& context, Arguments words, Plan& plan) {
  plan.add({.code = OpCode::set,
            .keyspace = context.keyspace,
            .flags = codec::kSetIfAbsent,
            .key = words[1],
            .value = words[2]});
  plan.render_as(Render::set_if_absent);
  return true;
}

bool encode_setex(const EncodeContext& context, Arguments words, Plan& plan) {
  const TimeUnit unit =
      context.command == CommandId::setex ? TimeUnit::seconds : TimeUnit::milliseconds;
  const auto deadline = read_deadline(context, words[2], unit, TimeBase::relative, plan);
  if (!deadline) {
    return false;
  }
  plan.add({.code = OpCode::set_for,
            .keyspace = context.keyspace,
            .deadline_ms = *deadline,
            .key = words[1],
            .value = words[3]});
  return true;
}

bool encode_getset(const EncodeContext& context, Arguments words, Plan& plan) {
  plan.add({.code = OpCode::set,
            .keyspace = context.keyspace,
            .flags = codec::kSetGet,
            .key = words[1],
            .value = words[2]});
  return true;
}

bool encode_getdel(const EncodeContext& context, Arguments words, Plan& plan) {
  plan.add({.code = OpCode::get_remove, .keyspace = context.keyspace, .key = words[1]});
  return true;
}

bool encode_getex(const EncodeContext& context, Arguments words, Plan& plan) {
  SetOptions options;
  if (!read_options(context, words.subspan(2), false, options, plan)) {
    if (plan.error() == text::kSyntax) {
      return false;
    }
    // Redis looks at the time only when there is a key.
    plan.render_as(plan.error() == text::kNotInteger ? Render::not_integer_if_present
                                                     : Render::bad_expiry_if_present);
    plan.add({.code = OpCode::exists, .keyspace = context.keyspace, .key = words[1]});
    return true;
  }
  Operation operation{.code = OpCode::get, .keyspace = context.keyspace, .key = words[1]};
  if (options.persist) {
    operation.code = OpCode::get_expire;
    operation.flags = codec::kGetExpirePersist;
  } else if (options.has_deadline) {
    operation.code =
        options.base == TimeBase::relative ? OpCode::get_expire_in : OpCode::get_expire;
    operation.flags = codec::kGetExpireSet;
    operation.deadline_ms = options.deadline_ms;
  }
  plan.add(operation);
  return true;
}

bool encode_mget(const EncodeContext& context, Arguments words, Plan& plan) {
  for (const base::ByteView key : words.subspan(1)) {
    plan.add({.code = OpCode::get, .keyspace = context.keyspace, .key = key});
  }
  plan.render_as(Render::list);
  return true;
}

bool encode_mset(const EncodeContext& context, Arguments words, Plan& plan) {
  if (words.size() % 2 == 0) {
    return plan.fail(wrong_arity(name_of(context.command)));
  }
  for (std::size_t i = 1; i < words.size(); i += 2) {
    plan.add({.code = OpCode::set,
              .keyspace = context.keyspace,
              .key = words[i],
              .value = words[i + 1]});
  }
  plan.render_as(Render::all_ok);
  return true;
}

bool encode_msetnx(const EncodeContext& context, Arguments words, Plan& plan) {
  if (words.size() % 2 == 0) {
    return plan.fail(wrong_arity(name_of(context.command)));
  }
  for (std::size_t i = 1; i < words.size(); i += 2) {
    plan.add({.code = OpCode::set_if_absent_all, .keyspace = context.keyspace, .key = words[i]});
  }
  static_cast<void>(encode_mset(context, words, plan));
  plan.render_as(Render::all_if_absent);
  return true;
}

bool encode_increment(const EncodeContext& context, Arguments words, Plan& plan) {
  std::int64_t number = context.command == CommandId::decr ? -1 : 1;
  if (words.size() == 3) {
    const auto given = codec::parse_resp_integer(words[2]);
    if (!given) {
      return plan.fail(text::kNotInteger);
    }
    number = *given;
    if (context.command == CommandId::decrby) {
      if (number == std::numeric_limits<std::int64_t>::min()) {
        return plan.fail("ERR decrement would overflow");
      }
      number = -number;
    }
  }
  plan.add(
      {.code = OpCode::increment, .keyspace = context.keyspace, .number = number, .key = words[1]});
  return true;
}

bool encode_append(const EncodeContext& context, Arguments words, Plan& plan) {
  plan.add(
      {.code = OpCode::append, .keyspace = context.keyspace, .key = words[1], .value = words[2]});
  return true;
}

bool encode_strlen(const EncodeContext& context, Arguments words, Plan& plan) {
  plan.add({.code = OpCode::string_length, .keyspace = context.keyspace, .key = words[1]});
  return true;
}

bool encode_getrange(const EncodeContext& context, Arguments words, Plan& plan) {
  const auto start = codec::parse_resp_integer(words[2]);
  const auto end = codec::parse_resp_integer(words[3]);
  if (!start || !end) {
    return plan.fail(text::kNotInteger);
  }
  plan.add({.code = OpCode::get_range,
            .keyspace = context.keyspace,
            .number = *start,
            .number2 = *end,
            .key = words[1]});
  return true;
}

bool encode_setrange(const EncodeContext& context, Arguments words, Plan& plan) {
  const auto offset = codec::parse_resp_integer(words[2]);
  if (!offset) {
    return plan.fail(text::kNotInteger);
  }
  if (*offset < 0) {
    return plan.fail(text::kOffset);
  }
  const bool too_long =
      static_cast<std::uint64_t>(*offset) > context.value_bytes_max ||
      words[3].size() > context.value_bytes_max - static_cast<std::size_t>(*offset);
  if (too_long && !words[3].empty()) {
    return plan.fail(text::kTooLong);
  }
  plan.add({.code = OpCode::set_range,
            .keyspace = context.keyspace,
            .number = *offset,
            .key = words[1],
            .value = words[3]});
  return true;
}

}  // namespace ostraka::gateway::resp
