#include "wal/wal.h"

#include "wal/wal_world_test.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::wal {
namespace {

using model::LogIndex;
using model::NodeId;
using model::ShardId;
using model::Term;

constexpr ShardId kA{1};
constexpr ShardId kB{2};

// The error's text, or "ok".
std::string text(const base::Status& status) {
  return status.has_value() ? "ok" : status.error().to_string();
}

class WalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(text(world_.start()), "ok");
    world_.use(kA);
    world_.use(kB);
  }
  void restart() {
    world_.crash_process();
    ASSERT_EQ(text(world_.start()), "ok");
  }
  World world_;
};

TEST_F(WalTest, AnUnknownShardHasAnEmptyLog) {
  const auto log = world_.wal().take_recovered(ShardId{77});
  ASSERT_TRUE(log.has_value());
  EXPECT_TRUE(log->entries.empty());
  EXPECT_TRUE(log->start.is_none());
  EXPECT_TRUE(world_.wal().shards().empty());
}

TEST_F(WalTest, WhatIsDurableIsFoundAgain) {
  world_.append(kA, World::entries(1, {"one", "two"}));
  world_.append(kA, World::vote(7, 3));
  world_.append(kB, World::entries(1, {"", std::string(6000, 'x')}));
  world_.run();
  EXPECT_TRUE(world_.model(kA).all_durable());
  EXPECT_TRUE(world_.model(kB).all_durable());
  restart();
  EXPECT_EQ(world_.wal().shards(), (std::vector<ShardId>{kA, kB}));
  const auto log = world_.wal().take_recovered(kA).value();
  EXPECT_EQ(log.hard_state, (protocol::HardState{Term{7}, NodeId{3}, Term{}}));
  ASSERT_EQ(log.entries.size(), 2U);
  EXPECT_EQ(log.entries[1].payload.view(), "two");
  EXPECT_EQ(world_.wal().take_recovered(kB).value().entries[1].payload.size(), 6000U);
}

TEST_F(WalTest, EverythingOfATurnIsOneSync) {
  for (std::uint64_t i = 1; i <= 50; ++i) {
    world_.append(kA, World::entries(i, {"payload"}));
  }
  world_.run(base::Duration::milliseconds(2));
  EXPECT_TRUE(world_.model(kA).all_durable());
  EXPECT_EQ(world_.wal().stats().syncs, 1U);
  EXPECT_EQ(world_.wal().stats().queued_bytes, 0U);
}

TEST_F(WalTest, WhatArrivesDuringASyncIsTheNextOne) {
  world_.append(kA, World::entries(1, {"first"}));
  // Runs until the batch is in flight: nothing is durable yet.
  while (world_.scheduler().step() && world_.wal().stats().bytes_written == 0) {
  }
  EXPECT_EQ(world_.model(kA).durable(), 0U);
  for (std::uint64_t i = 2; i <= 30; ++i) {
    world_.append(kA, World::entries(i, {"more"}));
    world_.append(kB, World::entries(i, {"more"}));
  }
  world_.run(base::Duration::milliseconds(3));
  EXPECT_TRUE(world_.model(kA).all_durable());
  EXPECT_EQ(world_.wal().stats().syncs, 2U);
}

TEST_F(WalTest, TruncationOverwriteAndGaps) {
  world_.append(kA, World::entries(1, {"1", "2", "3", "4"}));
  port::LogWrite cut = World::entries(3, {"3'"}, 2);
  cut.truncate_from = LogIndex{3};
  cut.hard_state = protocol::HardState{Term{2}, NodeId{1}, Term{}};
  world_.append(kA, std::move(cut));
  // A slot engine leaves gaps, fills them later and overwrites.
  world_.append(kB, World::entries(5, {"5"}));
  world_.append(kB, World::entries(9, {"9"}));
  world_.append(kB, World::entries(7, {"7"}));
  world_.append(kB, World::entries(5, {"5 again"}, 3));
  world_.run();
  restart();
  const auto a = world_.wal().take_recovered(kA).value();
  ASSERT_EQ(a.entries.size(), 3U);
  EXPECT_EQ(a.entries[2].payload.view(), "3'");
  const auto b = world_.wal().take_recovered(kB).value();
  ASSERT_EQ(b.entries.size(), 3U);
  EXPECT_EQ(b.entries[0].payload.view(), "5 again");
  EXPECT_EQ(b.entries[1].meta.index, LogIndex{7});
  EXPECT_EQ(world_.read(kB, 6, 10).size(), 2U);
}

