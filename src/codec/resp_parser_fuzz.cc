// The request parser on arbitrary bytes in arbitrary pieces: the same requests and the same error
// for every way of cutting, and never more bytes held than the limits allow.
//
// The first byte of the input chooses the size of the pieces.
#include "base/assert.h"
#include "codec/resp_parser.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace ostraka;

constexpr codec::RespLimits kLimits{
    .arguments_max = 16, .bulk_bytes_max = 64, .request_bytes_max = 128, .line_bytes_max = 48};
// Header lines of every argument and of the array.
constexpr std::size_t kHeldMax = kLimits.request_bytes_max + 17 * (kLimits.line_bytes_max + 4);

struct Outcome {
  std::vector<std::string> arguments;
  std::vector<std::size_t> counts;
  std::string error;
  std::size_t left = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome run(base::ByteView input, std::size_t piece) {
  Outcome outcome;
  codec::RespRequestParser parser(kLimits);
  std::string held;
  while (!input.empty()) {
    held += input.substr(0, piece);
    input.remove_prefix(std::min(piece, input.size()));
    for (;;) {
      const auto status = parser.parse(held);
      if (status == codec::RespRequestParser::Status::error) {
        outcome.error = parser.error_text();
        OSTRAKA_ASSERT(!outcome.error.empty(), "an error has a text");
        return outcome;
      }
      if (status == codec::RespRequestParser::Status::need_more) {
        break;
      }
      OSTRAKA_ASSERT(parser.consumed() > 0 && parser.consumed() <= held.size(),
                     "a request is made of bytes that were presented");
      OSTRAKA_ASSERT(parser.arguments().size() <= kLimits.line_bytes_max, "bounded arguments");
      outcome.counts.push_back(parser.arguments().size());
      for (const base::ByteView argument : parser.arguments()) {
        outcome.arguments.emplace_back(argument);
      }
      held.erase(0, parser.consumed());
      parser.next();
    }
    OSTRAKA_ASSERT(held.size() <= kHeldMax, "held bytes are bounded");
  }
  outcome.left = held.size();
  return outcome;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string input(data + 1, data + size);
  const Outcome whole = run(input, 16);
  OSTRAKA_ASSERT(run(input, 1) == whole, "byte by byte");
  OSTRAKA_ASSERT(run(input, 1U + data[0] % 64U) == whole, "in other pieces");
  return 0;
}
