// RocksDB's own messages, from warnings upwards, in a file of bounded size.
//
// Not RocksDB's logger: in 7.8.3 it aborts the process at the first message after one that found
// the disk full (WritableFileWriter asserts that nobody appends after an error). Here a message
// that cannot be written is dropped.
#pragma once

#include <rocksdb/env.h>

#include <memory>
#include <string>

namespace ostraka::engine_rocksdb {

// At `path`; a file that would grow past 1 MiB becomes `path`.old. Any thread may write. Never
// fails: without a file every message is dropped.
[[nodiscard]] std::shared_ptr<rocksdb::Logger> make_info_log(std::string path);

}  // namespace ostraka::engine_rocksdb
