// What the network does to a message: delay, loss, copies; by chance from the seed and the
// message's identity, by interventions that name it, by partitions.
//
// Threads: none.
#pragma once

#include "base/time.h"
#include "lab/core/intervention.h"
#include "lab/core/parameters.h"
#include "lab/core/process.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace ostraka::lab {

class NetworkModel {
 public:
  // Of one copy of a message.
  struct Fate {
    base::Instant arrives;                     // or would have
    std::string lost_why;                      // empty: it is on its way
    std::optional<base::Duration> copy_after;  // a second copy, so much behind this one
    std::vector<std::size_t> acted;            // places of the interventions that named it
  };
  using Named = std::pair<std::size_t, Intervention>;

  NetworkModel(const Parameters& parameters, std::uint64_t seed, const std::vector<Named>& named);

  // SENDER.RECEIVER.KIND.NUMBER of the next message of this kind.
  [[nodiscard]] std::string next_id(const std::string& from, const std::string& to,
                                    const std::string& kind);
  [[nodiscard]] Fate decide(const std::string& id, ProcessId from, ProcessId to, base::Instant now);
  // Takes effect for messages that are sent or arrive from now on.
  void cut(std::size_t partition, std::vector<std::vector<ProcessId>> groups) {
    cuts_[partition] = std::move(groups);
  }
  void heal(std::size_t partition) { cuts_.erase(partition); }
  [[nodiscard]] bool is_cut(ProcessId a, ProcessId b) const;

 private:
  struct Acts {
    std::optional<std::size_t> drop;
    base::Duration delay;
    std::optional<base::Duration> copy_after;
    std::vector<std::size_t> all;
  };
  void name(const std::string& message, std::size_t place, const Intervention& what);

  std::int64_t delay_min_us_;
  std::int64_t delay_max_us_;
  std::uint64_t loss_;
  std::uint64_t duplicate_;
  bool is_fifo_;
  std::uint64_t seed_;
  std::map<std::string, Acts> acts_;
  std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t> numbers_;
  std::map<std::pair<ProcessId, ProcessId>, base::Instant> last_arrival_;
  std::map<std::size_t, std::vector<std::vector<ProcessId>>> cuts_;
};

}  // namespace ostraka::lab
