// What every agreement on one value is judged by, from the record alone.
//
// Reads the inputs "propose" {value}, the outputs "accepted" {number, value} of acceptors and
// "learned" {number, value}, and the processes with the role "learner". A value is chosen when a
// quorum has accepted it, on stable storage, with one number. Threads: pure functions.
#pragma once

#include "lab/core/declaration.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ostraka::lab::one_value {

[[nodiscard]] std::vector<std::string_view> assumptions();
// agreement, validity, learning, termination.
[[nodiscard]] std::vector<Property> properties();
// `quorum_of` tells how many acceptors choose a value with that number.
void check(const RunContext& context, const Record& record, Judge& judge,
           const std::function<std::size_t(std::int64_t)>& quorum_of);

// A client wants `value`, through that proposer.
[[nodiscard]] Operation propose(std::int64_t ms, std::string proposer, std::string value);

}  // namespace ostraka::lab::one_value
