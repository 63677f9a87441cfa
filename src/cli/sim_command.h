// `ostraka sim`: runs scenarios in the deterministic simulator.
#pragma once

#include <cstdint>
#include <string>

namespace ostraka::cli {

struct SimArguments {
  std::string scenario = "all";  // a file, the name of a built-in scenario, or all
  std::string engine;            // runs what can run under it; empty = each as it says, or Raft
  std::uint64_t seed = 1;
  std::uint32_t runs = 0;  // 0 = one, or with a time limit as many as fit
  std::uint32_t jobs = 1;
  std::string mutant;    // plants this bug; the run must then fail
  bool mutants = false;  // runs every mutant that the scenarios name until it is caught
  // Appends one line an event; with one of the endings of a picture (.json, .html, .svg, .ndjson) a
  // record of the laboratory.
  std::string trace_file;
  // Of such a record, in milliseconds of virtual time; below 0 = as Recording::Window has it.
  double from = -1;
  double until = -1;
  double seconds = 0;  // stops starting runs after so much time; 0 = no limit
  bool list = false;
  bool json = false;
};

// Exit code: 0 everything held (or every mutant was caught), 1 a violation, 2 bad arguments.
int run_sim(SimArguments arguments);

}  // namespace ostraka::cli
