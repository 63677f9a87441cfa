// A recorded history of client operations, as values.
//
// Times are any monotone numbers (nanoseconds, or positions in a file). An operation that ended
// "fail" certainly did not
// happen and is left out; one that never ended, or ended "unknown", may take effect at any time
// after its call, or never.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ostraka::check {

enum class Function : std::uint8_t { read, write, compare_and_set, add };

// Values are interned: equal values have equal ids. 0 = absent.
using ValueId = std::uint32_t;
inline constexpr ValueId kAbsent = 0;

struct Operation {
  std::uint64_t process = 0;
  Function function = Function::read;
  std::string key;
  ValueId argument = kAbsent;  // write: the new value; compare_and_set: the new value
  ValueId expected = kAbsent;  // compare_and_set: the old value
  ValueId observed = kAbsent;  // read, register and kv models: what was read
  std::int64_t amount = 0;     // add: the amount; read, counter model: what was read
  bool swapped = false;        // compare_and_set: its result, when known
  bool unknown = false;        // no answer: may have happened, now or later, or never
  std::int64_t call_time = 0;
  std::int64_t return_time = 0;  // ignored when unknown
  std::uint64_t line = 0;        // where it stands in its file, for reports
};

enum class Model : std::uint8_t {
  value,    // register and kv: read, write, compare_and_set
  counter,  // read, add; starts at 0
};

}  // namespace ostraka::check
