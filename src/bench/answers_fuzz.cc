// What servers answer to the load generator, on arbitrary bytes: the same answers for every way of
// cutting, at most one for each request.
#include "base/assert.h"
#include "base/chunking_test.h"
#include "bench/internal/codec.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace ostraka;

constexpr std::uint32_t kRequests = 8;

std::unique_ptr<bench::internal::Codec> make(unsigned which) {
  bench::LoadOptions options;
  options.endpoints = {"host:1"};
  options.pipeline = kRequests;
  options.value_bytes = 8;
  switch (which % 3) {
    case 0:
      return bench::internal::make_redis_codec(options);
    case 1:
      return bench::internal::make_etcd_codec(options);
    default:
      return bench::internal::make_zookeeper_codec(options);
  }
}

std::string run(unsigned which, base::ByteView input, std::size_t step) {
  const auto codec = make(which);
  std::string out;
  codec->greet(out);
  for (std::uint32_t slot = 0; slot < kRequests; ++slot) {
    if (slot % 2 == 0) {
      codec->encode_read(slot, "key", out);
    } else {
      codec->encode_write(slot, "key", "value", out);
    }
  }
  std::size_t count = 0;
  const auto take = [&](base::ByteView& in, std::string& story) {
    std::vector<bench::internal::Answer> answers;
    const std::size_t used = codec->parse(in, answers, out);
    for (const bench::internal::Answer& answer : answers) {
      OSTRAKA_ASSERT(answer.slot < kRequests, "the answer to a request");
      story += std::to_string(answer.slot) + "/" +
               std::to_string(static_cast<unsigned>(answer.kind)) + "/" + answer.text + ";";
    }
    count += answers.size();
    OSTRAKA_ASSERT(count <= kRequests, "one answer for each request");
    if (used == SIZE_MAX) {
      story += "!";
      return false;
    }
    OSTRAKA_ASSERT(used <= in.size(), "only what has arrived is used");
    in.remove_prefix(used);
    return true;
  };
  return base::testing::story_of(input, step, input.size(), take);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string bytes(data + 1, data + size);
  const unsigned which = data[0];
  base::testing::expect_same_in_pieces(
      bytes.size(), 1U + which % 32U,
      [&bytes, which](std::size_t piece) { return run(which, bytes, piece); });
  return 0;
}
