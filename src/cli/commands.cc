#include "cli/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>

namespace ostraka::cli {

namespace {

constexpr std::array<CommandFactory, 15> kCommands{
    make_server_command, make_demo_command,    make_status_command,     make_leader_command,
    make_member_command, make_get_command,     make_put_command,        make_del_command,
    make_scan_command,   make_bench_command,   make_sim_command,        make_check_command,
    make_lab_command,    make_version_command, make_completion_command,
};

}  // namespace

std::span<const CommandFactory> all_commands() { return kCommands; }

void complain(std::string_view line) {
  std::fflush(stdout);
  // Nothing is left to be done where not even this can be written.
  static_cast<void>(std::fputs(fmt::format("ostraka: {}\n", line).c_str(), stderr));
  std::fflush(stderr);
}

std::string_view version() { return OSTRAKA_VERSION; }

std::string own_path() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : "ostraka";
}

}  // namespace ostraka::cli
