// The checker of atomic commitment against records in which each safety property is broken: the
// protocols themselves never break all of them.
#include "base/prng.h"
#include "lab/core/catalogue.h"
#include "lab/protocols/atomic_commit/properties.h"
#include "lab/protocols/paxos_commit/paxos_commit.h"
#include "lab/protocols/three_phase_commit/three_phase_commit.h"
#include "lab/protocols/two_phase_commit/two_phase_commit.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::lab::commit {
namespace {

class AtomicCommit : public testing::Test {
 protected:
  AtomicCommit() {
    record_.processes = {{"c", "coordinator"}, {"p1", "participant"}, {"p2", "participant"}};
    for (const Property& each : properties()) {
      record_.properties.push_back(
          {.name = std::string(each.name),
           .kind = each.kind,
           .verdict = each.kind == PropertyKind::safety ? Verdict::held : Verdict::open});
    }
  }

  RecordEvent& add(std::uint32_t process, EventKind kind, std::string topic, Fields fields = {}) {
    RecordEvent& event = record_.events.emplace_back();
    event.id = EventId{static_cast<std::uint32_t>(record_.events.size())};
    event.at = base::Instant() + base::Duration::milliseconds(event.id.value());
    event.process = ProcessId{process};
    event.kind = kind;
    event.topic = std::move(topic);
    event.fields = std::move(fields);
    return event;
  }
  void vote(std::uint32_t process, int yes) {
    add(process, EventKind::output, "vote", {{"yes", yes}});
  }
  void decide(std::uint32_t process, int commit) {
    add(process, EventKind::output, "decision", {{"commit", commit}});
  }
  // The properties that do not hold.
  std::vector<std::string> broken() {
    std::vector<Parameter> declared{{"patience", 5, 10'000, 100, "ms", ""}};
    declared.insert(declared.end(), common_parameters().begin(), common_parameters().end());
    const Parameters parameters(std::move(declared));
    Judge judge(record_);
    check({.parameters = parameters}, record_, judge);
    std::vector<std::string> names;
    for (const Judgement& each : record_.properties) {
      if (each.verdict == Verdict::violated) {
        names.push_back(each.name);
      }
    }
    return names;
  }

  Record record_;
};

using Names = std::vector<std::string>;

TEST_F(AtomicCommit, HoldsWhenAllVoteAndCommit) {
  add(1, EventKind::input, "commit");
  vote(2, 1);
  vote(3, 1);
  decide(1, 1);
  decide(2, 1);
  decide(3, 1);
  EXPECT_EQ(broken(), Names{});
}

TEST_F(AtomicCommit, FindsDifferentDecisions) {
  vote(2, 1);
  vote(3, 1);
  add(1, EventKind::crash, "");
  decide(2, 1);
  decide(3, 0);
  EXPECT_EQ(broken(), Names{"agreement"});
}

TEST_F(AtomicCommit, FindsAReversedDecision) {
  vote(2, 0);
  decide(2, 0);
  decide(2, 1);
  EXPECT_EQ(broken(), (Names{"stability", "commit_validity"}));
}

TEST_F(AtomicCommit, FindsACommitBeforeAllVotes) {
  vote(2, 1);
  decide(1, 1);
  vote(3, 1);
  decide(2, 1);
  decide(3, 1);
  EXPECT_EQ(broken(), Names{"commit_validity"});
}

TEST_F(AtomicCommit, FindsAnAbortWithoutAReason) {
  vote(2, 1);
  vote(3, 1);
  for (const std::uint32_t process : {1U, 2U, 3U}) {
    decide(process, 0);
  }
  EXPECT_EQ(broken(), Names{"abort_validity"});
}

TEST_F(AtomicCommit, TakesALateMessageForAReason) {
  vote(2, 1);
  vote(3, 1);
  RecordMessage& late = record_.messages.emplace_back();
  late.sent = base::Instant();
  late.ends = base::Instant() + base::Duration::milliseconds(31);  // delay_max is 30 ms
  late.fate = Fate::delivered;
  for (const std::uint32_t process : {1U, 2U, 3U}) {
    decide(process, 0);
  }
  EXPECT_EQ(broken(), Names{});
}

TEST_F(AtomicCommit, FindsAVoterLeftWithoutADecision) {
  add(1, EventKind::input, "commit");
  vote(2, 1);
  vote(3, 0);
  decide(1, 0);
  decide(3, 0);
  EXPECT_EQ(broken(), Names{"termination"});  // the run ended quiet
}

// Crashes, restarts, pauses and partitions at random times, with a slow disk and a bad network.
std::vector<std::string> storm(base::Prng& prng, const std::vector<const char*>& names) {
  std::vector<std::string> all;
  for (int i = 0; i < 3; ++i) {
    const char* const name = names.at(prng.below(names.size()));
    const std::int64_t at = prng.between(0, 150);
    all.push_back(fmt::format("crash {} at {}ms", name, at));
    all.push_back(fmt::format("restart {} at {}ms", name, at + prng.between(1, 800)));
  }
  const std::int64_t at = prng.between(0, 200);
  all.push_back(fmt::format("pause {} at {}ms for {}ms", names.at(prng.below(names.size())), at,
                            prng.between(1, 900)));
  all.push_back(fmt::format("partition c,p{}|p{},p3 at {}ms until {}ms", at % 2 + 1, 2 - at % 2, at,
                            at + prng.between(1, 1500)));
  return all;
}

void weather_storms(const Declaration& protocol,
                    const std::vector<std::pair<std::string, std::string>>& set,
                    const std::vector<const char*>& names = {"c", "p1", "p2", "p3"}) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    base::Prng prng(seed);
    RunRequest request{.protocol = std::string(protocol.name), .scenario = "all_yes", .seed = seed};
    request.set = {{"loss", "10"}, {"duplicate", "10"}, {"disk", "7"}, {"time_limit", "60000"}};
    request.set.insert(request.set.end(), set.begin(), set.end());
    request.interventions = storm(prng, names);
    const auto record = run(protocol, request);
    ASSERT_TRUE(record.has_value()) << record.error().context;
    for (const Judgement& each : record->properties) {
      ASSERT_EQ(name_of(each.verdict), name_of(Verdict::held))
          << each.name << ": " << each.sentence << "\n"
          << command_of(*record);
    }
  }
}

TEST(CommitStorm, TwoPhaseCommitHolds) { weather_storms(two_phase_commit(), {}); }

TEST(CommitStorm, CooperativeTerminationHolds) {
  weather_storms(two_phase_commit(), {{"termination", "cooperative"}});
}

TEST(CommitStorm, ThreePhaseCommitWithQuorumsHolds) {
  weather_storms(three_phase_commit(), {{"termination", "quorum"}});
}

TEST(CommitStorm, PaxosCommitHolds) {
  weather_storms(paxos_commit(), {{"leaders", "3"}},
                 {"c", "c2", "c3", "p1", "p2", "p3", "a1", "a2", "a3"});
}

TEST(CommitStorm, PaxosCommitWithoutSpareAcceptorsHolds) {
  weather_storms(paxos_commit(), {{"f", "0"}}, {"c", "c2", "p1", "p2", "p3", "a1"});
}

// Message delays until the last participant has decided, when nothing fails.
std::int64_t delays(const Declaration& protocol) {
  const auto record = run(protocol, {.protocol = std::string(protocol.name),
                                     .scenario = "all_yes",
                                     .set = {{"delay_min", "10"}, {"delay_max", "10"}}});
  EXPECT_TRUE(record.has_value());
  const auto last = outputs_of(*record, "decision").back();
  return (last->at - base::Instant()).as_microseconds() / 10'000;
}

TEST(CommitCosts, AreTheMessageDelaysThatThePagesTell) {
  EXPECT_EQ(delays(two_phase_commit()), 3);
  EXPECT_EQ(delays(paxos_commit()), 4);
  EXPECT_EQ(delays(three_phase_commit()), 5);
}

}  // namespace
}  // namespace ostraka::lab::commit
