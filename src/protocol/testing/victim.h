// One instance of an engine on a host that keeps the driver's contract exactly, whatever its peers
// say: for tests with peers that are authenticated and wrong.
//
// The host holds the instance to its side of the contract: nothing applied is cut off or written
// again, every entry has a payload somewhere, a log that is no slot log has no gaps, terms and what
// is applied never fall. It aborts where the driver would. Threads: none.
#pragma once

#include "protocol/core/engine_probe.h"
#include "protocol/core/protocol.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace ostraka::protocol::testing {

class Victim {
 public:
  static constexpr model::NodeId kSelf{1};

  // `engine` outlives it.
  Victim(const EngineProbe& engine, std::uint32_t voters);

  void receive(const Message& message);
  // Does nothing while an earlier one is staged here.
  void receive_snapshot(const SnapshotReceived& event);
  void request(const EventBody& body) { step(body); }
  void propose(std::uint32_t bytes);
  // To the earliest timer, and fires it.
  void fire_timer();
  void pass(std::int64_t microseconds);
  void finish_write();
  // The snapshot that was asked for is installed; the log starts behind it.
  void finish_install();
  // Drops what the driver may drop, but for the last `keep` entries that are applied.
  void compact(std::uint64_t keep);
  // The first `survive` of the writes under way have reached the disk.
  void restart(std::size_t survive);

  [[nodiscard]] const EngineProbe& engine() const { return engine_; }
  [[nodiscard]] const Protocol& protocol() const { return *protocol_; }
  [[nodiscard]] base::Instant now() const { return now_; }
  [[nodiscard]] model::LogIndex applied() const { return applied_; }
  // What it sent last, newest at the end; a few.
  [[nodiscard]] const std::deque<Message>& sent() const { return sent_; }

  struct Counters {
    std::uint64_t steps = 0;
    std::uint64_t refused = 0;    // messages that no correct peer sends
    std::uint64_t elections = 0;  // won
    std::uint64_t entries = 0;    // of others, written
    std::uint64_t applied = 0;
    std::uint64_t replaced = 0;  // suffixes that were cut off, slots that were written again
    std::uint64_t installs = 0;
    std::uint64_t restarts = 0;

    Counters& operator+=(const Counters& other);
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Disk {
    HardState hard_state;
    SnapshotMeta base;
    std::map<model::LogIndex, EntryMeta> entries;  // behind base; with gaps for a slot engine
    std::map<model::LogIndex, std::shared_ptr<const model::Configuration>> configurations;
  };

  void boot();
  void step(const EventBody& body);
  void take_append();
  void take_snapshots();
  void note_sent(const Message& message);
  [[nodiscard]] bool has_payload(const EntryMeta& entry) const;
  void write(const Append& append);
  void drop_upto(model::LogIndex index);

  const EngineProbe& engine_;
  base::Instant now_ = base::Instant::from_nanoseconds(1'000'000'000);
  Disk disk_;
  std::unique_ptr<Protocol> protocol_;
  Effects out_;
  std::deque<Append> writes_;       // under way
  std::set<model::LogIndex> held_;  // entries on the disk and on their way to it
  std::map<TimerId, base::Instant> timers_;
  std::deque<Message> sent_;
  const Message* received_ = nullptr;  // during a step
  bool proposing_ = false;
  bool snapshot_offered_ = false;
  std::optional<SnapshotMeta> installing_;
  model::Term term_;
  model::LogIndex applied_;
  Counters counters_;
};

}  // namespace ostraka::protocol::testing
