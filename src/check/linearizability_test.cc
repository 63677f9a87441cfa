#include "check/linearizability.h"

#include "base/prng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace ostraka::check {
namespace {

using History = std::vector<Operation>;

Operation write(ValueId value, std::int64_t call, std::int64_t done) {
  return {.function = Function::write,
          .key = "k",
          .argument = value,
          .call_time = call,
          .return_time = done};
}
Operation read(ValueId value, std::int64_t call, std::int64_t done) {
  return {.function = Function::read,
          .key = "k",
          .observed = value,
          .call_time = call,
          .return_time = done};
}
Operation cas(ValueId expected, ValueId value, bool swapped, std::int64_t call, std::int64_t done) {
  return {.function = Function::compare_and_set,
          .key = "k",
          .argument = value,
          .expected = expected,
          .swapped = swapped,
          .call_time = call,
          .return_time = done};
}
Operation unknown(Operation operation) {
  operation.unknown = true;
  return operation;
}
Operation add(std::int64_t amount, std::int64_t call, std::int64_t done) {
  return {.function = Function::add,
          .key = "k",
          .amount = amount,
          .call_time = call,
          .return_time = done};
}
Operation total(std::int64_t amount, std::int64_t call, std::int64_t done) {
  return {.function = Function::read,
          .key = "k",
          .amount = amount,
          .call_time = call,
          .return_time = done};
}

Verdict judge(const History& history, Model model = Model::value) {
  return check_linearizable(model, history, {.minimize = false}).verdict;
}

TEST(Linearizability, KnownGoodHistories) {
  EXPECT_EQ(judge({}), Verdict::valid);
  EXPECT_EQ(judge({read(kAbsent, 0, 1)}), Verdict::valid);
  EXPECT_EQ(judge({write(1, 0, 1), read(1, 2, 3)}), Verdict::valid);
  // Concurrent with the write, a read may see either.
  EXPECT_EQ(judge({write(1, 0, 10), read(kAbsent, 1, 2), read(1, 3, 4)}), Verdict::valid);
  EXPECT_EQ(judge({write(1, 0, 1), cas(1, 2, true, 2, 3), cas(1, 3, false, 4, 5), read(2, 6, 7)}),
            Verdict::valid);
}

TEST(Linearizability, KnownBadHistories) {
  EXPECT_EQ(judge({write(1, 0, 1), read(kAbsent, 2, 3)}), Verdict::invalid);  // stale read
  EXPECT_EQ(judge({write(1, 0, 10), read(1, 1, 2), read(kAbsent, 3, 4)}), Verdict::invalid);
  // lost update
  EXPECT_EQ(judge({write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)}), Verdict::invalid);
  // out of thin air
  EXPECT_EQ(judge({read(7, 0, 1)}), Verdict::invalid);
  EXPECT_EQ(judge({cas(kAbsent, 1, true, 0, 1), cas(kAbsent, 2, true, 2, 3)}), Verdict::invalid);
}

TEST(Linearizability, AnUnknownWriteMayHappenLateOrNever) {
  const Operation lost = unknown(write(1, 0, 0));
  EXPECT_EQ(judge({lost, read(kAbsent, 5, 6)}), Verdict::valid);
  EXPECT_EQ(judge({lost, read(kAbsent, 5, 6), read(1, 7, 8)}), Verdict::valid);
  EXPECT_EQ(judge({lost, read(1, 5, 6), read(kAbsent, 7, 8)}), Verdict::invalid);
  EXPECT_EQ(judge({unknown(write(1, 9, 0)), read(1, 5, 6)}), Verdict::invalid);  // before its call
}

TEST(Linearizability, CountersAddUpWithUnknownAdds) {
  EXPECT_EQ(judge({add(1, 0, 1), add(2, 0, 1), total(3, 2, 3)}, Model::counter), Verdict::valid);
  EXPECT_EQ(judge({add(1, 0, 1), total(0, 2, 3)}, Model::counter), Verdict::invalid);
  History history{add(5, 0, 1)};
  for (int i = 0; i < 30; ++i) {
    history.push_back(unknown(add(1, 2, 0)));
  }
  history.push_back(total(20, 10, 11));
  EXPECT_EQ(judge(history, Model::counter), Verdict::valid);
  history.push_back(total(36, 12, 13));
  EXPECT_EQ(judge(history, Model::counter), Verdict::invalid);
}

TEST(Linearizability, AViolationIsShownByASmallWindow) {
  History history;
  for (std::int64_t i = 0; i < 200; ++i) {
    history.push_back(write(static_cast<ValueId>(i + 1), i * 10, i * 10 + 5));
    history.push_back(read(static_cast<ValueId>(i + 1), i * 10 + 6, i * 10 + 8));
  }
  history[301] = read(140, 1506, 1508);
  const Report report = check_linearizable(Model::value, history);
  EXPECT_EQ(report.verdict, Verdict::invalid);
  EXPECT_LE(report.window.size(), 3U);
  EXPECT_TRUE(std::ranges::any_of(report.window, [](const Operation& operation) {
    return operation.function == Function::read && operation.observed == 140;
  }));
}

