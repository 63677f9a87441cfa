// The machine as a whole: scans, expiry, garbage, shards side by side, snapshots, failures.
#include "kv/state_machine.h"

#include "codec/configuration.h"
#include "kv/internal/operations.h"
#include "kv/test_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace ostraka::kv::testing {
namespace {

std::string name(std::size_t i) {
  const std::string digits = std::to_string(i);
  return "key:" + std::string(6 - digits.size(), '0') + digits;
}

std::size_t keys_in(World& world, port::Family family) {
  std::size_t count = 0;
  const auto it = world.engine().iterate({.family = family, .lower = {}, .upper = {}});
  for (it->seek_first(); it->valid(); it->next()) {
    ++count;
  }
  return count;
}

class Machine : public ::testing::Test {
 protected:
  void fill(std::size_t count, std::int64_t deadline_ms = 0) {
    std::vector<std::string> commands;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string key = name(i);
      Operation operation = op(OpCode::set, key, "v");
      operation.deadline_ms = deadline_ms;
      commands.push_back(command({operation}));
    }
    replica.apply({}, commands);
  }
  Operation scan(base::ByteView from, std::int64_t max, base::ByteView pattern = {}) {
    Operation operation = op(OpCode::scan, from, pattern);
    operation.number = max;
    return operation;
  }

  World world;
  Replica replica{world, model::ShardId(1)};
};

TEST_F(Machine, ScanGoesOnWhereItStopped) {
  fill(5);
  EXPECT_EQ(replica.read(scan("", 2)), "[\"key:000002\", [\"key:000000\", \"key:000001\"]]");
  EXPECT_EQ(replica.read(scan("key:000002", 3)),
            "[nil, [\"key:000002\", \"key:000003\", \"key:000004\"]]");
  EXPECT_EQ(replica.read(scan("", 5, "*[13]")), "[nil, [\"key:000001\", \"key:000003\"]]");
  EXPECT_EQ(replica.read(scan("", 2, "nothing")), "[\"key:000002\", []]");
  EXPECT_EQ(replica.read(scan("", 0)), "[\"key:000001\", [\"key:000000\"]]");
  Operation bounded = scan("key:000001", 10);
  bounded.key2 = "key:000003";
  bounded.flags = codec::kScanWithValues;
  EXPECT_EQ(replica.read(bounded), "[nil, [\"key:000001\", \"v\", \"key:000002\", \"v\"]]");
}

TEST_F(Machine, ScanReverseGoesDown) {
  fill(4);
  Operation down = scan("", 3);
  down.code = OpCode::scan_reverse;
  EXPECT_EQ(replica.read(down),
            "[\"key:000001\", [\"key:000003\", \"key:000002\", \"key:000001\"]]");
  down.key2 = "key:000001";
  EXPECT_EQ(replica.read(down), "[nil, [\"key:000000\"]]");
  down.key = "key:000001";
  down.key2 = "key:000003";
  EXPECT_EQ(replica.read(down), "[nil, [\"key:000002\", \"key:000001\"]]");
}

TEST_F(Machine, ScanIsBoundedWhateverIsAsked) {
  fill(kScanKeysMax + 10);
  const std::string all = replica.read(scan("", 1'000'000));
  EXPECT_EQ(all.substr(0, 15), "[\"" + name(kScanKeysMax) + "\", ");
  const std::string large(kScanBytesMax / 2 + 1, 'x');
  replica.run({op(OpCode::flush_keyspace), op(OpCode::set, "a", large), op(OpCode::set, "b", large),
               op(OpCode::set, "c", large)});
  EXPECT_EQ(replica.read(scan("", 100)), "[\"c\", [\"a\", \"b\"]]");
}

TEST_F(Machine, ScansInACommandSeeItsWrites) {
  fill(3);
  Operation down = scan("", 10);
  down.code = OpCode::scan_reverse;
  EXPECT_EQ(replica.run({op(OpCode::remove, "key:000001"), op(OpCode::set, "key:0000005", "n"),
                         op(OpCode::set, "z", "n"), op(OpCode::set, "a", "n"), scan("", 10), down,
                         op(OpCode::count)}),
            "1 ok ok ok "
            "[nil, [\"a\", \"key:000000\", \"key:0000005\", \"key:000002\", \"z\"]] "
            "[nil, [\"z\", \"key:000002\", \"key:0000005\", \"key:000000\", \"a\"]] 5");
}

