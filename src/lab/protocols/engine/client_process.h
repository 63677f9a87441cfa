// A client of a replicated log: asks one node after the other until its write is done.
//
// Threads: none.
#pragma once

#include "base/time.h"
#include "lab/core/process.h"

#include <cstdint>
#include <deque>
#include <string>

namespace ostraka::lab::engine {

class ClientProcess final : public Process {
 public:
  ClientProcess(std::uint32_t nodes, base::Duration patience)
      : nodes_(nodes), patience_(patience) {}
  void step(const Event& event, Effects& effects) override;

 private:
  void on_message(const Message& message, base::Instant now, Effects& effects);
  void ask(base::Instant now, Effects& effects);

  std::uint32_t nodes_;
  base::Duration patience_;
  std::uint32_t node_ = 1;          // whom it asks
  std::int64_t number_ = 1;         // of the first of `values_`
  std::deque<std::string> values_;  // to be written, in order
};

}  // namespace ostraka::lab::engine
