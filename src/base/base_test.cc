#include "base/bytes.h"
#include "base/hash.h"
#include "base/prng.h"
#include "base/recycled_vector.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "base/time.h"

#include <gtest/gtest.h>

namespace ostraka::base {
namespace {

TEST(ErrorTable, EveryRowHasItsOwnNumberAndNameAndComesBackFromItsNumber) {
  EXPECT_EQ(error_code_from(14).value(), ErrorCode::unknown_outcome);
  EXPECT_FALSE(error_code_from(9999).has_value());
  EXPECT_EQ(certainty_of(ErrorCode::unknown_outcome), Certainty::indefinite);
  EXPECT_EQ(certainty_of(ErrorCode::busy), Certainty::definite);
  EXPECT_TRUE(is_retryable(ErrorCode::busy));
  EXPECT_FALSE(is_retryable(ErrorCode::corruption));
  EXPECT_EQ(name_of(ErrorCode::not_leader), "not_leader");
}

Result<int> half_of_even(int value) {
  if (value % 2 != 0) {
    return fail(ErrorCode::invalid_argument, "odd");
  }
  return value / 2;
}

Result<int> quarter(int value) {
  OSTRAKA_ASSIGN(const int half, half_of_even(value));
  OSTRAKA_TRY(half_of_even(half));
  return half / 2;
}

TEST(Result, MacrosReturnTheFirstError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().context, "odd");
  EXPECT_EQ(quarter(6).error().to_string(), "invalid argument: odd");
}

TEST(Bytes, WhatIsWrittenIsRead) {
  std::string out;
  Writer writer(out);
  writer.u8(7);
  writer.u16(65535);
  writer.u32(1U << 31);
  writer.u64(UINT64_MAX);
  writer.i64(-5);
  for (const std::uint64_t v :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, UINT64_MAX}) {
    writer.varint(v);
  }
  writer.bytes("hello");
  Reader reader(out);
  EXPECT_EQ(reader.u8(), 7);
  EXPECT_EQ(reader.u16(), 65535);
  EXPECT_EQ(reader.u32(), 1U << 31);
  EXPECT_EQ(reader.u64(), UINT64_MAX);
  EXPECT_EQ(reader.i64(), -5);
  EXPECT_EQ(reader.varint(), 0U);
  EXPECT_EQ(reader.varint(), 127U);
  EXPECT_EQ(reader.varint(), 128U);
  EXPECT_EQ(reader.varint(), UINT64_MAX);
  EXPECT_EQ(reader.bytes(), "hello");
  EXPECT_TRUE(reader.finished());
}

TEST(Bytes, AReaderThatFailedOnceStaysFailed) {
  Reader reader(
      ByteView("\x05"
               "abc",
               4));
  EXPECT_EQ(reader.bytes(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.finished());
}

TEST(Bytes, AVarintOverSixtyFourBitsIsRefused) {
  Reader reader("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
  static_cast<void>(reader.varint());
  EXPECT_FALSE(reader.ok());
}

TEST(Buffer, SlicesShareTheBlock) {
  const Buffer whole = Buffer::copy("hello world");
  const Buffer part = whole.slice(6, 5);
  EXPECT_EQ(part.view(), "world");
  EXPECT_EQ(part.view().data(), whole.view().data() + 6);
  EXPECT_TRUE(whole.slice(11, 0).empty());
}

TEST(Prng, TheSameSeedGivesTheSameSequence) {
  Prng a(42);
  Prng b(42);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(a.next(), b.next());
  }
  EXPECT_NE(Prng(1).next(), Prng(2).next());
}

TEST(Prng, DrawsStayInTheirRange) {
  Prng prng(7);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_LT(prng.below(3), 3U);
    const std::int64_t drawn = prng.between(-2, 2);
    EXPECT_GE(drawn, -2);
    EXPECT_LE(drawn, 2);
    EXPECT_LT(prng.unit(), 1.0);
  }
}

TEST(Hash, IsTheDocumentedXxh3) { EXPECT_EQ(hash64(""), 0x2d06800538d394c2ULL); }

struct Recycled {
  std::string text;
  void reset() { text.clear(); }
};

TEST(RecycledVector, KeepsTheCapacityOfItsElements) {
  RecycledVector<Recycled> items;
  items.add().text.assign(1000, 'x');
  const char* where = items[0].text.data();
  items.clear();
  EXPECT_TRUE(items.empty());
  items.add().text.assign(500, 'y');
  EXPECT_EQ(items[0].text.data(), where);
  EXPECT_EQ(items.size(), 1U);
}

using Name = StrongId<struct NameTag>;
using Place = StrongOrdinal<struct PlaceTag>;

TEST(StrongTypes, OrdinalsCountAndNoneIsZero) {
  EXPECT_TRUE(Name{}.is_none());
  EXPECT_LT(Name{1}, Name{2});
  EXPECT_EQ(Place{7} - Place{5}, 2U);
  EXPECT_EQ(Place{7} + 3, Place{10});
  EXPECT_EQ(Place{0}.prev(), Place{0});
}

TEST(Time, DifferencesAreDurations) {
  const Instant start = Instant::from_nanoseconds(5);
  EXPECT_EQ((start + Duration::milliseconds(2)) - start, Duration::microseconds(2000));
  EXPECT_LT(start + Duration::seconds(1'000'000'000), Instant::never());
}

}  // namespace
}  // namespace ostraka::base