TEST_F(Machine, RandomKeyFindsEveryKeyAndOnlyLiveOnes) {
  EXPECT_EQ(replica.read(op(OpCode::random_key)), "nil");
  fill(20);
  Operation expiring = op(OpCode::set, "key:000007", "v");
  expiring.deadline_ms = replica.now_ms + 5;
  replica.run({expiring, op(OpCode::set, "", "v"), op(OpCode::set, "\xff\xff", "v")});
  replica.advance_time(5);
  std::set<std::string> found;
  for (std::int64_t i = 0; i < 1000; ++i) {
    Operation draw = op(OpCode::random_key);
    draw.number = i;
    found.insert(replica.read(draw));
  }
  EXPECT_EQ(found.size(), 21U);
  EXPECT_FALSE(found.contains("\"key:000007\""));
}

TEST_F(Machine, TheLeaderProposesWhatHasExpired) {
  fill(3, replica.now_ms + 10);
  replica.run(op(OpCode::set, "stays", "v"));
  const auto at = [&](std::int64_t ms) { return base::WallTime::from_milliseconds(ms); };
  EXPECT_EQ(replica.machine().expired_command(at(replica.now_ms + 9), 10), "");
  // looks ahead of the applied log time
  const std::string early = replica.machine().expired_command(at(replica.now_ms + 10), 10);
  EXPECT_EQ(replica.apply({}, {early}), (std::vector<std::string>{"0 0 0"}));
  replica.now_ms += 10;
  const std::string two = replica.machine().expired_command(at(replica.now_ms), 2);
  EXPECT_EQ(replica.apply({}, {two}), (std::vector<std::string>{"1 1"}));
  const std::string rest = replica.machine().expired_command(at(replica.now_ms), 2);
  EXPECT_EQ(replica.apply({}, {rest}), (std::vector<std::string>{"1"}));
  EXPECT_EQ(replica.machine().expired_command(at(replica.now_ms), 2), "");
  EXPECT_EQ(keys_in(world, port::Family::data), 1U);
  EXPECT_EQ(keys_in(world, port::Family::expiry), 0U);
}

TEST_F(Machine, StaleEntriesOfTheExpiryIndexAreDropped) {
  fill(10, replica.now_ms + 10);
  fill(10);  // blind: the old entries stay
  EXPECT_EQ(keys_in(world, port::Family::expiry), 10U);
  const std::uint64_t hash = replica.hash();
  EXPECT_FALSE(replica.machine().collect_garbage(100));  // not due yet
  EXPECT_EQ(keys_in(world, port::Family::expiry), 10U);
  const auto due = base::WallTime::from_milliseconds(replica.now_ms + 10);
  EXPECT_EQ(replica.machine().expired_command(due, 1), "");  // examines four
  EXPECT_EQ(keys_in(world, port::Family::expiry), 6U);
  EXPECT_EQ(replica.hash(), hash);
  replica.advance_time(10);
  EXPECT_TRUE(replica.machine().collect_garbage(4));
  EXPECT_FALSE(replica.machine().collect_garbage(4));
  EXPECT_EQ(keys_in(world, port::Family::expiry), 0U);
  EXPECT_EQ(replica.read(op(OpCode::count)), "10");
}

// A deadline that comes back finds its old index entry, or a new one: the key expires either way.
TEST_F(Machine, EveryLiveDeadlineIsInTheIndex) {
  Operation with = op(OpCode::set, "a", "v");
  with.deadline_ms = replica.now_ms + 10;
  Operation again = op(OpCode::expire_at, "a");
  again.deadline_ms = replica.now_ms + 10;
  replica.run(with);
  replica.run({op(OpCode::persist, "a"), op(OpCode::remove, "a"), with});
  replica.run(op(OpCode::set, "a", "v"));
  replica.run({again, op(OpCode::append, "a", "x")});
  replica.run({op(OpCode::persist, "a"), again});
  replica.now_ms += 10;
  const auto now = base::WallTime::from_milliseconds(replica.now_ms);
  EXPECT_EQ(replica.apply({}, {replica.machine().expired_command(now, 10)}),
            (std::vector<std::string>{"1"}));
}

