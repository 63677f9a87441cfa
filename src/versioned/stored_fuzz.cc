// Stored keys and records (faults: F5, F8): the order of stored keys is that of what they stand
// for; records are refused or come back.
#include "base/assert.h"
#include "base/one_of_test.h"
#include "versioned/key.h"
#include "versioned/record.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>

namespace {

using namespace ostraka;

struct Key {
  versioned::KeyPrefix prefix;
  base::ByteView user_key;
  friend auto operator<=>(const Key& a, const Key& b) {
    return std::tie(a.prefix, a.user_key) <=> std::tie(b.prefix, b.user_key);
  }
};

Key take_key(base::Reader& in) {
  const model::KeyspaceId keyspace(in.u32());
  const std::uint32_t generation = in.u32();
  return {{keyspace, generation}, in.bytes()};
}

void keys(base::ByteView input) {
  base::Reader in(input);
  const Key a = take_key(in);
  const Key b = take_key(in);
  std::string stored_a;
  std::string stored_b;
  versioned::append_key(stored_a, a.prefix, a.user_key);
  versioned::append_key(stored_b, b.prefix, b.user_key);
  OSTRAKA_ASSERT((stored_a <=> stored_b) == (a <=> b), "bytewise order is logical order");
  const auto decoded = versioned::decode_key(stored_a);
  OSTRAKA_ASSERT(decoded->prefix == a.prefix && decoded->user_key == a.user_key, "comes back");
  std::string end;
  versioned::append_prefix_end(end, a.prefix);
  OSTRAKA_ASSERT(end.empty() || stored_a < end, "behind every key of the generation");
  OSTRAKA_ASSERT(end.empty() || a.prefix >= b.prefix || stored_b >= end, "and before the next");
}

void record(base::ByteView input) {
  const auto decoded = versioned::decode_record(input);
  if (decoded.has_value()) {
    std::string out;
    versioned::append_record(out, decoded->header, decoded->value);
    const auto again = versioned::decode_record(out);
    OSTRAKA_ASSERT(
        again.has_value() && again->header == decoded->header && again->value == decoded->value,
        "comes back");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return base::testing::run_one_of(data, size, {keys, record});
}
