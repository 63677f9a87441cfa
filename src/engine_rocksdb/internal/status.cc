#include "engine_rocksdb/internal/status.h"

namespace ostraka::engine_rocksdb {
namespace {

base::ErrorCode code_of(const rocksdb::Status& status) {
  using base::ErrorCode;
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit) {
    return ErrorCode::disk_full;
  }
  if (status.IsCorruption()) {
    return ErrorCode::corruption;
  }
  if (status.IsIncomplete() || status.IsBusy() || status.IsTryAgain()) {
    return ErrorCode::busy;
  }
  if (status.IsInvalidArgument()) {
    return ErrorCode::invalid_argument;
  }
  if (status.IsNotFound()) {
    return ErrorCode::not_found;
  }
  if (status.IsNotSupported()) {
    return ErrorCode::unsupported;
  }
  return ErrorCode::io_error;
}

}  // namespace

base::Error to_error(const rocksdb::Status& status) {
  return {.code = code_of(status), .context = "engine: " + status.ToString()};
}

base::Status to_status(const rocksdb::Status& status) {
  if (status.ok()) [[likely]] {
    return {};
  }
  return std::unexpected(to_error(status));
}

}  // namespace ostraka::engine_rocksdb
