// Clients in an open loop: they send by the clock, whether answers come or not, and for a while
// more than the cluster can do.
//
// Each client overwrites a key of its own with rising numbers, so the number read at the end must
// be the highest acknowledged one: a higher one was refused and done, a lower one was lost. Every
// answer, of a refusal as well, comes within a bound; writes are refused in the spike, and enough
// are done; a while after it nothing is refused and no answer is late. Threads: one.
#pragma once

#include "sim/internal/client_workload.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::sim::internal {

struct FloodOptions {
  std::uint32_t clients = 30;  // client i speaks to node i, round and round
  std::int64_t value_bytes = 100;
  std::int64_t rate = 1000;  // writes of all clients in a second, outside the spike
  std::int64_t spike_rate = 10'000;
  std::int64_t start_ms = 2000;     // the clients begin then
  std::int64_t spike_ms = 4000;     // the spike: from here
  std::int64_t until_ms = 8000;     // until here
  std::int64_t wait_ms = 1000;      // no answer takes longer
  std::uint64_t done_min = 1;       // writes that were answered with OK in the spike
  std::int64_t back_ms = 10'000;    // so long after the spike all is as before it:
  std::int64_t calm_wait_ms = 100;  // OK within this
};

class FloodWorkload final : public ClientWorkload {
 public:
  FloodWorkload(World& world, FloodOptions options);
  void start() override;
  void read_final_state() override;
  [[nodiscard]] std::string judge() override { return verdict_; }

 private:
  struct Lane {
    std::unique_ptr<Client> client;
    std::string key;
    std::uint64_t sent = 0;  // numbers so far
    std::uint64_t acknowledged = 0;
    bool unknown = false;  // some number's fate is not known
  };

  void tick();
  void write(Lane& lane);
  void on_reply(Lane& lane, std::uint64_t number, base::Instant sent, const Reply& reply);
  void judge_spike();
  void judge_value(const Lane& lane, const Reply& reply);

  FloodOptions options_;
  std::vector<Lane> lanes_;
  base::Instant spike_from_;
  base::Instant spike_until_;
  std::int64_t due_ = 0;  // thousandths of writes
  std::size_t next_lane_ = 0;
  std::uint64_t spike_ok_ = 0;
  std::uint64_t spike_busy_ = 0;
  std::string verdict_;
};

}  // namespace ostraka::sim::internal
