#include "cli/internal/demo_cluster.h"

#include "cli/internal/http_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>

namespace ostraka::cli {

namespace {

using Clock = std::chrono::steady_clock;

// Distinct free ports: all are bound at the same time before any is given back.
std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<int> sockets;
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i < count; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (fd >= 0 && ::bind(fd, raw, size) == 0 && ::getsockname(fd, raw, &size) == 0) {
      ports.push_back(ntohs(address.sin_port));
    }
    sockets.push_back(fd);
  }
  for (const int fd : sockets) {
    ::close(fd);
  }
  return ports;
}

std::vector<char*> pointers_of(std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (std::string& word : words) {
    out.push_back(word.data());
  }
  out.push_back(nullptr);
  return out;
}

int milliseconds_until(Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

// Reads the child's standard output until the line or the end.
bool wait_for_ready(int fd, std::chrono::seconds limit) {
  std::string out;
  const auto end = Clock::now() + limit;
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  while (::poll(&waiting, 1, milliseconds_until(end)) > 0) {
    std::array<char, 512> block;
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got <= 0) {
      return false;
    }
    out.append(block.data(), static_cast<std::size_t>(got));
    if (out.find("ready to serve") != std::string::npos && out.ends_with('\n')) {
      return true;
    }
  }
  return false;
}

// Without reaping it.
bool has_ended_within(pid_t process, std::chrono::seconds limit) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  const bool ended = fd >= 0 && ::poll(&waiting, 1, milliseconds_until(Clock::now() + limit)) == 1;
  ::close(fd);
  return ended;
}

}  // namespace

DemoCluster::DemoCluster(std::string executable, std::string folder, std::string engine,
                         std::size_t nodes, bool keep)
    : executable_(std::move(executable)), engine_(std::move(engine)), keep_(keep) {
  const std::vector<std::uint16_t> ports = free_ports(nodes * 3);
  for (std::size_t i = 0; i < nodes && ports.size() == nodes * 3; ++i) {
    DemoNode node;
    node.name = fmt::format("n{}", i + 1);
    node.folder = fmt::format("{}/{}", folder, node.name);
    node.peer = fmt::format("127.0.0.1:{}", ports[3 * i]);
    node.redis = fmt::format("127.0.0.1:{}", ports[3 * i + 1]);
    node.http = fmt::format("127.0.0.1:{}", ports[3 * i + 2]);
    nodes_.push_back(std::move(node));
  }
}

DemoCluster::~DemoCluster() {
  if (keep_) {
    return;
  }
  for (const DemoNode& node : nodes_) {
    if (node.process > 0) {
      ::kill(node.process, SIGTERM);
    }
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    stop(i);
  }
}

std::string DemoCluster::member_list() const {
  std::string out;
  for (const DemoNode& node : nodes_) {
    out += (out.empty() ? "" : ",") + node.name + "=" + node.peer;
  }
  return out;
}

base::Status DemoCluster::start(std::size_t index) {
  DemoNode& node = nodes_[index];
  std::array<int, 2> output{};
  if (::pipe2(output.data(), O_CLOEXEC) != 0) {
    return base::fail(base::ErrorCode::io_error, std::strerror(errno));
  }
  std::vector<std::string> words{executable_, "server",      "--name",   node.name, "--data-dir",
                                 node.folder, "--redis",     node.redis, "--http",  node.http,
                                 "--cluster", member_list(), "--engine", engine_};
  const std::vector<char*> arguments = pointers_of(words);
  const std::string log = node.folder + ".log";
  const pid_t child = ::fork();
  if (child == 0) {
    if (keep_) {
      ::setsid();
    } else {
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    }
    ::dup2(output[1], STDOUT_FILENO);
    const int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(errors, STDERR_FILENO);
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
  }
  ::close(output[1]);
  node.process = child;
  const bool ready = child > 0 && wait_for_ready(output[0], std::chrono::seconds(20));
  ::close(output[0]);
  if (!ready) {
    return base::fail(base::ErrorCode::io_error,
                      node.name + " did not start; its messages are in " + log);
  }
  return {};
}

void DemoCluster::kill(std::size_t index) {
  const pid_t process = std::exchange(nodes_[index].process, -1);
  if (process > 0) {
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
  }
}

bool DemoCluster::stop(std::size_t index) {
  const pid_t process = std::exchange(nodes_[index].process, -1);
  if (process <= 0) {
    return true;
  }
  ::kill(process, SIGTERM);
  int status = 0;
  if (has_ended_within(process, std::chrono::seconds(15))) {
    return ::waitpid(process, &status, 0) == process && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
  }
  ::kill(process, SIGKILL);
  ::waitpid(process, &status, 0);
  return false;
}

std::size_t DemoCluster::find_leader() const {
  for (const DemoNode& node : nodes_) {
    if (node.process <= 0) {
      continue;
    }
    const auto answer = http_call(node.http, {.path = "/status"}, base::Duration::seconds(2));
    if (!answer.has_value()) {
      continue;
    }
    const auto status = nlohmann::json::parse(answer->body, nullptr, false);
    const auto leader = status.is_object() ? status.find("leader") : status.end();
    for (std::size_t i = 0; leader != status.end() && i < nodes_.size(); ++i) {
      if (leader->is_string() && *leader == nodes_[i].name && nodes_[i].process > 0) {
        return i;
      }
    }
  }
  return nodes_.size();
}

std::size_t DemoCluster::count_whole() const {
  const std::size_t leader = find_leader();
  if (leader == nodes_.size()) {
    return 0;
  }
  const auto answer =
      http_call(nodes_[leader].http, {.path = "/status"}, base::Duration::seconds(2));
  const auto status = nlohmann::json::parse(answer.has_value() ? answer->body : "", nullptr,
                                            /*allow_exceptions=*/false);
  std::size_t whole = 0;
  if (status.is_object() && status.contains("nodes")) {
    for (const auto& node : status["nodes"]) {
      whole += node.value("reachable", false) && node["lag"] == 0 ? 1U : 0U;
    }
  }
  return whole;
}

bool DemoCluster::wait_until_whole(int seconds,
                                   const std::function<void(const std::string&)>& say) const {
  const auto start = Clock::now();
  auto next_line = start + std::chrono::seconds(2);
  while (Clock::now() < start + std::chrono::seconds(seconds)) {
    const std::size_t whole = count_whole();
    if (whole == nodes_.size()) {
      return true;
    }
    if (Clock::now() >= next_line) {
      say(fmt::format("  waiting: {} of {} nodes have caught up", whole, nodes_.size()));
      next_line += std::chrono::seconds(2);
    }
    // Between two questions: nobody tells when the state of a cluster changes.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

}  // namespace ostraka::cli
