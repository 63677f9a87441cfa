// A node under messages of a peer that is authenticated and wrong (faults: F10): the input spells a
// schedule; no assertion that a peer can fire.
#include "protocol/zab/testing/hostile.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string script(data, data + size);
  static_cast<void>(
      ostraka::protocol::testing::hostile_run(ostraka::protocol::zab::testing::hostile(), script));
  return 0;
}
