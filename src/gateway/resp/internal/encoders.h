// Encoders: a command's words into operations. Pure functions of the words and the context.
#pragma once

#include "gateway/resp/internal/plan.h"

#include <cstdint>
#include <optional>

namespace ostraka::gateway::resp {

// strings
bool encode_get(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_set(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_setnx(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_setex(const EncodeContext& context, Arguments words, Plan& plan);  // and PSETEX
bool encode_getset(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_getdel(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_getex(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_mget(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_mset(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_msetnx(const EncodeContext& context, Arguments words, Plan& plan);
// INCR, DECR, INCRBY, DECRBY
bool encode_increment(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_append(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_strlen(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_getrange(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_setrange(const EncodeContext& context, Arguments words, Plan& plan);

// keys
bool encode_remove(const EncodeContext& context, Arguments words, Plan& plan);  // DEL, UNLINK
bool encode_exists(const EncodeContext& context, Arguments words, Plan& plan);  // EXISTS, TOUCH
bool encode_type(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_rename(const EncodeContext& context, Arguments words, Plan& plan);  // and RENAMENX
bool encode_copy(const EncodeContext& context, Arguments words, Plan& plan);
// EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT
bool encode_expire(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_persist(const EncodeContext& context, Arguments words, Plan& plan);
// TTL, PTTL, EXPIRETIME, PEXPIRETIME
bool encode_ttl(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_object(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_randomkey(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_keys(const EncodeContext& context, Arguments words, Plan& plan);  // inside MULTI
// From the first key on.
[[nodiscard]] codec::Operation keys_operation(model::KeyspaceId keyspace, base::ByteView pattern,
                                              std::int64_t keys_max);
bool encode_dbsize(const EncodeContext& context, Arguments words, Plan& plan);
bool encode_flush(const EncodeContext& context, Arguments words, Plan& plan);

// A deadline in milliseconds from a word of EX, PX, EXAT, PXAT or EXPIRE. Relative: counted from
// the log time of the entry; absolute: since 1970, at least 1 (the past), because 0 means none.
// Nothing: out of range, with relative ones judged as if set at `now_ms`.
enum class TimeUnit : std::uint8_t { seconds, milliseconds };
enum class TimeBase : std::uint8_t { relative, absolute };
[[nodiscard]] std::optional<std::int64_t> deadline_from(std::int64_t number, TimeUnit unit,
                                                        TimeBase base, std::int64_t now_ms);

}  // namespace ostraka::gateway::resp
