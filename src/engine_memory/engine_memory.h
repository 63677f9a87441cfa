// port::Engine as an ordered map in memory, with the crash semantics of the real engine: what was
// not flushed is lost, and an opened engine holds exactly the state of the last completed flush.
//
// For the simulator and for tests; it keeps everything in memory and writes a whole image at each
// flush (docs/formats/engine.md). Deterministic: it runs the same under a simulated executor and
// file system as under real ones.
//
// Threads: as port::Engine says. export_ranges and ingest_replacing may run on a pool thread while
// the reactor reads and writes; a mutex guards the maps.
#pragma once

#include "base/result.h"
#include "port/engine.h"
#include "port/executor.h"
#include "port/file_system.h"

#include <cstdint>
#include <memory>
#include <string>

namespace ostraka::engine_memory {

// A planted bug with which the simulator proves that its checks can fail.
enum class Mutant : std::uint8_t {
  none,
  rename_before_sync,  // a new image has its name before it is durable (S11)
};

struct Options {
  std::string folder = "engine";  // inside the data directory; created
  unsigned lane = 1;              // of Executor::run_blocking, for flushes
  unsigned write_lane = 2;        // for writes beside the reactor
  // stats().write_stalled once this many bytes wait for a flush
  std::uint64_t stall_bytes = std::uint64_t{256} << 20;
  Mutant mutant = Mutant::none;
};

// Blocking: reads the last image. `files` and `executor` outlive the engine. Errors: corruption,
// format_unknown, io_error.
[[nodiscard]] base::Result<std::unique_ptr<port::Engine>> open(port::FileSystem& files,
                                                               port::Executor& executor,
                                                               const Options& options);

}  // namespace ostraka::engine_memory
