// A first-in first-out queue in a ring that keeps its memory and that of its elements: the steady
// state allocates nothing.
//
// Threads: none. References are valid until the next push.
#pragma once

#include "base/assert.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace ostraka::replica {

template <typename T>
class RingQueue {
 public:
  // A slot at the back; holds what an earlier element left there: the caller assigns all of it.
  T& push() {
    if (size_ == slots_.size()) {
      grow();
    }
    ++size_;
    return slots_[position(size_ - 1)];
  }
  void push(T value) { push() = std::move(value); }
  [[nodiscard]] T& front() {
    OSTRAKA_ASSERT(size_ != 0, "front of an empty queue");
    return slots_[first_];
  }
  // The element stays in its slot (its memory is used again); owners of resources move it out
  // first.
  void pop() {
    OSTRAKA_ASSERT(size_ != 0, "pop of an empty queue");
    first_ = position(1);
    --size_;
  }
  [[nodiscard]] T& operator[](std::size_t i) {
    OSTRAKA_ASSERT(i < size_, "index outside the queue");
    return slots_[position(i)];
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  void clear() {
    first_ = 0;
    size_ = 0;
  }

 private:
  [[nodiscard]] std::size_t position(std::size_t i) const {
    return (first_ + i) & (slots_.size() - 1);
  }
  void grow() {
    std::vector<T> larger(slots_.empty() ? 8 : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) {
      larger[i] = std::move(slots_[position(i)]);
    }
    slots_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> slots_;  // a power of two
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ostraka::replica
