// A node that spreads an update.
//
// Threads: none. Limits: one update a run.
#pragma once

#include "base/prng.h"
#include "lab/core/parameters.h"
#include "lab/core/process.h"

#include <cstdint>

namespace ostraka::lab::gossip_detail {

struct Step {
  enum : int {
    mail = 1,
    push = 2,
    pull = 3,
    lose_interest = 4,
    anti_entropy = 5,
  };
};

enum class Method : std::uint8_t { direct_mail, rumour, anti_entropy };  // as the parameter's
enum class Exchange : std::uint8_t { push, pull, push_pull };            // choices

class Node final : public Process {
 public:
  Node(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  void on_round(base::Instant now, Effects& effects);
  void on_message(ProcessId from, const Message& message, Effects& effects);
  void learn(const char* how, Effects& effects);
  // After the update was passed on; `is_wasted`: to one who knew it, as far as is known.
  void tire(bool is_wasted, Effects& effects);
  [[nodiscard]] ProcessId draw_other();

  std::uint32_t self_;
  std::uint32_t nodes_;
  Method method_;
  Exchange exchange_;
  bool is_feedback_;
  bool is_counter_;
  std::uint64_t k_;
  bool has_backup_;
  std::int64_t rounds_;
  base::Duration interval_;
  base::Prng prng_;
  std::int64_t round_ = 0;
  bool knows_ = false;
  bool is_hot_ = false;  // passes it on
  bool is_comparing_ = false;
  std::uint64_t wasted_ = 0;
};

}  // namespace ostraka::lab::gossip_detail
