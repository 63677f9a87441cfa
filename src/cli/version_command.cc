#include "cli/commands.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace ostraka::cli {

namespace {

class VersionCommand final : public Command {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("version", "Print the version");
    app->footer("Example: ostraka version");
    return app;
  }
  int run() override {
    fmt::print("ostraka {}\n", version());
    return kExitOk;
  }
};

}  // namespace

std::unique_ptr<Command> make_version_command() { return std::make_unique<VersionCommand>(); }

}  // namespace ostraka::cli
