// How fast gossip is, against what theory says.
#include "lab/protocols/gossip/gossip.h"

#include "lab/protocols/gossip/sweep.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ostraka::lab {
namespace {

using gossip_detail::Exchange;
using gossip_detail::reach;

TEST(Gossip, PushReachesEveryoneInAboutLog2PlusLnRounds) {
  for (const std::uint32_t nodes : {32U, 128U}) {
    const double theory = std::log2(nodes) + std::log(nodes);
    const double rounds = reach(gossip().parameters, Exchange::push, nodes, 20).rounds;
    EXPECT_NEAR(rounds, theory, 1.5) << nodes;
  }
}

TEST(Gossip, PushAndPullTogetherNeedFewerRoundsAndBytesThanPush) {
  const auto push = reach(gossip().parameters, Exchange::push, 128, 20);
  const auto both = reach(gossip().parameters, Exchange::push_pull, 128, 20);
  EXPECT_NEAR(both.rounds, std::log(128) / std::log(3) + std::log2(std::log(128)), 1.5);
  EXPECT_LT(both.rounds, push.rounds - 3);
  EXPECT_LT(both.bytes, push.bytes);
}

}  // namespace
}  // namespace ostraka::lab
