// Safety that does not rest on a kind network or on processes that stay up: the default scenarios
// of such protocols under loss, copies and crashes. Liveness may go; nothing may go wrong.
#include "base/prng.h"
#include "lab/protocols/all.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ostraka::lab {
namespace {

constexpr std::uint64_t kSeeds = 200;

struct Case {
  const char* protocol;
  std::vector<std::string> crashing = {};  // processes that may go down and come back
  const char* duplicate = "15";            // per cent
  const char* keep = "";                   // of an engine: entries before a snapshot
  std::int64_t crashes_until = 200;        // ms
};

class HostileNetwork : public testing::TestWithParam<Case> {};

std::vector<std::string> crashes_for(const Case& it, std::uint64_t seed) {
  base::Prng prng(seed);
  std::vector<std::string> all;
  for (const std::string& process : it.crashing) {
    if (prng.chance(1, 2)) {
      const std::int64_t at = prng.between(1, it.crashes_until);
      all.push_back(fmt::format("crash {} at {}ms", process, at));
      all.push_back(fmt::format("restart {} at {}ms", process, at + prng.between(1, 100)));
    }
  }
  return all;
}

TEST_P(HostileNetwork, BreaksNoSafetyProperty) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    RunRequest request{.protocol = GetParam().protocol,
                       .scenario = {},
                       .seed = seed,
                       .set = {{"loss", "15"}, {"duplicate", GetParam().duplicate}},
                       .interventions = crashes_for(GetParam(), seed)};
    if (*GetParam().keep != 0) {
      request.set.emplace_back("keep", GetParam().keep);
    }
    const auto record = all_protocols().run(request);
    ASSERT_TRUE(record.has_value()) << record.error().context;
    for (const Judgement& each : record->properties) {
      EXPECT_FALSE(each.kind == PropertyKind::safety && each.verdict == Verdict::violated)
          << each.name << " with seed " << seed << ": " << each.sentence;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Lab, HostileNetwork,
    testing::Values(Case{"lamport_clock"}, Case{"lamport_mutex"}, Case{"vector_clock"},
                    Case{"version_vectors", {"s1", "s2"}, "0"},
                    Case{"hybrid_clock", {"p1", "p2", "p3"}}, Case{"ntp"},
                    Case{"lease", {"issuer", "store", "h1", "h2"}}, Case{"broadcast", {"p1", "p2"}},
                    Case{"total_order", {"p1", "p2", "p3"}},
                    Case{"reconciliation", {"n1", "n2", "n3"}},
                    Case{"basic_paxos", {"p1", "a1", "a2", "a3"}}, Case{"raft", {"n1", "n2", "n3"}},
                    Case{"multi_paxos", {"n1", "n2", "n3"}}, Case{"zab", {"n1", "n2", "n3"}},
                    Case{"raft", {"n1", "n2", "n3"}, "15", "1", 2500},
                    Case{"multi_paxos", {"n1", "n2", "n3"}, "15", "1", 2500},
                    Case{"zab", {"n1", "n2", "n3"}, "15", "1", 2500}),
    [](const auto& info) {
      return std::string(info.param.protocol) + (*info.param.keep == 0 ? "" : "_with_snapshots");
    });

}  // namespace
}  // namespace ostraka::lab
