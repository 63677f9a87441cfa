// What every Executor and Network promises, as tests: the real ones and the simulated ones run the
// same suite.
//
// Used by one test file per implementation: define a NetworkHarness and instantiate NetworkContract
// with a factory for it. No test depends on speed: each waits for a condition with a generous
// limit.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "port/executor.h"
#include "port/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::port {

class NetworkHarness {
 public:
  NetworkHarness() = default;
  NetworkHarness(const NetworkHarness&) = delete;
  NetworkHarness& operator=(const NetworkHarness&) = delete;
  virtual ~NetworkHarness() = default;
  // The executor of both networks' callbacks as far as the tests can tell (its clock counts).
  virtual Executor& executor() = 0;
  virtual Network& server() = 0;
  virtual Network& client() = 0;
  // Where a server may listen; a port of its own for each call.
  virtual std::string listen_address() = 0;
  // Where nobody listens.
  virtual std::string dead_address() = 0;
  // Runs until `done` or `limit` (of the executor's time); returns done().
  virtual bool run_until(const std::function<bool()>& done, base::Duration limit) = 0;
};

using NetworkHarnessFactory = std::unique_ptr<NetworkHarness> (*)();

// Keeps what arrives. `limit` = how many bytes it takes in all.
class ContractCollector final : public StreamHandler {
 public:
  std::size_t on_bytes(base::ByteView bytes) override {
    ++calls;
    const std::size_t taken = std::min(bytes.size(), limit - received.size());
    received.append(bytes.substr(0, taken));
    if (on_data) {
      on_data();
    }
    return taken;
  }
  void on_drained() override { ++drained; }
  void on_closed(const base::Error& reason) override {
    ++closed;
    code = reason.code;
    if (on_end) {
      on_end();
    }
  }
  std::string received;
  std::size_t limit = SIZE_MAX;
  int calls = 0;
  int drained = 0;
  int closed = 0;
  base::ErrorCode code = base::ErrorCode::busy;
  std::function<void()> on_data;
  std::function<void()> on_end;
};

class NetworkContract : public ::testing::TestWithParam<NetworkHarnessFactory> {
 protected:
  static constexpr base::Duration kLimit = base::Duration::seconds(20);
  bool run_until(const std::function<bool()>& done) { return harness->run_until(done, kLimit); }
  // Lets time pass: only where the test asks that nothing happens.
  void settle(base::Duration span) {
    bool over = false;
    auto timer = harness->executor().make_timer([&over] { over = true; });
    timer->arm(harness->executor().now() + span);
    ASSERT_TRUE(run_until([&over] { return over; }));
  }
  base::Instant soon() { return harness->executor().now() + kLimit; }
  void listen() {
    auto result =
        harness->server().listen(harness->listen_address(), [this](std::unique_ptr<Stream> stream) {
          accepted = std::move(stream);
          accepted->start(at_server);
        });
    ASSERT_TRUE(result.has_value()) << result.error().to_string();
    listener = std::move(*result);
  }
  void connect_pair() {
    listen();
    harness->client().connect(listener->address(), soon(), [this](auto result) {
      ASSERT_TRUE(result.has_value()) << result.error().to_string();
      dialled = std::move(*result);
      dialled->start(at_client);
    });
    ASSERT_TRUE(run_until([this] { return dialled != nullptr && accepted != nullptr; }));
  }

  std::unique_ptr<NetworkHarness> harness = GetParam()();
  ContractCollector at_server;
  ContractCollector at_client;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Stream> accepted;
  std::unique_ptr<Stream> dialled;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(NetworkContract);

TEST_P(NetworkContract, PostedClosuresRunInOrderAndNotInside) {
  std::string order;
  Executor& executor = harness->executor();
  executor.post([&] {
    order += "1";
    executor.post([&] { order += "3"; });
    order += "2";
  });
  EXPECT_EQ(order, "");
  ASSERT_TRUE(run_until([&] { return order.size() == 3; }));
  EXPECT_EQ(order, "123");
}

TEST_P(NetworkContract, EndOfTurnComesAfterWhatWasPostedBefore) {
  std::string order;
  Executor& executor = harness->executor();
  executor.post([&] {
    executor.post_end_of_turn([&] { order += "e"; });
    order += "a";
  });
  executor.post([&] { order += "b"; });
  ASSERT_TRUE(run_until([&] { return order.size() == 3; }));
  EXPECT_EQ(order, "abe");
}

TEST_P(NetworkContract, TimersFireInOrderOnceAndMayBeArmedAgain) {
  std::string order;
  Executor& executor = harness->executor();
  const base::Instant start = executor.now();
  auto late = executor.make_timer([&] { order += "b"; });
  auto early = executor.make_timer([&] { order += "a"; });
  auto never = executor.make_timer([&] { order += "x"; });
  late->arm(start + base::Duration::milliseconds(4));
  early->arm(start + base::Duration::milliseconds(2));
  never->arm(start + base::Duration::milliseconds(1));
  never->disarm();
  ASSERT_TRUE(run_until([&] { return order.size() == 2; }));
  EXPECT_EQ(order, "ab");
  EXPECT_GE(executor.now(), start + base::Duration::milliseconds(4));
  early->arm(executor.now() + base::Duration::milliseconds(1));
  ASSERT_TRUE(run_until([&] { return order.size() == 3; }));
  EXPECT_EQ(order, "aba");
}

TEST_P(NetworkContract, ATimerMayDestroyItself) {
  bool fired = false;
  std::unique_ptr<Timer> timer;
  timer = harness->executor().make_timer([&] {
    timer.reset();
    fired = true;
  });
  timer->arm(harness->executor().now());
  EXPECT_TRUE(run_until([&] { return fired; }));
}

TEST_P(NetworkContract, BlockingJobsOfALaneKeepTheirOrder) {
  std::string jobs;
  std::string done;
  for (char c = 'a'; c <= 'h'; ++c) {
    harness->executor().run_blocking(1, [&jobs, c] { jobs += c; }, [&done, c] { done += c; });
  }
  ASSERT_TRUE(run_until([&] { return done.size() == 8; }));
  EXPECT_EQ(jobs + done, "abcdefghabcdefgh");
}

TEST_P(NetworkContract, BytesArriveInOrderBothWays) {
  connect_pair();
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string part = std::to_string(i) + ",";
    dialled->write(part);
    expected += part;
  }
  accepted->write("back");
  ASSERT_TRUE(run_until([&] {
    return at_server.received.size() >= expected.size() && at_client.received.size() >= 4;
  }));
  EXPECT_EQ(at_server.received + at_client.received, expected + "back");
}

