// Bytes: ByteView does not own, Buffer owns and is immutable and shared, Writer builds, Reader
// takes apart.
//
// ByteView is std::string_view: arbitrary bytes, no encoding. Never keep one beyond the call unless
// the owner is kept too. Buffer is a slice of a reference-counted immutable block: copying it costs
// one atomic increment; safe to pass between threads. All integers in Writer and Reader are
// little-endian, fixed width or LEB128 varints.
#pragma once

#include "base/result.h"

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace ostraka::base {

using ByteView = std::string_view;

class Buffer {
 public:
  Buffer() = default;
  // Takes the bytes over; no copy of large strings.
  static Buffer take(std::string bytes);
  // Copies.
  static Buffer copy(ByteView bytes) { return take(std::string(bytes)); }

  [[nodiscard]] ByteView view() const { return view_; }
  [[nodiscard]] std::size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }
  // A slice that shares the block. Requires offset + length <= size().
  [[nodiscard]] Buffer slice(std::size_t offset, std::size_t length) const;
  friend bool operator==(const Buffer& a, const Buffer& b) { return a.view_ == b.view_; }

 private:
  std::shared_ptr<const std::string> block_;
  ByteView view_;  // inside *block_
};

// Appends encoded values to a caller-owned string, so that the caller can reuse its capacity.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void u16(std::uint16_t v) { fixed(v); }
  void u32(std::uint32_t v) { fixed(v); }
  void u64(std::uint64_t v) { fixed(v); }
  void i64(std::int64_t v) { fixed(static_cast<std::uint64_t>(v)); }
  void varint(std::uint64_t v);
  void raw(ByteView bytes) { out_.append(bytes); }
  // varint length, then the bytes.
  void bytes(ByteView bytes) {
    varint(bytes.size());
    raw(bytes);
  }
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] std::string& out() { return out_; }

 private:
  template <std::unsigned_integral T>
  void fixed(T v) {
    static_assert(std::endian::native == std::endian::little);
    char raw_bytes[sizeof(T)];
    std::memcpy(raw_bytes, &v, sizeof(T));
    out_.append(raw_bytes, sizeof(T));
  }
  std::string& out_;
};

// Reads encoded values from a view. After the first failure every read yields zero or empty and
// ok() stays false, so a decoder can read a whole record and check once. Never reads beyond the
// view, never allocates by an unchecked length.
class Reader {
 public:
  explicit Reader(ByteView in) : in_(in) {}
  std::uint8_t u8() { return fixed<std::uint8_t>(); }
  std::uint16_t u16() { return fixed<std::uint16_t>(); }
  std::uint32_t u32() { return fixed<std::uint32_t>(); }
  std::uint64_t u64() { return fixed<std::uint64_t>(); }
  std::int64_t i64() { return static_cast<std::int64_t>(fixed<std::uint64_t>()); }
  std::uint64_t varint();
  // The next `count` bytes.
  ByteView raw(std::size_t count);
  // varint length, then the bytes.
  ByteView bytes();
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t remaining() const { return in_.size(); }
  [[nodiscard]] ByteView rest() const { return in_; }
  // ok() and nothing left.
  [[nodiscard]] bool finished() const { return ok_ && in_.empty(); }
  void mark_bad() {
    ok_ = false;
    in_ = {};
  }

 private:
  template <std::unsigned_integral T>
  T fixed() {
    if (in_.size() < sizeof(T)) {
      mark_bad();
      return T{};
    }
    T v;
    std::memcpy(&v, in_.data(), sizeof(T));
    in_.remove_prefix(sizeof(T));
    return v;
  }
  ByteView in_;
  bool ok_ = true;
};

}  // namespace ostraka::base
