#include "gateway/resp/internal/argument_docs.h"

#include "base/assert.h"

#include <algorithm>
#include <utility>

namespace ostraka::gateway::resp {
namespace {

using Kind = ArgumentDoc::Kind;

// Words and the signs [ ] ( ) | ... of the notation.
class Words {
 public:
  explicit Words(std::string_view notation) : rest_(notation) { advance(); }
  [[nodiscard]] std::string_view peek() const { return word_; }
  std::string_view take() {
    const std::string_view taken = word_;
    advance();
    return taken;
  }
  bool take_if(std::string_view wanted) {
    if (word_ != wanted) {
      return false;
    }
    advance();
    return true;
  }

 private:
  void advance() {
    while (rest_.starts_with(' ')) {
      rest_.remove_prefix(1);
    }
    constexpr std::string_view kSigns = "[]()|";
    std::size_t length = 0;
    if (!rest_.empty() && kSigns.find(rest_.front()) != std::string_view::npos) {
      length = 1;
    } else {
      length = std::min(rest_.find_first_of(" []()|"), rest_.size());
    }
    word_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
  }
  std::string_view rest_;
  std::string_view word_;
};

std::string lowered(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

bool is_literal(std::string_view word) { return !word.empty() && word[0] >= 'A' && word[0] <= 'Z'; }
bool is_value(std::string_view word) { return !word.empty() && word[0] >= 'a' && word[0] <= 'z'; }

std::vector<ArgumentDoc> parse_alternatives(Words& words, std::string_view end);

// One of several sequences, or one sequence, up to `end`.
ArgumentDoc parse_group(Words& words, std::string_view end) {
  std::vector<ArgumentDoc> alternatives = parse_alternatives(words, end);
  OSTRAKA_ASSERT(words.take_if(end), "a group is closed");
  if (alternatives.size() == 1) {
    return std::move(alternatives.front());
  }
  ArgumentDoc group{.kind = Kind::one_of, .name = alternatives.front().name};
  group.parts = std::move(alternatives);
  return group;
}

ArgumentDoc parse_item(Words& words) {
  ArgumentDoc item;
  if (words.take_if("[")) {
    item = parse_group(words, "]");
    item.optional = true;
  } else if (words.take_if("(")) {
    item = parse_group(words, ")");
  } else {
    const std::string_view word = words.take();
    OSTRAKA_ASSERT(is_literal(word) || is_value(word), "a word of the notation");
    item.name = lowered(word);
    if (is_literal(word)) {
      item.token = word;
      item.kind = Kind::token;
      if (is_value(words.peek())) {
        item.kind = Kind::value;
        item.name = lowered(words.take());
      } else if (words.take_if("(")) {
        item = parse_group(words, ")");
        item.token = word;
      }
    }
  }
  if (words.take_if("...")) {
    item.multiple = true;
  }
  return item;
}

ArgumentDoc sequence_of(std::vector<ArgumentDoc> items) {
  OSTRAKA_ASSERT(!items.empty(), "a sequence has items");
  if (items.size() == 1) {
    return std::move(items.front());
  }
  ArgumentDoc block{.kind = Kind::block, .name = items.front().name};
  block.parts = std::move(items);
  return block;
}

std::vector<ArgumentDoc> parse_alternatives(Words& words, std::string_view end) {
  std::vector<ArgumentDoc> alternatives;
  std::vector<ArgumentDoc> items;
  while (words.peek() != end) {
    if (words.take_if("|")) {
      alternatives.push_back(sequence_of(std::exchange(items, {})));
    } else {
      items.push_back(parse_item(words));
    }
  }
  alternatives.push_back(sequence_of(std::move(items)));
  return alternatives;
}

bool contains_any(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

std::string_view type_of(const ArgumentDoc& argument) {
  switch (argument.kind) {
    case Kind::token:
      return "pure-token";
    case Kind::one_of:
      return "oneof";
    case Kind::block:
      return "block";
    case Kind::value:
      break;
  }
  const std::string_view name = argument.name;
  if (contains_any(name, {"key", "newkey", "source", "destination"})) {
    return "key";
  }
  if (name == "pattern") {
    return "pattern";
  }
  if (name.starts_with("unix-time")) {
    return "unix-time";
  }
  if (name == "increment-float") {
    return "double";
  }
  if (contains_any(name, {"seconds", "milliseconds", "count", "cursor", "index", "increment",
                          "decrement", "offset", "start", "end", "destination-db", "client-id",
                          "numreplicas", "timeout", "protover"})) {
    return "integer";
  }
  return "string";
}

void write_argument(const ArgumentDoc& argument, codec::RespWriter& reply) {
  const std::string_view type = type_of(argument);
  const bool has_parts = !argument.parts.empty();
  const std::size_t flags = (argument.optional ? 1U : 0U) + (argument.multiple ? 1U : 0U);
  const bool is_key = type == "key";
  reply.map(2U + (is_key ? 1U : 0U) + (argument.token.empty() ? 0U : 1U) + (flags == 0 ? 0U : 1U) +
            (has_parts ? 1U : 0U));
  reply.bulk("name");
  reply.bulk(argument.name);
  reply.bulk("type");
  reply.bulk(type);
  if (is_key) {
    reply.bulk("key_spec_index");
    reply.integer(0);
  }
  if (!argument.token.empty()) {
    reply.bulk("token");
    reply.bulk(argument.token);
  }
  if (flags != 0) {
    reply.bulk("flags");
    reply.set(flags);
    if (argument.optional) {
      reply.simple("optional");
    }
    if (argument.multiple) {
      reply.simple("multiple");
    }
  }
  if (has_parts) {
    reply.bulk("arguments");
    write_arguments(argument.parts, reply);
  }
}

}  // namespace

std::vector<ArgumentDoc> parse_arguments(std::string_view notation) {
  Words words(notation);
  std::vector<ArgumentDoc> arguments;
  while (!words.peek().empty()) {
    arguments.push_back(parse_item(words));
  }
  return arguments;
}

void write_arguments(const std::vector<ArgumentDoc>& arguments, codec::RespWriter& reply) {
  reply.array(arguments.size());
  for (const ArgumentDoc& argument : arguments) {
    write_argument(argument, reply);
  }
}

}  // namespace ostraka::gateway::resp
