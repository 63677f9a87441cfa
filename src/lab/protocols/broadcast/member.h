// A member of the group. Operations: broadcast(value); answer(to, value): as soon as `to` is
// delivered, broadcast `value`.
//
// It does not come back from a crash: a restarted one stays silent.
// Threads: none. Bounds: keeps one entry for each message, and those that wait for their turn.
#pragma once

#include "lab/core/parameters.h"
#include "lab/core/process.h"
#include "protocol/clock/version_vector.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ostraka::lab::group {

// The steps of the algorithm on the page.
enum Step : int { send = 1, relay, in_order, after_causes, deliver };

enum class Guarantee : std::uint8_t { causal, fifo, reliable, best_effort };

using protocol::clock::ActorId;
using protocol::clock::Dot;
using protocol::clock::VersionVector;

class Member final : public Process {
 public:
  Member(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  struct Item {
    Dot dot;             // origin and its number there
    VersionVector past;  // what the origin had delivered when it sent
    std::string value;
  };
  void start(const std::string& value, Effects& effects);
  void on_message(ProcessId from, const Fields& fields, Effects& effects);
  [[nodiscard]] bool is_next(const Item& item) const;
  void deliver_what_may(Effects& effects);
  void hand_over(const Item& item, Effects& effects);
  void show(Effects& effects) const;
  template <typename Act>
  void for_others(Act act) const;
  [[nodiscard]] static Fields fields_of(const Item& item);

  ProcessId self_;
  std::uint32_t members_;
  Guarantee guarantee_;
  bool is_silent_;
  std::uint64_t sent_ = 0;
  VersionVector delivered_;  // how many of each origin; in order with fifo and causal only
  std::set<Dot> seen_;
  std::vector<Item> waiting_;
  std::multimap<std::string, std::string> answers_;
};

}  // namespace ostraka::lab::group
