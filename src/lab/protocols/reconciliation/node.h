// A node that changes its own entries and reconciles everybody's with a partner, round by round.
//
// Threads: none.
#pragma once

#include "base/prng.h"
#include "lab/core/parameters.h"
#include "lab/core/process.h"
#include "lab/protocols/reconciliation/store.h"

#include <cstdint>
#include <vector>

namespace ostraka::lab::reconciliation_detail {

struct Step {
  enum : int {
    update = 1,
    digest = 2,
    answer = 3,
    deltas = 4,
    take = 5,
  };
};

// What the parameters ask for.
struct Plan {
  explicit Plan(const Parameters& parameters);
  Method method;
  std::int64_t nodes;
  std::int64_t keys;
  std::int64_t writers;  // n1, …
  std::int64_t updates;  // of each writer and busy round
  std::int64_t busy;     // rounds
  std::int64_t rounds;
  base::Duration interval;
  std::int64_t value_bytes;
  std::int64_t bytes_max;  // of a message
};

[[nodiscard]] List to_list(const std::vector<Delta>& deltas);
[[nodiscard]] std::vector<Delta> deltas_from(const List& list);
// Of a message of this protocol.
[[nodiscard]] std::int64_t bytes_of(const Plan& plan, const Fields& fields);

class Node final : public Process {
 public:
  Node(const Birth& birth, const Plan& plan);
  void step(const Event& event, Effects& effects) override;

 private:
  void begin(base::Instant now, bool is_restart, Effects& effects);
  void on_round(base::Instant now, Effects& effects);
  void on_message(ProcessId from, const Message& message, Effects& effects);
  void update(base::Instant now, Effects& effects);
  void send_deltas(ProcessId to, const std::vector<Known>& digest, Effects& effects);
  void take(const std::vector<Delta>& deltas, Effects& effects);
  void keep(const Delta& delta, Effects& effects);
  void show(Effects& effects) const;
  [[nodiscard]] std::int64_t round_at(base::Instant now) const;

  std::int64_t self_;
  Plan plan_;
  base::Prng prng_;
  Store store_;
  bool is_restart_;
};

}  // namespace ostraka::lab::reconciliation_detail