TEST_F(Machine, FlushedKeysAreCollectedWithBoundedWork) {
  fill(100, replica.now_ms + 5);
  replica.run(op(OpCode::flush_keyspace));
  fill(3);
  replica.run(op(OpCode::flush_keyspace));
  replica.run(op(OpCode::set, "a", "1"));
  const std::uint64_t hash = replica.hash();
  EXPECT_EQ(keys_in(world, port::Family::data), 104U);
  EXPECT_TRUE(replica.machine().collect_garbage(40));
  EXPECT_EQ(keys_in(world, port::Family::data), 64U);
  world.checkpoint();
  replica.stop();
  world.crash();
  replica.restart();
  while (replica.machine().collect_garbage(40)) {
  }
  EXPECT_EQ(keys_in(world, port::Family::data), 1U);
  EXPECT_EQ(replica.hash(), hash);
  replica.advance_time(5);
  const auto now = base::WallTime::from_milliseconds(replica.now_ms);
  EXPECT_EQ(replica.machine().expired_command(now, 1000), "");
  EXPECT_EQ(keys_in(world, port::Family::expiry), 0U);
}

TEST_F(Machine, TheHashSeesValuesDeadlinesAndVersionsButNotGenerations) {
  fill(3);
  std::set<std::uint64_t> seen = {replica.hash()};
  const auto is_new = [&] { return seen.insert(replica.hash()).second; };
  replica.run(op(OpCode::touch));
  EXPECT_TRUE(is_new());
  World other_world;
  Replica other(other_world, model::ShardId(1));
  other.run(op(OpCode::flush_keyspace));
  other.run(op(OpCode::set, "a", "1"));
  World plain_world;
  Replica plain(plain_world, model::ShardId(1));
  plain.run(op(OpCode::touch));
  plain.run(op(OpCode::set, "a", "1"));
  EXPECT_EQ(other.hash(), plain.hash());
  codec::EntryHeader header;
  header.type = codec::EntryType::state_hash;
  other.apply(header, {});
  EXPECT_EQ(other.told.hashes, std::vector<std::uint64_t>{other.hash()});
}

TEST_F(Machine, ShardsSideBySideTouchOnlyTheirOwn) {
  World shared;
  Replica left(shared, model::ShardId(1), {},
               {.keyspace_first = model::KeyspaceId(1), .keyspace_last = model::KeyspaceId(1)});
  Replica right(shared, model::ShardId(2), {},
                {.keyspace_first = model::KeyspaceId(2), .keyspace_last = model::KeyspaceId(2)});
  left.register_session(9);
  left.run(op(OpCode::set, "a", "left"));
  const std::uint64_t hash = left.hash();
  Operation set = op(OpCode::set, "a", "right");
  set.keyspace = model::KeyspaceId(2);
  set.deadline_ms = right.now_ms + 1;
  right.run(set);
  Operation flush = op(OpCode::flush_keyspace);
  EXPECT_EQ(right.run(flush), "!wrong_shard");
  Operation copy = op(OpCode::copy, "a");
  copy.key2 = "b";
  copy.keyspace2 = model::KeyspaceId(2);
  EXPECT_EQ(left.run(copy), "!wrong_shard");
  Operation guard = op(OpCode::set_if_absent_all, "a");
  guard.keyspace = model::KeyspaceId(2);
  EXPECT_EQ(left.run({op(OpCode::set, "a", "x"), guard}), "!wrong_shard");
  EXPECT_EQ(left.read(set), "error invalid_argument");
  left.run(op(OpCode::touch));
  EXPECT_NE(left.hash(), hash);
  EXPECT_EQ(left.read(op(OpCode::get, "a")), "\"left\"");
  EXPECT_EQ(left.machine().expired_command(base::WallTime::from_milliseconds(1LL << 50), 9), "");
  // every key of the engine lies in the ranges of exactly one of them
  for (std::size_t family = 0; family < port::kFamilyCount; ++family) {
    const auto it = shared.engine().iterate(
        {.family = static_cast<port::Family>(family), .lower = {}, .upper = {}});
    for (it->seek_first(); it->valid(); it->next()) {
      int owners = 0;
      for (Replica* replica_of : {&left, &right}) {
        for (const port::FamilyRange& range : replica_of->machine().ranges()) {
          owners += static_cast<std::size_t>(range.family) == family && it->key() >= range.lower &&
                            (range.upper.empty() || it->key() < range.upper)
                        ? 1
                        : 0;
        }
      }
      EXPECT_EQ(owners, 1);
    }
  }
}

