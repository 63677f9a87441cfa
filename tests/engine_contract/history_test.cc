// versioned::History on both engines, compared with a model that keeps everything.
#include "versioned/history.h"

#include "engine_rig.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::engine_test {
namespace {

using versioned::Change;
using versioned::History;
using versioned::Version;

constexpr versioned::KeyPrefix kPrefix = {.keyspace = model::KeyspaceId(7), .generation = 3};

// key -> version -> value, none for a removal
using Versions = std::map<Version, std::optional<std::string>>;
using HistoryModel = std::map<std::string, Versions>;

std::optional<std::string> model_read(const HistoryModel& model, const std::string& key,
                                      Version at) {
  const auto found = model.find(key);
  if (found == model.end()) {
    return std::nullopt;
  }
  auto behind = found->second.upper_bound(at);
  return behind == found->second.begin() ? std::nullopt : std::prev(behind)->second;
}

class VersionedHistory : public testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig_->open().has_value());
    history_ = std::make_unique<History>(rig_->engine(), kPrefix, 5);
  }

  // Keys that are prefixes of each other and hold the bytes that the layout uses.
  std::string random_key() {
    static constexpr char kBytes[] = {'\x00', '\x01', '\xff', 'a'};
    std::string key;
    for (auto n = prng_.below(4); n > 0; --n) {
      key.push_back(kBytes[prng_.below(4)]);
    }
    return key;
  }
  void record_one(Version version) {
    const auto batch = rig_->engine().new_batch();
    std::map<std::string, std::optional<std::string>> changed;
    for (auto n = 1 + prng_.below(3); n > 0; --n) {
      changed[random_key()] =
          prng_.chance(1, 4) ? std::nullopt
                             : std::optional<std::string>(std::to_string(prng_.below(1'000'000)));
    }
    for (const auto& [key, value] : changed) {
      history_->record(*batch, key, {.tombstone = !value.has_value(), .version = version},
                       value.value_or(""));
      model_[key][version] = value;
      log_.push_back({.version = version, .user_key = key, .removed = !value.has_value()});
    }
    ASSERT_TRUE(rig_->engine().write(*batch).has_value());
  }
  void expect_reads(Version lowest) {
    for (int i = 0; i < 60; ++i) {
      const Version at = {.high = lowest.high + prng_.below(last_.high - lowest.high + 2),
                          .low = 0};
      const std::string key = random_key();
      std::string raw;
      versioned::Record record;
      const auto found = history_->read_at(key, at, raw, record);
      ASSERT_TRUE(found.has_value());
      const auto expected = model_read(model_, key, at);
      ASSERT_EQ(*found, expected.has_value());
      if (*found) {
        ASSERT_EQ(record.value, *expected);
        ASSERT_LE(record.header.version, at);
      }
    }
  }
  void write_versions(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      last_.high += 1 + prng_.below(2);
      record_one(last_);
    }
  }
  void collect(Version bound) {
    std::string cursor;
    bool done = false;
    for (int calls = 0; !done; ++calls) {
      ASSERT_LT(calls, 1000);
      const auto batch = rig_->engine().new_batch();
      const auto more = history_->collect_below(bound, 5, cursor, *batch);
      ASSERT_TRUE(more.has_value());
      ASSERT_TRUE(rig_->engine().write(*batch).has_value());
      done = *more;
    }
  }

  base::Prng prng_{9};
  std::unique_ptr<EngineRig> rig_ = make_rig(GetParam());
  std::unique_ptr<History> history_;
  HistoryModel model_;
  std::vector<Change> log_;
  Version last_;
};

