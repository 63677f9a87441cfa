// The HTTP request parser on arbitrary bytes: the same requests and the same error for every
// chunking, within its limits.
#include "base/assert.h"
#include "codec/http.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace ostraka;

constexpr codec::HttpLimits kLimits = {
    .head_bytes_max = 256, .headers_max = 4, .body_bytes_max = 64};

// Everything that was understood, as text.
std::string run(base::ByteView input, std::size_t step) {
  codec::HttpRequestParser parser(kLimits);
  std::string story;
  std::string pending;
  for (std::size_t at = 0; at < input.size(); at += step) {
    pending += input.substr(at, step);
    base::ByteView in = pending;
    for (;;) {
      const auto complete = parser.next(in);
      if (!complete.has_value()) {
        return story + "!" + std::string(name_of(complete.error().code));
      }
      if (!*complete) {
        break;
      }
      const codec::HttpRequest& request = parser.request();
      OSTRAKA_ASSERT(request.path.starts_with('/'), "a path begins with a slash");
      OSTRAKA_ASSERT(request.headers.size() <= kLimits.headers_max, "headers are bounded");
      OSTRAKA_ASSERT(request.body.size() <= kLimits.body_bytes_max, "the body is bounded");
      story += std::string(request.method) + "|" + std::string(request.path) + "|" +
               std::string(request.query) + "|" + std::string(request.body) + "|";
      for (const auto& [name, value] : request.headers) {
        story += std::string(name) + "=" + std::string(value) + ";";
      }
    }
    pending = std::string(in);
    OSTRAKA_ASSERT(pending.size() < kLimits.head_bytes_max, "what is kept is bounded");
  }
  return story;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string bytes(data + 1, data + size);
  const std::size_t step = data[0] % 16U + 1U;
  const std::string whole = run(bytes, bytes.size() + 1);
  OSTRAKA_ASSERT(run(bytes, step) == whole, "chunks do not matter");
  return 0;
}