TEST_F(Machine, ASnapshotCarriesEverything) {
  replica.register_session(5);
  replica.run_in(5, 1, {command({op(OpCode::append, "a", "x")})});
  fill(10, replica.now_ms + 10);
  replica.run(op(OpCode::flush_keyspace));
  fill(5, replica.now_ms + 20);
  const auto snapshot = world.engine().snapshot();
  const std::uint64_t hash = replica.hash();
  const auto ranges = replica.machine().ranges();
  const auto tables = world.engine().export_ranges(*snapshot, ranges, "out");
  ASSERT_TRUE(tables.has_value());

  Replica fresh(world, model::ShardId(1));
  replica.run(op(OpCode::set, "later", "v"));
  ASSERT_TRUE(fresh.machine().reload().has_value());
  const auto extra = world.engine().new_batch();
  ASSERT_TRUE(world.engine().ingest_replacing(fresh.machine().ranges(), *tables, *extra));
  const auto reloaded = fresh.machine().reload();
  ASSERT_TRUE(reloaded.has_value());
  EXPECT_EQ(reloaded->index, replica.last().prev());
  EXPECT_EQ(fresh.machine().state_hash(), hash);
  EXPECT_EQ(fresh.read(op(OpCode::count)), "5");
}

TEST_F(Machine, ConfigurationsAndNoopsAreApplied) {
  model::Configuration configuration;
  configuration.voters = {{model::NodeId(1), model::Incarnation(3), "a", "h:1"}};
  std::string payload;
  codec::encode_configuration(configuration, payload);
  const port::LogEntry entries[] = {{.meta = {.index = model::LogIndex(1),
                                              .term = model::Term(4),
                                              .kind = protocol::EntryKind::noop},
                                     .payload = {}},
                                    {.meta = {.index = model::LogIndex(2),
                                              .term = model::Term(5),
                                              .kind = protocol::EntryKind::configuration},
                                     .payload = base::Buffer::copy(payload)}};
  ASSERT_TRUE(replica.machine().apply(entries, replica.told).has_value());
  EXPECT_EQ(*replica.machine().configuration(), configuration);
  const auto loaded = replica.machine().reload();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->index, model::LogIndex(2));
  EXPECT_EQ(loaded->term, model::Term(5));
  EXPECT_EQ(loaded->configuration_index, model::LogIndex(2));
  EXPECT_EQ(*loaded->configuration, configuration);
}

TEST_F(Machine, WhatItDoesNotKnowStopsApplyAndLeavesTheStateBeforeIt) {
  replica.run(op(OpCode::set, "a", "1"));
  const std::string known = command({op(OpCode::set, "a", "2")});
  const std::string unknown("\x01\x01\x63\x00\x01", 5);
  replica.append({}, {known});
  replica.append({}, {known, unknown});
  replica.told.results.clear();
  const std::span<const port::LogEntry> log(replica.log());
  EXPECT_EQ(replica.machine().apply(log.last(2), replica.told).error().code,
            base::ErrorCode::format_unknown);
  EXPECT_EQ(replica.told.results, std::vector<std::string>{"ok"});
  EXPECT_EQ(replica.machine().applied(), model::LogIndex(2));
  const std::uint64_t hash = replica.hash();
  EXPECT_EQ(replica.machine().apply(log.last(1), replica.told).error().code,
            base::ErrorCode::format_unknown);
  EXPECT_EQ(replica.hash(), hash);
  EXPECT_EQ(replica.told.results.size(), 1U);
  EXPECT_EQ(replica.read(op(OpCode::get, "a")), "\"2\"");
}

// Of the test's own engine, which can refuse and be opened anew.
class WriteBehind : public ::testing::Test {
 protected:
  WriteBehind() { EXPECT_TRUE(machine.load().has_value()); }

