// Power cuts at every disk event of every operation, two restarts after each (faults.md I-D1 to
// I-D3), and long random histories.
#include "wal/wal_world_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ostraka::wal {
namespace {

using model::LogIndex;
using model::NodeId;
using model::ShardId;
using model::Term;

constexpr ShardId kA{1};
constexpr ShardId kB{2};

std::string text(const base::Status& status) {
  return status.has_value() ? "ok" : status.error().to_string();
}

Options tiny_options(Mutant mutant = Mutant::none) {
  Options options = small_options();
  options.segment_bytes = 8U << 10;
  options.initial_segment_bytes = 2U << 10;
  options.max_batch_bytes = 3U << 10;
  options.slack_segments = 2;
  options.mutant = mutant;
  return options;
}

// Appends, truncates, votes, resets, compacts, switches and recycles segments, collects.
void busy_day(World& world) {
  world.use(kA);
  world.use(kB);
  world.append(kB, World::entries(1, {"stays", "for ever"}));
  std::uint64_t next = 1;
  for (std::uint64_t round = 1; round <= 12 && !world.disk().is_dead(); ++round) {
    world.append(kA, World::entries(next, {std::string(600, 'a'), std::string(700, 'b')}, round));
    port::LogWrite cut = World::entries(next + 1, {"instead"}, round + 1);
    cut.truncate_from = LogIndex{next + 1};
    cut.hard_state = protocol::HardState{Term{round + 1}, NodeId{1}, Term{}};
    world.append(kA, std::move(cut));
    world.append(kB, World::vote(round, 2));
    world.run(base::Duration::milliseconds(3));
    world.append(kA, World::entries(next + 2, {std::string(900, 'c')}, round + 1));
    world.run(base::Duration::milliseconds(3));
    next += 3;
    if (round % 3 == 0) {
      world.compact(kA, LogIndex{next - 3});
    }
    if (round == 7) {
      world.reset(kA, LogIndex{next + 50}, Term{round}, {Term{round + 1}, NodeId{3}, Term{}});
      next += 51;
    }
  }
  world.run(base::Duration::milliseconds(500));
}

// Two restarts, a write, and another power cut. The first start reads what the cut left.
void restart_twice(World& world, base::Prng& prng) {
  world.crash_power(prng);
  ASSERT_EQ(text(world.start()), "ok");
  world.crash_process();
  ASSERT_EQ(text(world.start()), "ok");
  world.use(kA);
  world.append(kA, World::vote(100, 1));
  world.run(base::Duration::milliseconds(5));
  ASSERT_TRUE(world.model(kA).all_durable());
  world.crash_power(prng);
  ASSERT_EQ(text(world.start()), "ok");
  EXPECT_EQ(world.model(kA).latest().hard_state.term, Term{100});
}

TEST(WalCrash, AtEveryDiskEvent) {
  World whole(tiny_options());
  ASSERT_EQ(text(whole.start()), "ok");
  busy_day(whole);
  ASSERT_FALSE(whole.fatal().has_value());
  const std::uint64_t events = whole.disk().events();
  ASSERT_GT(events, 80U);
  for (std::uint64_t event = 1; event <= events; ++event) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      SCOPED_TRACE(testing::Message() << "event " << event << " of " << events << " seed " << seed);
      base::Prng prng(event * 1000 + seed);
      World world(tiny_options());
      world.disk().crash_at_event(event);
      if (world.start().has_value()) {
        busy_day(world);
      }
      if (seed % 2 == 1) {
        // Only the process dies: what the next one reads, it must make durable first.
        world.crash_process();
        ASSERT_EQ(text(world.start()), "ok");
      }
      restart_twice(world, prng);
      if (testing::Test::HasFailure()) {
        return;
      }
    }
  }
}

// A crash of the recovery itself, at every event of it.
TEST(WalCrash, WhileRecovering) {
  for (std::uint64_t event = 1; event <= 12; ++event) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      SCOPED_TRACE(testing::Message() << "event " << event << " seed " << seed);
      base::Prng prng(seed);
      World world(tiny_options());
      world.disk().crash_at_event(40 + seed * 9);
      if (world.start().has_value()) {
        busy_day(world);
      }
      world.crash_power(prng);
      world.disk().crash_at_event(world.disk().events() + event);
      if (world.start().has_value()) {
        world.use(kB);
        world.append(kB, World::vote(50, 2));
        world.run();
      }
      restart_twice(world, prng);
      if (testing::Test::HasFailure()) {
        return;
      }
    }
  }
}

// A random history with crashes of both kinds, crashes at any event, and a disk that fills.
class History {
 public:
  History(std::uint64_t seed, Mutant mutant) : prng_(seed), world_(shape(seed, mutant)) {}

  base::Status run(int steps) {
    OSTRAKA_TRY(world_.start());
    for (int i = 0; i < steps; ++i) {
      OSTRAKA_TRY(step());
    }
    world_.crash_power(prng_);
    OSTRAKA_TRY(world_.start());
    world_.crash_power(prng_);
    return world_.start();
  }
  [[nodiscard]] std::uint64_t durable_writes() const { return durable_; }

