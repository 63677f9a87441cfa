// RocksDB's options for this product: small machine, no log of its own, atomic flush.
#pragma once

#include "engine_rocksdb/internal/database.h"
#include "engine_rocksdb/internal/insert_hint.h"

#include <rocksdb/options.h>

#include <memory>

namespace ostraka::engine_rocksdb {

inline constexpr int kWriteBuffers = 6;
// Level 0 is merged with all of the next level: not before it is worth it. Reads skip most of its
// files by their filters, and when few writes come there are fewer (resting.cc).
inline constexpr int kLevel0Files = 8;
inline constexpr int kLevel0FilesResting = 2;

[[nodiscard]] rocksdb::Options make_options(const Location& location, const Options& options,
                                            std::shared_ptr<Listener> listener);
[[nodiscard]] rocksdb::ColumnFamilyOptions family_options(const rocksdb::Options& options,
                                                          port::Family family,
                                                          const std::shared_ptr<InsertHint>& hint);

// Without RocksDB's log, and failing instead of waiting: the reactor must not sleep in a stall.
[[nodiscard]] const rocksdb::WriteOptions& write_options();

}  // namespace ostraka::engine_rocksdb
