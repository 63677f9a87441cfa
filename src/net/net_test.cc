// What only real sockets have: host names, IPv6, descriptors that run out, threads, signals, and
// the number of turns that a batch costs.
#include "net/address.h"
#include "net/internal/output_queue.h"
#include "net/network.h"
#include "net/reactor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ostraka::net {
namespace {

using base::Duration;

constexpr Duration kLimit = Duration::seconds(20);

class Echo final : public port::StreamHandler {
 public:
  explicit Echo(std::unique_ptr<port::Stream> accepted) : stream(std::move(accepted)) {
    stream->start(*this);
  }
  std::size_t on_bytes(base::ByteView bytes) override {
    ++reads;
    stream->write(bytes);
    return bytes.size();
  }
  void on_closed(const base::Error&) override { stream.reset(); }
  std::unique_ptr<port::Stream> stream;
  int reads = 0;
};

class Counter final : public port::StreamHandler {
 public:
  std::size_t on_bytes(base::ByteView bytes) override {
    received += bytes.size();
    return bytes.size();
  }
  void on_closed(const base::Error& reason) override { error = reason.to_string(); }
  std::size_t received = 0;
  std::string error;
};

TEST(Address, Parses) {
  const auto parsed = [](const std::string& text) {
    const auto address = parse_address(text);
    return address.has_value() ? address->host + "|" + std::to_string(address->port)
                               : std::string(name_of(address.error().code));
  };
  EXPECT_EQ(parsed("127.0.0.1:6379"), "127.0.0.1|6379");
  EXPECT_EQ(parsed("node-1.example:0"), "node-1.example|0");
  EXPECT_EQ(parsed("[::1]:80"), "::1|80");
  EXPECT_EQ(parsed("*:80"), "|80");
  EXPECT_EQ(parsed(":80"), "|80");
  for (const char* wrong : {"", "host", "host:", "host:x", "host:65536", "host:-1", "::1:80",
                            "[::1:80", "[]:80", "host:80 "}) {
    EXPECT_EQ(parsed(wrong), "invalid_argument") << wrong;
  }
  EXPECT_TRUE(is_loopback(*parse_address("127.9.9.9:1")));
  EXPECT_TRUE(is_loopback(*parse_address("[::1]:1")));
  EXPECT_TRUE(is_loopback(*parse_address("localhost:1")));
  EXPECT_FALSE(is_loopback(*parse_address("*:1")));
  EXPECT_FALSE(is_loopback(*parse_address("10.0.0.1:1")));
}

class NetTest : public ::testing::Test {
 protected:
  std::unique_ptr<port::Listener> echo_server(const std::string& address) {
    auto listener = network->listen(address, [this](std::unique_ptr<port::Stream> stream) {
      echoes.push_back(std::make_unique<Echo>(std::move(stream)));
    });
    EXPECT_TRUE(listener.has_value()) << listener.error().to_string();
    return std::move(*listener);
  }
  std::unique_ptr<port::Stream> connect(const std::string& address, port::StreamHandler& handler) {
    std::unique_ptr<port::Stream> stream;
    std::string error;
    network->connect(address, reactor.now() + kLimit, [&](auto result) {
      if (result.has_value()) {
        stream = std::move(*result);
        stream->start(handler);
      } else {
        error = result.error().to_string();
      }
    });
    EXPECT_TRUE(reactor.run_until([&] { return stream != nullptr || !error.empty(); }, kLimit));
    EXPECT_EQ(error, "");
    return stream;
  }
  static std::string port_of(const std::string& address) {
    return address.substr(address.rfind(':'));
  }

