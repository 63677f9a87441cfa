// A router around a scripted shard and a transport that only writes down: what the router's tests
// stand on.
#pragma once

#include "codec/operation.h"
#include "router/node_router.h"
#include "sim_ports/sim_executor.h"
#include "sim_ports/sim_scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::router::testing {

using base::Duration;
using base::ErrorCode;

inline constexpr model::ShardId kShard{1};
inline constexpr model::NodeId kSelf{1};

// A shard that writes down what it is given and answers when the test says so.
class ScriptedShard final : public Shard {
 public:
  struct Batch {
    model::SessionId session;
    std::uint64_t first = 0;
    std::uint64_t acknowledged = 0;
    std::vector<std::string> commands;
  };

  [[nodiscard]] bool leads() const override { return leader_id == kSelf; }
  [[nodiscard]] model::NodeId leader() const override { return leader_id; }
  base::Status submit_commands(model::SessionId session, model::Serial first_serial,
                               model::Serial acknowledged,
                               std::span<const base::ByteView> commands) override {
    if (refuse.has_value()) {
      return base::fail(*refuse);
    }
    Batch batch{session, first_serial.value(), acknowledged.value(), {}};
    for (const base::ByteView command : commands) {
      batch.commands.emplace_back(command);
    }
    batches.push_back(std::move(batch));
    return {};
  }
  base::Status register_session(model::SessionId session) override {
    registered.push_back(session);
    return {};
  }
  void read(replica::Read& read) override {
    if (answer_reads) {
      read.complete(base::ByteView("read"));
    } else {
      reads.push_back(&read);
    }
  }
  void cancel_read(replica::Read& read) override { std::erase(reads, &read); }
  [[nodiscard]] base::WallTime log_time_now() const override { return {}; }

  model::NodeId leader_id = kSelf;
  std::optional<ErrorCode> refuse;
  bool answer_reads = true;
  std::vector<Batch> batches;
  std::vector<model::SessionId> registered;
  std::vector<replica::Read*> reads;
};

class SilentTransport final : public peer::Transport {
 public:
  base::Status start(const std::string&, peer::TransportHandler&) override { return {}; }
  void set_members(std::span<const model::Member>) override {}
  bool send(model::ShardId, const protocol::Message&, std::span<const base::Buffer>) override {
    return false;
  }
  bool send_frame(model::NodeId, peer::Channel channel, peer::FrameType type, model::ShardId,
                  base::ByteView body) override {
    if (reachable) {
      frames.emplace_back(type, std::string(body));
      last_channel = channel;
    }
    return reachable;
  }
  void call_address(const std::string&, peer::FrameType, base::ByteView, base::Instant,
                    OnReply) override {}
  [[nodiscard]] std::vector<peer::PeerConnectionStatus> status() const override { return {}; }
  void stop() override {}

  bool reachable = true;
  peer::Channel last_channel = peer::Channel::control;
  std::vector<std::pair<peer::FrameType, std::string>> frames;
};

class TestCall final : public Call {
 public:
  void complete(const base::Result<base::ByteView>& results) override {
    ++completions;
    ok = results.has_value();
    if (ok) {
      text = std::string(*results);
    } else {
      code = results.error().code;
    }
  }
  int completions = 0;
  bool ok = false;
  ErrorCode code = ErrorCode::cancelled;
  std::string text;
};

[[nodiscard]] inline std::string touch() {
  codec::CommandBuilder builder;
  builder.add({.code = codec::OpCode::touch});
  return builder.take();
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() { make_router({}); }

  void make_router(RouterOptions options) {
    sessions_.clear();
    router_.reset();
    options.shard = kShard;
    options.self = kSelf;
    options.seed = 7;
    router_ = std::make_unique<NodeRouter>(executor_, shard_, transport_, options);
  }

  void run(Duration duration = Duration::milliseconds(1)) {
    scheduler_.run_until(scheduler_.now() + duration);
  }

  // The node has a session from here on.
  void register_node() {
    router_->on_leadership(kShard, shard_.leads(), shard_.leader_id);
    run();
    ASSERT_FALSE(shard_.registered.empty());
    answer(0, "");
    run();
    ASSERT_TRUE(router_->status().session_registered);
  }

  model::SessionId session() const { return shard_.registered.back(); }

  void answer(std::uint64_t serial, const std::string& text) {
    router_->on_result(kShard, session(), model::Serial(serial), base::ByteView(text));
  }

  TestCall& submit(Session& to, const std::string& command, bool read_only = false) {
    calls_.push_back(std::make_unique<TestCall>());
    TestCall& call = *calls_.back();
    call.command = base::Buffer::copy(command);
    call.read_only = read_only;
    call.deadline = executor_.now() + Duration::seconds(5);
    to.submit(call);
    return call;
  }

  Session& open() {
    sessions_.push_back(router_->open_session());
    return *sessions_.back();
  }

  sim_ports::SimScheduler scheduler_;
  sim_ports::SimClock clock_;
  sim_ports::SimExecutor executor_{scheduler_, clock_, 1};
  ScriptedShard shard_;
  SilentTransport transport_;
  std::vector<std::unique_ptr<TestCall>> calls_;
  std::unique_ptr<NodeRouter> router_;
  std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace ostraka::router::testing
