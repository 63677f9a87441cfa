#include "gateway/resp/command_table.h"

#include "base/assert.h"

#include <algorithm>
#include <array>
#include <string>

namespace ostraka::gateway::resp {
namespace {

constexpr CommandSpec kCommands[] = {
#define C(id, name, arity, flags, first, last, step, scope, ...) \
  {CommandId::id, name, arity, flags, first, last, step, Scope::scope, __VA_ARGS__},
#include "gateway/resp/commands.def"
#undef C
};
static_assert(std::size(kCommands) == kCommandCount);

constexpr std::size_t kNameBytesMax = 32;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Words separated by one space.
constexpr bool has_word(std::string_view words, std::string_view word) {
  std::size_t at = 0;
  while (at < words.size()) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    if (words.substr(at, end - at) == word) {
      return true;
    }
    at = end + 1;
  }
  return false;
}

using Index = std::array<std::uint8_t, kCommandCount>;

constexpr Index sorted_by_name() {
  Index index{};
  for (std::size_t i = 0; i < kCommandCount; ++i) {
    index[i] = static_cast<std::uint8_t>(i);
  }
  std::ranges::sort(index, {}, [](std::uint8_t i) { return kCommands[i].name; });
  return index;
}

constexpr Index kByName = sorted_by_name();

using Bits = std::array<bool, kCommandCount>;

constexpr Bits commands_with(std::string_view flag) {
  Bits bits{};
  for (std::size_t i = 0; i < kCommandCount; ++i) {
    bits[i] = has_word(kCommands[i].flags, flag);
  }
  return bits;
}

constexpr Bits kWrites = commands_with("write");
constexpr Bits kUnauthenticated = commands_with("no_auth");

std::size_t index_of(CommandId id) { return static_cast<std::size_t>(id); }

const CommandSpec* find_lower(std::string_view name) {
  const auto* const found =
      std::ranges::lower_bound(kByName, name, {}, [](std::uint8_t i) { return kCommands[i].name; });
  if (found == kByName.end() || kCommands[*found].name != name) {
    return nullptr;
  }
  return &kCommands[*found];
}

bool is_in_category(const CommandSpec& spec, std::string_view category) {
  if (has_word(spec.flags, category)) {
    return true;
  }
  if (category == "@fast") {
    return has_flag(spec, "fast");
  }
  if (category == "@slow") {
    return !has_flag(spec, "fast");
  }
  if (category == "@read") {
    return has_flag(spec, "readonly");
  }
  if (category == "@write") {
    return has_flag(spec, "write");
  }
  if (category == "@admin" || category == "@dangerous") {
    return has_flag(spec, "admin");
  }
  // A container has no category of its group, and WAIT belongs to the connection.
  if (is_container(spec) && spec.id != CommandId::command) {
    return false;
  }
  return (category == "@keyspace" && spec.group == "generic" && spec.id != CommandId::wait) ||
         (category == "@string" && spec.group == "string") ||
         (category == "@connection" && spec.group == "connection") ||
         (category == "@transaction" && spec.group == "transactions");
}

}  // namespace

std::span<const CommandSpec> all_commands() { return kCommands; }

const CommandSpec& spec_of(CommandId id) {
  OSTRAKA_ASSERT(index_of(id) < kCommandCount, "a row of the table");
  return kCommands[index_of(id)];
}

const CommandSpec* find_command(base::ByteView name) {
  if (name.size() > kNameBytesMax) {
    return nullptr;
  }
  char text[kNameBytesMax];
  std::ranges::transform(name, text, lower);
  return find_lower({text, name.size()});
}

const CommandSpec* find_subcommand(const CommandSpec& container, base::ByteView name) {
  if (name.size() > kNameBytesMax || name.find('|') != base::ByteView::npos) {
    return nullptr;
  }
  std::string full(container.name);
  full.push_back('|');
  std::ranges::transform(name, std::back_inserter(full), lower);
  return find_lower(full);
}

bool is_subcommand(const CommandSpec& spec) {
  return spec.name.find('|') != std::string_view::npos;
}

std::span<const CommandSpec> subcommands_of(const CommandSpec& container) {
  const std::size_t first = index_of(container.id) + 1;
  std::size_t end = first;
  while (end < kCommandCount && kCommands[end].name.starts_with(container.name) &&
         kCommands[end].name.substr(container.name.size()).starts_with('|')) {
    ++end;
  }
  return all_commands().subspan(first, end - first);
}

bool is_container(const CommandSpec& spec) { return !subcommands_of(spec).empty(); }

bool has_flag(const CommandSpec& spec, std::string_view flag) { return has_word(spec.flags, flag); }

bool is_write(CommandId id) { return kWrites[index_of(id)]; }

bool is_allowed_unauthenticated(CommandId id) { return kUnauthenticated[index_of(id)]; }

bool arity_matches(const CommandSpec& spec, std::size_t arguments) {
  return spec.arity >= 0 ? arguments == static_cast<std::size_t>(spec.arity)
                         : arguments >= static_cast<std::size_t>(-spec.arity);
}

std::vector<std::string_view> flags_of(const CommandSpec& spec) {
  std::vector<std::string_view> flags;
  std::size_t at = 0;
  while (at < spec.flags.size()) {
    const std::size_t end = std::min(spec.flags.find(' ', at), spec.flags.size());
    if (spec.flags[at] != '@') {
      flags.push_back(spec.flags.substr(at, end - at));
    }
    at = end + 1;
  }
  return flags;
}

std::vector<std::string_view> categories_of(const CommandSpec& spec) {
  constexpr std::string_view kOrder[] = {"@keyspace",   "@read",       "@write", "@string",
                                         "@admin",      "@fast",       "@slow",  "@dangerous",
                                         "@connection", "@transaction"};
  std::vector<std::string_view> categories;
  for (const std::string_view category : kOrder) {
    if (is_in_category(spec, category)) {
      categories.push_back(category);
    }
  }
  return categories;
}

KeyPositions key_positions(const CommandSpec& spec, std::size_t arguments) {
  if (spec.first_key == 0) {
    return {};
  }
  const std::size_t last = spec.last_key >= 0
                               ? static_cast<std::size_t>(spec.last_key)
                               : arguments - static_cast<std::size_t>(-spec.last_key);
  return {.first = static_cast<std::size_t>(spec.first_key),
          .last = last,
          .step = static_cast<std::size_t>(spec.key_step)};
}

bool equals_ignoring_case(base::ByteView a, base::ByteView b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace ostraka::gateway::resp