  base::Status apply(const std::vector<std::string>& commands) {
    source.append({}, commands);
    return apply_again(1);
  }
  // The last `count` entries.
  base::Status apply_again(std::size_t count) {
    const std::span<const port::LogEntry> all(source.log());
    return machine.apply(all.last(count), told);
  }
  std::string read(const Operation& operation) {
    std::string results;
    const base::Status status = machine.read(command({operation}), results);
    return status.has_value() ? text_of(results) : "error";
  }
  std::size_t in_engine() { return keys_in(world, port::Family::data); }

  World other;
  Replica source{other, model::ShardId(1)};  // only its log is used
  World world;
  FaultyEngine engine{world.engine()};
  StateMachine machine{model::ShardId(1), engine, {}, {.write_behind_bytes = 2000}};
  Told told;
};

std::string set(const std::string& key, base::ByteView value, std::int64_t deadline_ms = 0) {
  Operation operation = op(OpCode::set, key, value);
  operation.deadline_ms = deadline_ms;
  return command({operation});
}

TEST_F(WriteBehind, ReadsSeeWhatTheEngineDoesNotHaveYet) {
  ASSERT_TRUE(apply({set("a", "1"), set("a", "2"), set("b", "3")}).has_value());
  EXPECT_EQ(told.results, (std::vector<std::string>{"ok", "ok", "ok"}));
  EXPECT_EQ(in_engine(), 0U);
  EXPECT_EQ(machine.applied(), model::LogIndex(1));
  EXPECT_EQ(machine.stored(), model::LogIndex(0));
  EXPECT_EQ(read(op(OpCode::get, "a")), "\"2\"");
  EXPECT_EQ(read(op(OpCode::count)), "2");
  ASSERT_TRUE(machine.write_out().has_value());
  EXPECT_EQ(in_engine(), 2U);
  EXPECT_EQ(machine.stored(), model::LogIndex(1));
  EXPECT_EQ(read(op(OpCode::get, "a")), "\"2\"");
  // Past the bound it is handed over without being asked.
  ASSERT_TRUE(apply({set("c", std::string(3000, 'v'))}).has_value());
  EXPECT_EQ(machine.stored(), model::LogIndex(2));
}

TEST_F(WriteBehind, AnEngineThatStallsHoldsBackNewEntriesAndLosesNothing) {
  const std::string large(600, 'v');
  engine.error = base::ErrorCode::busy;
  ASSERT_TRUE(apply({set("a", large)}).has_value());
  EXPECT_EQ(machine.write_out().error().code, base::ErrorCode::busy);
  // The entry that passes the bound is applied and told; the next one is not.
  EXPECT_EQ(apply({set("b", large + large)}).error().code, base::ErrorCode::busy);
  EXPECT_EQ(machine.applied(), model::LogIndex(2));
  EXPECT_EQ(told.results, (std::vector<std::string>{"ok", "ok"}));
  EXPECT_EQ(apply({set("c", "3")}).error().code, base::ErrorCode::busy);
  EXPECT_EQ(machine.applied(), model::LogIndex(2));
  EXPECT_EQ(told.results.size(), 2U);
  EXPECT_EQ(read(op(OpCode::count)), "2");
  engine.error.reset();
  ASSERT_TRUE(apply_again(1).has_value());
  EXPECT_EQ(told.results.size(), 3U);
  ASSERT_TRUE(machine.write_out().has_value());
  EXPECT_EQ(in_engine(), 3U);
}

TEST_F(WriteBehind, WhatChangesBehindARefusedWriteIsWrittenAsItIsInTheEnd) {
  engine.error = base::ErrorCode::busy;
  ASSERT_TRUE(apply({set("a", "1", 2'000'000), set("b", "1", 2'000'000), set("c", "1")}));
  EXPECT_FALSE(machine.write_out().has_value());
  EXPECT_EQ(read(op(OpCode::get, "a")), "\"1\"");
  EXPECT_EQ(read(op(OpCode::count)), "3");
  ASSERT_TRUE(apply({set("a", "2"), command({op(OpCode::remove, "b")}), set("c", "1", 3'000'000)}));
  EXPECT_FALSE(machine.write_out().has_value());
  EXPECT_FALSE(machine.write_out().has_value());
  engine.error.reset();
  ASSERT_TRUE(machine.write_out().has_value());
  EXPECT_EQ(read(op(OpCode::get, "a")), "\"2\"");
  EXPECT_EQ(in_engine(), 2U);
  EXPECT_EQ(keys_in(world, port::Family::expiry), 1U);
  EXPECT_EQ(machine.stored(), model::LogIndex(2));
}

