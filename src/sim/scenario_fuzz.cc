// Scenario files on arbitrary bytes: an error, or a scenario whose faults and steps can be listed.
#include "base/assert.h"
#include "sim/scenario.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace ostraka;

void parse(const std::string& text) {
  const auto scenario = sim::parse_scenario("fuzz", text);
  if (!scenario.has_value()) {
    OSTRAKA_ASSERT(!scenario.error().context.empty(), "it says what is wrong");
    return;
  }
  OSTRAKA_ASSERT(!scenario->workloads.empty(), "somebody does something");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parse(std::string(data, data + size));
  return 0;
}
