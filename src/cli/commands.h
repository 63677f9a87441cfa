// The table of subcommands of `ostraka`. A subcommand is one file that defines its factory; the
// table in commands.cc lists it.
//
// Threads: the main thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace ostraka::cli {

// Exit codes of every subcommand except `server` (server/run.h) and `check` (its own).
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;       // definitely not done, or a check failed
inline constexpr int kExitUsage = 2;        // wrong flags or input
inline constexpr int kExitUnreachable = 3;  // no server answered
inline constexpr int kExitUnknown = 4;      // the outcome is unknown: it may or may not be done

class Command {
 public:
  Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  virtual ~Command() = default;
  // Adds its subcommand to `root` and binds its flags to members of this object.
  virtual CLI::App* declare(CLI::App& root) = 0;
  // Called once when the subcommand was chosen. Returns the exit code.
  [[nodiscard]] virtual int run() = 0;
};

using CommandFactory = std::unique_ptr<Command> (*)();

// Every subcommand, in the order of --help.
[[nodiscard]] std::span<const CommandFactory> all_commands();

// Prints one line "ostraka: …" to standard error.
void complain(std::string_view line);
// The version of this program.
[[nodiscard]] std::string_view version();
// The path of this executable, for starting servers.
[[nodiscard]] std::string own_path();

std::unique_ptr<Command> make_server_command();
std::unique_ptr<Command> make_demo_command();
std::unique_ptr<Command> make_status_command();
std::unique_ptr<Command> make_leader_command();
std::unique_ptr<Command> make_member_command();
std::unique_ptr<Command> make_get_command();
std::unique_ptr<Command> make_put_command();
std::unique_ptr<Command> make_del_command();
std::unique_ptr<Command> make_scan_command();
std::unique_ptr<Command> make_check_command();
std::unique_ptr<Command> make_bench_command();
std::unique_ptr<Command> make_sim_command();
std::unique_ptr<Command> make_lab_command();
std::unique_ptr<Command> make_version_command();
std::unique_ptr<Command> make_completion_command();

}  // namespace ostraka::cli
