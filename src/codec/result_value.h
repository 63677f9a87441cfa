// Results of commands: a flat encoding of a small tree of values, one value per operation. The same
// bytes are what apply produces, what sessions store for retries, what a leader sends back to the
// node that forwarded, and what a gateway renders.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <cstdint>
#include <string>

namespace ostraka::codec {

enum class ValueKind : std::uint8_t {
  nil = 0,
  ok = 1,
  integer = 2,
  bytes = 3,
  array = 4,    // integer = number of children, which follow in pre-order
  failure = 5,  // integer = Failure, bytes = detail; this operation had no effect
  // the command had no effect because a guard (check_version, set_if_absent_all) did not hold
  aborted = 6,
};

// Errors of single operations, deterministic functions of the state.
enum class Failure : std::uint8_t {
  not_an_integer = 1,
  overflow = 2,  // increment or decrement would overflow
  no_such_key = 3,
  too_long = 4,  // string exceeds the maximum size
  offset_out_of_range = 5,
  same_object = 6,  // source and destination are the same
  wrong_shard = 7,  // the keyspace does not belong to the shard
};

class ResultWriter {
 public:
  explicit ResultWriter(std::string& out) : writer_(out) {}
  void nil();
  void ok();
  void integer(std::int64_t value);
  void bytes(base::ByteView value);
  void array(std::uint32_t children);
  void failure(Failure failure, base::ByteView detail = {});
  void aborted();
  // Values that another writer has encoded.
  void raw(base::ByteView encoded) { writer_.raw(encoded); }

 private:
  base::Writer writer_;
};

struct ResultValue {
  ValueKind kind = ValueKind::nil;
  std::int64_t integer = 0;
  base::ByteView bytes = {};
};

// Walks results in pre-order.
class ResultReader {
 public:
  explicit ResultReader(base::ByteView encoded) : in_(encoded) {}
  // The next value; false at the end. Errors: malformed.
  [[nodiscard]] base::Result<bool> next(ResultValue& value);

 private:
  base::Reader in_;
};

}  // namespace ostraka::codec
