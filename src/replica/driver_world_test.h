// A replica around a protocol that does what the test says: every driver test stands on this.
#pragma once

#include "codec/operation.h"
#include "engine_memory/engine_memory.h"
#include "protocol/core/effects.h"
#include "replica/memory_log_test.h"
#include "replica/replica.h"
#include "sim_ports/sim_disk.h"
#include "sim_ports/sim_executor.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::replica::testing {

inline constexpr model::ShardId kShard{1};
inline constexpr model::NodeId kSelf{1};
inline constexpr model::NodeId kPeer{2};
inline constexpr model::NodeId kOther{3};

// Records events; answers by a function.
class ScriptedProtocol final : public protocol::Protocol {
 public:
  using OnStep = std::function<void(const protocol::EventBody&, protocol::Effects&)>;

  void step(const protocol::Event& event, protocol::Effects& effects) override {
    OSTRAKA_ASSERT(!inside_, "one event at a time");
    inside_ = true;
    events.push_back(event.body);
    if (on_step) {
      on_step(event.body, effects);
    }
    inside_ = false;
  }
  protocol::ProtocolStatus status() const override { return status_now; }
  const model::Configuration& configuration() const override { return configuration_now; }
  model::Term term_at(model::LogIndex) const override { return model::Term(1); }
  bool lease_covers(base::Instant) const override { return lease; }
  std::string describe(const protocol::TraceRecord&) const override { return {}; }
  model::LogIndex commit_index() const override { return status_now.commit; }

  template <typename T>
  [[nodiscard]] std::vector<T> seen() const {
    std::vector<T> found;
    for (const protocol::EventBody& body : events) {
      if (const T* event = std::get_if<T>(&body); event != nullptr) {
        found.push_back(*event);
      }
    }
    return found;
  }

  OnStep on_step;
  std::vector<protocol::EventBody> events;
  protocol::ProtocolStatus status_now;
  model::Configuration configuration_now;
  bool lease = false;

 private:
  bool inside_ = false;
};

struct SentMessage {
  protocol::Message message;
  std::vector<std::string> payloads;
};

class TestPeers final : public Peers {
 public:
  bool send(model::ShardId, const protocol::Message& message,
            std::span<const base::Buffer> payloads) override {
    SentMessage& item = sent.emplace_back();
    item.message = message;
    for (const base::Buffer& payload : payloads) {
      item.payloads.emplace_back(payload.view());
    }
    if (on_send) {
      on_send();
    }
    return true;
  }
  bool send_read_index_request(model::ShardId, model::NodeId to, base::ByteView body) override {
    requests.emplace_back(to, std::string(body));
    return true;
  }
  bool send_read_index_reply(model::ShardId, model::NodeId to, base::ByteView body) override {
    replies.emplace_back(to, std::string(body));
    return true;
  }

  std::vector<SentMessage> sent;
  std::vector<std::pair<model::NodeId, std::string>> requests;
  std::vector<std::pair<model::NodeId, std::string>> replies;
  std::function<void()> on_send;
};

class TestHost final : public Host {
 public:
  void on_role(model::ShardId, const protocol::RoleChange& change) override {
    roles.push_back(change);
    if (on_role_change) {
      on_role_change();
    }
  }
  void on_configuration(model::ShardId,
                        const std::shared_ptr<const model::Configuration>&) override {}
  void on_send_snapshot(model::ShardId, const protocol::SendSnapshot&) override {}
  void on_install_snapshot(model::ShardId, const protocol::SnapshotMeta&) override {}
  void on_discard_snapshot(model::ShardId) override {}
  void on_removed(model::ShardId) override {}
  void on_stopped(model::ShardId, const base::Error& reason) override { stopped = reason; }
  void on_state_hash(model::ShardId, model::LogIndex, std::uint64_t) override {}

  std::vector<protocol::RoleChange> roles;
  std::optional<base::Error> stopped;
  std::function<void()> on_role_change;
};

class TestSessions final : public Sessions {
 public:
  struct Told {
    model::Serial serial;
    base::Result<std::string> results;
  };
  void on_result(model::ShardId, model::SessionId, model::Serial serial,
                 const base::Result<base::ByteView>& results) override {
    if (results.has_value()) {
      told.push_back({serial, std::string(*results)});
    } else {
      told.push_back({serial, std::unexpected(results.error())});
    }
  }
  void on_refused(model::ShardId, model::SessionId, model::Serial first_serial, std::uint32_t count,
                  base::ErrorCode code) override {
    refused.push_back({first_serial, count, code});
  }
  void on_leadership(model::ShardId, bool leads_here, model::NodeId) override {
    leads = leads_here;
  }

