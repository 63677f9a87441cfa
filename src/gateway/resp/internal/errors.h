// Error replies: Redis' own texts, and the one place where the product's errors get theirs.
#pragma once

#include "base/result.h"
#include "codec/result_value.h"

#include <string>
#include <string_view>

namespace ostraka::gateway::resp {

namespace text {
inline constexpr std::string_view kSyntax = "ERR syntax error";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotFloat = "ERR value is not a valid float";
inline constexpr std::string_view kNotFinite = "ERR increment would produce NaN or Infinity";
inline constexpr std::string_view kNoSuchKey = "ERR no such key";
inline constexpr std::string_view kOffset = "ERR offset is out of range";
inline constexpr std::string_view kTooLong =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
inline constexpr std::string_view kOverflow = "ERR increment or decrement would overflow";
inline constexpr std::string_view kSameObject = "ERR source and destination objects are the same";
inline constexpr std::string_view kWrongShard =
    "CROSSSLOT the keys of this command do not belong to one shard";
inline constexpr std::string_view kBadResults =
    "ERR internal error: results that do not fit the command";
inline constexpr std::string_view kKeptChanging =
    "BUSY the keys of this command kept changing while it ran, try again";
inline constexpr std::string_view kNoAuth = "NOAUTH Authentication required.";
inline constexpr std::string_view kWrongPass =
    "WRONGPASS invalid username-password pair or user is disabled.";
inline constexpr std::string_view kExecAbort =
    "EXECABORT Transaction discarded because of previous errors.";
inline constexpr std::string_view kDatabase = "ERR DB index is out of range";
}  // namespace text

// What the effect of a failed call may have been depends on what it was.
enum class Effect : std::uint8_t { read_only, may_write };

// The reply for a call that ended with an error; prefixes are documented in docs/redis.md. An
// indefinite error of a write is UNKNOWN; a read has no effect, so it is never unknown.
[[nodiscard]] std::string error_reply(const base::Error& error, Effect effect);
// The reply for an operation that the state machine refused.
[[nodiscard]] std::string_view failure_reply(codec::Failure failure);

[[nodiscard]] std::string wrong_arity(std::string_view command);
[[nodiscard]] std::string invalid_expire(std::string_view command);

}  // namespace ostraka::gateway::resp
