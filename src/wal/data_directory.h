// The identity of a data directory: which cluster, which node, which disk history. Format:
// docs/formats/data_directory.md.
//
// Blocking; start-up only. Everything else in the directory belongs to this identity: the log's
// checksums are seeded by the incarnation.
#pragma once

#include "base/result.h"
#include "model/ids.h"
#include "port/file_system.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ostraka::wal {

// The replication engine of every directory from before there was a choice.
inline constexpr std::uint8_t kRaft = 1;

struct Identity {
  model::ClusterId cluster;
  model::NodeId node;
  model::Incarnation incarnation;
  std::uint8_t engine = kRaft;  // the replication engine, by its number (protocol/engines)
  friend bool operator==(const Identity&, const Identity&) = default;
};

// Takes the directory's lock and reads the identity. Nothing for a fresh directory. Errors: busy
// (another process uses it), corruption (damaged, or a log without an identity), format_unknown,
// log_lost (barred), io_error, permission_denied.
[[nodiscard]] base::Result<std::optional<Identity>> open_data_directory(port::FileSystem& files);

// Makes a fresh directory this node's, durably and once. Errors: already_exists, disk_full,
// io_error.
[[nodiscard]] base::Status initialise_data_directory(port::FileSystem& files,
                                                     const Identity& identity);

// Bars a directory whose log lost what it had acknowledged, durably: it is never opened again
// (log_lost, with `why`). Errors: disk_full, io_error.
[[nodiscard]] base::Status bar_data_directory(port::FileSystem& files, const std::string& why);

// Refuses the data of another cluster or node. Errors: identity_mismatch.
[[nodiscard]] base::Status check_identity(const Identity& found, model::ClusterId cluster,
                                          model::NodeId node);

}  // namespace ostraka::wal
