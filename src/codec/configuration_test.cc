#include "codec/configuration.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::codec {
namespace {

using base::ErrorCode;

model::Configuration sample() {
  model::Configuration configuration;
  configuration.voters = {{model::NodeId(1), model::Incarnation(7), "a", "127.0.0.1:1"},
                          {model::NodeId(300), model::Incarnation(~0ULL), "b", ""}};
  configuration.voters_outgoing = {{model::NodeId(2), model::Incarnation(0), "c", "h:2"}};
  configuration.learners = {{model::NodeId(9), model::Incarnation(1), "d", "h:3"}};
  return configuration;
}

TEST(Configuration, ComesBack) {
  model::Configuration someone_left = sample();
  someone_left.next_id = model::NodeId(301);
  for (const model::Configuration& given : {sample(), model::Configuration{}, someone_left}) {
    std::string out;
    encode_configuration(given, out);
    EXPECT_EQ(decode_configuration(out).value(), given);
  }
}

TEST(Configuration, DamageIsRefused) {
  std::string out;
  encode_configuration(sample(), out);
  for (std::size_t n = 0; n < out.size(); ++n) {
    EXPECT_EQ(decode_configuration(base::ByteView(out).substr(0, n)).error().code,
              ErrorCode::malformed);
  }
  EXPECT_EQ(decode_configuration(out + "x").error().code, ErrorCode::malformed);
  std::string other_version = out;
  other_version[0] = 9;
  EXPECT_EQ(decode_configuration(other_version).error().code, ErrorCode::format_unknown);
  std::string unsorted = out;
  unsorted[2] = 127;  // the first voter's id
  EXPECT_TRUE(decode_configuration(unsorted).has_value());
  unsorted.replace(2, 1, "\xff\x7f");
  EXPECT_EQ(decode_configuration(unsorted).error().code, ErrorCode::malformed);
  std::string no_next_id = out;
  no_next_id.replace(0, 1, std::string("\x02\x00", 2));
  EXPECT_EQ(decode_configuration(no_next_id).error().code, ErrorCode::malformed);
}

}  // namespace
}  // namespace ostraka::codec
