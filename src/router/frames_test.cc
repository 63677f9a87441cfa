// Bounds of what the leader answers.
#include "router/internal/frames.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace ostraka::router {
namespace {

// As encode_reply() has it, with any number of refused commands.
std::string refusal_of(std::uint64_t count) {
  std::string frame;
  base::Writer writer(frame);
  writer.u8(static_cast<std::uint8_t>(ReplyKind::refused));
  writer.u64(5);  // session
  writer.varint(1);
  writer.varint(count);
  writer.u16(static_cast<std::uint16_t>(base::ErrorCode::busy));
  return frame;
}

TEST(Frames, ARefusalOfMoreCommandsThanANumberHoldsIsMalformed) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  ReplyRecord record;
  const std::string largest = refusal_of(kMax);
  base::Reader in(largest);
  const auto taken = next_reply(in, record);
  ASSERT_TRUE(taken.has_value() && *taken);
  EXPECT_EQ(record.count, kMax);
  for (const std::uint64_t count : {kMax + 1, kMax + 2, ~std::uint64_t{0}}) {
    const std::string frame = refusal_of(count);
    base::Reader beyond(frame);
    const auto refused = next_reply(beyond, record);
    ASSERT_FALSE(refused.has_value()) << count;
    EXPECT_EQ(refused.error().code, base::ErrorCode::malformed);
  }
}

}  // namespace
}  // namespace ostraka::router
