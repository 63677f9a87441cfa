// The choice of what goes into a message, and what the page promises to whoever compares.
#include "lab/protocols/all.h"
#include "lab/protocols/reconciliation/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ostraka::lab {
namespace {

using namespace reconciliation_detail;

std::string text_of(const std::vector<Delta>& deltas) {
  std::string text;
  for (const Delta& each : deltas) {
    text += std::to_string(each.owner) + "@" + std::to_string(each.version) + " ";
  }
  return text;
}

// Owner 1 has changed k1 to k4, owner 2 k1 and k2.
std::vector<Delta> news() {
  Store store(2, 4);
  for (std::int64_t key = 1; key <= 4; ++key) {
    store.update(1, key, key);
  }
  store.update(2, 1, 5);
  store.update(2, 2, 6);
  return store.newer_than({{.owner = 1}, {.owner = 2}});
}

std::string chosen(Method method, std::size_t count) {
  base::Prng prng(1);
  return text_of(choose(method, news(), count, prng));
}

TEST(Reconciliation, ChoosesByItsMethod) {
  EXPECT_EQ(chosen(Method::precise_oldest, 3), "1@1 1@2 1@3 ");
  EXPECT_EQ(chosen(Method::precise_newest, 3), "2@2 2@1 1@4 ");
  EXPECT_EQ(chosen(Method::scuttle_depth, 5), "1@1 1@2 1@3 1@4 2@1 ");
  EXPECT_EQ(chosen(Method::scuttle_gaps, 2), "2@2 2@1 ");
}

// Who goes first is drawn; each owner's own order never is.
TEST(Reconciliation, BreadthTakesOneOfEachOwnerInTurn) {
  bool is_first[2] = {false, false};
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    base::Prng prng(seed);
    const std::string text = text_of(choose(Method::scuttle_breadth, news(), 4, prng));
    EXPECT_TRUE(text == "1@1 2@1 1@2 2@2 " || text == "2@1 1@1 2@2 1@2 ") << text;
    is_first[text.starts_with("1") ? 0 : 1] = true;
  }
  EXPECT_TRUE(is_first[0] && is_first[1]);
}

TEST(Reconciliation, ADigestTellsWhatIsMissing) {
  Store store(3, 2);
  store.update(1, 1, 0);
  store.update(1, 2, 0);
  store.update(1, 1, 0);
  Store other(3, 2);
  const auto highest = other.digest(Method::scuttle_breadth, 1, 1000);
  EXPECT_EQ(highest.size(), 3U);
  EXPECT_EQ(text_of(store.newer_than(highest)), "1@3 1@2 ");
  EXPECT_TRUE(other.lacks(store.digest(Method::scuttle_breadth, 1, 1000)));
  EXPECT_FALSE(store.lacks(highest));
  for (const Delta& each : store.newer_than(highest)) {
    EXPECT_TRUE(other.take(each));
    EXPECT_FALSE(other.take(each));
  }
  EXPECT_FALSE(other.lacks(store.digest(Method::precise_oldest, 1, 1000)));
}

TEST(Reconciliation, ADigestKeepsToItsBytesAndBeginsAnywhere) {
  const Store store(5, 4);
  const auto digest = store.digest(Method::precise_oldest, 4, 170);
  EXPECT_EQ(digest.size(), 12U);  // three owners
  EXPECT_EQ(digest.front().owner, 4);
  EXPECT_EQ(digest.back().owner, 1);
  EXPECT_LE(digest_bytes(Method::precise_oldest, digest.size()), 170);
}

// docs/lab/reconciliation.md: with many entries the precise digest costs more than the news.
TEST(Reconciliation, ScuttlebuttNeedsFewerBytesWhereThereAreManyEntries) {
  const auto record = all_protocols().run({.protocol = "reconciliation",
                                           .scenario = "scuttlebutt",
                                           .seed = 1,
                                           .set = {{"keys", "16"}, {"mtu", "2000"}},
                                           .interventions = {}});
  ASSERT_TRUE(record.has_value());
  const Plot& bytes = *std::ranges::find(record->plots, "bytes", &Plot::name);
  const auto sum = [&](std::string_view name) {
    const auto series = std::ranges::find(bytes.series, name, &Plot::Series::name);
    double total = 0;
    for (const auto& [round, value] : series->points) {
      total += value;
    }
    return total;
  };
  EXPECT_LT(2 * sum("Scuttlebutt, breadth"), sum("precise, oldest first"));
}

}  // namespace
}  // namespace ostraka::lab
