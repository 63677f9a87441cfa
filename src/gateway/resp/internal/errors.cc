#include "gateway/resp/internal/errors.h"

namespace ostraka::gateway::resp {
namespace {

// Prefixes of errors after which the command has certainly not been done.
std::string_view definite_prefix(base::ErrorCode code) {
  using base::ErrorCode;
  struct Row {
    ErrorCode code;
    std::string_view prefix;
  };
  constexpr Row kPrefixes[] = {
      {ErrorCode::not_leader, "NOLEADER"}, {ErrorCode::no_leader, "NOLEADER"},
      {ErrorCode::no_quorum, "NOQUORUM"},  {ErrorCode::busy, "BUSY"},
      {ErrorCode::too_stale, "TOOSTALE"},  {ErrorCode::disk_full, "DISKFULL"},
  };
  for (const Row& row : kPrefixes) {
    if (row.code == code) {
      return row.prefix;
    }
  }
  return base::is_retryable(code) ? "TRYAGAIN" : "ERR";
}

}  // namespace

std::string error_reply(const base::Error& error, Effect effect) {
  if (base::certainty_of(error.code) == base::Certainty::definite) {
    return std::string(definite_prefix(error.code)) + " " + error.to_string();
  }
  if (effect == Effect::read_only) {
    return "TRYAGAIN the read was not answered: " + error.to_string();
  }
  return "UNKNOWN outcome, the command may or may not have been done: " + error.to_string();
}

std::string_view failure_reply(codec::Failure failure) {
  switch (failure) {
    case codec::Failure::not_an_integer:
      return text::kNotInteger;
    case codec::Failure::overflow:
      return text::kOverflow;
    case codec::Failure::no_such_key:
      return text::kNoSuchKey;
    case codec::Failure::too_long:
      return text::kTooLong;
    case codec::Failure::offset_out_of_range:
      return text::kOffset;
    case codec::Failure::same_object:
      return text::kSameObject;
    case codec::Failure::wrong_shard:
      return text::kWrongShard;
  }
  return "ERR the operation was refused";
}

std::string wrong_arity(std::string_view command) {
  return "ERR wrong number of arguments for '" + std::string(command) + "' command";
}

std::string invalid_expire(std::string_view command) {
  return "ERR invalid expire time in '" + std::string(command) + "' command";
}

}  // namespace ostraka::gateway::resp