TEST_P(NetworkContract, BuffersAndCopiesKeepTheirOrder) {
  connect_pair();
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string text(static_cast<std::size_t>(i * 7 % 2000), static_cast<char>('a' + i % 26));
    if (i % 3 == 0) {
      dialled->write(base::ByteView(text));
    } else {
      dialled->write(base::Buffer::copy(text));
    }
    expected += text;
  }
  ASSERT_TRUE(run_until([&] { return at_server.received.size() >= expected.size(); }));
  EXPECT_EQ(at_server.received, expected);
}

TEST_P(NetworkContract, UnconsumedBytesAreKeptAndPresentedAgainOnResume) {
  connect_pair();
  at_server.limit = 3;
  at_server.on_data = [&] { accepted->pause_reading(); };
  dialled->write("abcdef");
  ASSERT_TRUE(run_until([&] { return at_server.received == "abc"; }));
  at_server.limit = SIZE_MAX;
  at_server.on_data = nullptr;
  const int calls = at_server.calls;
  accepted->resume_reading();
  EXPECT_EQ(at_server.calls, calls) << "presented from within resume_reading()";
  ASSERT_TRUE(run_until([&] { return at_server.received == "abcdef"; }));
}

TEST_P(NetworkContract, AReaderThatStopsHoldsTheSenderAndDrainsLater) {
  connect_pair();
  accepted->pause_reading();
  const std::string much(16U << 20, 'x');
  dialled->write(base::ByteView(much));
  settle(base::Duration::milliseconds(50));
  EXPECT_TRUE(at_server.received.empty() && at_client.drained == 0);
  EXPECT_GT(dialled->pending_bytes(), 0U);
  accepted->resume_reading();
  ASSERT_TRUE(run_until([&] { return at_server.received.size() == much.size(); }));
  ASSERT_TRUE(run_until([&] { return at_client.drained == 1; }));
  EXPECT_EQ(dialled->pending_bytes(), 0U);
}

TEST_P(NetworkContract, CloseSendsWhatIsQueuedAndTellsThePeerOnce) {
  connect_pair();
  const std::string much(4U << 20, 'y');
  dialled->write(base::ByteView(much));
  dialled->close();
  dialled.reset();
  ASSERT_TRUE(run_until([&] { return at_server.closed == 1; }));
  EXPECT_EQ(at_server.received.size(), much.size());
  EXPECT_EQ(at_client.closed, 0);
}

TEST_P(NetworkContract, AbortResetsThePeer) {
  connect_pair();
  dialled->abort();
  ASSERT_TRUE(run_until([&] { return at_server.closed == 1; }));
  EXPECT_EQ(at_server.code, base::ErrorCode::connection_closed);
  EXPECT_EQ(at_client.closed, 0);
}

TEST_P(NetworkContract, AHandlerMayDestroyItsStreamFromWithin) {
  connect_pair();
  at_server.on_data = [&] { accepted.reset(); };
  dialled->write("x");
  ASSERT_TRUE(run_until([&] { return at_client.closed == 1; }));
  EXPECT_EQ(at_server.closed, 0);
}

TEST_P(NetworkContract, AStreamMayBeDestroyedFromOnClosed) {
  connect_pair();
  at_server.on_end = [&] { accepted.reset(); };
  dialled->abort();
  ASSERT_TRUE(run_until([&] { return at_server.closed == 1; }));
  EXPECT_EQ(accepted, nullptr);
}

TEST_P(NetworkContract, NobodyListeningMeansRefused) {
  base::ErrorCode code = base::ErrorCode::busy;
  bool called = false;
  harness->client().connect(harness->dead_address(), soon(), [&](auto result) {
    called = true;
    ASSERT_FALSE(result.has_value());
    code = result.error().code;
  });
  EXPECT_FALSE(called) << "called from within";
  ASSERT_TRUE(run_until([&] { return called; }));
  EXPECT_EQ(code, base::ErrorCode::connection_refused);
}

TEST_P(NetworkContract, ATakenAddressIsRefusedAndFreeAgainAfterwards) {
  listen();
  const std::string address = listener->address();
  const auto second = harness->server().listen(address, [](std::unique_ptr<Stream>) {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, base::ErrorCode::address_in_use);
  listener.reset();
  auto third = harness->server().listen(address, [](std::unique_ptr<Stream>) {});
  EXPECT_TRUE(third.has_value());
}

}  // namespace ostraka::port
