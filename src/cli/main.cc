// The one binary: finds the subcommand and runs it.
#include "cli/commands.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

std::string choices_of(const CLI::App& app) {
  std::string names;
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    names += (names.empty() ? "" : ", ") + each->get_name();
  }
  return names;
}

// One line about a command line that cannot be understood.
std::string explain(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App* named = &root;
  std::string path;  // of the deepest subcommand that was named: "member add"
  while (!named->get_subcommands().empty()) {
    named = named->get_subcommands().front();
    path += (path.empty() ? "" : " ") + named->get_name();
  }
  const std::vector<std::string> unknown = root.remaining(true);
  std::string what = error.what();
  if (!unknown.empty()) {
    what = (unknown.front().starts_with('-') ? "unknown flag '"
            : path.empty()                   ? "unknown command '"
                                             : "unexpected argument '") +
           unknown.front() + "'";
  } else if (error.get_name() == "ConversionError") {
    // "Could not convert: --reactors = x"
    const std::size_t flag = std::min(what.find("--"), what.size());
    const std::size_t value = what.find(" = ", flag);
    if (value != std::string::npos) {
      what = what.substr(flag, value - flag) + " '" + what.substr(value + 3) + "' is no number";
    }
  } else if (error.get_name() == "ArgumentMismatch") {
    what = what.substr(0, what.find(':')) + " needs a value";
  } else if (what == "A subcommand is required") {
    what = "a command is missing (" + choices_of(*named) + ")";
  }
  return what + "; see 'ostraka " + path + (path.empty() ? "" : " ") + "--help'";
}

// Who could not print the answer has failed, however well the rest went. `error`: of an earlier
// attempt, or 0.
int finish(int code, int error = 0) {
  if (std::fflush(stdout) != 0 && error == 0) {
    error = errno;
  }
  if (std::ferror(stdout) == 0) {
    return code;
  }
  ostraka::cli::complain(std::string("standard output cannot be written: ") +
                         std::strerror(error == 0 ? EIO : error));
  return code == ostraka::cli::kExitOk ? ostraka::cli::kExitFailed : code;
}

int run(ostraka::cli::Command& command) {
  try {
    return finish(command.run());
  } catch (const std::system_error& failed) {  // of fmt::print
    if (std::ferror(stdout) == 0) {
      throw;
    }
    return finish(ostraka::cli::kExitFailed, failed.code().value());
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace ostraka::cli;
  // A reader that wants no more ('ostraka lab list | head -1') ends this process as it ends other
  // tools, quietly, whatever was inherited. Sockets are written with MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_DFL);
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
    if (error.get_exit_code() != 0) {
      complain(explain(app, error));
      return kExitUsage;
    }
    app.exit(error);  // --help, --version
    return finish(kExitOk);
  }
  for (const auto& [command, declared] : commands) {
    if (declared->parsed()) {
      return run(*command);
    }
  }
  return kExitUsage;
}
