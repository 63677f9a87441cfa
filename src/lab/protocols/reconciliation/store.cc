#include "lab/protocols/reconciliation/store.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace ostraka::lab::reconciliation_detail {
namespace {

constexpr std::int64_t kOwnerBytes = 4;
constexpr std::int64_t kKeyBytes = 4;
constexpr std::int64_t kVersionBytes = 4;

// By rising rank; equals stay as they are.
template <typename Item, typename Rank>
std::vector<Item> ordered(const std::vector<Item>& items, Rank rank) {
  std::vector<std::pair<std::int64_t, std::size_t>> places;
  places.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    places.emplace_back(rank(items[i]), i);
  }
  std::ranges::sort(places);
  std::vector<Item> order;
  order.reserve(items.size());
  for (const auto& [its_rank, place] : places) {
    order.push_back(items[place]);
  }
  return order;
}

// Of each owner what is older first: no version of it is told before all below. Owners in the order
// in which they are met.
std::vector<std::vector<Delta>> by_owner(const std::vector<Delta>& deltas) {
  std::vector<std::vector<Delta>> lists;
  for (const Delta& each : deltas) {
    auto list = std::ranges::find(lists, each.owner,
                                  [](const std::vector<Delta>& it) { return it.front().owner; });
    if (list == lists.end()) {
      list = lists.insert(list, std::vector<Delta>());
    }
    list->push_back(each);
  }
  for (std::vector<Delta>& list : lists) {
    std::ranges::sort(list, {}, &Delta::version);
  }
  return lists;
}

// One of each owner, then a second of each, and so on.
std::vector<Delta> breadth_first(const std::vector<Delta>& deltas) {
  std::vector<Delta> order;
  const std::vector<std::vector<Delta>> lists = by_owner(deltas);
  for (std::size_t rank = 0; order.size() < deltas.size(); ++rank) {
    for (const std::vector<Delta>& list : lists) {
      if (rank < list.size()) {
        order.push_back(list[rank]);
      }
    }
  }
  return order;
}

// All of the owner with the most to tell, then all of the next.
std::vector<Delta> depth_first(const std::vector<Delta>& deltas) {
  const auto lists = ordered(by_owner(deltas), [](const std::vector<Delta>& list) {
    return -static_cast<std::int64_t>(list.size());
  });
  std::vector<Delta> order;
  for (const std::vector<Delta>& list : lists) {
    order.insert(order.end(), list.begin(), list.end());
  }
  return order;
}

}  // namespace

std::int64_t digest_bytes(Method method, std::size_t lines) {
  const std::int64_t line = kOwnerBytes + kVersionBytes + (is_precise(method) ? kKeyBytes : 0);
  return kHeaderBytes + line * static_cast<std::int64_t>(lines);
}

std::int64_t deltas_bytes(std::size_t deltas, std::int64_t value_bytes) {
  return kHeaderBytes + (kOwnerBytes + kKeyBytes + kVersionBytes + value_bytes) *
                            static_cast<std::int64_t>(deltas);
}

std::size_t deltas_max(std::int64_t bytes_max, std::int64_t value_bytes) {
  std::size_t count = 1;
  while (deltas_bytes(count + 1, value_bytes) <= bytes_max) {
    ++count;
  }
  return count;
}

Store::Store(std::int64_t owners, std::int64_t keys) : owners_(owners), keys_(keys) {
  for (std::int64_t owner = 1; owner <= owners; ++owner) {
    for (std::int64_t key = 1; key <= keys; ++key) {
      entries_.push_back({.owner = owner, .key = key});
    }
  }
}

Delta& Store::at(std::int64_t owner, std::int64_t key) {
  return entries_.at(static_cast<std::size_t>((owner - 1) * keys_ + key - 1));
}

const Delta& Store::at(std::int64_t owner, std::int64_t key) const {
  return entries_.at(static_cast<std::size_t>((owner - 1) * keys_ + key - 1));
}

