// The syntax notation of commands.def as a tree, for COMMAND DOCS.
#pragma once

#include "codec/resp_writer.h"

#include <string>
#include <string_view>
#include <vector>

namespace ostraka::gateway::resp {

struct ArgumentDoc {
  enum class Kind : std::uint8_t { value, token, one_of, block };
  Kind kind = Kind::value;
  std::string name = {};   // lower case
  std::string token = {};  // literal in front of the value; of a token: itself
  bool optional = false;
  bool multiple = false;
  std::vector<ArgumentDoc> parts = {};  // one_of, block
};

// The notation is part of the program: malformed text aborts.
[[nodiscard]] std::vector<ArgumentDoc> parse_arguments(std::string_view notation);
// The "arguments" array of COMMAND DOCS.
void write_arguments(const std::vector<ArgumentDoc>& arguments, codec::RespWriter& reply);

}  // namespace ostraka::gateway::resp
