// A client that corrects its clock, and servers that tell theirs.
//
// The client asks in rounds: a burst of requests to every server, then a verdict on the best answer
// of each. What it measured is forgotten after the round, as the clock is another one then.
// Threads: none. Bounds: servers times eight samples.
#pragma once

#include "lab/core/parameters.h"
#include "lab/core/process.h"
#include "protocol/clock/offset_estimator.h"
#include "protocol/clock/steered_clock.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace ostraka::lab::ntp_roles {

// The steps of the algorithm on the page.
enum Step : int { ask = 1, answer, measure, filter, agree, slew, step_clock, panic };

// Between the requests of a burst, and from the last one to the verdict.
constexpr base::Duration kBurstGap = base::Duration::milliseconds(250);
constexpr base::Duration kPatience = base::Duration::milliseconds(1000);

class TimeServer final : public Process {
 public:
  void step(const Event& event, Effects& effects) override;
};

class TimeClient final : public Process {
 public:
  explicit TimeClient(const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  void begin_round(base::Instant now, Effects& effects);
  void send_burst(base::Instant now, Effects& effects);
  void on_answer(ProcessId from, const Fields& fields, base::Instant now, Effects& effects);
  void end_round(base::Instant now, Effects& effects);
  [[nodiscard]] std::optional<protocol::clock::OffsetSample> select(Effects& effects) const;
  void correct(base::Duration offset, base::Instant now, Effects& effects);
  void tell_reading(base::Instant now, Effects& effects) const;

  std::int64_t rounds_left_;
  std::int64_t burst_;
  base::Duration interval_;
  bool takes_majority_;
  protocol::clock::CorrectionLimits limits_;
  protocol::clock::SteeredClock clock_;
  std::vector<protocol::clock::OffsetEstimator> servers_;
  std::int64_t burst_left_ = 0;
  bool has_panicked_ = false;
};

}  // namespace ostraka::lab::ntp_roles
