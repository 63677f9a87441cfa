// What messages carry and stable storage keeps: integers, texts, lists of these, under names, in an
// order that people read. Small: a message of the laboratory fits on one line.
//
// Threads: values; no sharing. Errors: asking for a field that is not there, or as another type, is
// a programming error and aborts: both sides are code of one protocol.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ostraka::lab {

class Value;
using List = std::vector<Value>;

// Implicit on purpose: `{{"ballot", 3}, {"value", "blue"}}` is how protocols write messages.
// NOLINTBEGIN(google-explicit-constructor)
class Value {
 public:
  Value() = default;  // 0
  template <std::integral T>
  Value(T number) : held_(static_cast<std::int64_t>(number)) {}
  Value(std::string text) : held_(std::move(text)) {}
  Value(std::string_view text) : held_(std::string(text)) {}
  Value(const char* text) : held_(std::string(text)) {}
  Value(List list) : held_(std::move(list)) {}

  [[nodiscard]] bool is_integer() const { return std::holds_alternative<std::int64_t>(held_); }
  [[nodiscard]] bool is_text() const { return std::holds_alternative<std::string>(held_); }
  [[nodiscard]] bool is_list() const { return std::holds_alternative<List>(held_); }
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] const List& list() const;
  // 7, blue, [7, blue]
  [[nodiscard]] std::string render() const;
  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::int64_t, std::string, List> held_;
};
// NOLINTEND(google-explicit-constructor)

// Named values in the order in which they were set. Names are [a-z][a-z0-9_]*.
class Fields {
 public:
  using Item = std::pair<std::string, Value>;
  Fields() = default;
  Fields(std::initializer_list<Item> items) : items_(items) {}

  void set(std::string_view name, Value value);  // replaces, or adds at the end
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  [[nodiscard]] const Value& operator[](std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const {
    return (*this)[name].integer();
  }
  [[nodiscard]] const std::string& text(std::string_view name) const {
    return (*this)[name].text();
  }
  [[nodiscard]] const List& list(std::string_view name) const { return (*this)[name].list(); }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] auto begin() const { return items_.begin(); }
  [[nodiscard]] auto end() const { return items_.end(); }
  // ballot=3 value=blue
  [[nodiscard]] std::string render() const;
  friend bool operator==(const Fields&, const Fields&) = default;

 private:
  [[nodiscard]] const Value* find(std::string_view name) const;
  std::vector<Item> items_;
};

}  // namespace ostraka::lab
