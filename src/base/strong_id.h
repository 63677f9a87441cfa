// Strong types for identifiers and counters: no implicit way in or out, comparison within one type
// only.
//
// An identifier (StrongId) has no arithmetic. An ordinal (StrongOrdinal: log index, term, epoch)
// can be advanced and subtracted; the difference is a plain count.
#pragma once

#include <compare>
#include <cstdint>

namespace ostraka::base {

template <typename Tag, typename Rep = std::uint64_t>
class StrongId {
 public:
  using rep = Rep;
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  // The zero value means "none" for every identifier of this product.
  [[nodiscard]] constexpr bool is_none() const { return value_ == Rep{}; }
  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;

 private:
  Rep value_ = {};
};

template <typename Tag, typename Rep = std::uint64_t>
class StrongOrdinal {
 public:
  using rep = Rep;
  constexpr StrongOrdinal() = default;
  constexpr explicit StrongOrdinal(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  [[nodiscard]] constexpr bool is_none() const { return value_ == Rep{}; }
  [[nodiscard]] constexpr StrongOrdinal next() const { return StrongOrdinal(value_ + 1); }
  // The one before; of zero it is zero.
  [[nodiscard]] constexpr StrongOrdinal prev() const {
    return StrongOrdinal(value_ == 0 ? 0 : value_ - 1);
  }
  friend constexpr StrongOrdinal operator+(StrongOrdinal a, Rep count) {
    return StrongOrdinal(a.value_ + count);
  }
  friend constexpr StrongOrdinal operator-(StrongOrdinal a, Rep count) {
    return StrongOrdinal(a.value_ - count);
  }
  // The count from b to a; requires a >= b.
  friend constexpr Rep operator-(StrongOrdinal a, StrongOrdinal b) { return a.value_ - b.value_; }
  friend constexpr auto operator<=>(const StrongOrdinal&, const StrongOrdinal&) = default;

 private:
  Rep value_ = {};
};

// A boolean parameter with a name: `using Durable = BoolFlag<struct DurableTag>; f(Durable{true})`.
template <typename Tag>
class BoolFlag {
 public:
  constexpr explicit BoolFlag(bool value) : value_(value) {}
  [[nodiscard]] constexpr explicit operator bool() const { return value_; }
  friend constexpr bool operator==(BoolFlag, BoolFlag) = default;

 private:
  bool value_;
};

}  // namespace ostraka::base