TEST(Linearizability, ABudgetThatRunsOutIsNotAPass) {
  History history;
  for (int i = 0; i < 10; ++i) {
    history.push_back(write(static_cast<ValueId>(i + 1), 0, 100));
  }
  history.push_back(read(99, 101, 102));
  EXPECT_EQ(check_linearizable(Model::value, history, {.steps_max = 50}).verdict,
            Verdict::undecided);
}

// Tries every order: the definition itself.
bool explained_by_some_order(const History& history) {
  std::vector<std::size_t> order(history.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  do {
    ValueId state = kAbsent;
    bool good = true;
    for (std::size_t i = 0; i < order.size() && good; ++i) {
      const Operation& operation = history[order[i]];
      for (std::size_t later = i + 1; later < order.size(); ++later) {
        good = good && history[order[later]].return_time >= operation.call_time;
      }
      if (operation.function == Function::write) {
        state = operation.argument;
      } else if (operation.function == Function::read) {
        good = good && state == operation.observed;
      } else {
        good = good && (state == operation.expected) == operation.swapped;
        state = operation.swapped ? operation.argument : state;
      }
    }
    if (good) {
      return true;
    }
  } while (std::ranges::next_permutation(order).found);
  return false;
}

TEST(Linearizability, AgreesWithTheDefinitionOnSmallRandomHistories) {
  base::Prng prng(20);
  int invalid = 0;
  for (int round = 0; round < 3000; ++round) {
    History history;
    const std::uint64_t count = 1 + prng.below(6);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::int64_t call = prng.between(0, 20);
      const std::int64_t done = call + prng.between(1, 10);
      const auto value = static_cast<ValueId>(prng.below(3));
      switch (prng.below(3)) {
        case 0:
          history.push_back(write(value, call, done));
          break;
        case 1:
          history.push_back(read(value, call, done));
          break;
        default:
          history.push_back(
              cas(value, static_cast<ValueId>(prng.below(3)), prng.chance(1, 2), call, done));
      }
    }
    const bool expected = explained_by_some_order(history);
    invalid += expected ? 0 : 1;
    ASSERT_EQ(judge(history), expected ? Verdict::valid : Verdict::invalid) << "round " << round;
  }
  EXPECT_GT(invalid, 300);
}

// A register that really is atomic: each operation takes effect at a point between its call and its
// return.
History atomic_history(std::uint64_t seed, int clients, int operations) {
  struct Pending {
    std::int64_t point;
    std::size_t index;
  };
  base::Prng prng(seed);
  History history;
  std::vector<Pending> pending;
  std::vector<std::int64_t> free_at(static_cast<std::size_t>(clients), 0);
  for (int i = 0; i < operations; ++i) {
    const std::size_t client = static_cast<std::size_t>(i % clients);
    const std::int64_t call = free_at[client] + prng.between(0, 20);
    const std::int64_t point = call + prng.between(0, 200);
    const std::int64_t done = point + prng.between(1, 200);
    free_at[client] = done + 1;
    Operation operation = prng.chance(1, 2) ? write(static_cast<ValueId>(i + 1), call, done)
                                            : read(kAbsent, call, done);
    operation.process = client;
    pending.push_back({point, history.size()});
    history.push_back(operation);
  }
  std::ranges::sort(pending, {}, [](const Pending& p) { return std::pair(p.point, p.index); });
  ValueId state = kAbsent;
  for (const Pending& next : pending) {
    Operation& operation = history[next.index];
    if (operation.function == Function::write) {
      state = operation.argument;
    } else {
      operation.observed = state;
    }
    if (prng.chance(1, 50)) {
      operation.unknown = true;
    }
  }
  return history;
}

TEST(Linearizability, TenThousandOperationsOfTwentyClientsOnOneKey) {
  const History history = atomic_history(3, 20, 10'000);
  const Report report = check_linearizable(Model::value, history);
  EXPECT_EQ(report.verdict, Verdict::valid);
  EXPECT_LT(report.steps, 20'000'000U);
}

TEST(Linearizability, AStaleReadInALongHistoryIsFound) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    History history = atomic_history(seed, 10, 1000);
    std::vector<std::size_t> reads;
    for (std::size_t i = 500; i < history.size(); ++i) {
      if (history[i].function == Function::read && !history[i].unknown) {
        reads.push_back(i);
      }
    }
    base::Prng prng(seed);
    Operation& victim = history[reads[prng.below(reads.size())]];
    victim.observed = history[0].function == Function::write ? history[0].argument : kAbsent;
    found += judge(history) == Verdict::invalid ? 1 : 0;
  }
  EXPECT_EQ(found, 20);
}

}  // namespace
}  // namespace ostraka::check
