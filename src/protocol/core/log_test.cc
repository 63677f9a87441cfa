// The log of term runs against a plain model of it.
#include "protocol/core/log.h"

#include "base/prng.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace ostraka::protocol
