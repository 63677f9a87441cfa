// Runs the steps of an exact schedule one after the other, each as soon as the one before is done.
//
// The grammar is in step.h. In an exact run (seed 1, no planted bug) a condition that does not come
// true fails the run with "schedule not reached"; with jitter, or under a planted bug, the rest of
// the schedule is passed over, but for a `demand`, which fails any run. When it ends, one way or
// the other, nothing is held back any more. Marks: schedule_reached, schedule_passed_over. Threads:
// one, on the world's events. Ownership: what it is given outlives it.
#pragma once

#include "base/prng.h"
#include "base/result.h"
#include "sim/step.h"
#include "sim/workload.h"
#include "sim/world.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::sim {

struct ScheduleOptions {
  bool exact = true;
  bool jitter = false;  // moves `wait` by up to half, and waits between steps now and then
  std::uint64_t seed = 1;
  const protocol::EngineProbe* engine = nullptr;  // required; for what its terms mean
};

class Schedule {
 public:
  Schedule(World& world, const std::vector<Step>& steps,
           const std::vector<std::unique_ptr<Workload>>& workloads, ScheduleOptions options);
  void start();
  // No step follows.
  void finish();
  // A step that cannot be carried out at all: a fault that nobody knows, a client that is not
  // there.
  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }
  // Elections won while an `elect` step waited for its leader.
  [[nodiscard]] std::uint64_t elections_asked_for() const { return elections_asked_for_; }

 private:
  enum class Outcome : std::uint8_t { done, again, failed };

  void run_at(base::Instant at);
  void run();
  Outcome perform(const Step& step);
  void carry_out_plain(const Step& step);
  Outcome stand(const Step& step);
  void ask_to_lead(const Step& step, model::NodeId known);
  Outcome await(const Step& step);
  Outcome wait(const Step& step);
  void give_up(const Step& step);
  void end(const char* mark);
  [[nodiscard]] std::string picture() const;
  void wake_senders();
  void set_quiet(const Step& step);
  using OnChanged = std::function<void(const base::Status&)>;
  [[nodiscard]] OnChanged next_change();
  void change(const Step& step);
  void transfer(const Step& step);
  void order(const Step& step);
  base::Duration pause_after();

  [[nodiscard]] bool holds(const Condition& condition) const;
  [[nodiscard]] bool somebody_is(protocol::Role role) const;
  [[nodiscard]] bool compares(const Condition& condition) const;
  [[nodiscard]] std::int64_t value_of(const Operand& operand) const;
  [[nodiscard]] OrderState order_state(std::size_t client) const;
  [[nodiscard]] replica::Replica* replica(model::NodeId node) const;
  [[nodiscard]] store::Store* store(model::NodeId node) const;
  [[nodiscard]] std::string name_of(model::NodeId node) const;

  World& world_;
  const std::vector<Step>& steps_;
  const std::vector<std::unique_ptr<Workload>>& workloads_;
  ScheduleOptions options_;
  base::Prng prng_;
  MessageControl& control_;
  std::map<std::string, std::int64_t> notes_;
  std::size_t next_ = 0;
  base::Instant look_at_;
  std::optional<base::Instant> step_began_;
  std::optional<base::Instant> asked_to_stand_;
  bool searches_ =
      false;  // asked, it took part in an election that finds the best, or has a leader
  std::optional<std::uint64_t> elections_before_;  // of elect
  std::uint64_t elections_asked_for_ = 0;
  std::optional<base::Instant> wait_until_;
  std::uint64_t changes_ = 0;
  std::optional<bool> change_refused_;  // of the latest change or transfer
  std::optional<base::Error> error_;
  bool ended_ = false;
};

}  // namespace ostraka::sim