  Reactor reactor;
  std::unique_ptr<port::Network> network = make_network(reactor);
  std::vector<std::unique_ptr<Echo>> echoes;
};

TEST_F(NetTest, HostNamesAndIpv6) {
  Counter counter;
  const auto by_name = echo_server("localhost:0");
  auto stream = connect("localhost" + port_of(by_name->address()), counter);
  stream->write("x");
  EXPECT_TRUE(reactor.run_until([&] { return counter.received == 1; }, kLimit));
  stream.reset();
  const auto by_six = network->listen("[::1]:0", [](std::unique_ptr<port::Stream>) {});
  if (by_six.has_value()) {  // a machine may have no IPv6
    EXPECT_EQ((*by_six)->address().substr(0, 6), "[::1]:");
    EXPECT_EQ(connect((*by_six)->address(), counter)->peer_address(), (*by_six)->address());
  }
}

TEST_F(NetTest, WrongAddressesAreErrorsNotCrashes) {
  base::ErrorCode code = base::ErrorCode::busy;
  for (const char* wrong : {"nonsense", "name.invalid:80"}) {
    bool called = false;
    network->connect(wrong, reactor.now() + kLimit, [&](auto result) {
      called = true;
      code = result.error().code;
    });
    EXPECT_FALSE(called);
    EXPECT_TRUE(reactor.run_until([&] { return called; }, kLimit));
    EXPECT_EQ(code, base::ErrorCode::invalid_argument);
  }
  EXPECT_EQ(network->listen("nonsense", {}).error().code, base::ErrorCode::invalid_argument);
  EXPECT_EQ(network->listen("192.0.2.1:0", {}).error().code, base::ErrorCode::invalid_argument);
}

TEST_F(NetTest, ADeadlineEndsAnAttempt) {
  // A listener whose backlog is full answers nothing.
  const int full = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  SocketAddress address = resolve({.host = "127.0.0.1", .port = 0})->front();
  ASSERT_EQ(::bind(full, reinterpret_cast<sockaddr*>(&address.storage), address.length), 0);
  ASSERT_EQ(::listen(full, 0), 0);
  ASSERT_EQ(::getsockname(full, reinterpret_cast<sockaddr*>(&address.storage), &address.length), 0);
  std::string codes;
  std::vector<std::unique_ptr<port::Stream>> kept;
  for (int i = 0; i < 4; ++i) {
    network->connect(address.to_string(), reactor.now() + Duration::milliseconds(100),
                     [&](auto result) {
                       codes += result.has_value() ? "+" : "-";
                       if (result.has_value()) {
                         kept.push_back(std::move(*result));
                       } else {
                         EXPECT_EQ(result.error().code, base::ErrorCode::deadline_exceeded);
                       }
                     });
  }
  EXPECT_TRUE(reactor.run_until([&] { return codes.size() == 4; }, kLimit));
  EXPECT_NE(codes.find('-'), std::string::npos);
  ::close(full);
}

// One wait, one read and one write for a batch, however many messages and writes it has.
TEST_F(NetTest, ABatchCostsOneTurn) {
  Counter counter;
  const auto listener = echo_server("127.0.0.1:0");
  const auto stream = connect(listener->address(), counter);
  ASSERT_TRUE(reactor.run_until([&] { return echoes.size() == 1; }, kLimit));
  constexpr int kRounds = 200;
  const std::uint64_t turns = reactor.stats().turns;
  for (int round = 1; round <= kRounds; ++round) {
    for (int i = 0; i < 16; ++i) {
      stream->write("request ");
    }
    const std::size_t expected = static_cast<std::size_t>(round) * 16 * 8;
    ASSERT_TRUE(reactor.run_until([&] { return counter.received == expected; }, kLimit));
  }
  // Client and server share the reactor: sending, echoing and receiving are three turns.
  EXPECT_LE(reactor.stats().turns - turns, kRounds * 3U + 20U);
  EXPECT_LE(echoes[0]->reads, kRounds + 5);
}

TEST_F(NetTest, OutOfDescriptorsIsARestNotABusyLoop) {
#if __has_feature(undefined_behavior_sanitizer)
  GTEST_SKIP() << "the sanitizer itself needs a descriptor to check an object's type";
#endif
  Counter counter;
  const auto listener = echo_server("127.0.0.1:0");
  const auto first = connect(listener->address(), counter);
  ASSERT_TRUE(reactor.run_until([&] { return echoes.size() == 1; }, kLimit));
  rlimit before = {};
  ::getrlimit(RLIMIT_NOFILE, &before);
  // Fill the table up to the last descriptor: that one is for the client's socket.
  const int next = ::dup(0);
  const rlimit tight = {.rlim_cur = static_cast<rlim_t>(next) + 1, .rlim_max = before.rlim_max};
  ::close(next);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  Counter refused;
  const auto second = connect(listener->address(), refused);
  const bool told = reactor.run_until([&] { return !refused.error.empty(); }, kLimit);
  const std::uint64_t turns = reactor.stats().turns;
  // Still served while the listener rests.
  first->write("x");
  const bool served = reactor.run_until([&] { return counter.received == 1; }, kLimit);
  const std::uint64_t spent = reactor.stats().turns - turns;
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(told) << "the client that has no place is turned away";
  EXPECT_TRUE(served);
  EXPECT_LT(spent, 20U);
  Counter later;
  const auto third = connect(listener->address(), later);
  third->write("y");
  EXPECT_TRUE(reactor.run_until([&] { return later.received == 1; }, kLimit));
}

TEST(ReactorTest, ClosuresOfOtherThreadsAndStop) {
  Reactor reactor;
  std::atomic<int> ran = 0;
  constexpr int kEach = 2000;
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        reactor.post_remote([&] {
          if (++ran == 3 * kEach) {
            reactor.stop();
          }
        });
      }
    });
  }
  reactor.run();
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(ran, 3 * kEach);
}

