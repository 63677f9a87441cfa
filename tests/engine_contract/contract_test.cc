// What port/engine.h promises, on every engine.
#include "engine_rig.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::engine_test {
namespace {

using port::Family;
using port::FamilyRange;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class EngineContract : public testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    const auto opened = rig_->open();
    ASSERT_TRUE(opened.has_value()) << opened.error().to_string();
  }

  port::Engine& engine() { return rig_->engine(); }
  void put(Family family, base::ByteView key, base::ByteView value) {
    const auto batch = engine().new_batch();
    batch->put(family, key, value);
    ASSERT_TRUE(engine().write(*batch).has_value());
  }
  void remove_range(Family family, base::ByteView lower, base::ByteView upper) {
    const auto batch = engine().new_batch();
    batch->remove_range(family, lower, upper);
    ASSERT_TRUE(engine().write(*batch).has_value());
  }
  std::string get(Family family, base::ByteView key,
                  const port::EngineSnapshot* snapshot = nullptr) {
    std::string value;
    const auto found = engine().get(family, key, value, snapshot);
    EXPECT_TRUE(found.has_value());
    return found.has_value() && *found ? value : "(absent)";
  }
  Pairs forward(const FamilyRange& range, const port::EngineSnapshot* snapshot = nullptr) {
    Pairs found;
    const auto it = engine().iterate(range, snapshot);
    for (it->seek_first(); it->valid(); it->next()) {
      found.emplace_back(it->key(), it->value());
    }
    EXPECT_TRUE(it->status().has_value());
    return found;
  }
  Pairs backward(const FamilyRange& range) {
    Pairs found;
    const auto it = engine().iterate(range);
    for (it->seek_last(); it->valid(); it->prev()) {
      found.insert(found.begin(), {std::string(it->key()), std::string(it->value())});
    }
    EXPECT_TRUE(it->status().has_value());
    return found;
  }
  void crash() { ASSERT_TRUE(rig_->crash(prng_).has_value()); }

  base::Prng prng_{7};
  std::unique_ptr<EngineRig> rig_ = make_rig(GetParam());
};

constexpr char kZero[] = {'\0'};
const std::string kBinary[] = {"",
                               std::string(kZero, 1),
                               std::string("\0\0", 2),
                               std::string("\0\xff", 2),
                               "\x01",
                               "a",
                               std::string("a\0", 2),
                               "a\xff",
                               "b",
                               "\x7f",
                               "\x80",
                               "\xff",
                               "\xff\xff"};

TEST_P(EngineContract, EmptyEngineHasNothing) {
  EXPECT_EQ(get(Family::data, "a"), "(absent)");
  EXPECT_TRUE(forward({.family = Family::data, .lower = {}, .upper = {}}).empty());
  EXPECT_TRUE(backward({.family = Family::data, .lower = {}, .upper = {}}).empty());
  EXPECT_TRUE(rig_->flush().has_value());
  crash();
  EXPECT_EQ(rig_->contents(), Model{});
}

TEST_P(EngineContract, ABatchActsInOrderOverAllFamilies) {
  put(Family::data, "b", "old");
  const auto batch = engine().new_batch();
  EXPECT_TRUE(batch->empty());
  batch->put(Family::data, "a", "1");
  batch->put(Family::data, "a", "2");
  batch->remove(Family::data, "b");
  batch->put(Family::data, "c", "gone");
  batch->remove_range(Family::data, "c", "d");
  batch->put(Family::data, "cc", "stays");
  batch->remove(Family::history, "absent");
  batch->put(Family::history, "a", "h");
  batch->put(Family::meta, "a", "m");
  EXPECT_FALSE(batch->empty());
  EXPECT_GT(batch->bytes(), 10U);
  EXPECT_EQ(get(Family::data, "a"), "(absent)");  // nothing happens before write()
  ASSERT_TRUE(engine().write(*batch).has_value());
  EXPECT_EQ(forward({.family = Family::data, .lower = {}, .upper = {}}),
            (Pairs{{"a", "2"}, {"cc", "stays"}}));
  EXPECT_EQ(get(Family::history, "a"), "h");
  EXPECT_EQ(get(Family::meta, "a"), "m");
  EXPECT_EQ(get(Family::expiry, "a"), "(absent)");
}

