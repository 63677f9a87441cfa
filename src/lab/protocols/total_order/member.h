// A member of the group; the first one is the sequencer too. Operation: broadcast(value).
//
// What it has delivered is counted on stable storage, and so is the sequencer's order, so that a
// member that comes back goes on where it stopped.
// Threads: none. Bounds: the sequencer keeps the whole order.
#pragma once

#include "lab/core/parameters.h"
#include "lab/core/process.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ostraka::lab::ordered {

// The steps of the algorithm on the page.
enum Step : int { submit = 1, number, deliver, ask, rejoin };

inline constexpr ProcessId kSequencer{1};

class Member final : public Process {
 public:
  Member(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  struct Item {
    std::int64_t origin = 0;
    std::int64_t number = 0;  // of the origin's
    std::string value;
  };
  void recover(const Storage& storage);
  void come_back(Effects& effects);
  void start(const std::string& value, base::Instant now, Effects& effects);
  void submit_pending(base::Instant now, Effects& effects);
  void on_message(ProcessId from, const Message& message, Effects& effects);
  void on_submit(const Fields& fields, Effects& effects);
  void on_ordered(const Fields& fields, Effects& effects);
  void on_missing(ProcessId from, std::int64_t first, Effects& effects) const;
  void hand_over(const std::string& value, Effects& effects);
  [[nodiscard]] Fields ordered_fields(std::size_t place) const;

  ProcessId self_;
  std::uint32_t members_;
  bool uses_sequencer_;
  bool replays_;       // asks for what it missed, as it comes back
  bool is_forgetful_;  // the sequencer's order is in memory only
  bool is_restart_;
  bool takes_any_ = false;  // after a restart without replay: the next one will do
  base::Duration retry_;
  std::int64_t sent_ = 0;
  std::map<std::int64_t, std::string> pending_;  // own, by number; not seen in the order yet
  std::int64_t delivered_ = 0;
  std::map<std::int64_t, std::string> early_;  // by place in the order
  std::vector<Item> order_;                    // the sequencer's
};

}  // namespace ostraka::lab::ordered
