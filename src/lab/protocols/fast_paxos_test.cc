// The rule by which a round of Fast Paxos picks its value, by table; and its safety in bad weather,
// whatever follows a collision.
#include "lab/protocols/fast_paxos/fast_paxos.h"

#include "base/prng.h"
#include "lab/core/catalogue.h"
#include "lab/protocols/fast_paxos/rounds.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::lab::fast {
namespace {

Cast cast_of(const char* acceptors, const char* f, const char* e) {
  Parameters parameters(fast_paxos().parameters);
  for (const auto& [name, value] : std::array<std::pair<const char*, const char*>, 3>{
           {{"acceptors", acceptors}, {"f", f}, {"e", e}}}) {
    EXPECT_TRUE(parameters.set(name, value).has_value());
  }
  return Cast(parameters);
}

Votes heard(const Cast& cast, const std::vector<Vote>& all) {
  Votes votes;
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    votes[cast.acceptor(i)] = all[i];
  }
  return votes;
}

const Vote kNone;
const Vote kBlue{1, "blue"};
const Vote kRed{1, "red"};
const Vote kGreen{1, "green"};

struct Rule {
  const char* name;
  std::vector<Vote> votes;  // of a quorum of acceptors
  std::optional<std::string> picked;
};

void PrintTo(const Rule& rule, std::ostream* out) { *out << rule.name; }

class Picking : public testing::TestWithParam<Rule> {};

TEST_P(Picking, FollowsTheRule) {
  EXPECT_EQ(pick(heard(cast_of("4", "1", "1"), GetParam().votes)), GetParam().picked);
}

INSTANTIATE_TEST_SUITE_P(
    FastPaxos, Picking,
    testing::Values(Rule{"nobody_voted", {kNone, kNone, kNone}, std::nullopt},
                    Rule{"one_vote_binds", {kNone, kRed, kNone}, "red"},
                    Rule{"unanimous", {kBlue, kBlue, kBlue}, "blue"},
                    Rule{"two_of_three", {kBlue, kRed, kRed}, "red"},
                    Rule{"half_and_half", {kRed, kBlue, kRed, kBlue}, "blue"},
                    Rule{"all_different", {kRed, kGreen, kBlue}, "blue"},
                    Rule{"later_round_wins", {kBlue, kBlue, {4, "red"}}, "red"}),
    [](const auto& info) { return std::string(info.param.name); });

struct Race {
  const char* name;
  Cast cast;
  std::vector<Vote> votes;  // so far
  bool is_collision;
};

void PrintTo(const Race& race, std::ostream* out) { *out << race.name; }

class Colliding : public testing::TestWithParam<Race> {};

TEST_P(Colliding, IsSeenWhenNoValueCanWin) {
  EXPECT_EQ(is_collision(heard(GetParam().cast, GetParam().votes), GetParam().cast),
            GetParam().is_collision);
}

INSTANTIATE_TEST_SUITE_P(
    FastPaxos, Colliding,
    testing::Values(
        Race{"one_each", cast_of("4", "1", "1"), {kBlue, kRed}, false},
        Race{"two_to_one", cast_of("4", "1", "1"), {kBlue, kRed, kRed}, false},
        Race{"two_to_two", cast_of("4", "1", "1"), {kBlue, kRed, kRed, kBlue}, true},
        Race{"one_of_each", cast_of("4", "1", "1"), {kBlue, kRed, kGreen}, true},
        Race{"five_two_to_one", cast_of("5", "2", "1"), {kBlue, kRed, kRed}, false},
        Race{"five_two_to_two", cast_of("5", "2", "1"), {kBlue, kRed, kRed, kBlue}, true},
        Race{"three_are_enough", cast_of("5", "2", "2"), {kBlue, kRed, kRed, kBlue}, false},
        Race{"all_are_needed", cast_of("4", "1", "0"), {kBlue, kRed}, true}),
    [](const auto& info) { return std::string(info.param.name); });

