// The identity of a data directory: which cluster, which node, which disk history. Written once,
// when an empty directory is initialised. Format: docs/formats/identity.md.
//
// Threads: blocking; at start-up only.
#pragma once

#include "base/result.h"
#include "model/ids.h"
#include "model/membership.h"
#include "port/file_system.h"

#include <optional>
#include <string>

namespace ostraka::node {

struct Identity {
  model::ClusterId cluster;
  model::NodeId node;
  model::Incarnation incarnation;
  std::string name;
  bool joined = false;  // entered a running cluster; else one of its first members
  // The first members; for a joined node the members at that time: whom it may talk to until the
  // log tells.
  model::Configuration members;
};

// None for a directory that was never initialised. Errors: corruption, format_unknown, io_error;
// identity_mismatch when the directory has other files but no identity.
[[nodiscard]] base::Result<std::optional<Identity>> read_identity(port::FileSystem& files);
// Durable when it returns. Errors: disk_full, io_error, permission_denied.
[[nodiscard]] base::Status write_identity(port::FileSystem& files, const Identity& identity);

}  // namespace ostraka::node