TEST_F(WriteBehind, AnErrorTakesTheStateBackToTheEngineUntilItIsLoaded) {
  ASSERT_TRUE(apply({set("a", "1")}).has_value());
  engine.error = base::ErrorCode::io_error;
  EXPECT_EQ(apply({set("b", std::string(3000, 'v'))}).error().code, base::ErrorCode::io_error);
  EXPECT_EQ(machine.applied(), model::LogIndex(0));
  engine.error.reset();
  EXPECT_EQ(apply_again(2).error().code, base::ErrorCode::io_error);
  ASSERT_TRUE(machine.reload().has_value());
  told.results.clear();
  EXPECT_TRUE(apply_again(2).has_value());
  EXPECT_EQ(told.results, (std::vector<std::string>{"ok", "ok"}));
}

// It may hold less than was applied: a read would go back in time.
TEST_F(WriteBehind, AnEngineThatWasOpenedAnewIsNotReadBeforeTheStateIsLoaded) {
  ASSERT_TRUE(apply({set("a", "1")}).has_value());
  ASSERT_TRUE(machine.write_out().has_value());
  ++engine.reopened;
  EXPECT_EQ(read(op(OpCode::get, "a")), "error");
  EXPECT_EQ(apply({set("b", "2")}).error().code, base::ErrorCode::io_error);
  ASSERT_TRUE(machine.reload().has_value());
  EXPECT_EQ(read(op(OpCode::get, "a")), "\"1\"");
  EXPECT_TRUE(apply_again(1).has_value());
}

TEST_F(WriteBehind, WhatIsDueIsFoundThoughTheEngineDoesNotHaveIt) {
  ASSERT_TRUE(apply({set("a", "1", 2'000'000)}).has_value());
  EXPECT_NE(machine.expired_command(base::WallTime::from_milliseconds(2'000'000), 10), "");
}

// What is on its way to the engine is neither here nor there: everything sees it all the same.
class BesideTheReactor : public WriteBehind {
 protected:
  BesideTheReactor() { world.hold_jobs(); }
  // As many bytes as are handed over.
  base::Status fill() { return apply({set("fill", std::string(2001, 'v'))}); }
};

TEST_F(BesideTheReactor, WhatIsOnItsWayIsReadEditedAndWalked) {
  ASSERT_TRUE(apply({set("a", "1"), set("b", "2", 2'000'000), set("c", "3"), set("d", "4")}));
  ASSERT_TRUE(fill().has_value());
  ASSERT_EQ(in_engine(), 0U);
  EXPECT_EQ(machine.stored(), model::LogIndex(0));
  EXPECT_EQ(read(op(OpCode::get, "a")), "\"1\"");
  ASSERT_TRUE(apply({command({op(OpCode::append, "a", "0")}), command({op(OpCode::remove, "c")}),
                     set("b", "5"), command({op(OpCode::increment, "d")})}));
  EXPECT_EQ(in_engine(), 0U);
  const std::string seen = "\"10\" \"5\" nil \"4\"";
  const auto all = [this] {
    return read(op(OpCode::get, "a")) + " " + read(op(OpCode::get, "b")) + " " +
           read(op(OpCode::get, "c")) + " " + read(op(OpCode::get, "d"));
  };
  EXPECT_EQ(all(), seen);
  Operation scan = op(OpCode::scan);
  scan.number = 10;
  const std::string walked = read(scan);
  EXPECT_EQ(walked, "[nil, [\"a\", \"b\", \"d\", \"fill\"]]");
  EXPECT_EQ(read(op(OpCode::count)), "4");
  world.run_jobs();
  EXPECT_EQ(in_engine(), 5U);
  EXPECT_EQ(all(), seen);
  EXPECT_EQ(read(scan), walked);
  ASSERT_TRUE(machine.write_out().has_value());
  EXPECT_EQ(in_engine(), 4U);
  EXPECT_EQ(keys_in(world, port::Family::expiry), 0U);
  EXPECT_EQ(all(), seen);
  EXPECT_EQ(machine.stored(), machine.applied());
}

