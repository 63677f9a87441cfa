// A write batch as a list of operations over one string of bytes, reused by clear().
#pragma once

#include "base/bytes.h"
#include "port/engine.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ostraka::engine_memory {

enum class OperationKind : std::uint8_t { put, remove, remove_range };

class Batch final : public port::WriteBatch {
 public:
  struct Operation {
    OperationKind kind;
    port::Family family;
    base::ByteView first;   // key or lower bound
    base::ByteView second;  // value or upper bound
  };

  void put(port::Family family, base::ByteView key, base::ByteView value) override {
    refused_ = refused_ || key.substr(0, port::kKeyEndBytes) == kEnd;
    add(OperationKind::put, family, key, value);
  }
  void remove(port::Family family, base::ByteView key) override {
    add(OperationKind::remove, family, key, {});
  }
  void remove_range(port::Family family, base::ByteView lower, base::ByteView upper) override {
    add(OperationKind::remove_range, family, lower, upper);
  }
  void clear() override {
    bytes_.clear();
    slots_.clear();
    refused_ = false;
  }
  [[nodiscard]] std::size_t bytes() const override { return bytes_.size(); }
  [[nodiscard]] bool empty() const override { return slots_.empty(); }

  // A key behind the end of all keys was put.
  [[nodiscard]] bool refused() const { return refused_; }
  [[nodiscard]] std::size_t count() const { return slots_.size(); }
  [[nodiscard]] Operation operation(std::size_t i) const {
    const Slot& slot = slots_[i];
    const base::ByteView all = bytes_;
    return {.kind = slot.kind,
            .family = slot.family,
            .first = all.substr(slot.offset, slot.first_size),
            .second = all.substr(slot.offset + slot.first_size, slot.second_size)};
  }

 private:
  struct Slot {
    OperationKind kind;
    port::Family family;
    std::size_t offset;
    std::size_t first_size;
    std::size_t second_size;
  };

  void add(OperationKind kind, port::Family family, base::ByteView first, base::ByteView second) {
    slots_.push_back({.kind = kind,
                      .family = family,
                      .offset = bytes_.size(),
                      .first_size = first.size(),
                      .second_size = second.size()});
    bytes_.append(first).append(second);
  }

  static inline const std::string kEnd = std::string(port::kKeyEndBytes, '\xff');

  std::string bytes_;
  std::vector<Slot> slots_;
  bool refused_ = false;
};

}  // namespace ostraka::engine_memory
