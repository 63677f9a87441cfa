#include "lab/core/value.h"

#include "base/assert.h"

namespace ostraka::lab {

std::int64_t Value::integer() const {
  OSTRAKA_ASSERT(is_integer(), "the value is an integer");
  return std::get<std::int64_t>(held_);
}

const std::string& Value::text() const {
  OSTRAKA_ASSERT(is_text(), "the value is a text");
  return std::get<std::string>(held_);
}

const List& Value::list() const {
  OSTRAKA_ASSERT(is_list(), "the value is a list");
  return std::get<List>(held_);
}

std::string Value::render() const {
  if (is_integer()) {
    return std::to_string(integer());
  }
  if (is_text()) {
    return text();
  }
  std::string all = "[";
  for (const Value& each : list()) {
    all += (all.size() == 1 ? "" : ", ") + each.render();
  }
  return all + "]";
}

const Value* Fields::find(std::string_view name) const {
  for (const Item& item : items_) {
    if (item.first == name) {
      return &item.second;
    }
  }
  return nullptr;
}

void Fields::set(std::string_view name, Value value) {
  for (Item& item : items_) {
    if (item.first == name) {
      item.second = std::move(value);
      return;
    }
  }
  items_.emplace_back(name, std::move(value));
}

const Value& Fields::operator[](std::string_view name) const {
  const Value* found = find(name);
  OSTRAKA_ASSERT(found != nullptr, "the message has the field that is asked for");
  return *found;
}

std::string Fields::render() const {
  std::string all;
  for (const auto& [name, value] : items_) {
    all += (all.empty() ? "" : " ") + name + "=" + value.render();
  }
  return all;
}

}  // namespace ostraka::lab
