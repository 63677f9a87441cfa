// Power fails at every disk event of a follower that installs a snapshot (scenario S11): each
// restart is sound, and the follower ends up with the state of the others.
#include "codec/configuration.h"
#include "store/cluster_world_test.h"
#include "store/internal/recovery.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

namespace ostraka::store::testing {
namespace {

constexpr int kKeys = 50;

ClusterOptions small_log() {
  ClusterOptions options;
  options.store.checkpoint_log_bytes = 8U << 10;
  options.store.housekeeping_interval = base::Duration::milliseconds(50);
  options.store.log_keep_entries = 4;
  options.store.log_history_bytes = 0;
  options.store.log_keep_bytes = 64U << 10;
  options.store.snapshot_chunk_bytes = 4U << 10;
  options.store.snapshot_timeout = base::Duration::seconds(1);
  return options;
}

void put_many(Cluster& cluster, const std::string& prefix, int count, std::size_t bytes) {
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(cluster.put(prefix + std::to_string(i), std::string(bytes, 'v'))) << i;
  }
}

// Node 3 is behind what the others' logs hold; with a suffix of its own that conflicts, if wanted.
std::unique_ptr<Cluster> follower_behind(bool conflicting, model::NodeId& behind) {
  auto cluster = std::make_unique<Cluster>(small_log());
  EXPECT_TRUE(cluster->elect());
  put_many(*cluster, "old", 5, 100);
  behind = cluster->leader();
  if (conflicting) {
    // The leader alone appends what never commits.
    cluster->isolate(behind);
    const std::string command = replica::testing::set_command("lost", "lost");
    const base::ByteView commands[] = {command};
    for (std::uint64_t i = 1; i <= 200; ++i) {
      static_cast<void>(cluster->replica(behind)->submit_commands(model::SessionId(9),
                                                                  model::Serial(i), {}, commands));
      cluster->run(base::Duration::milliseconds(1));
    }
    cluster->crash(behind);
    cluster->heal();
  } else {
    behind = behind == model::NodeId(3) ? model::NodeId(1) : model::NodeId(3);
    cluster->crash(behind);
  }
  cluster->run(base::Duration::seconds(2));
  put_many(*cluster, "k", kKeys, 500);
  return cluster;
}

void expect_sound(Cluster& cluster, model::NodeId node) {
  const replica::Status status = cluster.replica(node)->status();
  EXPECT_FALSE(status.stopped.has_value());
  EXPECT_GE(status.protocol.commit, status.applied);
  EXPECT_LE(status.protocol.commit, status.protocol.last_index);
  EXPECT_LE(status.protocol.first_index, status.applied.next());
}

// True when the power failed before the installation was over.
bool crash_at(std::uint64_t event, bool conflicting) {
  model::NodeId node;
  const std::unique_ptr<Cluster> cluster = follower_behind(conflicting, node);
  Machine& machine = cluster->machine(node);
  machine.disk.crash_at_event(machine.disk.events() + event);
  cluster->restart(node);
  static_cast<void>(
      cluster->run_until([&] { return machine.disk.is_dead() || cluster->converged(); }));
  const bool died = machine.disk.is_dead();
  machine.disk.crash_at_event(UINT64_MAX);
  if (died) {
    cluster->crash_power(node);
    cluster->restart(node);
    expect_sound(*cluster, node);
    cluster->crash_power(node);
    cluster->restart(node);
    expect_sound(*cluster, node);
  } else {
    EXPECT_EQ(machine.process->store->status().snapshots_installed, 1U);
  }
  EXPECT_TRUE(cluster->run_until([&] { return cluster->converged(); })) << "event " << event << "\n"
                                                                        << cluster->describe();
  EXPECT_TRUE(cluster->put("after", "1"));
  EXPECT_TRUE(cluster->run_until([&] { return cluster->converged(); })) << "event " << event << "\n"
                                                                        << cluster->describe();
  EXPECT_EQ(cluster->get(node, "lost", replica::ReadKind::stale), "(nil)");
  cluster->crash_power(node);
  cluster->restart(node);
  expect_sound(*cluster, node);
  EXPECT_TRUE(cluster->run_until([&] { return cluster->converged(); })) << "event " << event << "\n"
                                                                        << cluster->describe();
  EXPECT_EQ(cluster->get(node, "after", replica::ReadKind::stale), "1");
  // Nothing of a transfer is left behind.
  EXPECT_TRUE(machine.process->files->list("snapshots")->empty()) << "event " << event;
  return died;
}

void enumerate(bool conflicting) {
  std::uint64_t event = 1;
  while (crash_at(event, conflicting) && !::testing::Test::HasFailure()) {
    ++event;
    ASSERT_LT(event, 1000U);
  }
  ::testing::Test::RecordProperty("crash_points", static_cast<int>(event - 1));
  EXPECT_GT(event, 20U);
}

TEST(SnapshotCrash, EveryDiskEventOfAnInstall) { enumerate(false); }

TEST(SnapshotCrash, EveryDiskEventOfAnInstallOverAConflictingSuffix) { enumerate(true); }

// The pure part: what a start makes of checkpoint and log.

port::LogEntry entry(std::uint64_t index, std::uint64_t term) {
  port::LogEntry made;
  made.meta.index = model::LogIndex(index);
  made.meta.term = model::Term(term);
  made.meta.kind = protocol::EntryKind::noop;
  return made;
}

kv::AppliedState applied(std::uint64_t index, std::uint64_t term) {
  kv::AppliedState state;
  state.index = model::LogIndex(index);
  state.term = model::Term(term);
  state.configuration = std::make_shared<const model::Configuration>();
  return state;
}

port::RecoveredLog log_of(std::uint64_t start, std::uint64_t start_term, std::uint64_t last,
                          std::uint64_t term) {
  port::RecoveredLog log;
  log.start = model::LogIndex(start);
  log.start_term = model::Term(start_term);
  log.hard_state.term = model::Term(term);
  for (std::uint64_t i = start + 1; i <= last; ++i) {
    log.entries.push_back(entry(i, term));
  }
  return log;
}

TEST(Recovery, ReplaysWhatIsBehindTheCheckpoint) {
  const Recovery recovery = *recover(applied(5, 2), log_of(3, 1, 9, 2), nullptr);
  EXPECT_FALSE(recovery.reset_log.has_value());
  EXPECT_EQ(recovery.recovered.snapshot.index, model::LogIndex(3));
  EXPECT_EQ(recovery.recovered.applied, model::LogIndex(5));
  EXPECT_EQ(recovery.recovered.entries.size(), 6U);
  ASSERT_EQ(recovery.unapplied.size(), 4U);
  EXPECT_EQ(recovery.unapplied[0].meta.index, model::LogIndex(6));
}

TEST(Recovery, AnIngestedSnapshotBehindAShortLogResetsTheLog) {
  const Recovery recovery = *recover(applied(50, 4), log_of(0, 0, 9, 2), nullptr);
  ASSERT_TRUE(recovery.reset_log.has_value());
  EXPECT_EQ(recovery.reset_log->index, model::LogIndex(50));
  EXPECT_EQ(recovery.reset_log->term, model::Term(4));
  EXPECT_TRUE(recovery.recovered.entries.empty());
  EXPECT_EQ(recovery.recovered.hard_state.term, model::Term(4));
}

TEST(Recovery, AnIngestedSnapshotOverAConflictingSuffixResetsTheLog) {
  const Recovery recovery = *recover(applied(5, 4), log_of(0, 0, 9, 2), nullptr);
  ASSERT_TRUE(recovery.reset_log.has_value());
  EXPECT_TRUE(recovery.unapplied.empty());
}

// An acceptor has promised to remember what it accepted.
TEST(Recovery, OfASlotEngineKeepsWhatWasAcceptedBehindTheSnapshot) {
  const Recovery recovery = *recover(applied(5, 4), log_of(0, 0, 9, 2), nullptr, true);
  ASSERT_TRUE(recovery.reset_log.has_value());
  EXPECT_EQ(recovery.recovered.snapshot.index, model::LogIndex(5));
  ASSERT_EQ(recovery.recovered.entries.size(), 4U);
  EXPECT_EQ(recovery.recovered.entries.front().index, model::LogIndex(6));
  EXPECT_EQ(recovery.unapplied.size(), 4U);
}

// The very slot that the snapshot ends with was accepted behind a gap, which the snapshot closes.
TEST(Recovery, OfASlotEngineTheLogStartsAnewBehindAGap) {
  port::RecoveredLog log = log_of(0, 0, 9, 2);
  std::erase_if(log.entries, [](const port::LogEntry& each) {
    return each.meta.index > model::LogIndex(2) && each.meta.index < model::LogIndex(5);
  });
  const Recovery recovery = *recover(applied(5, 2), std::move(log), nullptr, true);
  ASSERT_TRUE(recovery.reset_log.has_value());
  EXPECT_EQ(recovery.recovered.snapshot.index, model::LogIndex(5));
  ASSERT_EQ(recovery.recovered.entries.size(), 4U);
  EXPECT_EQ(recovery.recovered.entries.front().index, model::LogIndex(6));
}

TEST(Recovery, AnIngestedSnapshotInsideTheLogKeepsWhatFollows) {
  const Recovery recovery = *recover(applied(5, 2), log_of(0, 0, 9, 2), nullptr);
  EXPECT_FALSE(recovery.reset_log.has_value());
  EXPECT_EQ(recovery.unapplied.size(), 4U);
}

TEST(Recovery, ALogThatStartsBehindTheCheckpointIsRefused) {
  const auto recovery = recover(applied(5, 2), log_of(7, 2, 9, 2), nullptr);
  ASSERT_FALSE(recovery.has_value());
  EXPECT_EQ(recovery.error().code, base::ErrorCode::corruption);
}

TEST(Recovery, ANewShardBeginsWithItsConfiguration) {
  model::Configuration initial;
  initial.voters.push_back({model::NodeId(1), {}, "n1", "n1:1"});
  const auto shared = std::make_shared<const model::Configuration>(initial);
  const Recovery recovery = *recover({}, {}, shared);
  ASSERT_TRUE(recovery.first_write.has_value());
  ASSERT_EQ(recovery.unapplied.size(), 1U);
  EXPECT_EQ(*codec::decode_configuration(recovery.unapplied[0].payload.view()), initial);
  ASSERT_EQ(recovery.recovered.configurations.size(), 1U);
  EXPECT_EQ(recovery.recovered.hard_state.term, model::Term(1));
  // Never twice: a log with anything in it is no new shard.
  EXPECT_FALSE(recover({}, log_of(0, 0, 1, 1), shared)->first_write.has_value());
}

}  // namespace
}  // namespace ostraka::store::testing