TEST_F(BesideTheReactor, NobodyWaitsForTheEngineUntilAsMuchAgainHasCome) {
  ASSERT_TRUE(fill().has_value());
  ASSERT_TRUE(apply({set("a", std::string(1500, 'v'))}));
  ASSERT_TRUE(apply({set("b", std::string(1000, 'v'))}));
  EXPECT_EQ(in_engine(), 0U);
  ASSERT_TRUE(apply({set("c", std::string(1500, 'v'))}));
  EXPECT_EQ(in_engine(), 1U);  // the first part; the next is on its way
  EXPECT_EQ(machine.stored(), model::LogIndex(1));
  world.run_jobs();
  EXPECT_EQ(in_engine(), 4U);
  EXPECT_EQ(read(op(OpCode::count)), "4");
}

TEST_F(BesideTheReactor, WhatIsOnItsWayWhenTheStateIsLoadedIsTakenBack) {
  ASSERT_TRUE(apply({set("a", "1")}).has_value());
  ASSERT_TRUE(fill().has_value());
  ASSERT_TRUE(machine.reload().has_value());
  world.run_jobs();
  EXPECT_EQ(in_engine(), 0U);
  EXPECT_EQ(machine.applied(), model::LogIndex(0));
  EXPECT_EQ(read(op(OpCode::count)), "0");
  ASSERT_TRUE(apply_again(2).has_value());
  EXPECT_EQ(read(op(OpCode::count)), "2");
}

TEST_F(BesideTheReactor, NothingIsOnItsWayAfterSettling) {
  ASSERT_TRUE(apply({set("a", "1")}).has_value());
  ASSERT_TRUE(fill().has_value());
  machine.settle();
  EXPECT_EQ(in_engine(), 2U);
  EXPECT_EQ(machine.stored(), model::LogIndex(2));
  world.run_jobs();
  EXPECT_EQ(in_engine(), 2U);
}

TEST_F(BesideTheReactor, OneThatIsRefusedGoesBeforeTheNext) {
  ASSERT_TRUE(apply({set("a", "1", 2'000'000)}).has_value());
  engine.error = base::ErrorCode::busy;
  EXPECT_EQ(fill().error().code, base::ErrorCode::busy);
  EXPECT_EQ(apply({set("a", "2")}).error().code, base::ErrorCode::busy);
  EXPECT_EQ(read(op(OpCode::get, "a")), "\"1\"");
  engine.error.reset();
  ASSERT_TRUE(apply_again(1).has_value());
  EXPECT_EQ(in_engine(), 2U);
  ASSERT_TRUE(machine.write_out().has_value());
  EXPECT_EQ(read(op(OpCode::get, "a")), "\"2\"");
  EXPECT_EQ(machine.stored(), model::LogIndex(3));
}

// Collected generations stay empty.
TEST_F(WriteBehind, KeysOfAnOldGenerationDoNotComeBehindItsCollection) {
  ASSERT_TRUE(apply({set("a", "1"), command({op(OpCode::flush_keyspace)})}).has_value());
  EXPECT_FALSE(machine.collect_garbage(100));
  ASSERT_TRUE(machine.write_out().has_value());
  EXPECT_EQ(in_engine(), 0U);
}

// Handed over by a timer, it would be a pause of the reactor ten times a second.
TEST_F(WriteBehind, WhatWaitsGoesOnWaitingWhenThereIsNoGarbage) {
  ASSERT_TRUE(apply({set("a", "1"), set("b", "2", source.now_ms + 1000)}).has_value());
  EXPECT_FALSE(machine.collect_garbage(100));
  EXPECT_EQ(in_engine(), 0U);
  ASSERT_TRUE(machine.write_out().has_value());
  // Nor when what waits for its time has an entry in the engine.
  ASSERT_TRUE(apply({set("c", "3")}).has_value());
  EXPECT_FALSE(machine.collect_garbage(100));
  EXPECT_EQ(in_engine(), 2U);
}

}  // namespace
}  // namespace ostraka::kv::testing
