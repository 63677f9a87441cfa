// A command turned into operations, and how its results become a reply.
#pragma once

#include "base/prng.h"
#include "codec/operation.h"
#include "codec/resp_writer.h"
#include "codec/result_value.h"
#include "gateway/resp/command_table.h"
#include "model/ids.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace ostraka::gateway::resp {

// How the results of a command's operations are shown.
enum class Render : std::uint8_t {
  value,             // one result as it is
  sum,               // the integers of all operations added
  list,              // an array of all results
  all_ok,            // +OK when every operation went well
  set_if_absent,     // ok -> 1, nil -> 0
  all_if_absent,     // MSETNX: 1, or 0 when its guard did not hold
  type,              // integer 1 -> string, 0 -> none
  encoding,          // bytes -> the encoding that Redis would choose
  refcount,          // bytes -> the count that Redis would show
  idle_time,         // integer 1 -> 0, 0 -> nil
  access_frequency,  // integer 1 -> error, 0 -> nil
  // GETEX with a bad time: integer 1 -> the error, 0 -> nil
  not_integer_if_present,
  bad_expiry_if_present,
  time_left_s,   // deadline, log time -> seconds
  time_left_ms,  // deadline, log time -> milliseconds
  deadline_s,    // deadline -> seconds since 1970
  keys,          // the keys of one scan that must have reached the end
  total,         // DBSIZE's count that must have reached the end
  fixed,         // the reply is known; the results are passed over
};

struct EncodeContext {
  CommandId command;
  model::KeyspaceId keyspace;
  std::int64_t now_ms;  // log time, about; whether a time from now is in range
  std::uint64_t random;
  std::size_t value_bytes_max;
};

// Filled by an encoder: operations into `builder`, and how to render; or an error reply.
class Plan {
 public:
  explicit Plan(codec::CommandBuilder& builder) : builder_(builder) {}

  void add(const codec::Operation& operation) {
    builder_.add(operation);
    ++operations_;
  }
  void render_as(Render render) { render_ = render; }
  // The command is refused before it is sent; always false, for `return plan.fail(…)`.
  bool fail(std::string_view error) {
    error_ = error;
    return false;
  }

  [[nodiscard]] Render render() const { return render_; }
  [[nodiscard]] std::uint32_t operations() const { return operations_; }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  codec::CommandBuilder& builder_;
  Render render_ = Render::value;
  std::uint32_t operations_ = 0;
  std::string error_;
};

// False: the plan has an error and nothing was added to the builder.
using EncodeFunction = bool (*)(const EncodeContext&, Arguments, Plan&);

// Reads the results of `operations` operations and writes one reply. False when the results are not
// what the operations can give (nothing is promised of the reply then).
[[nodiscard]] bool render_reply(Render render, std::uint32_t operations,
                                codec::ResultReader& results, codec::RespWriter& reply);

}  // namespace ostraka::gateway::resp
