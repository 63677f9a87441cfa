// Runs one node on the real machine until it is told to stop.
//
// The composition root: real reactor, network, files and RocksDB under node::Node. Threads: the
// calling thread becomes the reactor; one server per process.
#pragma once

#include "server/flags.h"

#include <string>

namespace ostraka::server {

// Exit codes of `ostraka server`; docs/operations.md tells them to operators.
enum class ExitCode : int {
  stopped = 0,         // cleanly, by SIGTERM or SIGINT
  failed = 1,          // could not start; the last line says why
  usage = 2,           // flags or configuration file
  storage_failed = 5,  // a write or sync of the data directory failed
  refused = 6,         // the cluster does not take this node or its data directory
};

struct RunOptions {
  Settings settings;
  std::string version;
  std::string executable;
  std::string config_file;
};

[[nodiscard]] ExitCode run(const RunOptions& options);

}  // namespace ostraka::server
