#include "cli/internal/demo_load.h"

#include "cli/internal/demo_data.h"
#include "cli/internal/redis_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

namespace ostraka::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kBatch = 250;
constexpr std::uint32_t kCheckBatch = 200;
const base::Duration kLimit = base::Duration::seconds(8);

std::string port_of(const std::string& address) { return address.substr(address.rfind(':') + 1); }

// Feeds `input` to the child and collects its output; the pipes are small, so both at once.
std::string exchange(int to_child, int from_child, std::string_view input) {
  std::string output;
  ::fcntl(to_child, F_SETFL, O_NONBLOCK);
  for (bool writing = true;;) {
    std::array<pollfd, 2> waiting{
        pollfd{.fd = from_child, .events = POLLIN, .revents = 0},
        pollfd{.fd = writing ? to_child : -1, .events = POLLOUT, .revents = 0}};
    if (::poll(waiting.data(), waiting.size(), 20'000) <= 0) {
      return output;
    }
    if (waiting[1].revents != 0) {
      const ssize_t sent = ::send(to_child, input.data(), input.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        input.remove_prefix(static_cast<std::size_t>(sent));
      }
      if (input.empty() || (sent < 0 && errno != EAGAIN)) {
        ::close(to_child);
        writing = false;
      }
    }
    if (waiting[0].revents != 0) {
      std::array<char, 4096> block;
      const ssize_t got = ::read(from_child, block.data(), block.size());
      if (got <= 0) {
        if (writing) {
          ::close(to_child);
        }
        return output;
      }
      output.append(block.data(), static_cast<std::size_t>(got));
    }
  }
}

// One run of "redis-cli --pipe": its standard output and errors, and whether it exited with 0.
bool pipe_through_redis_cli(const std::string& port, std::string_view input, std::string& output) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  // Sockets, as a child that has gone must not end this process by a signal.
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in.data()) != 0 ||
      ::pipe2(out.data(), O_CLOEXEC) != 0) {
    return false;
  }
  std::array<std::string, 6> words{"redis-cli", "-p", port, "--pipe", "--pipe-timeout", "8"};
  std::array<char*, 7> arguments{};
  std::ranges::transform(words, arguments.begin(), [](std::string& word) { return word.data(); });
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(out[1], STDERR_FILENO);
    ::execvp("redis-cli", arguments.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  output = child > 0 ? exchange(in[1], out[0], input) : std::string();
  ::close(out[0]);
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

bool pipe_through_own_client(const std::string& address, std::string_view input,
                             std::uint32_t count) {
  base::Result<RedisClient> client = RedisClient::connect(address, "", kLimit);
  if (!client.has_value() || !client->send(input).has_value()) {
    return false;
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const base::Result<Reply> reply = client->receive();
    if (!reply.has_value() || !reply->is_ok()) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool has_redis_cli() {
  const pid_t child = ::fork();
  if (child == 0) {
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    ::execlp("redis-cli", "redis-cli", "--version", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

std::uint32_t BulkLoader::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

bool BulkLoader::wait_for_more_than(std::uint32_t seen) const {
  std::unique_lock lock(mutex_);
  progress_.wait(lock, [&] { return acknowledged_ > seen || ended_; });
  return acknowledged_ > seen;
}

bool BulkLoader::run(std::uint32_t count) {
  const bool loaded = load(count);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  progress_.notify_all();
  return loaded;
}

bool BulkLoader::load(std::uint32_t count) {
  for (std::uint32_t first = 0; first < count; first += kBatch) {
    const std::uint32_t end = std::min(first + kBatch, count);
    std::string requests;
    for (std::uint32_t i = first; i < end; ++i) {
      const std::string key = demo_key(i);
      const std::string value = demo_value(i);
      append_request(requests, std::array<std::string_view, 3>{"SET", key, value});
    }
    const auto limit = Clock::now() + std::chrono::seconds(60);
    while (!send_batch(requests, end - first)) {
      if (Clock::now() > limit) {
        return false;
      }
      repeated_.fetch_add(1);
      node_ = (node_ + 1) % nodes_.size();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const std::lock_guard lock(mutex_);
    acknowledged_ = end;
    progress_.notify_all();
  }
  return true;
}

bool BulkLoader::send_batch(const std::string& requests, std::uint32_t count) {
  const std::string& address = nodes_[node_].redis;
  if (!stock_client_) {
    return pipe_through_own_client(address, requests, count);
  }
  std::string output;
  return pipe_through_redis_cli(port_of(address), requests, output) &&
         output.find(fmt::format("errors: 0, replies: {}", count)) != std::string::npos;
}

std::string Probe::key(std::uint32_t number) { return fmt::format("probe:{:06}", number); }

std::string Probe::value(std::uint32_t number) { return fmt::format("probe value {}", number); }

void Probe::run() {
  std::size_t node = 0;
  base::Result<RedisClient> client = base::fail(base::ErrorCode::connection_closed);
  auto last = Clock::now();
  while (!stop_.load()) {
    if (!client.has_value()) {
      node = (node + 1) % nodes_.size();
      client = RedisClient::connect(nodes_[node].redis, "", kLimit);
      if (!client.has_value()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        continue;
      }
    }
    const std::string record = key(acknowledged_);
    const base::Result<Reply> reply = client->call({"SET", record, value(acknowledged_)});
    if (!reply.has_value()) {
      client = std::unexpected(reply.error());
      continue;
    }
    if (reply->is_ok()) {
      const auto now = Clock::now();
      if (acknowledged_ > 0) {
        const std::chrono::duration<double, std::milli> gap = now - last;
        longest_gap_ms_ = std::max(longest_gap_ms_, gap.count());
      }
      last = now;
      ++acknowledged_;
    }
  }
}

CheckResult check_node(const DemoNode& node, std::uint32_t records, std::uint32_t probes,
                       bool own_copy) {
  CheckResult result;
  result.expected = records + probes;
  base::Result<RedisClient> client = RedisClient::connect(node.redis, "", kLimit);
  if (!client.has_value()) {
    result.problem = client.error().to_string();
    return result;
  }
  if (own_copy) {
    const base::Result<Reply> reply = client->call({"READONLY"});
    if (!reply.has_value() || !reply->is_ok()) {
      result.problem = "READONLY was refused";
      return result;
    }
  }
  for (std::uint32_t first = 0; first < result.expected; first += kCheckBatch) {
    std::vector<std::string> keys;
    for (std::uint32_t i = first; i < std::min(first + kCheckBatch, result.expected); ++i) {
      keys.push_back(i < records ? demo_key(i) : Probe::key(i - records));
    }
    std::vector<std::string_view> words{"MGET"};
    words.insert(words.end(), keys.begin(), keys.end());
    const base::Result<Reply> reply = client->call(words);
    if (!reply.has_value() || reply->items.size() != keys.size()) {
      result.problem = reply.has_value() ? reply->text : reply.error().to_string();
      return result;
    }
    for (std::uint32_t i = 0; i < keys.size(); ++i) {
      const std::uint32_t number = first + i;
      const std::string expected =
          number < records ? demo_value(number) : Probe::value(number - records);
      result.found += reply->items[i].text == expected ? 1U : 0U;
    }
  }
  return result;
}

}  // namespace ostraka::cli