TEST_P(EngineContract, ABatchBesideTheReactorAppearsAtOnceOrIsTakenBack) {
  const auto batch = engine().new_batch();
  batch->put(Family::data, "a", "1");
  batch->put(Family::meta, "b", "2");
  for (const bool by_pool : {true, false}) {
    auto write = engine().begin_write(*batch);
    EXPECT_FALSE(write->done());
    EXPECT_EQ(get(Family::data, "a") + get(Family::meta, "b"), "(absent)(absent)");
    if (by_pool) {
      rig_->executor().run();
      EXPECT_TRUE(write->done());
    }
    EXPECT_TRUE(write->finish().has_value());
    EXPECT_EQ(get(Family::data, "a") + get(Family::meta, "b"), "12");
    remove_range(Family::data, "a", "b");
    remove_range(Family::meta, "b", "c");
  }
  engine().begin_write(*batch).reset();
  rig_->executor().run();
  EXPECT_EQ(get(Family::data, "a"), "(absent)");
}

TEST_P(EngineContract, ABatchThatIsRefusedIsRefusedBesideTheReactorToo) {
  const auto batch = engine().new_batch();
  batch->put(Family::data, std::string(port::kKeyEndBytes, '\xff'), "1");
  EXPECT_EQ(engine().begin_write(*batch)->finish().error().code, base::ErrorCode::invalid_argument);
}

TEST_P(EngineContract, ABatchIsReusedByClear) {
  const auto batch = engine().new_batch();
  batch->put(Family::data, "a", "1");
  ASSERT_TRUE(engine().write(*batch).has_value());
  batch->clear();
  EXPECT_TRUE(batch->empty());
  EXPECT_EQ(batch->bytes(), 0U);
  put(Family::data, "a", "2");
  batch->put(Family::data, "b", "3");
  ASSERT_TRUE(engine().write(*batch).has_value());
  EXPECT_EQ(get(Family::data, "a"), "2");
  EXPECT_EQ(get(Family::data, "b"), "3");
}

TEST_P(EngineContract, KeysAreBytesInBytewiseOrder) {
  for (const std::string& key : kBinary) {
    put(Family::data, key, "v" + key);
  }
  std::map<std::string, std::string> expected;
  for (const std::string& key : kBinary) {
    EXPECT_EQ(get(Family::data, key), "v" + key);
    expected["" + key] = "v" + key;
  }
  const Pairs sorted(expected.begin(), expected.end());
  EXPECT_EQ(forward({.family = Family::data, .lower = {}, .upper = {}}), sorted);
  EXPECT_EQ(backward({.family = Family::data, .lower = {}, .upper = {}}), sorted);
  ASSERT_TRUE(rig_->flush().has_value());
  crash();
  EXPECT_EQ(forward({.family = Family::data, .lower = {}, .upper = {}}), sorted);
}

TEST_P(EngineContract, ValuesMayBeEmptyAndLarge) {
  const std::string large(3'000'000, 'x');
  put(Family::data, "empty", "");
  put(Family::data, "large", large);
  put(Family::data, "binary", std::string("\0\r\n\xff", 4));
  EXPECT_EQ(get(Family::data, "empty"), "");
  EXPECT_EQ(get(Family::data, "large"), large);
  ASSERT_TRUE(rig_->flush().has_value());
  crash();
  EXPECT_EQ(get(Family::data, "empty"), "");
  EXPECT_EQ(get(Family::data, "large"), large);
  EXPECT_EQ(get(Family::data, "binary"), std::string("\0\r\n\xff", 4));
}

