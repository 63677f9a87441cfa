#include "replica/internal/log_cache.h"

#include "base/assert.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace ostraka::replica {
namespace {

// No engine keeps more entries in flight; a larger span is a broken index.
constexpr std::uint64_t kSpanMax = 1U << 26;
// What an entry costs besides its payload.
constexpr std::size_t kEntryBytes = 128;
// Above this many slots an empty cache gives its memory back.
constexpr std::size_t kSlotsKept = 256;

}  // namespace

void LogCache::put(port::LogEntry entry) {
  const model::LogIndex index = entry.meta.index;
  cover(index);
  Slot& place = slot(index);
  release(place);
  bytes_ += entry.payload.size() + kEntryBytes;
  ++entries_;
  place.entry = std::move(entry);
  place.used = true;
  trim(end_, bytes_max_);
}

void LogCache::truncate(model::LogIndex from) {
  while (end_ > first_ && end_ > from) {
    end_ = end_.prev();
    release(slot(end_));
  }
}

void LogCache::clear() {
  truncate(first_);
  first_ = {};
  end_ = {};
}

void LogCache::drop_upto(model::LogIndex index) {
  while (first_ < end_ && first_ <= index) {
    pop_front();
  }
}

void LogCache::trim(model::LogIndex before, std::size_t bytes_max) {
  const model::LogIndex limit = std::min(before, pinned_from_);
  while (first_ < end_ && first_ < limit && (bytes_ > bytes_max || !slot(first_).used)) {
    pop_front();
  }
  if (first_ == end_ && slots_.size() > kSlotsKept) {
    slots_ = {};
  }
}

const port::LogEntry* LogCache::find(model::LogIndex index) const {
  if (index < first_ || index >= end_ || !slot(index).used) {
    return nullptr;
  }
  return &slot(index).entry;
}

void LogCache::cover(model::LogIndex index) {
  const bool nothing = first_ == end_;
  const model::LogIndex first = nothing ? index : std::min(first_, index);
  const model::LogIndex end = nothing ? index.next() : std::max(end_, index.next());
  const std::uint64_t span = end - first;
  OSTRAKA_ASSERT(span <= kSpanMax, "log entries far apart");
  if (span > slots_.size()) {
    std::vector<Slot> larger(std::bit_ceil(std::max<std::uint64_t>(span, 16)));
    for (model::LogIndex i = first_; i < end_; i = i.next()) {
      larger[i.value() & (larger.size() - 1)] = std::move(slot(i));
    }
    slots_ = std::move(larger);
  }
  first_ = first;
  end_ = end;
}

void LogCache::release(Slot& place) {
  if (place.used) {
    bytes_ -= place.entry.payload.size() + kEntryBytes;
    --entries_;
    place.entry.payload = {};
    place.used = false;
  }
}

void LogCache::pop_front() {
  release(slot(first_));
  first_ = first_.next();
}

}  // namespace ostraka::replica
