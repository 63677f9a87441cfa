#include "lab/core/internal/network.h"

#include "base/hash.h"
#include "base/prng.h"

#include <fmt/format.h>

#include <algorithm>

namespace ostraka::lab {

NetworkModel::NetworkModel(const Parameters& parameters, std::uint64_t seed,
                           const std::vector<Named>& named)
    : delay_min_us_(parameters["delay_min"] * 1000),
      delay_max_us_(parameters["delay_max"] * 1000),
      loss_(static_cast<std::uint64_t>(parameters["loss"])),
      duplicate_(static_cast<std::uint64_t>(parameters["duplicate"])),
      is_fifo_(parameters.is_set("fifo")),
      seed_(seed) {
  for (const auto& [place, what] : named) {
    if (const auto* drop = std::get_if<DropMessage>(&what)) {
      name(drop->message, place, what);
    } else if (const auto* delay = std::get_if<DelayMessage>(&what)) {
      name(delay->message, place, what);
    } else if (const auto* copy = std::get_if<DuplicateMessage>(&what)) {
      name(copy->message, place, what);
    }
  }
}

void NetworkModel::name(const std::string& message, std::size_t place, const Intervention& what) {
  Acts& acts = acts_[message];
  acts.all.push_back(place);
  if (std::holds_alternative<DropMessage>(what)) {
    acts.drop = place;
  } else if (const auto* delay = std::get_if<DelayMessage>(&what)) {
    acts.delay = acts.delay + delay->by;
  } else if (const auto* copy = std::get_if<DuplicateMessage>(&what)) {
    acts.copy_after = copy->after;
  }
}

std::string NetworkModel::next_id(const std::string& from, const std::string& to,
                                  const std::string& kind) {
  const std::uint64_t number = ++numbers_[{from, to, kind}];
  return fmt::format("{}.{}.{}.{}", from, to, kind, number);
}

NetworkModel::Fate NetworkModel::decide(const std::string& id, ProcessId from, ProcessId to,
                                        base::Instant now) {
  if (from == to) {
    return {.arrives = now, .lost_why = {}, .copy_after = {}, .acted = {}};
  }
  base::Prng prng(base::hash64(id, seed_));
  const auto delay = base::Duration::microseconds(prng.between(delay_min_us_, delay_max_us_));
  const bool is_lost = prng.chance(loss_, 100);
  const bool is_doubled = prng.chance(duplicate_, 100) && !id.contains('+');
  Fate fate{.arrives = now + delay, .lost_why = {}, .copy_after = {}, .acted = {}};
  if (is_doubled) {
    fate.copy_after = base::Duration();
  }
  const auto named = acts_.find(id);
  if (named != acts_.end()) {
    fate.acted = named->second.all;
    fate.arrives = fate.arrives + named->second.delay;
    if (named->second.copy_after.has_value()) {
      fate.copy_after = named->second.copy_after;
    }
  }
  if (is_cut(from, to)) {
    fate.lost_why = "partition";
  } else if (named != acts_.end() && named->second.drop.has_value()) {
    fate.lost_why = "intervention";
  } else if (is_lost && named == acts_.end()) {
    fate.lost_why = "by chance";
  }
  if (is_fifo_ && fate.lost_why.empty()) {
    base::Instant& last = last_arrival_[{from, to}];
    fate.arrives = std::max(fate.arrives, last);
    last = fate.arrives;
  }
  return fate;
}

bool NetworkModel::is_cut(ProcessId a, ProcessId b) const {
  return std::ranges::any_of(cuts_, [a, b](const auto& cut) {
    const auto group_of = [&groups = cut.second](ProcessId process) {
      return std::ranges::find_if(groups, [process](const std::vector<ProcessId>& group) {
        return std::ranges::find(group, process) != group.end();
      });
    };
    const auto at_a = group_of(a);
    const auto at_b = group_of(b);
    return at_a != cut.second.end() && at_b != cut.second.end() && at_a != at_b;
  });
}

}  // namespace ostraka::lab
