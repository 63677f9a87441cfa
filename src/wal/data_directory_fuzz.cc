// The identity and the bar of a data directory on arbitrary bytes (faults: F5): refused, or equal
// to what was written.
#include "base/assert.h"
#include "base/hash.h"
#include "base/one_of_test.h"
#include "sim_ports/sim_disk.h"
#include "wal/data_directory.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace {

using namespace ostraka;

base::Result<std::optional<wal::Identity>> open_with(const char* file, std::string contents) {
  sim_ports::SimDisk disk;
  const auto files = disk.open_process();
  disk.set_contents(file, std::move(contents));
  return wal::open_data_directory(*files);
}

void raw(base::ByteView input) {
  const auto found = open_with("IDENTITY", std::string(input));
  OSTRAKA_ASSERT(!found.has_value() || found->has_value(), "never taken for a fresh directory");
}

// A valid file, some bytes of it changed, with or without a new checksum.
void changed(base::ByteView input) {
  sim_ports::SimDisk disk;
  const auto files = disk.open_process();
  const wal::Identity identity{model::ClusterId{7}, model::NodeId{3}, model::Incarnation{9}};
  OSTRAKA_ASSERT(wal::initialise_data_directory(*files, identity).has_value(), "fresh");
  const std::string valid = disk.contents("IDENTITY").value();
  std::string bytes = valid;
  base::Reader in(input);
  const bool checksummed = in.u8() % 2 != 0;
  while (in.remaining() >= 2) {
    const std::size_t at = in.u8() % bytes.size();
    bytes[at] = static_cast<char>(in.u8());
  }
  if (checksummed) {
    bytes.resize(bytes.size() - 8);
    base::Writer(bytes).u64(base::hash64(bytes));
  }
  const auto found = open_with("IDENTITY", bytes);
  if (!checksummed && found.has_value()) {
    OSTRAKA_ASSERT(bytes == valid && found->value() == identity, "refused or equal");
  }
}

void barred(base::ByteView input) {
  const auto found = open_with("BARRED", std::string(input));
  OSTRAKA_ASSERT(!found.has_value(), "barred, whatever the file says");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return base::testing::run_one_of(data, size, {raw, changed, barred});
}
