// A queue whose elements have consecutive numbers: found by number, taken from the front. Grows to
// what is needed and keeps it.
#pragma once

#include "base/assert.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ostraka::router {

template <typename T>
class SlotRing {
 public:
  // The number of the first element.
  [[nodiscard]] std::uint64_t base() const { return base_; }
  // The number that the next element will get.
  [[nodiscard]] std::uint64_t end() const { return base_ + count_; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] bool contains(std::uint64_t number) const {
    return number >= base_ && number < end();
  }

  T& at(std::uint64_t number) {
    OSTRAKA_ASSERT(contains(number), "number outside the ring");
    return slots_[static_cast<std::size_t>(number) & (slots_.size() - 1)];
  }
  std::uint64_t push(T value) {
    if (count_ == slots_.size()) {
      grow();
    }
    const std::uint64_t number = end();
    ++count_;
    at(number) = std::move(value);
    return number;
  }
  void pop_front() {
    at(base_) = T{};
    ++base_;
    --count_;
  }
  // Empties it; the next element gets this number.
  void restart(std::uint64_t number) {
    while (!empty()) {
      pop_front();
    }
    base_ = number;
  }

 private:
  void grow() {
    std::vector<T> larger(slots_.empty() ? 64 : slots_.size() * 2);
    for (std::uint64_t n = base_; n < end(); ++n) {
      larger[static_cast<std::size_t>(n) & (larger.size() - 1)] = std::move(at(n));
    }
    slots_ = std::move(larger);
  }

  std::vector<T> slots_;  // a power of two
  std::uint64_t base_ = 1;
  std::size_t count_ = 0;
};

}  // namespace ostraka::router