TEST(ReactorTest, LanesRunBesideEachOther) {
  Reactor reactor;
  std::atomic<bool> second_ran = false;
  bool first_done = false;
  reactor.run_blocking(
      1,
      [&] {
        while (!second_ran) {
          std::this_thread::yield();
        }
      },
      [&] { first_done = true; });
  reactor.run_blocking(2, [&] { second_ran = true; }, [] {});
  EXPECT_TRUE(reactor.run_until([&] { return first_done; }, kLimit));
}

TEST(ReactorTest, SignalsAreEvents) {
  Reactor reactor;
  int seen = 0;
  reactor.on_termination([&](int signal) {
    seen = signal;
    reactor.stop();
  });
  reactor.post([] { ::raise(SIGTERM); });
  reactor.run();
  EXPECT_EQ(seen, SIGTERM);
}

TEST(ReactorTest, SlowTurnsAreCounted) {
  Reactor reactor;
  bool done = false;
  reactor.post([&] {
    const base::Instant until = reactor.now() + Duration::milliseconds(3);
    while (reactor.now() < until) {
    }
    done = true;
  });
  ASSERT_TRUE(reactor.run_until([&] { return done; }, kLimit));
  EXPECT_GE(reactor.stats().slow_turns, 1U);
  EXPECT_GE(reactor.stats().longest_turn, Duration::milliseconds(3));
}

TEST(ReactorTest, AnEndOfTurnThatAsksForAnotherDoesNotStarveIo) {
  Reactor reactor;
  int rounds = 0;
  std::function<void()> again = [&] {
    ++rounds;
    reactor.post_end_of_turn([&] { again(); });
  };
  again();
  bool fired = false;
  const auto timer = reactor.make_timer([&] { fired = true; });
  timer->arm(reactor.now() + Duration::milliseconds(5));
  EXPECT_TRUE(reactor.run_until([&] { return fired; }, kLimit));
  EXPECT_GT(rounds, 8);
}

TEST(ReactorTest, ManyTimersFireInOrder) {
  Reactor reactor;
  std::vector<std::unique_ptr<port::Timer>> timers;
  std::vector<int> fired;
  const base::Instant start = reactor.now();
  std::vector<int> expected;
  for (int i = 0; i < 200; ++i) {
    timers.push_back(reactor.make_timer([&fired, i] { fired.push_back(i); }));
    timers.back()->arm(start + Duration::seconds(100));
  }
  for (int i = 0; i < 200; ++i) {  // 37 is coprime to 200: a permutation
    timers[static_cast<std::size_t>(i * 37 % 200)]->arm(
        start + Duration::microseconds(std::int64_t{i} * 10));
    expected.push_back(i * 37 % 200);
  }
  for (int i = 0; i < 200; i += 3) {
    timers[static_cast<std::size_t>(i)]->disarm();
  }
  std::erase_if(expected, [](int i) { return i % 3 == 0; });
  EXPECT_TRUE(reactor.run_until([&] { return fired.size() >= expected.size(); }, kLimit));
  EXPECT_EQ(fired, expected);
}

// A socket that takes little at a time: every byte once and in order, whatever the pieces are.
TEST(OutputQueueTest, PartialWrites) {
  std::array<int, 2> ends = {};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  const int small = 4096;
  ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  internal::OutputQueue queue;
  std::string expected;
  std::string received;
  std::array<char, 3000> bytes = {};
  for (int i = 0; i < 3000; ++i) {
    const std::string text(static_cast<std::size_t>(i * 31 % 1500),
                           static_cast<char>('a' + i % 26));
    if (i % 2 == 0) {
      queue.append(base::ByteView(text));
    } else {
      queue.append(base::Buffer::copy(text));
    }
    expected += text;
    ASSERT_EQ(queue.send(ends[0]), 0);
    if (const ssize_t got = ::read(ends[1], bytes.data(), bytes.size()); got > 0) {
      received.append(bytes.data(), static_cast<std::size_t>(got));
    }
    ASSERT_EQ(queue.bytes() == 0, queue.empty());
  }
  while (received.size() < expected.size()) {
    ASSERT_EQ(queue.send(ends[0]), 0);
    const ssize_t got = ::read(ends[1], bytes.data(), bytes.size());
    ASSERT_GT(got, 0);
    received.append(bytes.data(), static_cast<std::size_t>(got));
  }
  EXPECT_EQ(received, expected);
  EXPECT_TRUE(queue.empty());
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace ostraka::net
