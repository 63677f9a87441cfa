#include "sim_ports/sim_network.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace ostraka::sim_ports {
namespace {

using base::Duration;

class Collector final : public port::StreamHandler {
 public:
  std::size_t on_bytes(base::ByteView bytes) override {
    if (received.size() + bytes.size() > limit) {
      const std::size_t room = limit - received.size();
      received.append(bytes.substr(0, room));
      return room;
    }
    received.append(bytes);
    return bytes.size();
  }
  void on_closed(const base::Error& reason) override { closed = reason.context; }

  std::string received;
  std::string closed;
  std::size_t limit = SIZE_MAX;
};

struct Machine {
  Machine(SimScheduler& scheduler, SimFabric& fabric, const std::string& host, std::uint64_t seed)
      : executor(std::make_unique<SimExecutor>(scheduler, clock, seed)),
        network(std::make_unique<SimNetwork>(fabric, *executor, host)) {}
  SimClock clock;
  std::unique_ptr<SimExecutor> executor;
  std::unique_ptr<SimNetwork> network;
};

class SimNetworkTest : public ::testing::Test {
 protected:
  void run_for(Duration span) { scheduler.run_until(scheduler.now() + span); }
  void connect_pair() {
    listener = *b.network->listen("b:1", [this](std::unique_ptr<port::Stream> stream) {
      accepted = std::move(stream);
      accepted->start(at_b);
    });
    a.network->connect("b:1", a.executor->now() + Duration::seconds(1), [this](auto result) {
      ASSERT_TRUE(result.has_value());
      dialled = std::move(*result);
      dialled->start(at_a);
    });
    run_for(Duration::milliseconds(5));
    ASSERT_TRUE(dialled && accepted);
  }

  SimScheduler scheduler;
  SimFabric fabric{scheduler, 7};
  Machine a{scheduler, fabric, "a", 1};
  Machine b{scheduler, fabric, "b", 2};
  Collector at_a;
  Collector at_b;
  std::unique_ptr<port::Listener> listener;
  std::unique_ptr<port::Stream> dialled;
  std::unique_ptr<port::Stream> accepted;
};

TEST_F(SimNetworkTest, BytesArriveInOrderBothWays) {
  connect_pair();
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string part = std::to_string(i) + ",";
    dialled->write(part);
    expected += part;
  }
  accepted->write("back");
  run_for(Duration::seconds(1));
  EXPECT_EQ(at_b.received, expected);
  EXPECT_EQ(at_a.received, "back");
}

TEST_F(SimNetworkTest, NobodyListeningMeansRefused) {
  base::ErrorCode code = base::ErrorCode::busy;
  a.network->connect("b:9", a.executor->now() + Duration::seconds(1),
                     [&code](auto result) { code = result.error().code; });
  run_for(Duration::milliseconds(5));
  EXPECT_EQ(code, base::ErrorCode::connection_refused);
}

TEST_F(SimNetworkTest, ARejectingFirewallResetsAndRefusesUntilHealed) {
  connect_pair();
  fabric.reject("a", "b");
  std::optional<base::ErrorCode> code;
  const auto connect_again = [this, &code] {
    a.network->connect("b:1", a.executor->now() + Duration::seconds(1), [&code](auto result) {
      code = result.has_value() ? std::nullopt : std::optional(result.error().code);
    });
    run_for(Duration::milliseconds(5));
  };
  connect_again();
  EXPECT_EQ(at_a.closed, "reset by peer");
  EXPECT_EQ(code, base::ErrorCode::connection_refused);
  fabric.heal_all();
  connect_again();
  EXPECT_EQ(code, std::nullopt);
}

TEST_F(SimNetworkTest, APartitionHoldsBytesUntilItHeals) {
  connect_pair();
  fabric.cut("a", "b");
  dialled->write("late");
  run_for(Duration::seconds(1));
  EXPECT_EQ(at_b.received, "");
  fabric.heal("a", "b");
  run_for(Duration::seconds(1));
  EXPECT_EQ(at_b.received, "late");
}

TEST_F(SimNetworkTest, AReaderThatStopsFillsTheWindowAndThenTheSender) {
  connect_pair();
  at_b.limit = 0;
  dialled->write(std::string(1U << 20, 'x'));
  run_for(Duration::seconds(1));
  EXPECT_GE(dialled->pending_bytes(), (1U << 20) - (256U << 10));
  at_b.limit = SIZE_MAX;
  accepted->pause_reading();
  accepted->resume_reading();
  run_for(Duration::seconds(1));
  EXPECT_EQ(at_b.received.size(), 1U << 20);
}

TEST_F(SimNetworkTest, ACrashResetsAndAPowerLossSaysNothing) {
  connect_pair();
  b.network->vanish();
  b.executor.reset();
  accepted.reset();
  listener.reset();
  b.network.reset();
  run_for(Duration::seconds(1));
  EXPECT_EQ(at_a.closed, "");
}

TEST_F(SimNetworkTest, AClosedProcessIsNoticed) {
  connect_pair();
  b.network.reset();
  run_for(Duration::seconds(1));
  EXPECT_EQ(at_a.closed, "reset by peer");
}

TEST_F(SimNetworkTest, CloseDeliversWhatWasWrittenFirst) {
  connect_pair();
  dialled->write("bye");
  dialled->close();
  run_for(Duration::seconds(1));
  EXPECT_EQ(at_b.received, "bye");
  EXPECT_EQ(at_b.closed, "closed by peer");
}

}  // namespace
}  // namespace ostraka::sim_ports
