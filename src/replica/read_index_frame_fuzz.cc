// Questions for a commit index or a clock, and their answers, on arbitrary bytes (faults: F3).
#include "base/assert.h"
#include "base/inverse_test.h"
#include "base/one_of_test.h"
#include "replica/internal/read_index_frame.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace ostraka;

template <typename Decode>
void comes_back(base::ByteView input, Decode decode) {
  const auto once = base::testing::comes_back(
      input, decode, [](const auto& frame, std::string& out) { replica::encode(frame, out); });
  OSTRAKA_ASSERT(!once || once->size() == input.size(), "the layout is fixed");
}

void request(base::ByteView input) { comes_back(input, replica::decode_read_index_request); }
void reply(base::ByteView input) { comes_back(input, replica::decode_read_index_reply); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return base::testing::run_one_of(data, size, {request, reply});
}
