// A client of a replicated log: asks one node after the other until its write or read is done, one
// operation at a time.
//
// Threads: none.
#pragma once

#include "base/time.h"
#include "lab/core/process.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace ostraka::lab::engine {

class ClientProcess final : public Process {
 public:
  ClientProcess(std::uint32_t nodes, base::Duration patience)
      : nodes_(nodes), patience_(patience) {}
  void step(const Event& event, Effects& effects) override;

 private:
  using Wanted = std::optional<std::string>;  // a value to write; none: a read

  void on_message(const Message& message, base::Instant now, Effects& effects);
  void begin(base::Instant now, Effects& effects);
  void ask(base::Instant now, Effects& effects);

  std::uint32_t nodes_;
  base::Duration patience_;
  std::uint32_t node_ = 1;     // whom it asks
  std::int64_t number_ = 1;    // of the first of `wanted_`
  std::deque<Wanted> wanted_;  // in order
};

}  // namespace ostraka::lab::engine
