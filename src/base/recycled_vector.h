// A vector whose clear() keeps its elements, so that their own capacity is used again: the steady
// state allocates nothing.
//
// add() gives an element that was reset() (every T has reset()). Threads: none. References stay
// valid until the next add().
#pragma once

#include "base/assert.h"

#include <cstddef>
#include <span>
#include <vector>

namespace ostraka::base {

template <typename T>
class RecycledVector {
 public:
  // A reset element at the end.
  T& add() {
    if (size_ == items_.size()) {
      items_.emplace_back();
    } else {
      items_[size_].reset();
    }
    return items_[size_++];
  }
  void clear() { size_ = 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) {
    OSTRAKA_ASSERT(i < size_, "index outside the vector");
    return items_[i];
  }
  const T& operator[](std::size_t i) const {
    OSTRAKA_ASSERT(i < size_, "index outside the vector");
    return items_[i];
  }
  [[nodiscard]] std::span<T> items() { return {items_.data(), size_}; }
  [[nodiscard]] std::span<const T> items() const { return {items_.data(), size_}; }
  auto begin() { return items().begin(); }
  auto end() { return items().end(); }
  auto begin() const { return items().begin(); }
  auto end() const { return items().end(); }

 private:
  std::vector<T> items_;
  std::size_t size_ = 0;
};

}  // namespace ostraka::base