TEST_P(VersionedHistory, ReadsAndChangesAgreeWithTheModel) {
  write_versions(150);
  expect_reads(Version::min());
  // In one go, and in pieces from any position.
  const auto all = history_->changes_since({}, 10'000);
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(*all, log_);
  std::vector<Change> pieces;
  History::Position from;
  while (true) {
    const auto some = history_->changes_since(from, 1 + prng_.below(3));
    ASSERT_TRUE(some.has_value());
    if (some->empty()) {
      break;
    }
    pieces.insert(pieces.end(), some->begin(), some->end());
    from = {.version = pieces.back().version, .user_key = pieces.back().user_key};
  }
  EXPECT_EQ(pieces, log_);
  const auto after = history_->changes_since({.version = log_[40].version, .user_key = {}}, 1);
  ASSERT_TRUE(after.has_value());
  EXPECT_GT(after->front().version, log_[40].version);
  EXPECT_TRUE(history_->changes_since({.version = Version::max(), .user_key = {}}, 1)->empty());
}

TEST_P(VersionedHistory, CollectionKeepsWhatCanBeReadAndDropsTheRest) {
  write_versions(120);
  const Version bound = {.high = last_.high / 2, .low = 0};
  const auto rows_before = rig_->contents()[static_cast<std::size_t>(port::Family::history)].size();
  collect(bound);
  EXPECT_EQ(history_->collected(), bound);
  expect_reads(bound);
  write_versions(20);
  expect_reads(bound);
  std::string raw;
  versioned::Record record;
  const Version below = {.high = bound.high - 1, .low = 0};
  EXPECT_EQ(history_->read_at("a", below, raw, record).error().code,
            base::ErrorCode::snapshot_required);
  EXPECT_EQ(history_->changes_since({.version = below, .user_key = {}}, 1).error().code,
            base::ErrorCode::snapshot_required);
  std::vector<Change> expected;
  for (const Change& change : log_) {
    if (change.version > bound) {
      expected.push_back(change);
    }
  }
  EXPECT_EQ(history_->changes_since({.version = bound, .user_key = {}}, 10'000), expected);

  // Everything: one row, its index and the bound stay for each key that exists.
  collect(last_);
  std::size_t present = 0;
  for (const auto& [key, versions] : model_) {
    present += model_read(model_, key, last_).has_value() ? 1U : 0U;
  }
  const auto rows_after = rig_->contents()[static_cast<std::size_t>(port::Family::history)].size();
  EXPECT_EQ(rows_after, 2 * present + 1);
  EXPECT_LT(rows_after, rows_before);
  expect_reads(last_);
}

TEST_P(VersionedHistory, KeyspacesAndGenerationsDoNotMix) {
  write_versions(20);
  History other(rig_->engine(), {.keyspace = model::KeyspaceId(7), .generation = 4}, 5);
  History stream(rig_->engine(), kPrefix, 6);
  EXPECT_TRUE(other.changes_since({}, 10)->empty());
  EXPECT_TRUE(stream.changes_since({}, 10)->empty());
  std::string raw;
  versioned::Record record;
  EXPECT_FALSE(*other.read_at("a", last_, raw, record));
}

TEST_P(VersionedHistory, TerminatedBytesKeepTheirOrder) {
  for (int i = 0; i < 5'000; ++i) {
    const std::string a = random_key();
    const std::string b = random_key();
    std::string left;
    std::string right;
    versioned::append_terminated(left, a);
    versioned::append_terminated(right, b);
    ASSERT_EQ(left <=> right, a <=> b);
    ASSERT_TRUE(a == b || !left.starts_with(right));
    left += "rest";
    base::ByteView in = left;
    std::string out;
    ASSERT_TRUE(versioned::take_terminated(in, out));
    ASSERT_EQ(out, a);
    ASSERT_EQ(in, "rest");
  }
  std::string out;
  for (const base::ByteView bad : {base::ByteView("abc"), base::ByteView("a\0", 2),
                                   base::ByteView("a\0\x02", 3), base::ByteView()}) {
    base::ByteView in = bad;
    EXPECT_FALSE(versioned::take_terminated(in, out));
  }
}

INSTANTIATE_TEST_SUITE_P(All, VersionedHistory,
                         testing::Values(EngineKind::memory, EngineKind::rocksdb),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace ostraka::engine_test
