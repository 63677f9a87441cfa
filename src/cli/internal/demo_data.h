// The demo's data set: customer records, the same in every run, each with its own checksum.
#pragma once

#include <cstdint>
#include <string>

namespace ostraka::cli {

inline constexpr std::uint32_t kDemoRecords = 20'000;

[[nodiscard]] std::string demo_key(std::uint32_t number);
// A JSON object with name, e-mail, city, balance and the checksum of all of it.
[[nodiscard]] std::string demo_value(std::uint32_t number);

}  // namespace ostraka::cli
