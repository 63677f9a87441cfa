// `ostraka bench`: the load generator's command line.
#pragma once

#include "base/result.h"
#include "bench/load.h"

#include <string>

namespace ostraka::cli {

struct BenchArguments {
  bench::LoadOptions load;
  std::string redis;  // HOST:PORT[,…]; exactly one of the three
  std::string etcd;
  std::string zookeeper;
  std::string distribution = "uniform";
  std::string consistency = "linearizable";  // or bounded:MILLISECONDSms
  std::string rate;                          // RATE, or RATE:SECONDS[,…]; empty = closed loop
  bool json = false;
};

// Fills `load` from the texts. Errors: invalid_argument.
[[nodiscard]] base::Status read_bench_arguments(BenchArguments& arguments);

// Exit code: 0 done, 1 errors or nothing done, 2 bad arguments, 3 nobody answers.
int run_bench(BenchArguments arguments);

}  // namespace ostraka::cli
