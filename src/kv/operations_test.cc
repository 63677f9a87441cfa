// Each operation, with the meaning that Redis 7.0 gives it.
#include "kv/test_world.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace ostraka::kv::testing {
namespace {

class Operations : public ::testing::Test {
 protected:
  std::string set(base::ByteView key, base::ByteView value, std::int64_t deadline_ms = 0,
                  std::uint32_t flags = 0) {
    Operation operation = op(OpCode::set, key, value);
    operation.deadline_ms = deadline_ms;
    operation.flags = flags;
    return replica.run(operation);
  }
  std::string get(base::ByteView key) { return replica.read(op(OpCode::get, key)); }
  std::string deadline(base::ByteView key) { return replica.read(op(OpCode::deadline, key)); }
  std::string numbered(OpCode code, base::ByteView key, std::int64_t number,
                       base::ByteView value = {}) {
    Operation operation = op(code, key, value);
    operation.number = number;
    return replica.run(operation);
  }
  std::string expire(base::ByteView key, std::int64_t deadline_ms, std::uint32_t flags = 0) {
    Operation operation = op(OpCode::expire_at, key);
    operation.deadline_ms = deadline_ms;
    operation.flags = flags;
    return replica.run(operation);
  }
  std::string moved(OpCode code, base::ByteView from, base::ByteView to, std::uint32_t flags = 0) {
    Operation operation = op(code, from);
    operation.key2 = to;
    operation.flags = flags;
    return replica.run(operation);
  }
  std::int64_t now() const { return replica.now_ms; }

