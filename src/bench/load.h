// A load generator: one loop, one thread, three wire codecs (Redis, etcd, ZooKeeper), so that
// systems are compared by the same client.
//
// Closed loop: every client keeps `pipeline` requests in flight. Open loop (with stages): requests
// are due at fixed times and latency counts from the due time, so a stalled server is not flattered
// (coordinated omission). Units: nanoseconds.
#pragma once

#include "base/histogram.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::bench {

enum class WireProtocol : std::uint8_t { redis, etcd, zookeeper };
enum class Distribution : std::uint8_t { uniform, zipfian, sequential };

// A part of an open loop.
struct RateStage {
  double rate = 0;     // operations per second over all clients, above 0
  double seconds = 0;  // of the last stage: without meaning, it goes on to the end
};

struct LoadOptions {
  WireProtocol protocol = WireProtocol::redis;
  // HOST:PORT; clients are spread over them and move on when one fails
  std::vector<std::string> endpoints;
  std::uint32_t clients = 64;
  std::uint32_t pipeline = 1;
  std::uint32_t value_bytes = 256;
  std::uint64_t keys = 1'000'000;
  double read_ratio = 0.0;  // 0 = only writes, 1 = only reads
  Distribution distribution = Distribution::uniform;
  double seconds = 10;
  double warmup_seconds = 0;
  std::vector<RateStage> stages;  // from the start of the warm-up on; empty = closed loop
  // What is due waits so long for room among the requests in flight; then it is given up, unsent.
  double backlog_seconds = 10;
  std::uint64_t seed = 1;
  // Reads may be so old, in milliseconds, instead of linearizable. Ostraka: READONLY with this
  // bound first; etcd: serializable, ZooKeeper: without sync, both without a bound.
  std::optional<std::uint32_t> stale_ms;
  bool load_keys = false;  // write every key once, in order, instead of a timed run
  // Every write goes to a new key (numbered from `keys` on); after the run each acknowledged one is
  // read back. Only writes.
  bool check_writes = false;
  std::string password;  // Redis AUTH
};

// A second of the measured part.
struct SecondReport {
  std::uint64_t operations = 0;  // acknowledged
  std::uint64_t busy = 0;
  std::uint64_t errors = 0;
  std::uint64_t p50 = 0;  // of the acknowledged; nanoseconds
  std::uint64_t p99 = 0;
  std::uint64_t p999 = 0;
  std::uint64_t max = 0;
};

struct LoadReport {
  double seconds = 0;
  std::uint64_t operations = 0;
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  std::uint64_t errors = 0;  // error replies other than busy
  std::uint64_t busy = 0;    // refused for now, certainly not done
  std::uint64_t unsent = 0;  // open loop: due, but given up, or still waiting at the end
  std::uint64_t absent = 0;  // reads that found nothing; part of `reads`
  std::uint64_t disconnects = 0;
  std::string first_error;
  base::Histogram latency;  // of everything that was answered without an error
  base::Histogram read_latency;
  base::Histogram write_latency;
  base::Histogram busy_latency;         // of what was answered busy
  std::uint64_t longest_write_gap = 0;  // nanoseconds between two acknowledged writes
  std::uint64_t client_cpu = 0;         // nanoseconds of processor time of this process
  std::uint64_t checked = 0;            // check_writes: acknowledged writes that were read back
  std::uint64_t lost = 0;               // of these, how many were not there
  std::uint64_t unchecked = 0;          // acknowledged, but nobody answered the reading in time
  std::vector<SecondReport> per_second;
};

// Blocks until the run is over. Errors: connection_refused when no endpoint answers at the start;
// invalid_argument.
[[nodiscard]] base::Result<LoadReport> run_load(const LoadOptions& options);

}  // namespace ostraka::bench
