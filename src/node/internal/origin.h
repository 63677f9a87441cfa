// Where a data directory comes from: the node's name, and the members that it was initialised with
// or was told when it joined. Written before the identity (wal/data_directory.h) that makes it
// valid, and again when the first members know each other's disks (node_form.cc). Format:
// docs/formats/origin.md.
//
// Threads: blocking; at start-up only.
#pragma once

#include "base/result.h"
#include "model/membership.h"
#include "port/file_system.h"

#include <string>

namespace ostraka::node {

struct Origin {
  std::string name;
  bool joined = false;  // entered a running cluster; else one of its first members
  // The first members; for a joined node the members at that time: whom it may talk to until the
  // log tells.
  model::Configuration members;
};

// Errors: corruption, format_unknown, io_error.
[[nodiscard]] base::Result<Origin> read_origin(port::FileSystem& files);
// Durable when it returns. Errors: disk_full, io_error, permission_denied.
[[nodiscard]] base::Status write_origin(port::FileSystem& files, const Origin& origin);

}  // namespace ostraka::node