  struct Refused {
    model::Serial first_serial;
    std::uint32_t count;
    base::ErrorCode code;
  };
  std::vector<Told> told;
  std::vector<Refused> refused;
  bool leads = false;
};

class TestRead final : public Read {
 public:
  void complete(const base::Result<base::ByteView>& results) override {
    OSTRAKA_ASSERT(!done, "completed once");
    done = true;
    if (results.has_value()) {
      value = std::string(*results);
    } else {
      error = results.error();
    }
  }
  bool done = false;
  std::string value;
  std::optional<base::Error> error;
};

[[nodiscard]] inline std::string set_command(base::ByteView key, base::ByteView value) {
  codec::CommandBuilder builder;
  codec::Operation operation;
  operation.code = codec::OpCode::set;
  operation.keyspace = model::KeyspaceId(1);
  operation.key = key;
  operation.value = value;
  builder.add(operation);
  return builder.take();
}

[[nodiscard]] inline std::string get_command(base::ByteView key) {
  codec::CommandBuilder builder;
  codec::Operation operation;
  operation.code = codec::OpCode::get;
  operation.keyspace = model::KeyspaceId(1);
  operation.key = key;
  builder.add(operation);
  return builder.take();
}

class DriverWorld {
 public:
  explicit DriverWorld(const Options& options = {}) : executor_(scheduler_, clock_, 1) {
    files_ = disk_.open_process();
    engine_ = *engine_memory::open(*files_, executor_, {});
    auto owned = std::make_unique<ScriptedProtocol>();
    protocol = owned.get();
    protocol->configuration_now.voters.push_back({kSelf, {}, "n1", "n1:1"});
    auto state = std::make_unique<kv::StateMachine>(kShard, *engine_, kv::SessionLimits{});
    OSTRAKA_ASSERT(state->load().has_value(), "an empty engine loads");
    log.set_manual(true);
    replica = std::make_unique<Replica>(Parts{kShard,
                                              kSelf,
                                              executor_,
                                              log,
                                              peers,
                                              host,
                                              std::move(owned),
                                              std::move(state),
                                              {},
                                              {},
                                              {},
                                              {}},
                                        options);
    replica->set_sessions(&sessions);
  }

  void run(base::Duration duration) { scheduler_.run_until(scheduler_.now() + duration); }
  void run() { run(base::Duration::milliseconds(5)); }
  [[nodiscard]] port::Executor& executor() { return executor_; }

  // A protocol that leads alone: each proposal is appended at once and committed when durable.
  void lead() {
    protocol->on_step = [this](const protocol::EventBody& body, protocol::Effects& effects) {
      lead_step(body, effects);
    };
    replica->start();
    replica->campaign();
  }
  void lead_step(const protocol::EventBody& body, protocol::Effects& effects) {
    if (std::holds_alternative<protocol::Campaign>(body)) {
      effects.role_change = {protocol::Role::leader, model::Term(1), kSelf};
    } else if (const auto* propose = std::get_if<protocol::Propose>(&body)) {
      last = last.next();
      token = token.next();
      effects.proposed.push_back({propose->id, last, model::Term(1)});
      effects.append.present = true;
      effects.append.token = token;
      effects.append.term = model::Term(1);
      effects.append.index = last;
      effects.append.entries.push_back(
          {last, model::Term(1), protocol::EntryKind::data, propose->payload_bytes});
    } else if (const auto* durable = std::get_if<protocol::Durable>(&body)) {
      protocol->status_now.commit = durable->index;
      effects.apply_upto = durable->index;
    } else if (std::holds_alternative<protocol::StepDown>(body)) {
      effects.role_change = {protocol::Role::follower, model::Term(2), kPeer};
    }
  }
  void register_session() {
    OSTRAKA_ASSERT(replica->register_session(session).has_value(), "leads");
    run();
    log.complete(1);
    run();
  }
  [[nodiscard]] base::Status submit(std::uint64_t serial, const std::string& command) {
    const base::ByteView commands[] = {command};
    return replica->submit_commands(session, model::Serial(serial), {}, commands);
  }

 private:
  sim_ports::SimScheduler scheduler_;
  sim_ports::SimClock clock_;
  sim_ports::SimExecutor executor_;
  sim_ports::SimDisk disk_;
  std::unique_ptr<port::FileSystem> files_;
  std::unique_ptr<port::Engine> engine_;
  TestLog::Disk log_disk_;

 public:
  TestLog log{executor_, log_disk_};
  TestPeers peers;
  TestHost host;
  TestSessions sessions;
  ScriptedProtocol* protocol = nullptr;
  std::unique_ptr<Replica> replica;
  model::SessionId session{77};
  model::LogIndex last;
  protocol::AppendToken token;
};

}  // namespace ostraka::replica::testing
