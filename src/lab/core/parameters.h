// Parameters of a protocol: declared as a table, set by name, integers all of them. A choice is an
// integer with names; a yes/no is 0 or 1.
//
// Every protocol has the common ones too (common_parameters()): the network, the disk, the time.
// Threads: values. Errors: a wrong name or value is invalid_argument, with the nearest names or the
// range in the text.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ostraka::lab {

struct Parameter {
  std::string_view name = {};  // [a-z][a-z0-9_]*
  std::int64_t min = 0;
  std::int64_t max = 1;
  std::int64_t value = 0;      // by default
  std::string_view unit = {};  // "ms", "%", "" for a plain number
  std::string_view doc = {};
  // Not empty: the values are these, named; min = 0, max = size - 1.
  std::vector<std::string_view> choices = {};
};

// name = value, as text: "loss", "10"; "back_off", "random".
using Setting = std::pair<std::string_view, std::string_view>;

// delay_min, delay_max (ms, uniform between), loss, duplicate (%), fifo (0/1), disk (ms until a
// write is durable), time_limit (ms of virtual time).
[[nodiscard]] std::span<const Parameter> common_parameters();

// Every parameter of one run with its value.
class Parameters {
 public:
  // The value of `name`; it must be declared.
  [[nodiscard]] std::int64_t operator[](std::string_view name) const;
  [[nodiscard]] bool is_set(std::string_view name) const { return (*this)[name] != 0; }
  [[nodiscard]] base::Duration milliseconds(std::string_view name) const {
    return base::Duration::milliseconds((*this)[name]);
  }
  // The name of a choice, or the number as text.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] const std::vector<Parameter>& declared() const { return declared_; }

  explicit Parameters(std::vector<Parameter> declared) : declared_(std::move(declared)) {}
  [[nodiscard]] base::Status set(std::string_view name, std::string_view value);

 private:
  std::vector<Parameter> declared_;  // `value` is the run's
};

// "unknown X 'nmae'; did you mean 'name'?" or, when nothing is near, all names.
[[nodiscard]] std::string unknown_name(std::string_view what, std::string_view given,
                                       std::span<const std::string> known);

}  // namespace ostraka::lab
