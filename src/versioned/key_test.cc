// Stored keys and records: bytewise order is logical order, and nothing is lost on the way.
#include "versioned/key.h"

#include "base/prng.h"
#include "versioned/record.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace ostraka::versioned {
namespace {

constexpr std::uint32_t kEdges[] = {0,     1,          0x7f,       0x80,       0xff,
                                    0x100, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};

std::string random_user_key(base::Prng& prng) {
  // Few distinct bytes, the extreme ones among them, so that common prefixes are frequent.
  static constexpr char kAlphabet[] = {'\x00', '\x01', '\x7f', '\x80', '\xff', 'a'};
  std::string key;
  for (auto n = prng.below(6); n > 0; --n) {
    key.push_back(kAlphabet[prng.below(sizeof kAlphabet)]);
  }
  return key;
}

KeyPrefix random_prefix(base::Prng& prng) {
  return {.keyspace = model::KeyspaceId(kEdges[prng.below(std::size(kEdges))]),
          .generation = kEdges[prng.below(std::size(kEdges))]};
}

Version random_version(base::Prng& prng) {
  return {.high = prng.chance(1, 2) ? kEdges[prng.below(std::size(kEdges))] : prng.next(),
          .low = kEdges[prng.below(std::size(kEdges))]};
}

std::string encoded(KeyPrefix prefix, base::ByteView user_key) {
  std::string out;
  append_key(out, prefix, user_key);
  return out;
}

TEST(StoredKey, BytewiseOrderIsLogicalOrder) {
  base::Prng prng(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto left_prefix = random_prefix(prng);
    const auto right_prefix = prng.chance(1, 2) ? left_prefix : random_prefix(prng);
    const std::string left = random_user_key(prng);
    const std::string right = random_user_key(prng);
    const auto logical = std::tie(left_prefix, left) <=> std::tie(right_prefix, right);
    EXPECT_EQ(encoded(left_prefix, left) <=> encoded(right_prefix, right), logical);
  }
}

TEST(StoredKey, RoundTrip) {
  base::Prng prng(2);
  for (int i = 0; i < 2'000; ++i) {
    const auto prefix = random_prefix(prng);
    const std::string user_key = random_user_key(prng);
    const std::string stored = encoded(prefix, user_key);
    const auto back = decode_key(stored);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->prefix, prefix);
    EXPECT_EQ(back->user_key, user_key);
  }
  EXPECT_EQ(decode_key("1234567").error().code, base::ErrorCode::corruption);
}

TEST(StoredKey, PrefixEndBoundsExactlyOneGeneration) {
  base::Prng prng(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto prefix = random_prefix(prng);
    std::string lower;
    std::string upper;
    append_prefix(lower, prefix);
    append_prefix_end(upper, prefix);
    const auto other = prng.chance(1, 2) ? prefix : random_prefix(prng);
    const std::string key = encoded(other, random_user_key(prng));
    EXPECT_EQ(key >= lower && (upper.empty() || key < upper), other == prefix);
  }
}

TEST(Version, BytewiseOrderIsLogicalOrderAndInvertedReversesIt) {
  base::Prng prng(4);
  for (int i = 0; i < 20'000; ++i) {
    const Version a = random_version(prng);
    const Version b = random_version(prng);
    std::string left;
    std::string right;
    append_version(left, a);
    append_version(right, b);
    EXPECT_EQ(left <=> right, a <=> b);
    EXPECT_EQ(read_version(left.data()), a);
    EXPECT_EQ(inverted(a) <=> inverted(b), b <=> a);
    EXPECT_EQ(inverted(inverted(a)), a);
  }
  EXPECT_EQ(inverted(Version::min()), Version::max());
}

TEST(Record, RoundTrip) {
  base::Prng prng(5);
  for (int i = 0; i < 5'000; ++i) {
    const RecordHeader header{
        .type = static_cast<std::uint8_t>(prng.below(16)),
        .tombstone = prng.chance(1, 4),
        .version = prng.chance(1, 2) ? random_version(prng) : Version{},
        .deadline_ms = prng.chance(1, 2) ? static_cast<std::int64_t>(prng.next()) : 0};
    const std::string value = random_user_key(prng);
    std::string raw;
    append_record(raw, header, value);
    const auto back = decode_record(raw);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->header, header);
    EXPECT_EQ(back->value, value);
  }
}

TEST(Record, PlainValueCostsOneByte) {
  std::string raw;
  append_record(raw, {}, "value");
  EXPECT_EQ(raw.size(), 6U);
}

TEST(Record, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(decode_record("").error().code, base::ErrorCode::corruption);
  EXPECT_EQ(decode_record("\x80").error().code, base::ErrorCode::format_unknown);
  std::string raw;
  append_record(raw, {.version = {.high = 7, .low = 1}, .deadline_ms = 5}, "");
  for (std::size_t size = 0; size < raw.size(); ++size) {
    EXPECT_EQ(decode_record(base::ByteView(raw).substr(0, size)).error().code,
              base::ErrorCode::corruption);
  }
}

}  // namespace
}  // namespace ostraka::versioned