TEST_F(WalTest, CompactionAndReset) {
  world_.append(kA, World::entries(1, {"1", "2", "3"}));
  world_.append(kB, World::entries(1, {"1", "2", "3"}));
  world_.run();
  EXPECT_GT(world_.wal().pinned_bytes(kA), 0U);
  world_.compact(kA, LogIndex{2});
  world_.reset(kB, LogIndex{100}, Term{9}, {Term{9}, NodeId{2}, Term{}});
  world_.append(kB, World::entries(101, {"behind"}, 9));
  world_.run();
  restart();
  const auto a = world_.wal().take_recovered(kA).value();
  EXPECT_EQ(a.start, LogIndex{2});
  EXPECT_EQ(a.start_term, Term{1});
  EXPECT_EQ(a.entries.size(), 1U);
  const auto b = world_.wal().take_recovered(kB).value();
  EXPECT_EQ(b.start, LogIndex{100});
  EXPECT_EQ(b.start_term, Term{9});
  EXPECT_EQ(b.entries.size(), 1U);
  EXPECT_EQ(b.hard_state.vote, NodeId{2});
}

// A slot engine installs a snapshot: what it accepted behind it survives.
TEST_F(WalTest, StartsBehindASnapshotAndKeepsTheSlotsBehindIt) {
  world_.append(kA, World::entries(1, {"1", "2"}));
  world_.append(kA, World::entries(12, {"12", "13"}, 4));
  world_.start_behind(kA, LogIndex{10}, Term{3});
  world_.append(kA, World::entries(11, {"11"}, 5));
  world_.run();
  EXPECT_EQ(world_.read(kA, 12, 14).size(), 2U);
  restart();
  const auto a = world_.wal().take_recovered(kA).value();
  EXPECT_EQ(a.start, LogIndex{10});
  EXPECT_EQ(a.start_term, Term{3});
  ASSERT_EQ(a.entries.size(), 3U);
  EXPECT_EQ(a.entries[0].meta.index, LogIndex{11});
  EXPECT_EQ(a.entries[2].payload.view(), "13");
}

TEST_F(WalTest, ReadsByIndexWithinABound) {
  std::vector<std::string> payloads;
  payloads.reserve(100);
  for (int i = 0; i < 100; ++i) {
    payloads.emplace_back(100, static_cast<char>('a' + i % 26));
  }
  world_.append(kA, World::entries(1, payloads));
  // Asked before it is durable: answered when it is.
  EXPECT_EQ(world_.read(kA, 1, 101).size(), 100U);
  const auto some = world_.read(kA, 10, 101, 250);
  ASSERT_EQ(some.size(), 2U);
  EXPECT_EQ(some[0].meta.index, LogIndex{10});
  EXPECT_EQ(some[1].payload.view(), payloads[10]);
  EXPECT_EQ(world_.read(kA, 50, 60, 1).size(), 1U);
  EXPECT_TRUE(world_.read(kA, 200, 300).empty());
  EXPECT_EQ(world_.read_error()->code, base::ErrorCode::not_found);
  world_.compact(kA, LogIndex{20});
  EXPECT_TRUE(world_.read(kA, 20, 30).empty());
  EXPECT_EQ(world_.read_error()->code, base::ErrorCode::not_found);
  restart();
  EXPECT_EQ(world_.read(kA, 21, 101).size(), 80U);
}

TEST_F(WalTest, ADamagedEntryIsNotRead) {
  world_.append(kA, World::entries(1, {"precious", "other"}));
  world_.run();
  for (const std::string& path : world_.disk().paths()) {
    const std::string bytes = world_.disk().contents(path).value();
    const std::size_t at = bytes.find("precious");
    if (at != std::string::npos) {
      world_.disk().rot(path, at);
    }
  }
  EXPECT_TRUE(world_.read(kA, 1, 2).empty());
  EXPECT_EQ(world_.read_error()->code, base::ErrorCode::corruption);
  EXPECT_EQ(world_.read(kA, 2, 3).size(), 1U);
}

TEST_F(WalTest, HardStateOvertakesOtherShardsEntries) {
  world_.options();
  for (std::uint64_t i = 1; i <= 40; ++i) {
    world_.append(kA, World::entries(i, {std::string(4000, 'x')}));
  }
  world_.append(kB, World::vote(5, 1));
  while (!world_.model(kB).all_durable() && world_.scheduler().step()) {
  }
  EXPECT_TRUE(world_.model(kB).all_durable());
  EXPECT_LT(world_.model(kA).durable(), 10U);
  world_.run(base::Duration::milliseconds(200));
  EXPECT_TRUE(world_.model(kA).all_durable());
}

TEST_F(WalTest, HardStateKeepsItsPlaceBehindItsOwnShardsEntries) {
  for (std::uint64_t i = 1; i <= 10; ++i) {
    world_.append(kA, World::entries(i, {std::string(4000, 'x')}));
  }
  world_.append(kA, World::vote(5, 1));
  for (int i = 0; i < 8; ++i) {
    world_.scheduler().step();
  }
  restart();  // the model accepts only states in order
}

