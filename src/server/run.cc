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
#include <vector>

namespace ostraka::server {

namespace {

// Whether anybody reads it is all one: the process is judged by what it served.
void tell(std::FILE* stream, const std::string& text) {
  static_cast<void>(std::fputs(text.c_str(), stream));
  static_cast<void>(std::fflush(stream));
  std::clearerr(stream);
}

void last_line(const std::string& text) {
  std::fflush(stdout);
  tell(stderr, "ostraka: " + text + "\n");
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

// Where the context says it better than the table's text: a locked directory is "busy", which
// speaks of queues; a line about a flag.
std::string start_line(const base::Error& error) {
  const bool context_says_it = error.context.starts_with("--") ||
                               error.code == base::ErrorCode::busy ||
                               error.code == base::ErrorCode::identity_mismatch ||
                               error.code == base::ErrorCode::already_exists;
  return (context_says_it ? error.context : error.to_string()) + advice_for(error.code);
}

// Opens and gives back what will be listened on, before the data directory is touched: a taken port
// leaves no trace in it.
std::string problem_of_addresses(const Settings& settings, port::Network& network) {
  std::vector<std::unique_ptr<port::Listener>> opened;
  for (const auto& [flag, address] :
       {std::pair{"peer", &settings.peer}, {"redis", &settings.redis}, {"http", &settings.http}}) {
    auto listener = network.listen(*address, [](std::unique_ptr<port::Stream>) {});
    if (!listener.has_value()) {
      const base::Error& error = listener.error();
      const std::size_t reason = error.context.rfind(": ");
      return fmt::format("--{} {}: {}{}", flag, *address,
                         error.context.substr(reason == std::string::npos ? 0 : reason + 2),
                         error.code == base::ErrorCode::invalid_argument
                             ? "; it must be an address of this machine"
                             : advice_for(error.code));
    }
    opened.push_back(std::move(*listener));
  }
  return std::string();
}

void warn_of_few_files(std::uint64_t limit, node::Log& log) {
  // Beside clients: tables of the engine, segments of the log, peers.
  constexpr std::uint64_t kOwnFiles = 512;
  const std::uint64_t wanted = node::Options{}.redis.clients_max + kOwnFiles;
  if (limit < wanted) {
    log.write(
        node::LogLevel::warning,
        fmt::format("at most {} open files: fewer than the {} that {} clients need; raise the "
                    "limit (ulimit -Hn, or LimitNOFILE of systemd)",
                    limit, wanted, node::Options{}.redis.clients_max));
  }
}

// A server that may not use io_uring serves as well, with a thread for the log.
void choose_log_io(const std::string& log_io, net::Reactor& reactor, node::Log& log) {
  if (log_io == "thread") {
    log.write(node::LogLevel::info, "batches of the log are written by a thread (--log-io thread)");
    return;
  }
  const base::Status opened = reactor.open_ring();
  log.write(node::LogLevel::info,
            opened.has_value()
                ? "batches of the log are written by io_uring"
                : fmt::format("batches of the log are written by a thread: the system refuses "
                              "io_uring ({})",
                              opened.error().context));
}

const char* directory_advice(const base::Error& error) {
  if (error.code == base::ErrorCode::not_found) {
    return "; make its parent folder first, or choose another --data-dir";
  }
  return error.code == base::ErrorCode::permission_denied ? advice_for(error.code)
                                                          : "; choose another --data-dir";
}

class Listener final : public node::NodeListener {
 public:
  Listener(net::Reactor& reactor, const Settings& settings)
      : reactor_(reactor), settings_(settings) {}

  void on_ready(const node::Addresses& addresses) override {
    ready_ = true;
    tell(stdout, fmt::format("ready to serve: redis {}, http {}, peers {}, node {}, data {}\n",
                             addresses.redis, addresses.http, addresses.peer, settings_.name,
                             settings_.data_dir));
  }
  void on_fatal(const base::Error& reason) override {
    if (!fatal_.has_value()) {
      fatal_ = reason;
    }
    reactor_.stop();
  }
  [[nodiscard]] const std::optional<base::Error>& fatal() const { return fatal_; }
  [[nodiscard]] bool was_ready() const { return ready_; }

 private:
  net::Reactor& reactor_;
  const Settings& settings_;
  std::optional<base::Error> fatal_;
  bool ready_ = false;
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
  out.engine = settings.engine;
  out.join = settings.join;
  out.peer_secret = std::move(peer_secret);
  out.config_file = options.config_file;
  out.executable = options.executable;
  out.seed = random_seed();
  out.redis.password = settings.requirepass;
  return out;
}

ExitCode exit_code_of(const base::Error& fatal, bool was_ready) {
  if (fatal.code == base::ErrorCode::identity_mismatch) {
    return ExitCode::refused;
  }
  return was_ready ? ExitCode::storage_failed : ExitCode::failed;
}

}  // namespace

ExitCode run(const RunOptions& options) {
  base::Result<std::string> secret = read_secret(options.settings.peer_secret_file);
  if (!secret.has_value()) {
    last_line(secret.error().context);
    return ExitCode::usage;
  }
  StderrLog log(options.settings.log_level);
  warn_of_few_files(raise_open_files_limit(), log);
  net::Reactor reactor;
  LinuxProcess process(reactor);
  const std::unique_ptr<port::Network> network = net::make_network(reactor);
  if (const std::string problem = problem_of_addresses(options.settings, *network);
      !problem.empty()) {
    last_line(problem);
    return ExitCode::failed;
  }
  auto files = file::open_file_system(options.settings.data_dir);
  if (!files.has_value()) {
    last_line(fmt::format("data directory {}: {}{}", options.settings.data_dir,
                          files.error().context, directory_advice(files.error())));
    return ExitCode::failed;
  }
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
  choose_log_io(options.settings.log_io, reactor, log);
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
    std::_Exit(static_cast<int>(exit_code_of(*fatal, listener.was_ready())));
  }
  node.reset();
  log.write(node::LogLevel::info, "stopped");
  return ExitCode::stopped;
}

}  // namespace ostraka::server
