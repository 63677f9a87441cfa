// Correct nodes on a network and disks as bad as the input spells (faults: F10): every invariant of
// a cluster holds.
#include "base/assert.h"
#include "protocol/raft/probe.h"
#include "protocol/testing/schedule_run.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string script(data, data + size);
  const auto violation =
      ostraka::protocol::testing::schedule_run(ostraka::protocol::raft::probe(), script);
  OSTRAKA_ASSERT(!violation.has_value(), violation.value_or(""));
  return 0;
}
