// Multi-Paxos under the suite of all engines.
#include "protocol/testing/conformance.h"

#include "protocol/multi_paxos/probe.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::protocol::multi_paxos::testing {
namespace {

class Conformance : public ::testing::TestWithParam<protocol::testing::ConformanceCase> {};

TEST_P(Conformance, Holds) {
  const protocol::testing::Verdict verdict = GetParam().run(probe());
  for (const std::string& failure : verdict.failures) {
    ADD_FAILURE() << failure;
  }
  EXPECT_EQ(verdict.missing, "");
}

INSTANTIATE_TEST_SUITE_P(MultiPaxos, Conformance,
                         ::testing::ValuesIn(protocol::testing::conformance_cases()),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace ostraka::protocol::multi_paxos::testing
