// A run of the simulator as a record of the laboratory (docs/formats/lab-run.md), so that it can be
// looked at in its viewer: messages between protocol instances, their steps and words, faults, and
// the violation. It watches and decides nothing; the run is the same without it.
//
// Holds a window of the run: what is asked for, or the last two seconds, and kEventsMax events at
// most. What is cut is said in the record's remarks; each machine's state at the cut goes with it.
// Threads: one. Ownership: outlives the World that it watches.
#pragma once

#include "base/time.h"
#include "lab/core/record.h"
#include "model/ids.h"
#include "protocol/core/protocol.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace ostraka::sim {

class Recording {
 public:
  static constexpr std::size_t kEventsMax = 20'000;
  static constexpr base::Duration kLast = base::Duration::seconds(2);
  struct Window {
    std::optional<base::Instant> from;   // else kLast before the end
    std::optional<base::Instant> until;  // else the end
  };
  using KindName = std::function<std::string_view(std::uint8_t)>;
  using Clock = std::function<base::Instant()>;

  explicit Recording(Window window) : window_(window) {}

  // --- For the world and the observer, in the order in which things happen. ---
  // Machine i is node i + 1. `clock` is true time.
  void begin(const std::vector<std::string>& names, KindName kind_name, Clock clock);
  void step(model::NodeId node, const protocol::Event& event);
  void sent(const protocol::Message& message);  // within a step
  void stepped(const protocol::Effects& effects, const protocol::Protocol& protocol);
  void crashed(model::NodeId node);
  void paused(model::NodeId node, base::Instant until);
  void cut(const std::vector<std::string>& a, const std::vector<std::string>& b);
  void healed();
  void fault(model::NodeId node, const std::string& text);
  void violated(const std::string& text);

  // The record, without its head (scenario, seed, command). Ends the recording.
  [[nodiscard]] lab::Record finish();

 private:
  using Link = std::pair<model::NodeId, model::NodeId>;
  struct OpenMessage {
    std::uint64_t number = 0;  // of all messages that were recorded, from 0
    protocol::Message message;
  };
  // What was there before the first event that is kept.
  struct Before {
    void take(const lab::RecordEvent& event);
    std::map<lab::ProcessId, std::map<std::string, std::string>> shown = {};
    std::set<lab::ProcessId> down = {};
    std::vector<std::string> cuts = {};
  };

  [[nodiscard]] bool is_recording() const;
  [[nodiscard]] lab::ProcessId process_of(model::NodeId node) const;
  [[nodiscard]] std::string id_of(const protocol::Message& message);
  lab::RecordEvent& add(lab::ProcessId process, lab::EventKind kind, std::string text);
  void add_resumes();
  void received(const protocol::Message& message, lab::RecordEvent& event);
  [[nodiscard]] lab::RecordMessage* message_at(std::uint64_t number);
  void lose(const OpenMessage& open, std::string why);
  void show(lab::RecordEvent& event, const std::string& key, std::string text);
  void forget_front();
  void prune();
  void tell_before(lab::Record& record) const;
  void number_events(lab::Record& record);
  void judge(lab::Record& record) const;

  Window window_;
  std::vector<std::string> names_;
  KindName kind_name_;
  Clock clock_;
  std::deque<lab::RecordEvent> events_;  // with identities of the whole run
  std::uint32_t forgotten_ = 0;          // events before the first of those
  std::deque<lab::RecordMessage> messages_;
  std::uint64_t forgotten_messages_ = 0;
  std::map<Link, std::deque<OpenMessage>> open_;  // sent and not received, bounded
  std::map<std::tuple<model::NodeId, model::NodeId, std::uint8_t>, std::uint64_t> counts_;
  Before before_;
  std::map<lab::ProcessId, std::map<std::string, std::string>> shown_;  // now
  std::set<lab::ProcessId> up_;
  std::set<lab::ProcessId> lived_;
  std::map<base::Instant, lab::ProcessId> resumes_;
  std::vector<std::string> cuts_;
  bool has_step_ = false;  // the last event is a step that goes on
  bool is_full_ = false;
  std::optional<std::pair<lab::EventId, std::string>> violation_;
};

}  // namespace ostraka::sim
