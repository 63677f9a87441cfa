// A queue in one block that grows by doubling and never shrinks: the steady state allocates
// nothing.
//
// Threads: none. References are valid until the next push_back().
#pragma once

#include "base/assert.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace ostraka::protocol {

template <typename T>
class Ring {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  void push_back(T value) {
    if (size_ == items_.size()) {
      grow();
    }
    items_[place(size_)] = std::move(value);
    ++size_;
  }
  void pop_front() { drop_front(1); }
  void pop_back() { keep_front(size_ - 1); }
  void drop_front(std::size_t count) {
    OSTRAKA_ASSERT(count <= size_, "more dropped than there is");
    head_ = items_.empty() ? 0 : place(count);
    size_ -= count;
  }
  // Keeps the first `count`.
  void keep_front(std::size_t count) {
    OSTRAKA_ASSERT(count <= size_, "more kept than there is");
    size_ = count;
  }
  void clear() {
    head_ = 0;
    size_ = 0;
  }

  T& operator[](std::size_t i) {
    OSTRAKA_ASSERT(i < size_, "index outside the ring");
    return items_[place(i)];
  }
  const T& operator[](std::size_t i) const {
    OSTRAKA_ASSERT(i < size_, "index outside the ring");
    return items_[place(i)];
  }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

 private:
  // Requires a capacity, which is a power of two.
  [[nodiscard]] std::size_t place(std::size_t i) const { return (head_ + i) & (items_.size() - 1); }
  void grow() {
    std::vector<T> larger(items_.empty() ? 8 : items_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) {
      larger[i] = std::move(items_[place(i)]);
    }
    items_ = std::move(larger);
    head_ = 0;
  }

  std::vector<T> items_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ostraka::protocol
