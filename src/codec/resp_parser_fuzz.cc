// The request parser on arbitrary bytes in arbitrary pieces: the same requests and the same error
// for every way of cutting, and never more bytes held than the limits allow.
//
// The first byte of the input chooses the size of the pieces.
#include "base/assert.h"
#include "base/chunking_test.h"
#include "codec/resp_parser.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace ostraka;

constexpr codec::RespLimits kLimits{
    .arguments_max = 16, .bulk_bytes_max = 64, .request_bytes_max = 128, .line_bytes_max = 48};
// Header lines of every argument and of the array.
constexpr std::size_t kHeldMax = kLimits.request_bytes_max + 17 * (kLimits.line_bytes_max + 4);

std::string run(base::ByteView input, std::size_t piece) {
  codec::RespRequestParser parser(kLimits);
  const auto take = [&parser](base::ByteView& in, std::string& story) {
    for (;;) {
      const auto status = parser.parse(in);
      if (status == codec::RespRequestParser::Status::error) {
        OSTRAKA_ASSERT(!parser.error_text().empty(), "an error has a text");
        story += "!" + std::string(parser.error_text());
        return false;
      }
      if (status == codec::RespRequestParser::Status::need_more) {
        return true;
      }
      OSTRAKA_ASSERT(parser.consumed() > 0 && parser.consumed() <= in.size(),
                     "a request is made of bytes that were presented");
      OSTRAKA_ASSERT(parser.arguments().size() <= kLimits.line_bytes_max, "bounded arguments");
      story += std::to_string(parser.arguments().size()) + ":";
      for (const base::ByteView argument : parser.arguments()) {
        story += std::to_string(argument.size()) + "=" + std::string(argument) + ",";
      }
      in.remove_prefix(parser.consumed());
      parser.next();
    }
  };
  return base::testing::story_of(input, piece, kHeldMax + piece, take);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string input(data + 1, data + size);
  base::testing::expect_same_in_pieces(input.size(), 1U + data[0] % 64U,
                                       [&input](std::size_t piece) { return run(input, piece); });
  return 0;
}
