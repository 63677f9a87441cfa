// Clients that work on keys one operation at a time, with everything recorded for the
// linearizability checker.
#pragma once

#include "check/history.h"
#include "sim/internal/client_workload.h"

#include <memory>
#include <string>
#include <vector>

namespace ostraka::sim::internal {

struct RecordedOptions {
  std::uint32_t clients = 5;
  std::uint32_t keys = 5;
  std::int64_t think_ms_max = 20;
  bool counters = false;
  // One increment in so many: the leader crashes when it has committed something after it was
  // called, before its replies arrive; 0 = none.
  std::uint32_t crash_one_in = 0;
  // Without any write acknowledged for so long the run fails; 0 = not checked.
  std::int64_t progress_ms = 0;
  std::int64_t start_ms = 0;  // the clients begin then
  bool spread = false;        // client i speaks to node i, around; else to any
  std::string key_prefix;     // empty: named after the model
};

class RecordedWorkload : public ClientWorkload {
 public:
  RecordedWorkload(World& world, RecordedOptions options);
  void start() override;
  void read_final_state() override;
  [[nodiscard]] std::string judge() override;
  [[nodiscard]] std::uint64_t writes_ok() const override { return writes_ok_; }

 protected:
  using OnEnd = std::move_only_function<void(const Reply&)>;
  // Sends one operation and records it; `on_end` follows.
  void issue(std::size_t client, check::Operation operation, OnEnd on_end);
  [[nodiscard]] Client& client(std::size_t number) { return *clients_.at(number); }
  [[nodiscard]] std::size_t client_count() const { return clients_.size(); }
  [[nodiscard]] std::uint32_t take_value() { return next_value_++; }
  [[nodiscard]] std::string key_name(std::uint64_t number) const;

 private:
  void begin();
  void next(std::size_t client);
  void finish(std::size_t at, const Reply& reply);
  [[nodiscard]] std::vector<std::string> command_of(const check::Operation& operation) const;
  void watch_progress();

  RecordedOptions options_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<check::Operation> history_;
  std::vector<bool> failed_;
  std::uint32_t next_value_ = 1;
  std::uint64_t writes_ok_ = 0;
  base::Instant last_ok_;
};

}  // namespace ostraka::sim::internal
