// A whole run against a server in this process that can be told to forget.
#include "bench/load.h"

#include "base/assert.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <set>
#include <string>
#include <thread>

namespace ostraka::bench {
namespace {

// Serves SET and GET of 16-byte keys and 8-byte values to connections that come one after the
// other; each request has a known length. Forgets every `forget`-th write and closes the connection
// in the place of the `drop`-th answer (0: never). One thread, from the constructor to the
// destructor.
class ForgetfulRedis {
 public:
  ForgetfulRedis(std::uint64_t forget, std::uint64_t drop) : forget_(forget), drop_(drop) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    OSTRAKA_ASSERT(listener_ >= 0, "no socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    socklen_t length = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ForgetfulRedis() { stop(); }
  ForgetfulRedis(const ForgetfulRedis&) = delete;
  ForgetfulRedis& operator=(const ForgetfulRedis&) = delete;

  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  // Everything but the first write is answered busy. Before the load.
  void be_busy() { busy_ = true; }
  // How many acknowledged writes are not there; ends the server.
  std::uint64_t stop() {
    if (thread_.joinable()) {
      ::shutdown(listener_, SHUT_RDWR);
      thread_.join();
      ::close(listener_);
    }
    return forgotten_;
  }

 private:
  static constexpr std::size_t kGet = sizeof("*2\r\n$3\r\nGET\r\n$16\r\n") - 1 + 18;
  static constexpr std::size_t kSet = kGet + sizeof("$8\r\n") - 1 + 10;
  static constexpr std::size_t kKeyAt = kGet - 18;

  void serve() {
    for (int client = 0; (client = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      std::array<char, 4096> chunk{};
      std::string in;
      for (ssize_t got = 0; (got = ::recv(client, chunk.data(), chunk.size(), 0)) > 0;) {
        in.append(chunk.data(), static_cast<std::size_t>(got));
        if (!answer_all(client, in)) {
          break;
        }
      }
      ::close(client);
    }
  }
  bool answer_all(int client, std::string& in) {
    while (in.size() > 1 && in.size() >= (in[1] == '3' ? kSet : kGet)) {
      const bool is_write = in[1] == '3';
      const std::string key = in.substr(kKeyAt, 16);
      in.erase(0, is_write ? kSet : kGet);
      if (drop_ != 0 && ++requests_ == drop_) {
        return false;
      }
      std::string reply = "+OK\r\n";
      if (busy_ && !(is_write && keys_.empty())) {
        reply = "-BUSY try later\r\n";
      } else if (!is_write) {
        reply = keys_.contains(key) ? "$8\r\nvvvvvvvv\r\n" : "$-1\r\n";
      } else if (forget_ != 0 && ++writes_ % forget_ == 0) {
        ++forgotten_;
      } else {
        keys_.insert(key);
      }
      ::send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
    }
    return true;
  }

  std::uint64_t forget_;
  std::uint64_t drop_;
  bool busy_ = false;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t writes_ = 0;
  std::uint64_t forgotten_ = 0;
  std::set<std::string> keys_;
  std::thread thread_;
};

LoadOptions small(const ForgetfulRedis& server) {
  LoadOptions options;
  options.endpoints = {server.endpoint()};
  options.clients = 1;
  options.pipeline = 4;
  options.value_bytes = 8;
  options.keys = 100;
  options.seconds = 0.3;
  options.check_writes = true;
  return options;
}

TEST(CheckWrites, EveryAcknowledgedWriteIsReadBack) {
  ForgetfulRedis server(0, 0);
  const auto report = run_load(small(server));
  ASSERT_TRUE(report.has_value());
  EXPECT_GT(report->writes, 0U);
  EXPECT_EQ(report->reads, 0U);  // the reading back is not part of what is measured
  EXPECT_GE(report->checked, report->writes);
  EXPECT_EQ(report->lost, 0U);
  EXPECT_EQ(report->unchecked, 0U);
}

TEST(CheckWrites, FindsEveryWriteThatWasForgotten) {
  ForgetfulRedis server(3, 0);
  const auto report = run_load(small(server));
  ASSERT_TRUE(report.has_value());
  EXPECT_GT(report->lost, 0U);
  EXPECT_EQ(report->unchecked, 0U);
  EXPECT_EQ(report->lost, server.stop());
}

TEST(CheckWrites, AWriteWithoutAnAnswerIsNotAsked) {
  ForgetfulRedis server(0, 2);  // the second write of the run: neither answered nor done
  const auto report = run_load(small(server));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->disconnects, 1U);
  EXPECT_EQ(report->lost, 0U);
  EXPECT_EQ(report->unchecked, 0U);
}

TEST(Load, WritesEveryKeyOnceAndReadsWhatIsThere) {
  ForgetfulRedis server(10, 0);
  LoadOptions options = small(server);
  options.check_writes = false;
  options.load_keys = true;
  const auto loaded = run_load(options);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->writes, 100U);
  options.load_keys = false;
  options.read_ratio = 1;
  options.distribution = Distribution::sequential;
  const auto read = run_load(options);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->writes, 0U);
  // Every tenth key was forgotten, and keys are asked for in order.
  EXPECT_GE(read->absent, read->reads / 10);
  EXPECT_LE(read->absent, read->reads / 10 + 1);
}

TEST(Load, AnOpenLoopAccountsForEverythingThatWasDue) {
  ForgetfulRedis server(0, 0);
  LoadOptions options = small(server);
  options.check_writes = false;
  options.stages = {{.rate = 1000, .seconds = 0.1}, {.rate = 3000, .seconds = 0.2}};
  const auto report = run_load(options);
  ASSERT_TRUE(report.has_value());
  const std::uint64_t known = report->operations + report->unsent;
  EXPECT_LE(known, 700U);
  EXPECT_GE(known, 700U - options.pipeline);  // what was in flight at the end has no answer
}

TEST(Load, BusyIsNoError) {
  ForgetfulRedis server(0, 0);
  server.be_busy();
  LoadOptions options = small(server);
  options.check_writes = false;
  const auto report = run_load(options);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->operations, 1U);
  EXPECT_EQ(report->errors, 0U);
  EXPECT_GT(report->busy, 0U);
  EXPECT_EQ(report->busy_latency.count(), report->busy);
  std::uint64_t busy = 0;
  for (const SecondReport& second : report->per_second) {
    busy += second.busy;
  }
  EXPECT_EQ(busy, report->busy);
  EXPECT_EQ(report->per_second.size(), 1U);
}

TEST(Load, ReadsAndLoadingAreNotChecked) {
  LoadOptions options;
  options.endpoints = {"127.0.0.1:1"};
  options.check_writes = true;
  options.read_ratio = 0.5;
  EXPECT_EQ(run_load(options).error().code, base::ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace ostraka::bench
