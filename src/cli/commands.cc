#include "cli/commands.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <climits>
#include <unistd.h>

namespace ostraka::cli {

namespace {

constexpr std::array<CommandFactory, 5> kCommands{
    make_server_command,  make_check_command, make_bench_command,
    make_sim_command,     make_version_command,
};

}  // namespace

std::span<const CommandFactory> all_commands() { return kCommands; }

void complain(std::string_view line) {
  std::fflush(stdout);
  fmt::print(stderr, "ostraka: {}\n", line);
  std::fflush(stderr);
}

std::string_view version() { return OSTRAKA_VERSION; }

std::string own_path() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : "ostraka";
}

}  // namespace ostraka::cli
