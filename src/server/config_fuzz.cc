// Configuration files on arbitrary bytes (faults: F7): settings without contradiction, or an error
// that says what to do.
#include "base/assert.h"
#include "server/flags.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace ostraka;

void parse(const std::string& text) {
  const auto flags = server::parse_config(text, "ostraka.toml");
  if (!flags.has_value()) {
    OSTRAKA_ASSERT(flags.error().context.find("ostraka.toml") != std::string::npos,
                   "the file is named");
    return;
  }
  const auto settings = server::settle(server::merge({}, *flags));
  if (!settings.has_value()) {
    OSTRAKA_ASSERT(!settings.error().context.empty(), "it says what is wrong");
    return;
  }
  OSTRAKA_ASSERT(!settings->name.empty() && !settings->redis.empty(), "settings are complete");
  OSTRAKA_ASSERT(settings->join.empty() || settings->cluster.empty(), "one or the other");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parse(std::string(data, data + size));
  return 0;
}
