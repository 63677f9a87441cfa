// RocksDB's status as an error of the product.
#pragma once

#include "base/result.h"

#include <rocksdb/status.h>

namespace ostraka::engine_rocksdb {

[[nodiscard]] base::Error to_error(const rocksdb::Status& status);
[[nodiscard]] base::Status to_status(const rocksdb::Status& status);

}  // namespace ostraka::engine_rocksdb