  World world;
  Replica replica{world, model::ShardId(1)};
};

TEST_F(Operations, SetAndGet) {
  EXPECT_EQ(get("a"), "nil");
  EXPECT_EQ(set("a", "1"), "ok");
  EXPECT_EQ(get("a"), "\"1\"");
  EXPECT_EQ(set("", ""), "ok");
  EXPECT_EQ(get(""), "\"\"");
  EXPECT_EQ(replica.read(op(OpCode::exists, "")), "1");
  EXPECT_EQ(replica.read(op(OpCode::exists, "b")), "0");
  EXPECT_EQ(replica.read(op(OpCode::string_length, "a")), "1");
  EXPECT_EQ(replica.read(op(OpCode::string_length, "b")), "0");
}

TEST_F(Operations, SetIfAbsentAndIfPresent) {
  EXPECT_EQ(set("a", "1", 0, codec::kSetIfPresent), "nil");
  EXPECT_EQ(set("a", "1", 0, codec::kSetIfAbsent), "ok");
  EXPECT_EQ(set("a", "2", 0, codec::kSetIfAbsent), "nil");
  EXPECT_EQ(set("a", "3", 0, codec::kSetIfPresent), "ok");
  EXPECT_EQ(get("a"), "\"3\"");
}

TEST_F(Operations, SetGetTellsTheOldValue) {
  EXPECT_EQ(set("a", "1", 0, codec::kSetGet), "nil");
  EXPECT_EQ(set("a", "2", 0, codec::kSetGet), "\"1\"");
  EXPECT_EQ(set("a", "3", 0, codec::kSetGet | codec::kSetIfAbsent), "\"2\"");
  EXPECT_EQ(get("a"), "\"2\"");
  EXPECT_EQ(set("b", "3", 0, codec::kSetGet | codec::kSetIfPresent), "nil");
  EXPECT_EQ(get("b"), "nil");
}

TEST_F(Operations, SetDropsTheDeadlineUnlessItKeepsIt) {
  set("a", "1", now() + 100);
  EXPECT_EQ(set("a", "2", 0, codec::kSetKeepDeadline), "ok");
  EXPECT_EQ(deadline("a"), std::to_string(now() + 100));
  set("a", "3");
  EXPECT_EQ(deadline("a"), "-1");
}

TEST_F(Operations, SetWithADeadlineThatHasPassedRemoves) {
  set("a", "1");
  EXPECT_EQ(set("a", "2", now()), "ok");
  EXPECT_EQ(get("a"), "nil");
  EXPECT_EQ(set("b", "2", -5), "ok");
  EXPECT_EQ(get("b"), "nil");
}

TEST_F(Operations, DeadlinesFromNowCountFromTheLogTimeOfTheEntry) {
  Operation operation = op(OpCode::set_for, "a");
  operation.value = "1";
  operation.deadline_ms = 100;
  EXPECT_EQ(replica.run(operation), "ok");
  EXPECT_EQ(deadline("a"), std::to_string(now() + 100));
  operation = op(OpCode::expire_in, "a");
  operation.deadline_ms = 50;
  operation.flags = codec::kExpireIfGreater;
  EXPECT_EQ(replica.run(operation), "0");
  operation.flags = 0;
  EXPECT_EQ(replica.run(operation), "1");
  EXPECT_EQ(deadline("a"), std::to_string(now() + 50));
  operation = op(OpCode::get_expire_in, "a");
  operation.flags = codec::kGetExpireSet;
  operation.deadline_ms = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(replica.run(operation), "\"1\"");
  EXPECT_EQ(deadline("a"), std::to_string(std::numeric_limits<std::int64_t>::max()));
  operation = op(OpCode::expire_in, "a");
  operation.deadline_ms = -1;
  EXPECT_EQ(replica.run(operation), "1");
  EXPECT_EQ(get("a"), "nil");
}

TEST_F(Operations, AKeyExpiresExactlyAtItsDeadline) {
  set("a", "1", now() + 10);
  replica.advance_time(9);
  EXPECT_EQ(get("a"), "\"1\"");
  replica.advance_time(1);
  EXPECT_EQ(get("a"), "nil");
  EXPECT_EQ(deadline("a"), "-2");
  EXPECT_EQ(replica.read(op(OpCode::key_version, "a")), "0");
  EXPECT_EQ(replica.run(op(OpCode::remove, "a")), "0");
  EXPECT_EQ(set("a", "2", 0, codec::kSetIfPresent), "nil");
  EXPECT_EQ(replica.run(op(OpCode::append, "a", "new")), "3");
  EXPECT_EQ(deadline("a"), "-1");
}

TEST_F(Operations, LogTimeNeverGoesBack) {
  set("a", "1", now() + 10);
  replica.advance_time(10);
  replica.now_ms -= 1000;
  set("b", "1");
  EXPECT_EQ(get("a"), "nil");
  EXPECT_EQ(replica.read(op(OpCode::log_time)), std::to_string(now() + 1000));
}

TEST_F(Operations, RemoveAndGetRemove) {
  set("a", "1");
  EXPECT_EQ(replica.run(op(OpCode::remove, "a")), "1");
  EXPECT_EQ(replica.run(op(OpCode::remove, "a")), "0");
  set("a", "2");
  EXPECT_EQ(replica.run(op(OpCode::get_remove, "a")), "\"2\"");
  EXPECT_EQ(replica.run(op(OpCode::get_remove, "a")), "nil");
}

TEST_F(Operations, IncrementCounts) {
  EXPECT_EQ(numbered(OpCode::increment, "n", 5), "5");
  EXPECT_EQ(numbered(OpCode::increment, "n", -7), "-2");
  set("n", "9223372036854775807");
  EXPECT_EQ(numbered(OpCode::increment, "n", 1), "!overflow");
  EXPECT_EQ(get("n"), "\"9223372036854775807\"");
  set("n", "-9223372036854775808");
  EXPECT_EQ(numbered(OpCode::increment, "n", -1), "!overflow");
  EXPECT_EQ(numbered(OpCode::increment, "n", std::numeric_limits<std::int64_t>::max()), "-1");
}

TEST_F(Operations, IncrementRefusesWhatIsNotExactlyAnInteger) {
  for (const base::ByteView bad :
       {"", " 1", "1 ", "+1", "01", "-0", "1.0", "x", "-", "9223372036854775808", "0x1"}) {
    set("n", bad);
    EXPECT_EQ(numbered(OpCode::increment, "n", 1), "!not_an_integer") << bad;
    EXPECT_EQ(get("n"), '"' + std::string(bad) + '"');
  }
}

TEST_F(Operations, IncrementKeepsTheDeadline) {
  set("n", "1", now() + 100);
  EXPECT_EQ(numbered(OpCode::increment, "n", 1), "2");
  EXPECT_EQ(deadline("n"), std::to_string(now() + 100));
}

TEST_F(Operations, Append) {
  EXPECT_EQ(replica.run(op(OpCode::append, "a", "ab")), "2");
  EXPECT_EQ(replica.run(op(OpCode::append, "a", "")), "2");
  EXPECT_EQ(replica.run(op(OpCode::append, "a", "cd")), "4");
  EXPECT_EQ(get("a"), "\"abcd\"");
}

TEST_F(Operations, SetRange) {
  EXPECT_EQ(numbered(OpCode::set_range, "a", 5, ""), "0");
  EXPECT_EQ(get("a"), "nil");
  EXPECT_EQ(numbered(OpCode::set_range, "a", 2, "xy"), "4");
  EXPECT_EQ(get("a"), std::string("\"\0\0xy\"", 6));
  EXPECT_EQ(numbered(OpCode::set_range, "a", 0, "ab"), "4");
  EXPECT_EQ(get("a"), "\"abxy\"");
  EXPECT_EQ(numbered(OpCode::set_range, "a", 100, ""), "4");
  EXPECT_EQ(numbered(OpCode::set_range, "a", -1, "x"), "!offset_out_of_range");
  EXPECT_EQ(numbered(OpCode::set_range, "a", 512 << 20, "x"), "!too_long");
  EXPECT_EQ(numbered(OpCode::set_range, "a", std::numeric_limits<std::int64_t>::max(), "x"),
            "!too_long");
  EXPECT_EQ(get("a"), "\"abxy\"");
}

TEST_F(Operations, GetRange) {
  set("a", "abcdef");
  const auto range = [&](std::int64_t start, std::int64_t end) {
    Operation operation = op(OpCode::get_range, "a");
    operation.number = start;
    operation.number2 = end;
    return replica.read(operation);
  };
  EXPECT_EQ(range(0, -1), "\"abcdef\"");
  EXPECT_EQ(range(1, 3), "\"bcd\"");
  EXPECT_EQ(range(-3, -2), "\"de\"");
  EXPECT_EQ(range(-2, -3), "\"\"");
  EXPECT_EQ(range(4, 100), "\"ef\"");
  EXPECT_EQ(range(3, 1), "\"\"");
  EXPECT_EQ(range(6, 7), "\"\"");
  EXPECT_EQ(range(-100, -90), "\"a\"");
  EXPECT_EQ(range(-100, 1), "\"ab\"");
  EXPECT_EQ(range(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<int>::max()),
            "\"abcdef\"");
}

TEST_F(Operations, ExpireConditions) {
  EXPECT_EQ(expire("a", now() + 10), "0");
  set("a", "1");
  EXPECT_EQ(expire("a", now() + 10, codec::kExpireIfSome), "0");
  EXPECT_EQ(expire("a", now() + 10, codec::kExpireIfGreater), "0");
  EXPECT_EQ(expire("a", now() + 10, codec::kExpireIfLess), "1");
  EXPECT_EQ(expire("a", now() + 20, codec::kExpireIfNone), "0");
  EXPECT_EQ(expire("a", now() + 20, codec::kExpireIfLess), "0");
  EXPECT_EQ(expire("a", now() + 10, codec::kExpireIfGreater), "0");
  EXPECT_EQ(expire("a", now() + 10, codec::kExpireIfLess), "0");
  EXPECT_EQ(expire("a", now() + 20, codec::kExpireIfGreater), "1");
  EXPECT_EQ(expire("a", now() + 5, codec::kExpireIfLess | codec::kExpireIfSome), "1");
  EXPECT_EQ(deadline("a"), std::to_string(now() + 5));
}

TEST_F(Operations, ExpireInThePastRemovesAtOnce) {
  for (const std::int64_t past : {now(), std::int64_t{0}, std::int64_t{-1}}) {
    set("a", "1");
    EXPECT_EQ(expire("a", past), "1");
    EXPECT_EQ(get("a"), "nil");
  }
}

TEST_F(Operations, Persist) {
  set("a", "1", now() + 10);
  EXPECT_EQ(replica.run(op(OpCode::persist, "a")), "1");
  EXPECT_EQ(replica.run(op(OpCode::persist, "a")), "0");
  EXPECT_EQ(replica.run(op(OpCode::persist, "b")), "0");
  replica.advance_time(20);
  EXPECT_EQ(get("a"), "\"1\"");
  EXPECT_EQ(replica.machine().expired_command(replica.machine().log_time(), 10), "");
}

TEST_F(Operations, GetExpire) {
  const auto getex = [&](std::uint32_t flags, std::int64_t when) {
    Operation operation = op(OpCode::get_expire, "a");
    operation.flags = flags;
    operation.deadline_ms = when;
    return replica.run(operation);
  };
  EXPECT_EQ(getex(0, 0), "nil");
  set("a", "1", now() + 10);
  EXPECT_EQ(getex(0, 0), "\"1\"");
  EXPECT_EQ(deadline("a"), std::to_string(now() + 10));
  EXPECT_EQ(getex(codec::kGetExpireSet, now() + 30), "\"1\"");
  EXPECT_EQ(deadline("a"), std::to_string(now() + 30));
  EXPECT_EQ(getex(codec::kGetExpirePersist, 0), "\"1\"");
  EXPECT_EQ(deadline("a"), "-1");
  EXPECT_EQ(getex(codec::kGetExpireSet, now()), "\"1\"");
  EXPECT_EQ(get("a"), "nil");
}

TEST_F(Operations, Rename) {
  EXPECT_EQ(moved(OpCode::rename, "a", "b"), "!no_such_key");
  EXPECT_EQ(moved(OpCode::rename, "a", "a"), "!no_such_key");
  set("a", "1", now() + 10);
  set("b", "2");
  EXPECT_EQ(moved(OpCode::rename, "a", "a"), "ok");
  EXPECT_EQ(moved(OpCode::rename, "a", "a", codec::kRenameIfAbsent), "0");
  EXPECT_EQ(moved(OpCode::rename, "a", "b", codec::kRenameIfAbsent), "0");
  EXPECT_EQ(moved(OpCode::rename, "a", "b"), "ok");
  EXPECT_EQ(get("a"), "nil");
  EXPECT_EQ(get("b"), "\"1\"");
  EXPECT_EQ(deadline("b"), std::to_string(now() + 10));
  EXPECT_EQ(moved(OpCode::rename, "b", "c", codec::kRenameIfAbsent), "1");
}

TEST_F(Operations, Copy) {
  EXPECT_EQ(moved(OpCode::copy, "a", "a"), "!same_object");
  EXPECT_EQ(moved(OpCode::copy, "a", "b"), "0");
  set("a", "1", now() + 10);
  EXPECT_EQ(moved(OpCode::copy, "a", "b"), "1");
  set("a", "2");
  EXPECT_EQ(moved(OpCode::copy, "a", "b"), "0");
  EXPECT_EQ(get("b"), "\"1\"");
  EXPECT_EQ(deadline("b"), std::to_string(now() + 10));
  EXPECT_EQ(moved(OpCode::copy, "a", "b", codec::kCopyReplace), "1");
  EXPECT_EQ(get("b"), "\"2\"");
  EXPECT_EQ(deadline("b"), "-1");
  Operation other = op(OpCode::copy, "a");
  other.key2 = "a";
  other.keyspace2 = model::KeyspaceId(2);
  EXPECT_EQ(replica.run(other), "1");
  Operation there = op(OpCode::get, "a");
  there.keyspace = model::KeyspaceId(2);
  EXPECT_EQ(replica.read(there), "\"2\"");
}

TEST_F(Operations, FlushHidesOneKeyspaceAtOnce) {
  set("a", "1");
  Operation other = op(OpCode::set, "a", "2");
  other.keyspace = model::KeyspaceId(2);
  replica.run(other);
  EXPECT_EQ(replica.run({op(OpCode::set, "b", "1"), op(OpCode::flush_keyspace),
                         op(OpCode::exists, "b"), op(OpCode::set, "c", "3")}),
            "ok ok 0 ok");
  EXPECT_EQ(get("a"), "nil");
  EXPECT_EQ(get("c"), "\"3\"");
  EXPECT_EQ(replica.read(op(OpCode::count)), "1");
  other.code = OpCode::get;
  EXPECT_EQ(replica.read(other), "\"2\"");
}

TEST_F(Operations, WhatFailsInACommandLeavesTheOtherOperationsTheirEffect) {
  EXPECT_EQ(replica.run({op(OpCode::set, "a", "x"), op(OpCode::increment, "a"),
                         op(OpCode::append, "a", "y"), op(OpCode::get, "a")}),
            "ok !not_an_integer 2 \"xy\"");
  EXPECT_EQ(get("a"), "\"xy\"");
}

TEST_F(Operations, VersionsAreIndexesAndGuardTheWholeCommand) {
  set("a", "1");
  const std::string version = replica.read(op(OpCode::key_version, "a"));
  EXPECT_EQ(version, std::to_string(replica.last().value()));
  Operation guard = op(OpCode::check_version, "a");
  guard.number = static_cast<std::int64_t>(replica.last().value());
  Operation absent = op(OpCode::check_version, "b");
  EXPECT_EQ(replica.run({op(OpCode::set, "c", "1"), guard, absent}), "ok nil nil");
  set("a", "1");
  EXPECT_EQ(replica.run({op(OpCode::set, "c", "2"), guard}), "aborted");
  EXPECT_EQ(get("c"), "\"1\"");
  EXPECT_EQ(replica.run({op(OpCode::set_if_absent_all, "x"), op(OpCode::set, "x", "1"),
                         op(OpCode::set_if_absent_all, "y"), op(OpCode::set, "y", "1")}),
            "nil ok nil ok");
  EXPECT_EQ(replica.run({op(OpCode::set, "z", "1"), op(OpCode::set_if_absent_all, "y")}), "0");
  EXPECT_EQ(get("z"), "nil");
}

TEST_F(Operations, AnOperationThatChangesNothingLeavesTheVersion) {
  set("a", "1");
  const std::string version = replica.read(op(OpCode::key_version, "a"));
  replica.run(op(OpCode::get_expire, "a"));
  replica.run(op(OpCode::persist, "a"));
  numbered(OpCode::set_range, "a", 3, "");
  set("a", "2", 0, codec::kSetIfAbsent);
  moved(OpCode::rename, "a", "a");
  EXPECT_EQ(replica.read(op(OpCode::key_version, "a")), version);
  expire("a", now() + 10);
  EXPECT_EQ(replica.read(op(OpCode::key_version, "a")), std::to_string(replica.last().value()));
}

TEST_F(Operations, ReadsRefuseWrites) {
  EXPECT_EQ(replica.read(op(OpCode::set, "a", "1")), "error invalid_argument");
  EXPECT_EQ(replica.run(op(OpCode::touch)), "nil");
  std::string results = "kept";
  EXPECT_FALSE(replica.machine().read("\x01\x05", results).has_value());
  EXPECT_EQ(results, "kept");
}

TEST_F(Operations, ACommandThatCannotBeDecodedDoesNothingAndIsToldSo) {
  const auto told = replica.apply({}, {command({op(OpCode::set, "a", "1")}), "\x01\x07", "",
                                       command({op(OpCode::set, "b", "1")})});
  EXPECT_EQ(told, (std::vector<std::string>{"ok", "error malformed", "error malformed", "ok"}));
}

}  // namespace
}  // namespace ostraka::kv::testing
