#include "base/glob.h"
#include "gateway/resp/internal/argument_docs.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/local.h"

#include <algorithm>
#include <vector>

namespace ostraka::gateway::resp {
namespace {

using codec::RespWriter;

// "get" or "client|id".
const CommandSpec* find_named(base::ByteView name) { return find_command(name); }

std::vector<const CommandSpec*> top_level() {
  std::vector<const CommandSpec*> commands;
  for (const CommandSpec& spec : all_commands()) {
    if (!is_subcommand(spec)) {
      commands.push_back(&spec);
    }
  }
  return commands;
}

void write_words(const std::vector<std::string_view>& words, RespWriter& reply) {
  reply.set(words.size());
  for (const std::string_view word : words) {
    reply.simple(word);
  }
}

void write_key_specs(const CommandSpec& spec, RespWriter& reply) {
  if (spec.first_key == 0) {
    reply.set(0);
    return;
  }
  reply.set(1);
  reply.map(3);
  reply.bulk("flags");
  const bool writes = has_flag(spec, "write");
  write_words({writes ? "RW" : "RO", writes ? "update" : "access"}, reply);
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("index");
  reply.bulk("spec");
  reply.map(1);
  reply.bulk("index");
  reply.integer(spec.first_key);
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("range");
  reply.bulk("spec");
  reply.map(3);
  reply.bulk("lastkey");
  // Counted from the first key when it is not negative.
  reply.integer(spec.last_key < 0 ? spec.last_key : spec.last_key - spec.first_key);
  reply.bulk("keystep");
  reply.integer(spec.key_step);
  reply.bulk("limit");
  reply.integer(0);
}

void write_info(const CommandSpec& spec, RespWriter& reply) {
  reply.array(10);
  reply.bulk(spec.name);
  reply.integer(spec.arity);
  write_words(flags_of(spec), reply);
  reply.integer(spec.first_key);
  reply.integer(spec.last_key);
  reply.integer(spec.key_step);
  write_words(categories_of(spec), reply);
  reply.set(0);  // tips
  write_key_specs(spec, reply);
  const auto subcommands = subcommands_of(spec);
  reply.set(subcommands.size());
  for (const CommandSpec& subcommand : subcommands) {
    write_info(subcommand, reply);
  }
}

void write_docs(const CommandSpec& spec, RespWriter& reply) {
  const auto subcommands = subcommands_of(spec);
  const bool has_arguments = !spec.arguments.empty();
  reply.bulk(spec.name);
  reply.map(4U + (has_arguments ? 1U : 0U) + (subcommands.empty() ? 0U : 1U));
  reply.bulk("summary");
  reply.bulk(spec.summary);
  reply.bulk("since");
  reply.bulk(spec.since);
  reply.bulk("group");
  reply.bulk(spec.group);
  reply.bulk("complexity");
  reply.bulk(spec.complexity);
  if (has_arguments) {
    reply.bulk("arguments");
    write_arguments(parse_arguments(spec.arguments), reply);
  }
  if (!subcommands.empty()) {
    reply.bulk("subcommands");
    reply.map(subcommands.size());
    for (const CommandSpec& subcommand : subcommands) {
      write_docs(subcommand, reply);
    }
  }
}

bool has_category(const CommandSpec& spec, base::ByteView category) {
  const auto categories = categories_of(spec);
  return std::ranges::any_of(categories, [&](std::string_view with_sign) {
    return equals_ignoring_case(with_sign.substr(1), category);
  });
}

}  // namespace

void answer_command(LocalContext& /*context*/, Arguments /*words*/, RespWriter& reply) {
  const auto commands = top_level();
  reply.array(commands.size());
  for (const CommandSpec* spec : commands) {
    write_info(*spec, reply);
  }
}

void answer_command_count(LocalContext& /*context*/, Arguments /*words*/, RespWriter& reply) {
  reply.integer(static_cast<std::int64_t>(top_level().size()));
}

void answer_command_info(LocalContext& context, Arguments words, RespWriter& reply) {
  if (words.size() == 2) {
    answer_command(context, words, reply);
    return;
  }
  reply.array(words.size() - 2);
  for (const base::ByteView name : words.subspan(2)) {
    const CommandSpec* spec = find_named(name);
    if (spec == nullptr) {
      reply.null();
    } else {
      write_info(*spec, reply);
    }
  }
}

void answer_command_docs(LocalContext& /*context*/, Arguments words, RespWriter& reply) {
  std::vector<const CommandSpec*> commands;
  if (words.size() == 2) {
    commands = top_level();
  }
  for (const base::ByteView name : words.subspan(2)) {
    if (const CommandSpec* spec = find_named(name); spec != nullptr) {
      commands.push_back(spec);
    }
  }
  reply.map(commands.size());
  for (const CommandSpec* spec : commands) {
    write_docs(*spec, reply);
  }
}

void answer_command_list(LocalContext& /*context*/, Arguments words, RespWriter& reply) {
  std::vector<const CommandSpec*> found;
  if (words.size() == 2) {
    found = top_level();
  } else if (words.size() == 5 && equals_ignoring_case(words[2], "filterby")) {
    const bool by_module = equals_ignoring_case(words[3], "module");
    const bool by_category = equals_ignoring_case(words[3], "aclcat");
    if (!by_module && !by_category && !equals_ignoring_case(words[3], "pattern")) {
      reply.error(text::kSyntax);
      return;
    }
    for (const CommandSpec& spec : all_commands()) {
      const bool wanted = by_category ? has_category(spec, words[4])
                                      : !by_module && base::glob_matches(words[4], spec.name,
                                                                         base::LetterCase::ignored);
      if (wanted) {
        found.push_back(&spec);
      }
    }
  } else {
    reply.error(text::kSyntax);
    return;
  }
  reply.array(found.size());
  for (const CommandSpec* spec : found) {
    reply.bulk(spec->name);
  }
}

void answer_command_getkeys(LocalContext& /*context*/, Arguments words, RespWriter& reply) {
  const Arguments command = words.subspan(2);
  const CommandSpec* spec = find_command(command[0]);
  if (spec != nullptr && is_container(*spec) && command.size() > 1) {
    const CommandSpec* subcommand = find_subcommand(*spec, command[1]);
    spec = subcommand == nullptr ? spec : subcommand;
  }
  if (spec == nullptr) {
    reply.error("ERR Invalid command specified");
  } else if (spec->first_key == 0) {
    reply.error("ERR The command has no key arguments");
  } else if (!arity_matches(*spec, command.size())) {
    reply.error("ERR Invalid number of arguments specified for command");
  } else {
    const KeyPositions keys = key_positions(*spec, command.size());
    reply.array((keys.last - keys.first) / keys.step + 1);
    for (std::size_t i = keys.first; i <= keys.last; i += keys.step) {
      reply.bulk(command[i]);
    }
  }
}

}  // namespace ostraka::gateway::resp
