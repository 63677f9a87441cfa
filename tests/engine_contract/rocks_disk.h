// rocksdb::Env on a CrashDisk, with the real clock and threads.
#pragma once

#include "crash_disk.h"

#include <rocksdb/env.h>

#include <memory>

namespace ostraka::engine_test {

// `disk` outlives the environment.
[[nodiscard]] std::unique_ptr<rocksdb::Env> make_rocks_env(CrashDisk& disk);

}  // namespace ostraka::engine_test
