// The driver itself: feeds the protocol one event at a time and carries out the effects.
//
// Re-entrancy: an event that arrives while a step (or an apply) is under way is queued and stepped
// behind it, in order. While the log is being reset behind an installed snapshot all events wait,
// so that nothing is appended to a log that is being replaced.
// Threads: the shard's reactor.
#pragma once

#include "kv/state_machine.h"
#include "port/log_store.h"
#include "protocol/core/effects.h"
#include "protocol/core/event.h"
#include "replica/internal/applier.h"
#include "replica/internal/driver.h"
#include "replica/internal/intake.h"
#include "replica/internal/leader_work.h"
#include "replica/internal/log_cache.h"
#include "replica/internal/log_clock.h"
#include "replica/internal/outbox.h"
#include "replica/internal/reads.h"
#include "replica/internal/ring_queue.h"
#include "replica/internal/stale_reads.h"
#include "replica/options.h"
#include "replica/replica.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace ostraka::replica {

class Replica::Impl final : public Driver,
                            public port::DurableListener,
                            public kv::ApplyListener,
                            public ApplyObserver {
 public:
  Impl(Parts parts, const Options& options);

  void start();
  void set_sessions(Sessions* sessions);
  void stop();
  // Why a proposal of these commands cannot be accepted now, if so. `into_reserve`: it may go into
  // the reserve of a full disk when all of them only remove.
  [[nodiscard]] base::Status check_writable(std::span<const base::ByteView> commands,
                                            bool into_reserve);
  void request(protocol::EventBody body, protocol::RequestId id, OnDone on_done);
  void receive(protocol::Message& message, std::span<const base::Buffer> payloads);
  void on_read_index_request(model::NodeId from, base::ByteView body);
  void on_read_index_reply(model::NodeId from, base::ByteView body);
  void read(Read& read);
  void snapshot_installed(const protocol::SnapshotMeta& meta);
  void compact_log(model::LogIndex upto);
  void fail(base::Error reason);
  model::LogIndex write_out();
  [[nodiscard]] bool reload_state();
  void set_space(Space space);
  [[nodiscard]] bool disk_full() const { return flags_.disk_full; }
  void set_write_stalled(bool stalled) { flags_.write_stalled = stalled; }
  [[nodiscard]] Status status() const;

  // Driver
  void feed(protocol::EventBody body) override;
  [[nodiscard]] base::Result<model::LogIndex> propose(const base::Buffer& payload) override;
  [[nodiscard]] protocol::RequestId next_request() override;
  [[nodiscard]] bool leads() const override { return role_.role == protocol::Role::leader; }
  [[nodiscard]] model::NodeId leader() const override { return role_.leader; }
  [[nodiscard]] bool can_read() const override;
  [[nodiscard]] ClockSample sample_clocks() override;
  void on_clock_ready() override;
  void trim_cache() override;

  // port::DurableListener
  void on_durable(std::uint64_t cookie) override;
  void on_space(bool full) override;

  // kv::ApplyListener
  void on_result(model::SessionId session, model::Serial serial,
                 const base::Result<base::ByteView>& results) override;
  void on_state_hash(model::LogIndex index, std::uint64_t hash) override;

  // ApplyObserver
  void on_applied(model::LogIndex index) override;
  void on_apply_failed(const base::Error& error) override;
  void on_apply_suspended(const base::Error& error) override;

  [[nodiscard]] Intake& intake() { return intake_; }
  [[nodiscard]] Reads& reads() { return reads_; }
  [[nodiscard]] StaleReads& stale_reads() { return stale_reads_; }
  [[nodiscard]] const LogClock& clock() const { return clock_; }
  [[nodiscard]] const Parts& parts() const { return parts_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct OwnedMessage {
    protocol::Message message;
    std::vector<base::Buffer> payloads;
  };
  struct Queued {
    protocol::EventBody body;
    std::unique_ptr<OwnedMessage> owned;  // what a Received that had to wait points to
  };
  enum class AppendKind : std::uint8_t { of_protocol, of_start, reset };
  struct PendingAppend {
    AppendKind kind = AppendKind::of_protocol;
    std::uint64_t cookie = 0;
    protocol::AppendToken token;
    model::Term term;
    model::LogIndex index;
  };
  struct Flags {
    bool started = false;
    bool stopped = false;  // by stop()
    bool stepping = false;
    bool installing = false;     // from install_snapshot to SnapshotInstalled
    bool resetting_log = false;  // events wait
    bool disk_full = false;      // log_full, engine_full, or space_ says so
    bool log_full = false;
    bool engine_full = false;
    bool write_stalled = false;
  };
  // The proposal that is being stepped.
  struct Proposing {
    protocol::RequestId id;
    const base::Buffer* payload = nullptr;
    model::LogIndex index;
    std::optional<base::ErrorCode> failed;
  };
  // What is written or about to be.
  struct Durability {
    std::uint64_t cookie = 0;
    protocol::HardState hard_state;
    protocol::SnapshotMeta installing;
    model::LogIndex apply_upto;
    RingQueue<PendingAppend> appends;
  };

  // core.cc
  void settle_disk_full();
  [[nodiscard]] bool has_reserve() const;
  void hand_over_full();
  [[nodiscard]] bool must_wait() const;
  void drain();
  void step(const protocol::EventBody& body);
  void write_first();
  PendingAppend& new_append(AppendKind kind);
  void reset_log(const LogPosition& start, AppendKind kind);
  void finish_reset();
  // core_effects.cc
  void execute(protocol::Effects& effects);
  void note_proposals(const protocol::Effects& effects);
  void append(protocol::Append& append);
  [[nodiscard]] base::Buffer payload_for(const protocol::EntryMeta& meta,
                                         const protocol::Append& append) const;
  [[nodiscard]] const base::Buffer* received_payload(const protocol::EntryMeta& meta) const;
  void arm_timers(const std::vector<protocol::TimerRequest>& requests);
  void answer_requests(const protocol::Effects& effects);
  void answer(protocol::RequestId id, base::Status status);
  void handle_snapshots(const protocol::Effects& effects);
  void change_role(const protocol::RoleChange& change);

  Parts parts_;
  Options options_;
  Counters counters_;
  Flags flags_;
  Space space_ = Space::enough;  // of the file system
  std::optional<base::Error> error_;
  protocol::RoleChange role_{protocol::Role::follower, {}, {}};
  LogCache cache_;
  LogClock clock_;
  Outbox outbox_;
  Intake intake_;
  Applier applier_;
  Reads reads_;
  StaleReads stale_reads_;
  LeaderWork work_;
  protocol::Effects effects_;
  RingQueue<Queued> queue_;
  // payloads of the message that is being stepped
  std::optional<std::pair<const protocol::Message*, std::span<const base::Buffer>>> received_;
  Proposing proposing_;
  Durability durability_;
  // Everything that is rarely used.
  struct Rare {
    Sessions* sessions = nullptr;
    std::uint64_t last_request = 0;
    base::Instant last_now;
    model::LogIndex told_applied;  // by the last Applied event
    std::map<protocol::RequestId, OnDone> requests;
    std::vector<std::unique_ptr<port::Timer>> timers;  // by TimerId
    std::unique_ptr<port::Timer> disk_full_timer;
    std::shared_ptr<const model::Configuration> applied_configuration;
  } rare_;
};

}  // namespace ostraka::replica