TEST_P(EngineContract, RangesAreHalfOpenAndAnEmptyUpperIsTheEnd) {
  for (const char* key : {"a", "b", "c", "d", "e"}) {
    put(Family::data, key, key);
    put(Family::expiry, key, key);
  }
  remove_range(Family::data, "b", "d");
  EXPECT_EQ(forward({.family = Family::data, .lower = {}, .upper = {}}),
            (Pairs{{"a", "a"}, {"d", "d"}, {"e", "e"}}));
  remove_range(Family::data, "x", "y");
  remove_range(Family::data, "e", "e");
  remove_range(Family::data, "z", "a");
  EXPECT_EQ(forward({.family = Family::data, .lower = {}, .upper = {}}).size(), 3U);
  remove_range(Family::data, "d", "");
  EXPECT_EQ(forward({.family = Family::data, .lower = {}, .upper = {}}), (Pairs{{"a", "a"}}));
  remove_range(Family::data, "", "");
  EXPECT_TRUE(forward({.family = Family::data, .lower = {}, .upper = {}}).empty());
  EXPECT_EQ(forward({.family = Family::expiry, .lower = {}, .upper = {}}).size(), 5U);
}

TEST_P(EngineContract, KeysBehindTheEndAreRefused) {
  const std::string end(port::kKeyEndBytes, '\xff');
  const std::string last = end.substr(1);
  put(Family::data, last, "last");
  const auto batch = engine().new_batch();
  batch->put(Family::data, "with", "it");
  batch->put(Family::data, end, "behind");
  ASSERT_FALSE(engine().write(*batch).has_value());
  EXPECT_EQ(engine().write(*batch).error().code, base::ErrorCode::invalid_argument);
  EXPECT_EQ(get(Family::data, "with"), "(absent)");
  batch->clear();
  batch->remove_range(Family::data, "", "");
  ASSERT_TRUE(engine().write(*batch).has_value());
  EXPECT_EQ(get(Family::data, last), "(absent)");
}

TEST_P(EngineContract, IteratorsKeepTheirBounds) {
  for (const char* key : {"a", "b", "c", "d", "e"}) {
    put(Family::data, key, key);
  }
  const FamilyRange middle{.family = Family::data, .lower = "b", .upper = "d"};
  EXPECT_EQ(forward(middle), (Pairs{{"b", "b"}, {"c", "c"}}));
  EXPECT_EQ(backward(middle), (Pairs{{"b", "b"}, {"c", "c"}}));
  EXPECT_TRUE(forward({.family = Family::data, .lower = "c", .upper = "c"}).empty());
  EXPECT_TRUE(backward({.family = Family::data, .lower = "d", .upper = "b"}).empty());
  EXPECT_EQ(backward({.family = Family::data, .lower = "d", .upper = ""}),
            (Pairs{{"d", "d"}, {"e", "e"}}));

  const auto it = engine().iterate(middle);
  it->seek("a");
  ASSERT_TRUE(it->valid());
  EXPECT_EQ(it->key(), "b");
  it->seek("bb");
  ASSERT_TRUE(it->valid());
  EXPECT_EQ(it->key(), "c");
  it->prev();
  ASSERT_TRUE(it->valid());
  EXPECT_EQ(it->key(), "b");
  it->next();
  it->next();
  EXPECT_FALSE(it->valid());
  it->seek("d");
  EXPECT_FALSE(it->valid());
  it->seek_first();
  it->prev();
  EXPECT_FALSE(it->valid());
}

TEST_P(EngineContract, AnIteratorDoesNotSeeLaterWrites) {
  put(Family::data, "a", "1");
  put(Family::data, "b", "1");
  put(Family::data, "c", "1");
  const auto it = engine().iterate({.family = Family::data, .lower = {}, .upper = {}});
  it->seek_first();
  ASSERT_TRUE(it->valid());
  const base::ByteView value = it->value();
  for (int i = 0; i < 100; ++i) {
    put(Family::data, "a", "2");
    put(Family::data, "bb", "2");
  }
  remove_range(Family::data, "b", "bb");
  ASSERT_TRUE(rig_->flush().has_value());
  EXPECT_EQ(value, "1");
  EXPECT_EQ(it->key(), "a");
  it->next();
  ASSERT_TRUE(it->valid());
  EXPECT_EQ(it->key(), "b");
  it->next();
  ASSERT_TRUE(it->valid());
  EXPECT_EQ(it->key(), "c");
}

