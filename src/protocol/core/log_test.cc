// The log of term runs against a plain model of it.
#include "protocol/core/log.h"

#include "base/prng.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace ostraka::protocol {
namespace {

TEST(Log, AgreesWithAPlainModel) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    base::Prng prng(seed);
    Log log(Recovered{});
    std::vector<EntryMeta> model;  // index i + 1
    std::uint64_t base = 0;
    std::uint64_t term = 1;
    for (int i = 0; i < 200; ++i) {
      const std::uint64_t dice = prng.below(10);
      if (dice < 6) {
        term += prng.below(2);
        const EntryMeta entry{model::LogIndex{model.size() + 1}, model::Term{term},
                              static_cast<EntryKind>(prng.below(3)),
                              static_cast<std::uint32_t>(prng.below(Log::kPayloadBytesMax))};
        model.push_back(entry);
        log.append(entry);
      } else if (dice < 8 && model.size() > base) {
        const std::uint64_t from = base + 1 + prng.below(model.size() - base);
        model.resize(from - 1);
        log.truncate_from(model::LogIndex{from});
      } else if (model.size() > base) {
        base += prng.below(model.size() - base + 1);
        log.compact(model::LogIndex{base});
      }
      ASSERT_EQ(log.last().value(), model.size());
      for (std::uint64_t index = base + 1; index <= model.size(); ++index) {
        ASSERT_EQ(log.meta_at(model::LogIndex{index}), model[index - 1]);
      }
      if (base > 0) {
        ASSERT_EQ(log.term_at(model::LogIndex{base}), model[base - 1].term);
      }
      const std::uint64_t at = prng.below(model.size() + 2);
      const model::Term most{prng.below(term + 2)};
      std::uint64_t expected = std::min<std::uint64_t>(at, model.size());
      while (expected > base && model[expected - 1].term > most) {
        --expected;
      }
      if (expected == base && base > 0 && at >= base && model[base - 1].term > most) {
        --expected;
      }
      ASSERT_EQ(log.last_at_most(model::LogIndex{at}, most).value(), expected) << "seed " << seed;
    }
  }
}

TEST(Log, AMessageTakesWhatItsBytesAllow) {
  const auto configuration = std::make_shared<const model::Configuration>();
  Log log(Recovered{});
  for (const std::uint32_t bytes : {10U, 10U, 0U, 30U}) {
    const bool changes = bytes == 0;
    log.append({log.last().next(), model::Term{1},
                changes ? EntryKind::configuration : EntryKind::data, bytes});
    if (changes) {
      log.add_configuration({log.last(), configuration});
    }
  }
  const auto taken = [&log](std::uint64_t first, std::uint32_t bytes_max) {
    Message message;
    const Log::Batch batch = log.copy_to(message, model::LogIndex{first}, bytes_max);
    EXPECT_EQ(batch.last, model::LogIndex{first - 1} + message.entries.size());
    return std::pair(message.entries.size(), batch.bytes);
  };
  EXPECT_EQ(taken(1, 25), std::pair(std::size_t{3}, 20U));
  EXPECT_EQ(taken(1, 20), std::pair(std::size_t{2}, 20U));
  EXPECT_EQ(taken(1, 19), std::pair(std::size_t{1}, 10U));
  EXPECT_EQ(taken(4, 1), std::pair(std::size_t{1}, 30U));  // one, however large
  EXPECT_EQ(taken(5, 100), std::pair(std::size_t{0}, 0U));
  Message message;
  log.copy_to(message, model::LogIndex{2}, 100);
  ASSERT_EQ(message.configurations.size(), 1U);
  EXPECT_EQ(message.configurations[0].index, model::LogIndex{3});
}

}  // namespace
}  // namespace ostraka::protocol
