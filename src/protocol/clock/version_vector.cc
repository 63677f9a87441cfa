#include "protocol/clock/version_vector.h"

#include <algorithm>
#include <array>

namespace ostraka::protocol::clock {

std::string_view name_of(Causality relation) {
  constexpr std::array<std::string_view, 4> kNames{"equal", "before", "after", "concurrent"};
  return kNames.at(static_cast<std::size_t>(relation));
}

std::uint64_t VersionVector::operator[](ActorId actor) const {
  const auto it = counts_.find(actor);
  return it == counts_.end() ? 0 : it->second;
}

void VersionVector::set(ActorId actor, std::uint64_t count) {
  if (count == 0) {
    counts_.erase(actor);
  } else {
    counts_[actor] = count;
  }
}

Dot VersionVector::advance(ActorId actor) { return {.actor = actor, .counter = ++counts_[actor]}; }

void VersionVector::merge(const VersionVector& other) {
  for (const auto& [actor, count] : other.counts_) {
    std::uint64_t& mine = counts_[actor];
    mine = std::max(mine, count);
  }
}

bool VersionVector::knows_all_of(const VersionVector& other) const {
  return std::ranges::all_of(
      other.counts_, [this](const auto& entry) { return (*this)[entry.first] >= entry.second; });
}

Causality VersionVector::compare(const VersionVector& other) const {
  const bool has_theirs = knows_all_of(other);
  const bool has_mine = other.knows_all_of(*this);
  if (has_theirs && has_mine) {
    return Causality::equal;
  }
  return has_mine ? Causality::before : has_theirs ? Causality::after : Causality::concurrent;
}

Causality DottedVersion::compare(const DottedVersion& other) const {
  if (dot == other.dot) {
    return Causality::equal;
  }
  if (is_obsoleted_by(other)) {
    return Causality::before;
  }
  return other.is_obsoleted_by(*this) ? Causality::after : Causality::concurrent;
}

void DottedVersion::add_to(VersionVector& context) const {
  context.merge(past);
  context.set(dot.actor, std::max(context[dot.actor], dot.counter));
}

}  // namespace ostraka::protocol::clock
