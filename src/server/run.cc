#include "server/run.h"

#include "base/prng.h"
#include "engine_rocksdb/engine_rocksdb.h"
#include "file/posix_file_system.h"
#include "net/network.h"
#include "net/reactor.h"
#include "node/node.h"
#include "server/internal/linux_process.h"
#include "server/internal/stderr_log.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

namespace ostraka::server {

namespace {

void last_line(const std::string& text) {
  std::fflush(stdout);
  fmt::print(stderr, "ostraka: {}\n", text);
  std::fflush(stderr);
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  while (::getrandom(&seed, sizeof seed, 0) != sizeof seed) {
  }
  return seed;
}

base::Result<std::string> read_secret(const std::string& path) {
  if (path.empty()) {
    return std::string();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "--peer-secret " + path + ": cannot be read");
  }
  std::string secret{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) {
    secret.pop_back();
  }
  if (secret.size() < 16) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "--peer-secret " + path + ": fewer than 16 characters");
  }
  return secret;
}

struct Advice {
  base::ErrorCode code;
  const char* text;
};

// What to do about an error; the error's own text says what is wrong.
constexpr std::array kAdvice{
    Advice{base::ErrorCode::address_in_use, "; stop the other process or choose another port"},
    Advice{base::ErrorCode::busy, "; stop the other process or choose another --data-dir"},
    Advice{base::ErrorCode::identity_mismatch,
           "; is it the right --data-dir? A new node needs an empty one"},
    Advice{base::ErrorCode::permission_denied,
           "; check the owner and the rights, or choose another --data-dir or port"},
    Advice{base::ErrorCode::corruption,
           "; the directory is left as it is: restore it, or remove this member and add it as a "
           "new one with an empty directory"},
    Advice{base::ErrorCode::format_unknown, "; written by a later version: use that version"},
    Advice{base::ErrorCode::disk_full, "; make space on the file system"},
};

const char* advice_for(base::ErrorCode code) {
  const auto* at = std::ranges::find(kAdvice, code, &Advice::code);
  return at == kAdvice.end() ? "" : at->text;
}

// A locked directory is "busy", whose text speaks of queues: the context says it better.
std::string start_line(const base::Error& error) {
  return (error.code == base::ErrorCode::busy ? error.context : error.to_string()) +
         advice_for(error.code);
}

class Listener final : public node::NodeListener {
 public:
  Listener(net::Reactor& reactor, const Settings& settings)
      : reactor_(reactor), settings_(settings) {}

  void on_ready(const node::Addresses& addresses) override {
    fmt::print("ready to serve: redis {}, http {}, peers {}, node {}, data {}\n", addresses.redis,
               addresses.http, addresses.peer, settings_.name, settings_.data_dir);
    std::fflush(stdout);
  }
  void on_fatal(const base::Error& reason) override {
    if (!fatal_.has_value()) {
      fatal_ = reason;
    }
    reactor_.stop();
  }
  [[nodiscard]] const std::optional<base::Error>& fatal() const { return fatal_; }

 private:
  net::Reactor& reactor_;
  const Settings& settings_;
  std::optional<base::Error> fatal_;
};

node::Options node_options(const RunOptions& options, std::string peer_secret) {
  const Settings& settings = options.settings;
  node::Options out;
  out.name = settings.name;
  out.version = options.version;
  out.peer_listen = settings.peer;
  out.advertise = settings.advertise;
  out.redis_listen = settings.redis;
  out.http_listen = settings.http;
  out.cluster = settings.cluster;
  out.join = settings.join;
  out.peer_secret = std::move(peer_secret);
  out.config_file = options.config_file;
  out.executable = options.executable;
  out.seed = random_seed();
  out.redis.password = settings.requirepass;
  return out;
}

ExitCode exit_code_of(const base::Error& fatal) {
  return fatal.code == base::ErrorCode::identity_mismatch ? ExitCode::refused
                                                          : ExitCode::storage_failed;
}

}  // namespace

ExitCode run(const RunOptions& options) {
  base::Result<std::string> secret = read_secret(options.settings.peer_secret_file);
  if (!secret.has_value()) {
    last_line(secret.error().context);
    return ExitCode::usage;
  }
  auto files = file::open_file_system(options.settings.data_dir);
  if (!files.has_value()) {
    last_line(fmt::format("data directory {}: {}{}", options.settings.data_dir,
                          files.error().to_string(), advice_for(files.error().code)));
    return ExitCode::failed;
  }
  StderrLog log(options.settings.log_level);
  net::Reactor reactor;
  LinuxProcess process(reactor);
  const std::unique_ptr<port::Network> network = net::make_network(reactor);
  Listener listener(reactor, options.settings);
  auto open_engine = [](port::FileSystem& fs, port::Executor& executor) {
    return engine_rocksdb::open(fs, executor, {});
  };
  auto node = std::make_unique<node::Node>(node::Environment{.executor = reactor,
                                                             .network = *network,
                                                             .files = **files,
                                                             .open_engine = open_engine,
                                                             .process = process,
                                                             .log = log},
                                           node_options(options, std::move(*secret)), listener);
  const base::Status started = node->start();
  if (!started.has_value()) {
    last_line(start_line(started.error()));
    return ExitCode::failed;
  }
  bool stopping = false;
  reactor.on_termination([&](int signal) {
    if (stopping) {
      return;
    }
    stopping = true;
    log.write(node::LogLevel::info, fmt::format("signal {}: stopping", signal));
    node->stop([&reactor] { reactor.stop(); });
  });
  reactor.run();
  const std::optional<base::Error> fatal = listener.fatal();
  if (fatal.has_value()) {
    const bool refused = fatal->code == base::ErrorCode::identity_mismatch;
    last_line(refused ? fatal->context : start_line(*fatal));
    // Nothing more may be written by destructors: the state of the files is unknown.
    std::fflush(nullptr);
    std::_Exit(static_cast<int>(exit_code_of(*fatal)));
  }
  node.reset();
  log.write(node::LogLevel::info, "stopped");
  return ExitCode::stopped;
}

}  // namespace ostraka::server
