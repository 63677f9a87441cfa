// Questions for a commit index or a clock, and their answers, on arbitrary bytes (faults: F3).
#include "base/assert.h"
#include "base/one_of_test.h"
#include "replica/internal/read_index_frame.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace ostraka;

template <typename Decode>
void comes_back(base::ByteView input, Decode decode) {
  const auto decoded = decode(input);
  if (!decoded.has_value()) {
    return;
  }
  std::string once;
  replica::encode(*decoded, once);
  OSTRAKA_ASSERT(once.size() == input.size(), "the layout is fixed");
  std::string twice;
  replica::encode(decode(once).value(), twice);
  OSTRAKA_ASSERT(twice == once, "decode and encode are inverse");
}

void request(base::ByteView input) { comes_back(input, replica::decode_read_index_request); }
void reply(base::ByteView input) { comes_back(input, replica::decode_read_index_reply); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return base::testing::run_one_of(data, size, {request, reply});
}
