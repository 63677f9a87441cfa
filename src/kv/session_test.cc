// Exactly-once: retries, gaps, forgetting, expiry, restarts.
#include "kv/test_world.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ostraka::kv::testing {
namespace {

using Texts = std::vector<std::string>;

std::string increment() {
  Operation operation = op(OpCode::increment, "n");
  operation.number = 1;
  return command({operation});
}

class Session : public ::testing::Test {
 protected:
  static SessionLimits limits() {
    return {.replies_kept_max = 8, .expiry_ms = 1000, .sessions_max = 3};
  }
  std::string count() { return replica.read(op(OpCode::get, "n")); }

  World world;
  Replica replica{world, model::ShardId(1), limits()};
};

TEST_F(Session, MustBeRegistered) {
  EXPECT_EQ(replica.run_in(5, 1, {increment(), increment()}),
            (Texts{"error session_expired", "error session_expired"}));
  EXPECT_EQ(count(), "nil");
  replica.register_session(5);
  EXPECT_EQ(replica.told.results, Texts{"ok"});
  EXPECT_EQ(replica.run_in(5, 1, {increment(), increment()}), (Texts{"1", "2"}));
  EXPECT_EQ(replica.told.serials, (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(Session, ARetryIsToldTheStoredReplyAndNotExecuted) {
  replica.register_session(5);
  replica.run_in(5, 1, {increment(), increment()});
  EXPECT_EQ(replica.run_in(5, 2, {increment()}), Texts{"2"});
  EXPECT_EQ(replica.run_in(5, 1, {increment(), increment(), increment()}), (Texts{"1", "2", "3"}));
  EXPECT_EQ(replica.run_in(5, 3, {increment()}), Texts{"3"});
  EXPECT_EQ(count(), "\"3\"");
}

TEST_F(Session, ARetryInTheSameApplyCallIsFound) {
  replica.register_session(5);
  codec::EntryHeader header;
  header.session = model::SessionId(5);
  header.first_serial = model::Serial(1);
  replica.told.results.clear();
  replica.append(header, {increment()});
  replica.append(header, {increment(), increment()});
  replica.append({}, {increment()});
  replica.apply_rest();
  EXPECT_EQ(replica.told.results, (Texts{"1", "1", "2", "3"}));
}

TEST_F(Session, AGapIsRefusedWhole) {
  replica.register_session(5);
  EXPECT_EQ(replica.run_in(5, 2, {increment(), increment()}),
            (Texts{"error sequence_gap", "error sequence_gap"}));
  EXPECT_EQ(replica.run_in(5, ~0ULL, {increment()}), Texts{"error sequence_gap"});
  EXPECT_EQ(count(), "nil");
  EXPECT_EQ(replica.run_in(5, 1, {increment()}), Texts{"1"});
}

TEST_F(Session, ForgottenRepliesAreUnknownAndNotExecuted) {
  replica.register_session(5);
  replica.run_in(5, 1, {increment(), increment(), increment()});
  replica.run_in(5, 4, {increment()}, 2);
  EXPECT_EQ(replica.run_in(5, 2, {increment(), increment()}),
            (Texts{"error unknown_outcome", "3"}));
  EXPECT_EQ(replica.run_in(5, 0, {increment()}), Texts{"error unknown_outcome"});
  // beyond replies_kept_max, without acknowledgement
  for (std::uint64_t serial = 5; serial <= 14; ++serial) {
    replica.run_in(5, serial, {increment()});
  }
  EXPECT_EQ(replica.run_in(5, 6, {increment(), increment()}),
            (Texts{"error unknown_outcome", "7"}));
  EXPECT_EQ(count(), "\"14\"");
}

TEST_F(Session, AnAcknowledgementOfWhatIsNotYetAppliedCountsUpToTheLastOne) {
  replica.register_session(5);
  replica.run_in(5, 1, {increment()}, 1000);
  EXPECT_EQ(replica.run_in(5, 2, {increment()}), Texts{"2"});
  EXPECT_EQ(replica.run_in(5, 1, {increment(), increment()}),
            (Texts{"error unknown_outcome", "2"}));
}

TEST_F(Session, ACommandWithoutSessionIsNeverDeduplicated) {
  EXPECT_EQ(replica.run_in(0, 1, {increment()}), Texts{"1"});
  EXPECT_EQ(replica.run_in(0, 1, {increment()}), Texts{"2"});
}

TEST_F(Session, FailedAndUndecodableCommandsAreStoredToo) {
  replica.register_session(5);
  const std::string bad = "\x01\x09";
  replica.run_in(5, 1, {command({op(OpCode::set, "n", "x")}), increment(), bad});
  EXPECT_EQ(replica.run_in(5, 1, {"", "", ""}),
            (Texts{"ok", "!not_an_integer", "error malformed"}));
}

TEST_F(Session, ExpiresByLogTimeWhenIdle) {
  replica.register_session(5);
  replica.run_in(5, 1, {increment()});
  replica.advance_time(999);
  EXPECT_EQ(replica.run_in(5, 2, {increment()}), Texts{"2"});
  replica.advance_time(999);
  EXPECT_EQ(replica.run_in(5, 3, {}), Texts{});  // says: alive
  replica.advance_time(999);
  EXPECT_EQ(replica.run_in(5, 1, {increment()}), Texts{"1"});  // so does a retry
  replica.advance_time(1000);
  EXPECT_EQ(replica.run_in(5, 2, {increment(), increment()}),
            (Texts{"error session_expired", "error session_expired"}));
  EXPECT_EQ(count(), "\"2\"");
}

TEST_F(Session, TheEntryThatBringsTheTimeFindsItExpired) {
  replica.register_session(5);
  replica.run_in(5, 1, {increment()});
  replica.now_ms += 1000;
  EXPECT_EQ(replica.run_in(5, 1, {increment()}), Texts{"error session_expired"});
  replica.register_session(5);  // anew: it begins at 1 and the old replies are gone
  EXPECT_EQ(replica.run_in(5, 1, {increment()}), Texts{"2"});
}

TEST_F(Session, BeyondTheLimitTheLongestIdleEnds) {
  for (const std::uint64_t session : {1U, 2U, 3U}) {
    replica.register_session(session);
    replica.now_ms += 10;
  }
  replica.run_in(1, 1, {increment()});
  replica.register_session(4);
  EXPECT_EQ(replica.run_in(2, 1, {increment()}), Texts{"error session_expired"});
  EXPECT_EQ(replica.run_in(1, 2, {increment()}), Texts{"2"});
  EXPECT_EQ(replica.run_in(3, 1, {increment()}), Texts{"3"});
}

TEST_F(Session, LiesInTheCheckpoint) {
  replica.register_session(5);
  replica.run_in(5, 1, {increment(), increment()}, 0);
  replica.run_in(5, 3, {increment()}, 1);
  const std::uint64_t hash = replica.hash();
  world.checkpoint();
  replica.stop();
  world.crash();
  replica.restart();
  EXPECT_EQ(replica.hash(), hash);
  EXPECT_EQ(replica.run_in(5, 1, {increment(), increment(), increment(), increment()}),
            (Texts{"error unknown_outcome", "2", "3", "4"}));
}

TEST_F(Session, KeepsFewRecordsInTheEngine) {
  replica.register_session(5);
  for (std::uint64_t serial = 1; serial <= 1000; ++serial) {
    replica.run_in(5, serial, {increment()}, serial - 1);
  }
  std::size_t records = 0;
  const auto it =
      world.engine().iterate({.family = port::Family::session, .lower = {}, .upper = {}});
  for (it->seek_first(); it->valid(); it->next()) {
    ++records;
  }
  EXPECT_LE(records, 70U);
  EXPECT_EQ(replica.run_in(5, 1000, {increment()}), Texts{"1000"});
}

// The planted bug: a restart forgets what was applied, and a retry is applied twice.
TEST_F(Session, TheMutantThatKeepsSessionsInMemoryOnlyExecutesARetryAgain) {
  for (const bool mutant : {false, true}) {
    World mine;
    Replica planted(mine, model::ShardId(1), limits(),
                    {.mutant = mutant ? Mutant::memory_only_dedup : Mutant::none});
    planted.register_session(5);
    EXPECT_EQ(planted.run_in(5, 1, {increment()}), Texts{"1"});
    EXPECT_EQ(planted.run_in(5, 1, {increment()}), Texts{"1"});
    mine.checkpoint();
    planted.stop();
    mine.crash();
    planted.restart();
    EXPECT_EQ(planted.run_in(5, 1, {increment()}), Texts{mutant ? "2" : "1"});
  }
}

}  // namespace
}  // namespace ostraka::kv::testing
