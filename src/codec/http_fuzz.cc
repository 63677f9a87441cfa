// The HTTP request parser on arbitrary bytes: the same requests and the same error for every
// chunking, within its limits.
#include "base/assert.h"
#include "base/chunking_test.h"
#include "codec/http.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace ostraka;

constexpr codec::HttpLimits kLimits = {
    .head_bytes_max = 256, .headers_max = 4, .body_bytes_max = 64};

std::string run(base::ByteView input, std::size_t step) {
  codec::HttpRequestParser parser(kLimits);
  const auto take = [&parser](base::ByteView& in, std::string& story) {
    for (;;) {
      const auto complete = parser.next(in);
      if (!complete.has_value()) {
        story += "!" + std::string(name_of(complete.error().code));
        return false;
      }
      if (!*complete) {
        return true;
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
  };
  return base::testing::story_of(input, step, kLimits.head_bytes_max, take);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string bytes(data + 1, data + size);
  const std::size_t step = data[0] % 16U + 1U;
  base::testing::expect_same_in_pieces(bytes.size(), step,
                                       [&bytes](std::size_t piece) { return run(bytes, piece); });
  return 0;
}
