#include "base/assert.h"
#include "engine_memory/internal/engine.h"

#include <algorithm>
#include <utility>

namespace ostraka::engine_memory {

Snapshot::Snapshot(std::shared_ptr<State> state) : state_(std::move(state)), sequence_(0) {
  const std::scoped_lock lock(state_->mutex);
  sequence_ = state_->map.retain();
}

Snapshot::~Snapshot() {
  const std::scoped_lock lock(state_->mutex);
  state_->map.release(sequence_);
}

// The snapshot may be released before the iterator, so the iterator pins its view itself.
Iterator::Iterator(std::shared_ptr<State> state, port::FamilyRange range,
                   const port::EngineSnapshot* snapshot)
    : state_(std::move(state)), range_(std::move(range)), sequence_(0) {
  const std::scoped_lock lock(state_->mutex);
  sequence_ = snapshot == nullptr
                  ? state_->map.retain()
                  : state_->map.retain_at(static_cast<const Snapshot*>(snapshot)->sequence());
}

Iterator::~Iterator() {
  const std::scoped_lock lock(state_->mutex);
  state_->map.release(sequence_);
}

void Iterator::settle_forward(VersionedMap::Map::const_iterator at) {
  value_.reset();
  const auto& map = state_->map.map(range_.family);
  for (; at != map.end() && (range_.upper.empty() || at->first < range_.upper); ++at) {
    if (const ValuePtr* value = VersionedMap::visible(at->second, sequence_); value != nullptr) {
      at_ = at;
      value_ = *value;
      return;
    }
  }
}

void Iterator::settle_backward(VersionedMap::Map::const_iterator end) {
  value_.reset();
  const auto& map = state_->map.map(range_.family);
  for (auto at = end; at != map.begin();) {
    --at;
    if (at->first < range_.lower) {
      return;
    }
    if (const ValuePtr* value = VersionedMap::visible(at->second, sequence_); value != nullptr) {
      at_ = at;
      value_ = *value;
      return;
    }
  }
}

void Iterator::seek(base::ByteView key) {
  const std::scoped_lock lock(state_->mutex);
  settle_forward(
      state_->map.map(range_.family).lower_bound(std::max(key, base::ByteView(range_.lower))));
}

void Iterator::seek_first() { seek(range_.lower); }

void Iterator::seek_last() {
  const std::scoped_lock lock(state_->mutex);
  const auto& map = state_->map.map(range_.family);
  settle_backward(range_.upper.empty() ? map.end() : map.lower_bound(range_.upper));
}

void Iterator::next() {
  OSTRAKA_ASSERT(valid(), "moved an iterator that stands on nothing");
  const std::scoped_lock lock(state_->mutex);
  settle_forward(std::next(at_));
}

void Iterator::prev() {
  OSTRAKA_ASSERT(valid(), "moved an iterator that stands on nothing");
  const std::scoped_lock lock(state_->mutex);
  settle_backward(at_);
}

base::ByteView Iterator::key() const {
  OSTRAKA_ASSERT(valid(), "read an iterator that stands on nothing");
  return at_->first;
}

base::ByteView Iterator::value() const {
  OSTRAKA_ASSERT(valid(), "read an iterator that stands on nothing");
  return *value_;
}

}  // namespace ostraka::engine_memory
