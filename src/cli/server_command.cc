#include "cli/commands.h"
#include "protocol/engines/engines.h"
#include "server/flags.h"
#include "server/run.h"

#include <CLI/CLI.hpp>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

namespace ostraka::cli {

namespace {

class ServerCommand final : public Command {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("server", "Run one node");
    app->add_option("--config", config_, "TOML file whose keys are the names of these flags");
    app->add_option("--name", flags_.name, "Name of this node in its cluster (n1)");
    app->add_option("--data-dir", flags_.data_dir, "Where the data is (./ostraka.data)");
    app->add_option("--peer", flags_.peer,
                    "HOST:PORT for the other nodes (127.0.0.1:7379, or the own --cluster entry)");
    app->add_option("--advertise", flags_.advertise,
                    "HOST:PORT where the other nodes reach this one (--peer)");
    app->add_option("--cluster", flags_.cluster,
                    "Initial members n1=HOST:PORT,n2=HOST:PORT,…; initialises an empty directory");
    app->add_option("--engine", flags_.engine,
                    "Replication engine of a new cluster: " + protocol::engine_names() + " (" +
                        std::string(protocol::kDefaultEngine) + "); --join takes the cluster's");
    app->add_option("--join", flags_.join,
                    "HOST:PORT of any member: enter its cluster as a learner");
    app->add_option("--redis", flags_.redis, "HOST:PORT for Redis clients (127.0.0.1:6379)");
    app->add_option("--http", flags_.http,
                    "HOST:PORT for health, metrics, status, administration (127.0.0.1:8379)");
    app->add_option("--reactors", flags_.reactors, "Event loops; this version runs 1");
    app->add_option("--requirepass", flags_.requirepass, "Password of Redis clients");
    app->add_option("--peer-secret", flags_.peer_secret,
                    "File with the secret that all nodes share (16 characters or more)");
    app->add_flag_callback(
        "--insecure", [this] { flags_.insecure = true; },
        "Listen beyond this machine without password and secret");
    app->add_option("--log-level", flags_.log_level, "debug, info, warning, error or off (info)");
    app->add_option("--log-io", flags_.log_io,
                    "How batches of the log are written: auto (io_uring where the kernel takes "
                    "it) or thread (auto)");
    app->footer(
        "A flag overrides the same key of --config. Stops cleanly on SIGTERM and Ctrl-C.\n"
        "Exit codes: 0 stopped, 1 could not start, 2 wrong flags, 5 a write or sync of the data\n"
        "directory failed, 6 the cluster refuses this data directory.\n"
        "Examples:\n"
        "  ostraka server\n"
        "  ostraka server --name n1 --data-dir d1 --redis 127.0.0.1:6401 --http 127.0.0.1:8401 \\\n"
        "    --cluster n1=127.0.0.1:7401,n2=127.0.0.1:7402,n3=127.0.0.1:7403\n"
        "  ostraka server --name n4 --data-dir d4 --peer 127.0.0.1:7404 --redis 127.0.0.1:6404 \\\n"
        "    --http 127.0.0.1:8404 --join 127.0.0.1:7401");
    return app;
  }

  int run() override {
    server::Flags flags = flags_;
    if (!config_.empty()) {
      std::ifstream file(config_, std::ios::binary);
      if (!file) {
        complain("--config " + config_ + ": cannot be read");
        return kExitUsage;
      }
      const std::string text{std::istreambuf_iterator<char>(file),
                             std::istreambuf_iterator<char>()};
      const base::Result<server::Flags> from_file = server::parse_config(text, config_);
      if (!from_file.has_value()) {
        complain(from_file.error().context);
        return kExitUsage;
      }
      flags = server::merge(flags_, *from_file);
    }
    const base::Result<server::Settings> settings = server::settle(flags);
    if (!settings.has_value()) {
      complain(settings.error().context);
      return kExitUsage;
    }
    std::signal(SIGPIPE, SIG_IGN);  // it serves whether anybody reads its messages or not
    return static_cast<int>(server::run({.settings = *settings,
                                         .version = std::string(version()),
                                         .executable = own_path(),
                                         .config_file = config_}));
  }

 private:
  std::string config_;
  server::Flags flags_;
};

}  // namespace

std::unique_ptr<Command> make_server_command() { return std::make_unique<ServerCommand>(); }

}  // namespace ostraka::cli
