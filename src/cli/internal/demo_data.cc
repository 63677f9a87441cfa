#include "cli/internal/demo_data.h"

#include "base/hash.h"
#include "base/prng.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace ostraka::cli {

namespace {

constexpr std::array<std::string_view, 32> kFirst{
    "Aspasia",  "Bion",    "Chloe",   "Demos",  "Eirene",  "Phaedra",  "Galen",   "Helen",
    "Iason",    "Kleon",   "Lais",    "Melina", "Nikias",  "Olympia",  "Pindar",  "Rhea",
    "Solon",    "Thaleia", "Xanthe",  "Zeno",   "Ariston", "Berenike", "Damon",   "Electra",
    "Hipparch", "Ione",    "Kallias", "Leda",   "Myron",   "Nestor",   "Orestes", "Philo"};
constexpr std::array<std::string_view, 24> kLast{
    "Agathon", "Barkas",  "Chares",    "Diodoros", "Euthymios", "Fotis",     "Glaukos", "Hermias",
    "Ioannou", "Kimon",   "Lykourgos", "Makris",   "Nikolaou",  "Oikonomou", "Pappas",  "Rallis",
    "Stratos", "Timaios", "Vasos",     "Xenakis",  "Ypsilanti", "Zervas",    "Lambros", "Galanis"};
constexpr std::array<std::string_view, 20> kCity{
    "Athens",  "Thebes", "Corinth",  "Sparta",    "Argos",    "Delphi",   "Miletus",
    "Ephesus", "Rhodes", "Syracuse", "Byzantion", "Cyrene",   "Massalia", "Samos",
    "Chios",   "Naxos",  "Eretria",  "Megara",    "Olynthos", "Knossos"};

}  // namespace

std::string demo_key(std::uint32_t number) { return fmt::format("customer:{:06}", number); }

std::string demo_value(std::uint32_t number) {
  base::Prng prng(0x6f737472616b6100ULL + number);
  const std::string_view first = kFirst[prng.below(kFirst.size())];
  const std::string_view last = kLast[prng.below(kLast.size())];
  std::string body =
      fmt::format(R"("id":{},"name":"{} {}","email":"{}.{}{}@example.org","city":"{}",)"
                  R"("street":"{} Stoa {}","balance_cents":{},"note":")",
                  number, first, last, first, last, number, kCity[prng.below(kCity.size())],
                  kCity[prng.below(kCity.size())], 1 + prng.below(199), prng.below(10'000'000));
  for (std::uint64_t words = 2 + prng.below(10); words > 0; --words) {
    body += fmt::format("{:x} ", prng.below(1U << 20));
  }
  body += '"';
  return fmt::format(R"({{{},"checksum":"{:016x}"}})", body, base::hash64(body));
}

}  // namespace ostraka::cli