// For every split of a classic quorum between two values: where n > 2e + f at most one of them may
// be chosen, and that one is picked; elsewhere some split leaves both.
TEST(FastQuorums, TellTwoValuesApartJustWhereTheyAreLargeEnough) {
  for (std::uint32_t n = 1; n <= 9; ++n) {
    for (std::uint32_t f = 0; 2 * f < n && f <= 4; ++f) {
      for (std::uint32_t e = 0; e <= f; ++e) {
        const Cast cast = cast_of(std::to_string(n).c_str(), std::to_string(f).c_str(),
                                  std::to_string(e).c_str());
        bool is_told_apart = true;
        for (std::uint32_t blue = 0; blue <= n - f; ++blue) {
          std::vector<Vote> votes(n - f, kRed);
          std::fill_n(votes.begin(), blue, kBlue);
          const Votes quorum = heard(cast, votes);
          const bool blue_may = blue > 0 && may_be_chosen(blue, quorum, cast);
          const bool red_may = blue < n - f && may_be_chosen(n - f - blue, quorum, cast);
          is_told_apart = is_told_apart && !(blue_may && red_may);
          if (blue_may != red_may) {
            EXPECT_EQ(pick(quorum), blue_may ? "blue" : "red") << n << " " << f << " " << e;
          }
        }
        EXPECT_EQ(is_told_apart, n > 2 * e + f) << n << " " << f << " " << e;
      }
    }
  }
}

TEST(FastPaxos, RefusesQuorumsOfNobody) {
  const auto record = run(fast_paxos(), {.protocol = "fast_paxos", .set = {{"f", "4"}}});
  ASSERT_FALSE(record.has_value());
  EXPECT_EQ(
      record.error().context,
      "f is 4, but with 4 acceptors it must be from 0 to 3: a quorum is the acceptors without "
      "so many");
}

// Message delays from the first value to the last who learns it.
std::int64_t delays(const std::string& scenario) {
  const auto record = run(fast_paxos(), {.protocol = "fast_paxos", .scenario = scenario});
  EXPECT_TRUE(record.has_value());
  std::int64_t last = 0;
  for (const RecordEvent* event : outputs_of(*record, "learned")) {
    last = std::max(last, (event->at - base::Instant()).as_microseconds() / 1000);
  }
  return (last - 100) / 10;
}

TEST(FastPaxos, TakesAsManyMessageDelaysAsThePaperSays) {
  EXPECT_EQ(delays("fast_round"), 2);
  EXPECT_EQ(delays("collision_uncoordinated"), 3);
  EXPECT_EQ(delays("collision"), 4);
  EXPECT_EQ(delays("collision_start_over"), 6);
}

class BadWeather : public testing::TestWithParam<const char*> {};

std::vector<std::string> storm(base::Prng& prng) {
  constexpr std::array<const char*, 9> kNames{"p1", "p2", "c1", "c2", "a1", "a2", "a3", "a4", "a5"};
  std::vector<std::string> all;
  for (int i = 0; i < 4; ++i) {
    const char* const name = kNames.at(prng.below(kNames.size()));
    const std::int64_t at = prng.between(0, 400);
    all.push_back(fmt::format("crash {} at {}ms", name, at));
    all.push_back(fmt::format("restart {} at {}ms", name, at + prng.between(1, 500)));
  }
  const std::int64_t at = prng.between(0, 400);
  all.push_back(fmt::format("partition p1,c1,a1,a{}|p2,c2 at {}ms until {}ms", prng.between(2, 5),
                            at, at + prng.between(1, 800)));
  return all;
}

TEST_P(BadWeather, ChoosesOneValueAndEveryoneLearnsIt) {
  constexpr std::array<const char*, 2> kDisks{"0", "7"};
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    base::Prng prng(seed);
    const auto record = run(fast_paxos(), {.protocol = "fast_paxos",
                                           .scenario = "lossy",
                                           .seed = seed,
                                           .set = {{"acceptors", "5"},
                                                   {"f", "2"},
                                                   {"coordinators", "2"},
                                                   {"recovery", GetParam()},
                                                   {"disk", kDisks.at(seed % 2)},
                                                   {"time_limit", "100000"}},
                                           .interventions = storm(prng)});
    ASSERT_TRUE(record.has_value()) << record.error().context;
    for (const Judgement& each : record->properties) {
      ASSERT_EQ(name_of(each.verdict), name_of(Verdict::held))
          << each.name << ": " << each.sentence << "\n"
          << command_of(*record);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(FastPaxos, BadWeather,
                         testing::Values("start_over", "coordinated", "uncoordinated"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace ostraka::lab::fast
