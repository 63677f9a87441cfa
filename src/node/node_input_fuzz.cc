// What a node is told by other nodes and by its data directory above the log, on arbitrary bytes
// (faults: F3, F7): administrative frames, the status of others, the file `origin`.
#include "base/assert.h"
#include "base/hash.h"
#include "base/inverse_test.h"
#include "base/one_of_test.h"
#include "node/internal/admin_frame.h"
#include "node/internal/node_status.h"
#include "node/internal/origin.h"
#include "sim_ports/sim_disk.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace ostraka;

template <typename Decode>
void comes_back(base::ByteView input, Decode decode) {
  static_cast<void>(base::testing::comes_back(
      input, decode, [](const auto& frame, std::string& out) { out = node::encode(frame); }));
}

void request(base::ByteView input) { comes_back(input, node::decode_admin_request); }
void reply(base::ByteView input) { comes_back(input, node::decode_admin_reply); }
void join_reply(base::ByteView input) { comes_back(input, node::decode_join_reply); }

// Names and statuses come from peers.
void status(base::ByteView input) {
  const std::size_t half = input.size() / 2;
  std::vector<node::NodeAnswer> answers(2);
  answers[0].member.name = std::string(input.substr(0, half));
  answers[1].json = std::string(input.substr(half));
  OSTRAKA_ASSERT(node::cluster_status_json(answers[0].member.name, answers).starts_with("{"),
                 "an object");
}

void read_file(std::string contents) {
  sim_ports::SimDisk disk;
  const auto files = disk.open_process();
  disk.set_contents("origin", std::move(contents));
  const auto origin = node::read_origin(*files);
  if (!origin.has_value()) {
    return;
  }
  OSTRAKA_ASSERT(node::write_origin(*files, *origin).has_value(), "it can be written");
  const auto again = node::read_origin(*files);
  OSTRAKA_ASSERT(again.has_value() && again->name == origin->name &&
                     again->joined == origin->joined && again->members == origin->members,
                 "comes back");
}

void raw_file(base::ByteView input) { read_file(std::string(input)); }

// With magic, version and checksum as they should be.
void file(base::ByteView input) {
  std::string contents = "OSTRKORG";
  base::Writer writer(contents);
  writer.u16(1);
  writer.raw(input);
  writer.u64(base::hash64(contents));
  read_file(std::move(contents));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return base::testing::run_one_of(data, size,
                                   {request, reply, join_reply, status, raw_file, file});
}