Delta Store::update(std::int64_t owner, std::int64_t key, std::int64_t written) {
  return at(owner, key) = {
             .owner = owner, .key = key, .version = highest(owner) + 1, .written = written};
}

bool Store::take(const Delta& delta) {
  Delta& mine = at(delta.owner, delta.key);
  if (delta.version <= mine.version) {
    return false;
  }
  mine = delta;
  return true;
}

std::int64_t Store::version(std::int64_t owner, std::int64_t key) const {
  return at(owner, key).version;
}

std::int64_t Store::highest(std::int64_t owner) const {
  std::int64_t highest = 0;
  for (std::int64_t key = 1; key <= keys_; ++key) {
    highest = std::max(highest, version(owner, key));
  }
  return highest;
}

std::vector<Delta> Store::all() const {
  std::vector<Delta> known;
  std::ranges::copy_if(entries_, std::back_inserter(known),
                       [](const Delta& each) { return each.version != 0; });
  return known;
}

void Store::describe(Method method, std::int64_t owner, std::vector<Known>& lines) const {
  if (!is_precise(method)) {
    lines.push_back({.owner = owner, .key = 0, .version = highest(owner)});
    return;
  }
  for (std::int64_t key = 1; key <= keys_; ++key) {
    lines.push_back({.owner = owner, .key = key, .version = version(owner, key)});
  }
}

std::vector<Known> Store::digest(Method method, std::int64_t first, std::int64_t bytes_max) const {
  std::vector<Known> lines;
  for (std::int64_t i = 0; i < owners_; ++i) {
    std::vector<Known> more = lines;
    describe(method, (first - 1 + i) % owners_ + 1, more);
    if (i > 0 && digest_bytes(method, more.size()) > bytes_max) {
      break;
    }
    lines = std::move(more);
  }
  return lines;
}

std::vector<Known> Store::answer(Method method, const std::vector<Known>& other) const {
  std::vector<Known> lines;
  std::int64_t last = 0;  // the lines of an owner stand together
  for (const Known& each : other) {
    if (each.owner != last) {
      describe(method, each.owner, lines);
      last = each.owner;
    }
  }
  return lines;
}

std::vector<Delta> Store::newer_than(const std::vector<Known>& digest) const {
  std::vector<Delta> newer;
  for (const Known& line : digest) {
    const std::int64_t first = line.key == 0 ? 1 : line.key;
    const std::int64_t last = line.key == 0 ? keys_ : line.key;
    for (std::int64_t key = first; key <= last; ++key) {
      if (version(line.owner, key) > line.version) {
        newer.push_back(at(line.owner, key));
      }
    }
  }
  return newer;
}

bool Store::lacks(const std::vector<Known>& digest) const {
  return std::ranges::any_of(digest, [this](const Known& line) {
    return line.version > (line.key == 0 ? highest(line.owner) : version(line.owner, line.key));
  });
}

std::vector<Delta> choose(Method method, std::vector<Delta> deltas, std::size_t count,
                          base::Prng& prng) {
  if (!deltas.empty()) {
    // Whose turn it is among equals.
    const auto first = static_cast<std::ptrdiff_t>(prng.below(deltas.size()));
    std::ranges::rotate(deltas, deltas.begin() + first);
  }
  switch (method) {
    case Method::precise_oldest:
      deltas = ordered(deltas, [](const Delta& it) { return it.written; });
      break;
    case Method::precise_newest:
    case Method::scuttle_gaps:
      deltas = ordered(deltas, [](const Delta& it) { return -it.written; });
      break;
    case Method::scuttle_breadth:
      deltas = breadth_first(deltas);
      break;
    case Method::scuttle_depth:
      deltas = depth_first(deltas);
      break;
  }
  deltas.resize(std::min(count, deltas.size()));
  return deltas;
}

}  // namespace ostraka::lab::reconciliation_detail
