// What peers say about themselves ends in JSON; it may be anything.
#include "node/internal/node_status.h"

#include "node/internal/json_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ostraka::node {
namespace {

using ::testing::HasSubstr;

TEST(ClusterStatus, ShowsWhatNodesTell) {
  std::vector<NodeAnswer> answers(1);
  answers[0].json = R"({"name":"n2","commit":9,"applied":7,"engine":"raft"})";
  const std::string text = cluster_status_json("n2", answers);
  EXPECT_THAT(text, HasSubstr(R"("leader":"n2","engine":"raft","nodes")"));
  EXPECT_THAT(text, HasSubstr(R"("leader":"n2")"));
  EXPECT_THAT(text, HasSubstr(R"("lag":2)"));
}

TEST(ClusterStatus, NamesMayBeAnyBytes) {
  std::vector<NodeAnswer> answers(1);
  answers[0].member.name = "n\xff";
  EXPECT_THAT(cluster_status_json("\xff", answers), HasSubstr("n\xef\xbf\xbd"));
}

TEST(ClusterStatus, AnswersMayBeOfAnyDepth) {
  std::vector<NodeAnswer> answers(1);
  const std::string deep = std::string(400'000, '[') + std::string(400'000, ']');
  answers[0].json = R"({"name":"n2","more":)" + deep + R"(,"term":3})";
  const std::string text = cluster_status_json("n2", answers);
  EXPECT_THAT(text, HasSubstr(R"("term":3)"));
  EXPECT_LT(text.size(), 1000U);
  answers[0].json = deep;
  EXPECT_THAT(cluster_status_json("n2", answers), HasSubstr(R"("reachable":false)"));
}

}  // namespace
}  // namespace ostraka::node