TEST_P(EngineContract, SnapshotsAreFrozen) {
  put(Family::data, "a", "1");
  put(Family::data, "b", "1");
  put(Family::meta, "m", "1");
  const auto first = engine().snapshot();
  put(Family::data, "a", "2");
  put(Family::data, "c", "2");
  const auto second = engine().snapshot();
  remove_range(Family::data, "", "");
  put(Family::meta, "m", "2");
  ASSERT_TRUE(rig_->flush().has_value());
  put(Family::data, "d", "3");

  const FamilyRange all{.family = Family::data, .lower = {}, .upper = {}};
  EXPECT_EQ(forward(all, first.get()), (Pairs{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(forward(all, second.get()), (Pairs{{"a", "2"}, {"b", "1"}, {"c", "2"}}));
  EXPECT_EQ(forward(all), (Pairs{{"d", "3"}}));
  EXPECT_EQ(get(Family::data, "a", first.get()), "1");
  EXPECT_EQ(get(Family::data, "a", second.get()), "2");
  EXPECT_EQ(get(Family::data, "a"), "(absent)");
  EXPECT_EQ(get(Family::meta, "m", second.get()), "1");
}

TEST_P(EngineContract, AnIteratorOutlivesItsSnapshot) {
  put(Family::data, "a", "1");
  auto snapshot = engine().snapshot();
  put(Family::data, "a", "2");
  const auto it =
      engine().iterate({.family = Family::data, .lower = {}, .upper = {}}, snapshot.get());
  snapshot.reset();
  put(Family::data, "a", "3");
  ASSERT_TRUE(rig_->flush().has_value());
  it->seek_first();
  ASSERT_TRUE(it->valid());
  EXPECT_EQ(it->value(), "1");
}

TEST_P(EngineContract, FlushCallsBackLaterAndOnce) {
  put(Family::data, "a", "1");
  int calls = 0;
  engine().flush([&](const base::Status& status) {
    EXPECT_TRUE(status.has_value());
    ++calls;
  });
  EXPECT_EQ(calls, 0);
  rig_->executor().run();
  EXPECT_EQ(calls, 1);
}

TEST_P(EngineContract, ACrashKeepsWhatWasFlushedInAllFamiliesAndNothingElse) {
  const auto batch = engine().new_batch();
  for (const Family family : kFamilies) {
    batch->put(family, "k", "flushed");
    batch->put(family, "gone", "later");
  }
  ASSERT_TRUE(engine().write(*batch).has_value());
  ASSERT_TRUE(rig_->flush().has_value());
  const Model flushed = rig_->contents();
  put(Family::data, "k", "lost");
  put(Family::session, "new", "lost");
  remove_range(Family::meta, "", "");
  crash();
  EXPECT_EQ(rig_->contents(), flushed);
  put(Family::data, "k", "again");
  ASSERT_TRUE(rig_->flush().has_value());
  crash();
  EXPECT_EQ(get(Family::data, "k"), "again");
  EXPECT_EQ(get(Family::data, "gone"), "later");
}

TEST_P(EngineContract, ACrashDuringAFlushDropsItsCallback) {
  put(Family::data, "a", "1");
  engine().flush([](const base::Status&) { FAIL() << "called after the crash"; });
  crash();
  rig_->executor().run();
  EXPECT_EQ(get(Family::data, "a"), "(absent)");
}

TEST_P(EngineContract, StatsTellWhatWaits) {
  const std::uint64_t before = engine().stats().memory_bytes;
  put(Family::data, "a", std::string(400'000, 'x'));
  EXPECT_GE(engine().stats().memory_bytes, before + 400'000);
  EXPECT_FALSE(engine().stats().write_stalled);
  EXPECT_EQ(engine().stats().epoch, 1U);
  ASSERT_TRUE(rig_->flush().has_value());
  EXPECT_LT(engine().stats().memory_bytes, before + 400'000);
  EXPECT_GT(engine().stats().disk_bytes, 0U);
  EXPECT_EQ(engine().stats().estimated_keys, 1U);
}

INSTANTIATE_TEST_SUITE_P(All, EngineContract,
                         testing::Values(EngineKind::memory, EngineKind::rocksdb,
                                         EngineKind::rocksdb_files),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace ostraka::engine_test