TEST_F(WalTest, AWriteLargerThanASegmentHasOneOfItsOwn) {
  world_.append(kA, World::entries(1, {std::string(100'000, 'L'), "small"}));
  world_.run();
  EXPECT_TRUE(world_.model(kA).all_durable());
  world_.append(kA, World::entries(3, {"after"}));
  world_.run();
  restart();
  EXPECT_EQ(world_.wal().take_recovered(kA).value().entries.size(), 3U);
}

TEST_F(WalTest, AFailedSyncEndsTheLog) {
  world_.disk().faults().fail_sync_in = 1;
  world_.append(kA, World::entries(1, {"lost"}));
  world_.run(base::Duration::seconds(5));
  ASSERT_TRUE(world_.fatal().has_value());
  EXPECT_EQ(world_.fatal()->code, base::ErrorCode::io_error);
  EXPECT_EQ(world_.model(kA).durable(), 0U);
  const std::uint64_t events = world_.disk().events();
  world_.append(kA, World::entries(2, {"never"}));
  world_.run(base::Duration::seconds(5));
  EXPECT_EQ(world_.disk().events(), events);  // not retried
}

// The next life reads it from the cache, whose pages pass for clean: a sync alone would not help.
TEST(WalAfterAFailedSync, WhatTheNextLifeReadsAndBuildsOnIsDurable) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world;
    ASSERT_TRUE(world.start().has_value());
    world.append(kA, World::entries(1, {"first"}));
    world.run();
    world.disk().faults().fail_sync_in = 1;
    world.append(kA, World::entries(2, {"second"}));
    world.run();
    ASSERT_TRUE(world.fatal().has_value());
    world.crash_process();
    ASSERT_TRUE(world.start().has_value());
    const std::uint64_t next = world.model(kA).latest().entries.size() + 1;
    world.append(kA, World::entries(next, {"third"}));
    world.run();
    ASSERT_TRUE(world.model(kA).all_durable());
    base::Prng prng(seed);
    world.crash_power(prng);
    const base::Status started = world.start();
    ASSERT_TRUE(started.has_value()) << started.error().to_string();
  }
}

TEST_F(WalTest, AFailedWriteEndsTheLog) {
  world_.disk().faults().fail_writes = true;
  world_.append(kA, World::entries(1, {"lost"}));
  world_.run(base::Duration::seconds(5));
  ASSERT_TRUE(world_.fatal().has_value());
  EXPECT_EQ(world_.model(kA).durable(), 0U);
}

TEST_F(WalTest, IdlenessSealsTheLastBatchOnce) {
  world_.append(kA, World::entries(1, {"x"}));
  world_.run(base::Duration::milliseconds(10));
  EXPECT_EQ(world_.wal().stats().syncs, 1U);
  world_.run(base::Duration::seconds(10));
  EXPECT_EQ(world_.wal().stats().syncs, 2U);
}

TEST_F(WalTest, AnotherDirectorysLogIsRefused) {
  world_.append(kA, World::entries(1, {"x"}));
  world_.run();
  world_.crash_process();
  world_.options().identity = 0x2e;
  const base::Status status = world_.start();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, base::ErrorCode::identity_mismatch);
}

TEST_F(WalTest, AForgottenWalCallsNobody) {
  world_.append(kA, World::entries(1, {"x"}));
  world_.scheduler().step();
  world_.crash_process();
  world_.run(base::Duration::seconds(1));
  EXPECT_EQ(world_.model(kA).durable(), 0U);
}

TEST(WalStreams, EveryShardStaysInItsStream) {
  Options options = small_options();
  options.streams = 3;
  World world(options);
  ASSERT_EQ(text(world.start()), "ok");
  for (std::uint64_t shard = 1; shard <= 7; ++shard) {
    world.use(ShardId{shard});
    world.append(ShardId{shard}, World::entries(1, {"of " + std::to_string(shard)}));
  }
  world.run();
  EXPECT_EQ(world.wal().stats().syncs, 3U);
  world.crash_process();
  world.options().streams = 1;  // fewer for new shards: the old ones stay where they are
  ASSERT_EQ(text(world.start()), "ok");
  EXPECT_EQ(world.wal().shards().size(), 7U);
  world.append(ShardId{5}, World::entries(2, {"more"}));
  world.run();
  world.crash_process();
  ASSERT_EQ(text(world.start()), "ok");
  EXPECT_EQ(world.wal().take_recovered(ShardId{5}).value().entries.size(), 2U);
}

}  // namespace
}  // namespace ostraka::wal
