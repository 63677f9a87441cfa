#include "protocol/core/membership.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>

namespace ostraka::protocol {
namespace {

std::vector<model::Member> members(std::initializer_list<std::uint32_t> ids) {
  std::vector<model::Member> some;
  for (const std::uint32_t id : ids) {
    some.emplace_back();
    some.back().id = model::NodeId{id};
  }
  return some;
}

model::Configuration voters(std::initializer_list<std::uint32_t> incoming,
                            std::initializer_list<std::uint32_t> outgoing = {},
                            std::initializer_list<std::uint32_t> learners = {}) {
  model::Configuration configuration;
  configuration.voters = members(incoming);
  configuration.voters_outgoing = members(outgoing);
  configuration.learners = members(learners);
  return configuration;
}

TEST(Membership, QuorumsOfConfigurationsThatFollowEachOtherMeet) {
  EXPECT_TRUE(may_follow(voters({1, 2, 3}), voters({1, 2, 3, 4})));
  EXPECT_TRUE(may_follow(voters({1, 2, 3}), voters({1, 2})));
  EXPECT_FALSE(may_follow(voters({1, 2, 3}), voters({1, 2, 4})));
  EXPECT_TRUE(may_follow(voters({1, 2, 3}), voters({4, 5, 6}, {1, 2, 3})));
  EXPECT_FALSE(may_follow(voters({1, 2, 3}), voters({4, 5, 6}, {1, 2})));
  EXPECT_TRUE(may_follow(voters({4, 5, 6}, {1, 2, 3}), voters({4, 5, 6})));
  EXPECT_FALSE(may_follow(voters({4, 5, 6}, {1, 2, 3}), voters({4, 5})));
}

TEST(Membership, ASoleVoterDecidesAlone) {
  EXPECT_TRUE(is_sole_voter(voters({1}), model::NodeId{1}));
  EXPECT_FALSE(is_sole_voter(voters({2}), model::NodeId{1}));
  EXPECT_FALSE(is_sole_voter(voters({1, 2}), model::NodeId{1}));
  EXPECT_FALSE(is_sole_voter(voters({1}, {1}), model::NodeId{1}));
}

TEST(Membership, WhoWasRemovedIsNeededUntilThatIsCommitted) {
  std::vector<ConfigurationAt> known;
  known.push_back({{}, std::make_shared<const model::Configuration>(voters({1, 2, 3}))});
  known.push_back(
      {model::LogIndex{5}, std::make_shared<const model::Configuration>(voters({1, 2}))});
  EXPECT_TRUE(may_still_vote(known, model::LogIndex{4}, model::NodeId{3}));
  EXPECT_FALSE(may_still_vote(known, model::LogIndex{5}, model::NodeId{3}));
  EXPECT_TRUE(may_still_vote(known, model::LogIndex{5}, model::NodeId{2}));
  EXPECT_FALSE(may_still_vote(known, model::LogIndex{4}, model::NodeId{4}));
}

struct Peer {
  model::NodeId id;
  bool incoming = false;
  bool outgoing = false;
  int known = 0;
};

TEST(Membership, PeersFollowTheConfiguration) {
  std::vector<Peer> peers;
  int fresh = 0;
  const auto count = [&fresh](Peer& peer) { peer.known = ++fresh; };
  adopt_members(peers, voters({3, 1}, {}, {2}), count);
  EXPECT_EQ(fresh, 3);
  ASSERT_EQ(peers.size(), 3U);
  EXPECT_EQ(peers[1].id, model::NodeId{2});
  EXPECT_FALSE(peers[1].incoming);
  const int known = peers[2].known;
  adopt_members(peers, voters({3, 4}, {1, 3}), count);
  EXPECT_EQ(fresh, 4);
  ASSERT_EQ(peers.size(), 3U);
  EXPECT_FALSE(peers[0].incoming);  // 1
  EXPECT_TRUE(peers[0].outgoing);
  EXPECT_TRUE(peers[1].incoming && peers[1].outgoing);  // 3
  EXPECT_EQ(peers[1].known, known);
  EXPECT_TRUE(peers[2].incoming);  // 4
  EXPECT_FALSE(peers[2].outgoing);
}

}  // namespace
}  // namespace ostraka::protocol
