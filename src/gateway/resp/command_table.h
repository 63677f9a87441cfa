// The table of Redis commands (commands.def) and what follows from it.
//
// Constant data; threads: any.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ostraka::gateway::resp {

enum class CommandId : std::uint8_t {
#define C(id, ...) id,
#include "gateway/resp/commands.def"
#undef C
};

// Where a command is decided; what each means stands in commands.def.
enum class Scope : std::uint8_t { local, single, atomic_multi, fan_out };

struct CommandSpec {
  CommandId id;
  std::string_view name;  // lower case; "container|subcommand"
  int arity;
  std::string_view flags;
  int first_key;
  int last_key;
  int key_step;
  Scope scope;
  std::string_view since;
  std::string_view group;
  std::string_view summary;
  std::string_view complexity;
  std::string_view arguments;
};

using Arguments = std::span<const base::ByteView>;

inline constexpr std::size_t kCommandCount = 0
#define C(id, ...) +1
#include "gateway/resp/commands.def"
#undef C
    ;

// Every row, in the order of the file; a container stands before its subcommands.
[[nodiscard]] std::span<const CommandSpec> all_commands();
[[nodiscard]] const CommandSpec& spec_of(CommandId id);
// By name, in any case of letters, null when unknown. Subcommands are named "container|name".
[[nodiscard]] const CommandSpec* find_command(base::ByteView name);
[[nodiscard]] const CommandSpec* find_subcommand(const CommandSpec& container, base::ByteView name);
[[nodiscard]] bool is_container(const CommandSpec& spec);
[[nodiscard]] bool is_subcommand(const CommandSpec& spec);
[[nodiscard]] std::span<const CommandSpec> subcommands_of(const CommandSpec& container);

// True when the word is among the flags.
[[nodiscard]] bool has_flag(const CommandSpec& spec, std::string_view flag);
// Constant time, for dispatch.
[[nodiscard]] bool is_write(CommandId id);
[[nodiscard]] bool is_allowed_unauthenticated(CommandId id);
[[nodiscard]] bool arity_matches(const CommandSpec& spec, std::size_t arguments);

// Words of the flags column that are Redis flags, and the access categories ("@read") in the order
// that Redis lists them.
[[nodiscard]] std::vector<std::string_view> flags_of(const CommandSpec& spec);
[[nodiscard]] std::vector<std::string_view> categories_of(const CommandSpec& spec);
// Positions of keys in a command whose arity matches.
struct KeyPositions {
  std::size_t first = 0;  // 0: no keys
  std::size_t last = 0;
  std::size_t step = 1;
};
[[nodiscard]] KeyPositions key_positions(const CommandSpec& spec, std::size_t arguments);

// ASCII only, as Redis does.
[[nodiscard]] bool equals_ignoring_case(base::ByteView a, base::ByteView b);

}  // namespace ostraka::gateway::resp
