// What a node is given by the program that runs it: the real machine or a simulated one.
//
// Threads: everything is called on the node's reactor. Ownership: all of it outlives the node.
#pragma once

#include "base/metrics_text.h"
#include "base/result.h"
#include "port/engine.h"
#include "port/executor.h"
#include "port/file_system.h"
#include "port/network.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace ostraka::node {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

class Log {
 public:
  Log() = default;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view line) = 0;
};

struct ProcessUsage {
  std::uint64_t process_id = 0;
  std::uint64_t resident_bytes = 0;
  double cpu_user_seconds = 0;
  double cpu_system_seconds = 0;
  std::uint64_t open_files = 0;
  std::uint64_t threads = 0;
};

class ProcessInfo {
 public:
  ProcessInfo() = default;
  ProcessInfo(const ProcessInfo&) = delete;
  ProcessInfo& operator=(const ProcessInfo&) = delete;
  virtual ~ProcessInfo() = default;
  [[nodiscard]] virtual ProcessUsage sample() = 0;
  // What the machine itself adds to /metrics (docs/metrics.md): its event loops.
  virtual void append_metrics(base::MetricsText& out) { static_cast<void>(out); }
};

// Opens the engine of the data directory. Blocking.
using EngineFactory = std::move_only_function<base::Result<std::unique_ptr<port::Engine>>(
    port::FileSystem&, port::Executor&)>;

struct Environment {
  port::Executor& executor;
  port::Network& network;
  port::FileSystem& files;
  EngineFactory open_engine;
  ProcessInfo& process;
  Log& log;
};

}  // namespace ostraka::node
