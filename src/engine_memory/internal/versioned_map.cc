#include "engine_memory/internal/versioned_map.h"

#include "base/assert.h"

#include <algorithm>
#include <utility>

namespace ostraka::engine_memory {

const ValuePtr* VersionedMap::visible(const Cells& cells, Sequence at) {
  const auto newest = std::find_if(cells.rbegin(), cells.rend(),
                                   [at](const Cell& cell) { return cell.sequence <= at; });
  return newest == cells.rend() || newest->value == nullptr ? nullptr : &newest->value;
}

ValuePtr VersionedMap::find(port::Family family, base::ByteView key, Sequence at) const {
  const auto found = map(family).find(key);
  if (found == map(family).end()) {
    return nullptr;
  }
  const ValuePtr* value = visible(found->second, at);
  return value == nullptr ? nullptr : *value;
}

Sequence VersionedMap::retain_at(Sequence sequence) {
  OSTRAKA_ASSERT(sequence == sequence_ || retained_.contains(sequence),
                 "what a released snapshot saw may be gone");
  retained_.insert(sequence);
  return sequence;
}

void VersionedMap::release(Sequence sequence) {
  const auto found = retained_.find(sequence);
  OSTRAKA_ASSERT(found != retained_.end(), "released a snapshot twice");
  retained_.erase(found);
}

bool VersionedMap::drop_unseen(Cells& cells) const {
  const Sequence oldest = retained_.empty() ? sequence_ : *retained_.begin();
  // The newest cell at or before the oldest snapshot is the first that anyone can see.
  const auto newest = std::find_if(cells.rbegin(), cells.rend(),
                                   [oldest](const Cell& cell) { return cell.sequence <= oldest; });
  if (newest == cells.rend()) {
    return cells.empty();
  }
  auto first_kept = newest.base() - 1;
  if (first_kept->value == nullptr) {
    ++first_kept;  // a removal with nothing behind it says nothing
  }
  cells.erase(cells.begin(), first_kept);
  return cells.empty();
}

void VersionedMap::put(Map& map, base::ByteView key, ValuePtr value) {
  auto at = map.lower_bound(key);
  if (at == map.end() || at->first != key) {
    if (value == nullptr) {
      return;
    }
    at = map.emplace_hint(at, std::string(key), Cells{});
  }
  Cells& cells = at->second;
  if (!cells.empty() && cells.back().sequence == sequence_) {
    cells.back().value = std::move(value);
  } else {
    cells.push_back({.sequence = sequence_, .value = std::move(value)});
  }
  if (drop_unseen(cells)) {
    map.erase(at);
  }
}

void VersionedMap::remove_range(Map& map, base::ByteView lower, base::ByteView upper) {
  auto at = map.lower_bound(lower);
  while (at != map.end() && (upper.empty() || at->first < upper)) {
    const auto here = at++;
    if (here->second.back().value != nullptr) {
      put(map, here->first, nullptr);
    }
  }
}

void VersionedMap::apply(const Batch& batch) {
  ++sequence_;
  for (std::size_t i = 0; i < batch.count(); ++i) {
    const Batch::Operation operation = batch.operation(i);
    Map& map = families_[static_cast<std::size_t>(operation.family)];
    switch (operation.kind) {
      case OperationKind::put:
        put(map, operation.first, std::make_shared<const std::string>(operation.second));
        break;
      case OperationKind::remove:
        put(map, operation.first, nullptr);
        break;
      case OperationKind::remove_range:
        remove_range(map, operation.first, operation.second);
        break;
    }
  }
}

void VersionedMap::load(port::Family family, base::ByteView key, base::ByteView value) {
  Map& map = families_[static_cast<std::size_t>(family)];
  map.insert_or_assign(
      map.end(), std::string(key),
      Cells{{.sequence = sequence_, .value = std::make_shared<const std::string>(value)}});
}

void VersionedMap::prune() {
  for (Map& map : families_) {
    for (auto at = map.begin(); at != map.end();) {
      at = drop_unseen(at->second) ? map.erase(at) : std::next(at);
    }
  }
}

std::uint64_t VersionedMap::keys() const {
  std::uint64_t count = 0;
  for (const Map& map : families_) {
    count += map.size();
  }
  return count;
}

}  // namespace ostraka::engine_memory
