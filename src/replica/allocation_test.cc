// How many allocations the driver makes per log entry in the steady state.
#include "base/allocation_count_test.h"
#include "replica/driver_world_test.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::replica::testing {
namespace {

// A log that keeps nothing: its own cost is not counted.
class NoLog final : public port::LogStore {
 public:
  base::Result<port::RecoveredLog> take_recovered(model::ShardId) override {
    return port::RecoveredLog{};
  }
  std::vector<model::ShardId> shards() const override { return {}; }
  void attach(model::ShardId, port::DurableListener& listener) override { listener_ = &listener; }
  void append(model::ShardId, std::uint64_t cookie, port::LogWrite) override { cookie_ = cookie; }
  void read(model::ShardId, model::LogIndex, model::LogIndex, std::size_t, OnRead) override {}
  void compact(model::ShardId, model::LogIndex, model::Term) override {}
  void start_behind(model::ShardId, std::uint64_t, model::LogIndex, model::Term) override {}
  void reset(model::ShardId, std::uint64_t, model::LogIndex, model::Term,
             const protocol::HardState&) override {}
  std::uint64_t pinned_bytes(model::ShardId) const override { return 0; }
  port::LogStoreStats stats() const override { return {}; }
  void complete() { listener_->on_durable(cookie_); }

 private:
  port::DurableListener* listener_ = nullptr;
  std::uint64_t cookie_ = 0;
};

// Turns by hand, in memory that is used again.
class LeanExecutor final : public port::Executor {
 public:
  base::Instant now() override { return now_; }
  base::WallTime wall_now() override { return base::WallTime::from_milliseconds(1'000'000); }
  void post(port::Closure closure) override { next_.push_back(std::move(closure)); }
  void post_end_of_turn(port::Closure closure) override { end_.push_back(std::move(closure)); }
  void post_remote(port::Closure closure) override { post(std::move(closure)); }
  std::unique_ptr<port::Timer> make_timer(port::Closure) override {
    return std::make_unique<NoTimer>();
  }
  void run_blocking(unsigned, port::Closure, port::Closure) override {}
  void run() {
    while (!next_.empty() || !end_.empty()) {
      now_ = now_ + base::Duration::microseconds(1);
      for (std::vector<port::Closure>* queue : {&next_, &end_}) {
        std::swap(*queue, running_);
        for (port::Closure& closure : running_) {
          closure();
        }
        running_.clear();
      }
    }
  }

 private:
  class NoTimer final : public port::Timer {
   public:
    void arm(base::Instant) override {}
    void disarm() override {}
  };
  base::Instant now_;
  std::vector<port::Closure> next_;
  std::vector<port::Closure> end_;
  std::vector<port::Closure> running_;
};

class QuietPeers final : public Peers {
 public:
  bool send(model::ShardId, const protocol::Message&, std::span<const base::Buffer>) override {
    return true;
  }
  bool send_read_index_request(model::ShardId, model::NodeId, base::ByteView) override {
    return true;
  }
  bool send_read_index_reply(model::ShardId, model::NodeId, base::ByteView) override {
    return true;
  }
};

class QuietSessions final : public Sessions {
 public:
  void on_result(model::ShardId, model::SessionId, model::Serial,
                 const base::Result<base::ByteView>&) override {
    ++results;
  }
  void on_refused(model::ShardId, model::SessionId, model::Serial, std::uint32_t,
                  base::ErrorCode) override {}
  void on_leadership(model::ShardId, bool, model::NodeId) override {}
  int results = 0;
};

// Leads, replicates each entry to two peers, records nothing.
class LeanProtocol final : public protocol::Protocol {
 public:
  LeanProtocol() { configuration_.voters.push_back({kSelf, {}, "n1", "n1:1"}); }
  void step(const protocol::Event& event, protocol::Effects& effects) override {
    if (std::holds_alternative<protocol::Campaign>(event.body)) {
      effects.role_change = {protocol::Role::leader, model::Term(1), kSelf};
    } else if (const auto* propose = std::get_if<protocol::Propose>(&event.body)) {
      last_ = last_.next();
      const protocol::EntryMeta meta{last_, model::Term(1), protocol::EntryKind::data,
                                     propose->payload_bytes};
      effects.proposed.push_back({propose->id, last_, model::Term(1)});
      effects.append.present = true;
      effects.append.token = protocol::AppendToken(last_.value());
      effects.append.term = model::Term(1);
      effects.append.index = last_;
      effects.append.entries.push_back(meta);
      for (const model::NodeId peer : {kPeer, kOther}) {
        protocol::Message& message = effects.send_now.add();
        message.to = peer;
        message.entries.push_back(meta);
      }
    } else if (const auto* durable = std::get_if<protocol::Durable>(&event.body)) {
      effects.apply_upto = durable->index;
    }
  }
  protocol::ProtocolStatus status() const override { return {}; }
  const model::Configuration& configuration() const override { return configuration_; }
  model::Term term_at(model::LogIndex) const override { return model::Term(1); }
  bool lease_covers(base::Instant) const override { return true; }
  model::LogIndex commit_index() const override { return last_; }
  std::string describe(const protocol::TraceRecord&) const override { return {}; }

