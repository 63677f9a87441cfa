// `ostraka bench`: the load generator's command line.
#pragma once

#include "bench/load.h"

#include <string>

namespace ostraka::cli {

struct BenchArguments {
  bench::LoadOptions load;
  std::string redis;  // HOST:PORT[,…]; exactly one of the three
  std::string etcd;
  std::string zookeeper;
  std::string distribution = "uniform";
  bool json = false;
};

// Exit code: 0 done, 1 errors or nothing done, 2 bad arguments, 3 nobody answers.
int run_bench(BenchArguments arguments);

}  // namespace ostraka::cli
