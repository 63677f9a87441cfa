// The one binary: finds the subcommand and runs it.
#include "cli/commands.h"

#include <CLI/CLI.hpp>

#include <csignal>
#include <memory>
#include <utility>
#include <vector>

int main(int argc, char** argv) {
  using namespace ostraka::cli;
  // A peer that has gone shows as an error of write, not as the death of the process.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"A distributed key-value database: replicated by Raft, spoken to as Redis."};
  app.name("ostraka");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(version()));
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong flags or input, 3 no server answered,\n"
      "4 outcome unknown; 'server': 5 the data directory failed, 6 refused by its cluster.\n"
      "Example: ostraka server & ostraka put greeting hello && ostraka get greeting");
  std::vector<std::pair<std::unique_ptr<Command>, CLI::App*>> commands;
  for (const CommandFactory factory : all_commands()) {
    std::unique_ptr<Command> command = factory();
    CLI::App* declared = command->declare(app);
    commands.emplace_back(std::move(command), declared);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool wrong = error.get_exit_code() != 0;
    app.exit(error);
    return wrong ? kExitUsage : kExitOk;
  }
  for (const auto& [command, declared] : commands) {
    if (declared->parsed()) {
      return command->run();
    }
  }
  return kExitUsage;
}