 private:
  static Options shape(std::uint64_t seed, Mutant mutant) {
    base::Prng prng(seed ^ 0x5eedULL);
    Options options = tiny_options(mutant);
    options.segment_bytes = 4096U << prng.below(4);
    options.initial_segment_bytes = 2048U << prng.below(3);
    options.max_batch_bytes = 512U << prng.below(6);
    options.slack_segments = static_cast<std::uint32_t>(1 + prng.below(3));
    options.spare_segments = static_cast<std::uint32_t>(1 + prng.below(3));
    options.streams = static_cast<std::uint32_t>(1 + prng.below(2));
    return options;
  }

  base::Status step() {
    const std::uint64_t kind = prng_.below(100);
    const ShardId shard{1 + prng_.below(4)};
    if (kind < 55) {
      write(shard);
    } else if (kind < 75) {
      world_.run(base::Duration::microseconds(prng_.between(1, 3000)));
    } else if (kind < 80) {
      world_.run(base::Duration::milliseconds(prng_.between(1, 400)));
    } else if (kind < 90) {
      compact(shard);
    } else if (kind < 92) {
      reset(shard);
    } else if (kind < 95) {
      const bool full = prng_.chance(1, 2);
      world_.disk().set_capacity(full ? 0 : sim_ports::SimDisk::kUnlimited);
    } else if (kind < 97) {
      world_.disk().crash_at_event(world_.disk().events() + 1 + prng_.below(12));
    } else {
      return crash();
    }
    return world_.fatal().has_value() ? crash() : base::Status();
  }

  base::Status crash() {
    for (std::uint64_t shard = 1; shard <= 4; ++shard) {
      durable_ += world_.model(ShardId{shard}).durable();
    }
    world_.disk().set_capacity(sim_ports::SimDisk::kUnlimited);
    if (prng_.chance(1, 3)) {
      world_.crash_process();
    } else {
      world_.crash_power(prng_);
    }
    return world_.start();
  }

  void write(ShardId shard) {
    world_.use(shard);
    const LogState& state = world_.model(shard).latest();
    const std::uint64_t last =
        state.entries.empty() ? state.start.value() : state.entries.rbegin()->first.value();
    const std::uint64_t back = std::min(prng_.below(4), last - state.start.value());
    std::uint64_t first = last + 1;
    port::LogWrite write;
    const bool cut = prng_.chance(1, 4);
    if (cut) {
      first -= back;
    }
    std::vector<std::string> payloads(prng_.below(4));
    for (std::string& payload : payloads) {
      payload = std::string(prng_.below(20) == 0 ? prng_.below(6000) : prng_.below(300), 'p') +
                std::to_string(++serial_);
    }
    write = World::entries(first, std::move(payloads), ++serial_);
    if (cut) {
      write.truncate_from = LogIndex{first};
    }
    if (write.entries.empty() || prng_.chance(1, 3)) {
      ++serial_;
      write.hard_state = protocol::HardState{Term{serial_}, NodeId{1}, Term{serial_}};
    }
    world_.append(shard, std::move(write));
  }

  void compact(ShardId shard) {
    world_.use(shard);
    const LogState& state = world_.model(shard).latest();
    // Only what is durable is ever compacted.
    if (!state.entries.empty() && world_.model(shard).all_durable()) {
      const std::uint64_t first = state.entries.begin()->first.value();
      const std::uint64_t last = state.entries.rbegin()->first.value();
      world_.compact(shard, LogIndex{first + prng_.below(last - first + 1)});
    }
  }

  void reset(ShardId shard) {
    world_.use(shard);
    const LogState& state = world_.model(shard).latest();
    const std::uint64_t last =
        state.entries.empty() ? state.start.value() : state.entries.rbegin()->first.value();
    const std::uint64_t index = last + prng_.below(10);
    ++serial_;
    world_.reset(shard, LogIndex{index}, Term{serial_}, {Term{serial_}, NodeId{2}, Term{}});
  }

  base::Prng prng_;
  World world_;
  std::uint64_t serial_ = 0;
  std::uint64_t durable_ = 0;
};

TEST(WalCrash, RandomHistoriesLoseNothing) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    History history(seed, Mutant::none);
    ASSERT_EQ(text(history.run(400)), "ok") << "seed " << seed;
    EXPECT_GT(history.durable_writes(), 0U);
  }
}

// The planted bugs, found by chance within so many seeds.
TEST(WalCrash, RandomHistoriesCatchTheMutants) {
  for (const Mutant mutant : {Mutant::no_generation, Mutant::vote_collected_with_segment}) {
    bool caught = false;
    for (std::uint64_t seed = 1; seed <= 30 && !caught; ++seed) {
      caught = !History(seed, mutant).run(400).has_value();
    }
    EXPECT_TRUE(caught) << "mutant " << static_cast<int>(mutant);
  }
}

}  // namespace
}  // namespace ostraka::wal