 private:
  model::Configuration configuration_;
  model::LogIndex last_;
};

TEST(DriverAllocations, FewPerEntryInTheSteadyState) {
  LeanExecutor executor;
  sim_ports::SimDisk disk;
  const std::unique_ptr<port::FileSystem> files = disk.open_process();
  const std::unique_ptr<port::Engine> engine = *engine_memory::open(*files, executor, {});
  NoLog log;
  QuietPeers peers;
  TestHost host;
  QuietSessions sessions;
  auto state = std::make_unique<kv::StateMachine>(kShard, *engine, kv::SessionLimits{});
  ASSERT_TRUE(state->load().has_value());
  Replica replica(Parts{kShard,
                        kSelf,
                        executor,
                        log,
                        peers,
                        host,
                        std::make_unique<LeanProtocol>(),
                        std::move(state),
                        {},
                        {},
                        {},
                        {}},
                  {});
  replica.set_sessions(&sessions);
  replica.start();
  replica.campaign();
  const auto run = [&] { executor.run(); };
  ASSERT_TRUE(replica.register_session(model::SessionId(7)).has_value());
  run();
  log.complete();
  run();

  constexpr int kWarmUp = 2000;
  constexpr int kCounted = 1000;
  constexpr std::uint64_t kCommandsPerEntry = 16;
  const std::string command = set_command("key", std::string(256, 'v'));
  std::vector<base::ByteView> commands(kCommandsPerEntry, command);
  std::uint64_t serial = 1;
  std::size_t propose = 0;
  std::size_t apply = 0;
  for (int i = 0; i < kWarmUp + kCounted; ++i) {
    const std::size_t start = base::testing::g_allocations;
    ASSERT_TRUE(replica
                    .submit_commands(model::SessionId(7), model::Serial(serial),
                                     model::Serial(serial - 1), commands)
                    .has_value());
    serial += kCommandsPerEntry;
    run();  // end of turn: one entry, one append, two messages
    const std::size_t proposed = base::testing::g_allocations;
    log.complete();
    run();
    if (i >= kWarmUp) {
      propose += proposed - start;
      apply += base::testing::g_allocations - proposed;
    }
  }
  ASSERT_EQ(static_cast<std::uint64_t>(sessions.results), serial);  // and the registration
  const double per_entry = static_cast<double>(propose) / kCounted;
  const double per_apply = static_cast<double>(apply) / kCounted;
  RecordProperty("propose_allocations_per_entry", std::to_string(per_entry));
  RecordProperty("apply_allocations_per_entry", std::to_string(per_apply));
  // The entry's bytes, its buffer, the vector of the log write.
  EXPECT_LE(per_entry, 3.01);
}

}  // namespace
}  // namespace ostraka::replica::testing
