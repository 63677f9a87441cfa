#include "bench/internal/key_chooser.h"

#include "base/assert.h"

#include <cmath>

namespace ostraka::bench::internal {
namespace {

constexpr double kTheta = 0.99;

double zeta(std::uint64_t n) {
  // Exact for the first million, an integral for the rest.
  double sum = 0;
  const std::uint64_t exact = n < 1'000'000 ? n : 1'000'000;
  for (std::uint64_t i = 1; i <= exact; ++i) {
    sum += 1.0 / std::pow(static_cast<double>(i), kTheta);
  }
  if (n > exact) {
    sum += (std::pow(static_cast<double>(n), 1 - kTheta) -
            std::pow(static_cast<double>(exact), 1 - kTheta)) /
           (1 - kTheta);
  }
  return sum;
}

}  // namespace

KeyChooser::KeyChooser(Distribution distribution, std::uint64_t keys, std::uint64_t seed)
    : distribution_(distribution), keys_(keys), prng_(seed) {
  OSTRAKA_ASSERT(keys > 0, "a load needs a key");
  if (distribution == Distribution::zipfian) {
    zeta_ = zeta(keys);
    alpha_ = 1.0 / (1.0 - kTheta);
    const double zeta2 = zeta(keys < 2 ? keys : 2);
    eta_ = (1.0 - std::pow(2.0 / static_cast<double>(keys), 1.0 - kTheta)) / (1.0 - zeta2 / zeta_);
  }
}

std::uint64_t KeyChooser::next() {
  switch (distribution_) {
    case Distribution::uniform:
      return prng_.below(keys_);
    case Distribution::sequential:
      return sequence_++ % keys_;
    case Distribution::zipfian:
      return zipfian();
  }
  OSTRAKA_UNREACHABLE("a distribution outside the enumeration");
}

std::uint64_t KeyChooser::zipfian() {
  const double u = prng_.unit();
  const double uz = u * zeta_;
  std::uint64_t rank = 0;
  if (uz >= 1.0 && uz < 1.0 + std::pow(0.5, kTheta)) {
    rank = 1;
  } else if (uz >= 1.0) {
    rank = static_cast<std::uint64_t>(static_cast<double>(keys_) *
                                      std::pow(eta_ * u - eta_ + 1.0, alpha_));
  }
  // Scattered, so that hot keys are not neighbours.
  base::Prng scatter(rank < keys_ ? rank : keys_ - 1);
  return scatter.next() % keys_;
}

void format_key(std::uint64_t number, char (&out)[16]) {
  out[0] = 'k';
  for (std::size_t i = 15; i >= 1; --i) {
    out[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

}  // namespace ostraka::bench::internal
