// Recycling, collection and full disks.
#include "wal/wal_world_test.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::wal {
namespace {

using model::LogIndex;
using model::NodeId;
using model::ShardId;
using model::Term;

constexpr ShardId kBusy{1};
constexpr ShardId kIdle{2};

std::string text(const base::Status& status) {
  return status.has_value() ? "ok" : status.error().to_string();
}

// Appends entries [first, first + count), one batch each, and compacts all but the last few.
void churn(World& world, std::uint64_t first, std::uint64_t count, std::size_t bytes = 700) {
  for (std::uint64_t i = first; i < first + count; ++i) {
    world.append(kBusy, World::entries(i, {std::string(bytes, static_cast<char>('a' + i % 26))}));
    world.run(base::Duration::milliseconds(2));
    if (i > 4) {
      world.compact(kBusy, LogIndex{i - 4});
    }
  }
  world.run();
}

TEST(WalSpace, CompactedSegmentsAreRecycled) {
  World world;
  ASSERT_EQ(text(world.start()), "ok");
  world.use(kBusy);
  churn(world, 1, 40);
  const std::size_t files = world.disk().paths().size();
  const std::uint64_t used = world.disk().used_bytes();
  churn(world, 41, 400);
  EXPECT_LE(world.disk().paths().size(), files + 1);
  EXPECT_LE(world.disk().used_bytes(), used + world.options().segment_bytes);
  EXPECT_LE(world.wal().stats().segments, 4U);
  world.crash_process();
  EXPECT_EQ(text(world.start()), "ok");
}

TEST(WalSpace, AnIdleShardNeverPinsTheLog) {
  World world;
  ASSERT_EQ(text(world.start()), "ok");
  world.use(kBusy);
  world.use(kIdle);
  world.append(kIdle, World::entries(1, {"idle one", std::string(2000, 'i')}));
  world.append(kIdle, World::vote(3, 2));
  churn(world, 1, 300);
  const port::LogStoreStats stats = world.wal().stats();
  EXPECT_LE(stats.segments, world.options().slack_segments + 3);
  EXPECT_GT(stats.bytes_written, 8 * stats.live_bytes);
  EXPECT_EQ(world.read(kIdle, 1, 3).size(), 2U);
  world.crash_process();
  ASSERT_EQ(text(world.start()), "ok");  // compares the idle shard, too
  EXPECT_EQ(world.wal().take_recovered(kIdle).value().hard_state.vote, NodeId{2});
}

// Fills segments, frees them and stops soon after a recycled one was begun.
base::Status recycle_and_restart(Mutant mutant, std::uint64_t extra) {
  Options options = small_options();
  options.mutant = mutant;
  World world(options);
  EXPECT_EQ(text(world.start()), "ok");
  world.use(kBusy);
  // Batches of one size, so that stale ones lie exactly behind new ones; their terms are old.
  for (std::uint64_t i = 1; i <= 100 + extra; ++i) {
    port::LogWrite write = World::entries(i, {std::string(200, 'x')}, i);
    write.hard_state = protocol::HardState{Term{i}, NodeId{1}, Term{}};
    world.append(kBusy, std::move(write));
    world.run(base::Duration::milliseconds(2));
    world.compact(kBusy, LogIndex{i - 1});
  }
  world.crash_process();
  return world.start();
}

TEST(WalSpace, StaleBatchesOfARecycledSegmentAreNotValid) {
  for (std::uint64_t extra = 0; extra < 20; ++extra) {
    EXPECT_EQ(text(recycle_and_restart(Mutant::none, extra)), "ok") << extra;
  }
}

TEST(WalSpace, WithoutGenerationsStaleBatchesComeBack) {
  int caught = 0;
  for (std::uint64_t extra = 0; extra < 20; ++extra) {
    caught += recycle_and_restart(Mutant::no_generation, extra).has_value() ? 0 : 1;
  }
  EXPECT_GE(caught, 10);
}

// The file of the newest segment: its generation stands at offset 24 of the first batch.
std::string newest_segment(const sim_ports::SimDisk& disk) {
  std::string newest;
  std::uint64_t highest = 0;
  for (const std::string& path : disk.paths()) {
    const std::string bytes = disk.contents(path).value_or("");
    if (path.ends_with(".seg") && bytes.size() > 32) {
      const std::uint64_t generation = base::Reader(base::ByteView(bytes).substr(24)).u64();
      if (generation >= highest) {
        highest = generation;
        newest = path;
      }
    }
  }
  return newest;
}

// A batch behind the damaged one had freed the older segments, whose files are gone since.
TEST(WalSpace, DamageIsToldByItsPlaceAlsoWhenItHidesTheFloor) {
  int refused = 0;
  for (std::uint64_t count = 60; count < 100; ++count) {
    World world(small_options());
    ASSERT_EQ(text(world.start()), "ok");
    world.use(kBusy);
    for (std::uint64_t i = 1; i <= count; ++i) {
      world.append(kBusy, World::entries(i, {std::string(700, 'x')}));
      world.run(base::Duration::milliseconds(2));
    }
    world.compact(kBusy, LogIndex{count - 4});
    churn(world, count + 1, 4);
    world.crash_process();
    const std::string path = newest_segment(world.disk());
    const std::string intact = world.disk().contents(path).value_or("");
    std::uint64_t last = 0;  // batch; none testifies that it was durable
    for (std::uint64_t at = 0; at + 512 <= intact.size(); at += 512) {
      last =
          intact.compare(at, 8, intact, 0, 8) == 0 && intact.compare(at + 24, 8, intact, 24, 8) == 0
              ? at
              : last;
    }
    for (std::uint64_t at = 40; at < last; at += 512) {
      std::string bytes = intact;
      bytes[at] = static_cast<char>(~bytes[at]);
      world.disk().set_contents(path, bytes);
      const std::string outcome = text(world.start());
      ++refused;
      EXPECT_NE(outcome.find(path + " at offset "), std::string::npos) << at << ": " << outcome;
    }
  }
  EXPECT_GT(refused, 100);
}

base::Status vote_then_churn(Mutant mutant) {
  Options options = small_options();
  options.mutant = mutant;
  World world(options);
  EXPECT_EQ(text(world.start()), "ok");
  world.use(kBusy);
  world.use(kIdle);
  world.append(kIdle, World::vote(9, 3));
  churn(world, 1, 100);
  world.crash_process();
  return world.start();
}

TEST(WalSpace, AVoteOutlivesItsSegment) {
  EXPECT_EQ(text(vote_then_churn(Mutant::none)), "ok");
  EXPECT_NE(text(vote_then_churn(Mutant::vote_collected_with_segment)), "ok");
}

TEST(WalSpace, AFullDiskIsToldAndEndsByItself) {
  World world(small_options(), 80'000);
  ASSERT_EQ(text(world.start()), "ok");
  world.use(kBusy);
  world.use(kIdle);
  std::uint64_t next = 1;
  while (!world.model(kBusy).full() && next < 1000) {
    world.append(kBusy, World::entries(next++, {std::string(900, 'f')}));
    world.run(base::Duration::milliseconds(5));
  }
  ASSERT_LT(next, 1000U);
  EXPECT_TRUE(world.model(kIdle).full());
  EXPECT_FALSE(world.model(kBusy).all_durable());
  EXPECT_GT(world.wal().stats().queued_bytes, 0U);
  // Votes still become durable.
  world.append(kIdle, World::vote(4, 1));
  world.run();
  EXPECT_TRUE(world.model(kIdle).all_durable());
  EXPECT_TRUE(world.model(kBusy).full());
  EXPECT_FALSE(world.fatal().has_value());
  world.disk().set_capacity(1'000'000);
  world.run(base::Duration::seconds(3));
  EXPECT_TRUE(world.model(kBusy).all_durable());
  EXPECT_FALSE(world.model(kBusy).full());
  EXPECT_FALSE(world.model(kIdle).full());
  EXPECT_EQ(world.wal().stats().queued_bytes, 0U);
  world.crash_process();
  EXPECT_EQ(text(world.start()), "ok");
}

TEST(WalSpace, CompactionEndsAFullDisk) {
  World world(small_options(), 80'000);
  ASSERT_EQ(text(world.start()), "ok");
  world.use(kBusy);
  std::uint64_t next = 1;
  while (!world.model(kBusy).full() && next < 1000) {
    world.append(kBusy, World::entries(next++, {std::string(900, 'f')}));
    world.run(base::Duration::milliseconds(5));
  }
  ASSERT_TRUE(world.model(kBusy).full());
  world.compact(kBusy, LogIndex{next - 4});
  world.run(base::Duration::seconds(3));
  EXPECT_TRUE(world.model(kBusy).all_durable());
  EXPECT_FALSE(world.model(kBusy).full());
  world.crash_process();
  EXPECT_EQ(text(world.start()), "ok");
}

TEST(WalSpace, StartsWithNoSpaceAtAll) {
  World world(small_options(), 80'000);
  ASSERT_EQ(text(world.start()), "ok");
  world.use(kBusy);
  for (std::uint64_t i = 1; i < 200 && !world.model(kBusy).full(); ++i) {
    world.append(kBusy, World::entries(i, {std::string(900, 'f')}));
    world.run(base::Duration::milliseconds(5));
  }
  ASSERT_TRUE(world.model(kBusy).full());
  world.crash_process();
  world.disk().set_capacity(0);
  ASSERT_EQ(text(world.start()), "ok");
  EXPECT_GT(world.read(kBusy, 1, 1000).size(), 10U);
  world.run(base::Duration::seconds(1));
  EXPECT_TRUE(world.model(kBusy).full());
  world.disk().set_capacity(1'000'000);
  world.run(base::Duration::seconds(3));
  EXPECT_FALSE(world.model(kBusy).full());
  EXPECT_FALSE(world.fatal().has_value());
}

}  // namespace
}  // namespace ostraka::wal
