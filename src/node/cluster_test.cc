#include "node/cluster.h"

#include <gtest/gtest.h>

namespace ostraka::node {
namespace {

std::vector<InitialMember> parsed(const char* text) {
  const auto members = parse_cluster(text);
  EXPECT_TRUE(members.has_value()) << members.error().context;
  return members.value_or(std::vector<InitialMember>{});
}

TEST(Cluster, TheOrderOfTheListDoesNotMatter) {
  const auto one = parsed("n1=a:1,n2=b:2,n3=c:3");
  const auto other = parsed("n3=c:3,n1=a:1,n2=b:2");
  EXPECT_EQ(one, other);
  EXPECT_EQ(cluster_of(one), cluster_of(other));
  EXPECT_EQ(id_of(one, "n2"), model::NodeId(2));
  EXPECT_TRUE(id_of(one, "n4").is_none());
  EXPECT_EQ(initial_configuration(one), initial_configuration(other));
}

TEST(Cluster, AnotherListIsAnotherCluster) {
  EXPECT_NE(cluster_of(parsed("n1=a:1,n2=b:2")), cluster_of(parsed("n1=a:1,n2=b:3")));
  EXPECT_NE(cluster_of(parsed("n1=a:1")), cluster_of(parsed("n1=a:1,n2=b:2")));
}

TEST(Cluster, BadEntriesAreNamed) {
  for (const char* text :
       {"", "n1", "=a:1", "n1=", "n1=a", "n1=a:x", "n1=a:70000", "n1=a:0", "n1=a:1,n1=b:2",
        "n1=a:1,n2=a:1", "n 1=a:1", "n1=a:1,,n2=b:2", "n1=::1:7", "n1=:7"}) {
    EXPECT_FALSE(parse_cluster(text).has_value()) << text;
  }
  EXPECT_TRUE(parse_cluster("n1=[::1]:7").has_value());
}

TEST(Cluster, ContradictsOnlyWhatItWasNotMadeFromAndIsNotNow) {
  const auto first = parsed("n1=a:1,n2=b:2,n3=c:3");
  model::Configuration now = initial_configuration(first);
  now.voters.pop_back();
  EXPECT_EQ(contradiction(first, cluster_of(first), now), "");
  EXPECT_EQ(contradiction(parsed("n1=a:1,n2=b:2"), cluster_of(first), now), "");
  const std::string why = contradiction(parsed("n1=a:1,n9=z:9"), cluster_of(first), now);
  EXPECT_NE(why.find("n1=a:1,n2=b:2"), std::string::npos) << why;
}

}  // namespace
}  // namespace ostraka::node
