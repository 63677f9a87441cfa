#include "wal/data_directory.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/hash.h"

#include <fmt/format.h>

#include <limits>
#include <string>
#include <utility>

namespace ostraka::wal {
namespace {

constexpr const char* kName = "IDENTITY";
constexpr const char* kLogFolder = "wal";
constexpr const char* kBarName = "BARRED";
constexpr std::uint64_t kBarBytesMax = 4096;
constexpr std::uint64_t kMagic = 0x5249444b'5254534fULL;  // "OSTRKDIR"
constexpr std::uint16_t kVersion = 1;
constexpr std::uint16_t kVersionWithEngine = 2;  // of any engine but Raft
constexpr std::size_t kChecksummedBytes = 56;
constexpr std::size_t kBytes = 64;

std::string encode(const Identity& identity) {
  std::string out;
  base::Writer w(out);
  w.u64(kMagic);
  w.u16(identity.engine == kRaft ? kVersion : kVersionWithEngine);
  out.resize(16, '\0');
  w.u64(identity.cluster.value());
  w.u32(identity.node.value());
  w.u32(identity.engine == kRaft ? 0 : identity.engine);
  w.u64(identity.incarnation.value());
  out.resize(kChecksummedBytes, '\0');
  w.u64(base::hash64(out));
  OSTRAKA_ASSERT(out.size() == kBytes, "the identity has a fixed layout");
  return out;
}

base::Result<Identity> decode(base::ByteView bytes) {
  const auto damaged = [] {
    return base::fail(
        base::ErrorCode::corruption,
        fmt::format("{} at offset 0: the identity of the data directory is damaged", kName));
  };
  if (bytes.size() != kBytes) {
    return damaged();
  }
  base::Reader in(bytes);
  const bool ours = in.u64() == kMagic;
  const std::uint16_t version = in.u16();
  in.raw(6);
  Identity identity;
  identity.cluster = model::ClusterId{in.u64()};
  identity.node = model::NodeId{in.u32()};
  const std::uint32_t engine = in.u32();
  identity.incarnation = model::Incarnation{in.u64()};
  in.raw(16);
  if (!ours || in.u64() != base::hash64(bytes.substr(0, kChecksummedBytes))) {
    return damaged();
  }
  if (version != kVersion && version != kVersionWithEngine) {
    return base::fail(base::ErrorCode::format_unknown,
                      fmt::format("{}: format {} of the data directory", kName, version));
  }
  if (version == kVersionWithEngine) {
    if (engine <= kRaft || engine > std::numeric_limits<std::uint8_t>::max()) {
      return damaged();  // nobody writes that
    }
    identity.engine = static_cast<std::uint8_t>(engine);
  }
  return identity;
}

}  // namespace

base::Result<std::optional<Identity>> open_data_directory(port::FileSystem& files) {
  OSTRAKA_TRY(files.lock());
  OSTRAKA_ASSIGN(const bool barred, files.exists(kBarName));
  if (barred) {
    OSTRAKA_ASSIGN(std::string why, port::read_whole_file(files, kBarName, kBarBytesMax));
    return base::fail(base::ErrorCode::log_lost, std::move(why));
  }
  OSTRAKA_ASSIGN(const bool found, files.exists(kName));
  if (!found) {
    OSTRAKA_ASSIGN(const bool has_log, files.exists(kLogFolder));
    if (has_log) {
      return base::fail(base::ErrorCode::corruption,
                        fmt::format("{} is missing beside an existing log", kName));
    }
    return std::optional<Identity>();
  }
  base::Result<std::string> bytes = port::read_whole_file(files, kName, kBytes);
  if (!bytes.has_value() && bytes.error().code != base::ErrorCode::too_large) {
    return std::unexpected(bytes.error());
  }
  OSTRAKA_ASSIGN(const Identity identity, decode(bytes.value_or(std::string())));
  return std::optional<Identity>(identity);
}

base::Status initialise_data_directory(port::FileSystem& files, const Identity& identity) {
  OSTRAKA_ASSIGN(const bool found, files.exists(kName));
  if (found) {
    return base::fail(base::ErrorCode::already_exists, kName);
  }
  return port::replace_file(files, kName, encode(identity));
}

base::Status bar_data_directory(port::FileSystem& files, const std::string& why) {
  return port::replace_file(files, kBarName, why.substr(0, kBarBytesMax));
}

base::Status check_identity(const Identity& found, model::ClusterId cluster, model::NodeId node) {
  if (found.cluster != cluster) {
    return base::fail(base::ErrorCode::identity_mismatch,
                      fmt::format("the data directory belongs to cluster {:016x}, not to {:016x}",
                                  found.cluster.value(), cluster.value()));
  }
  if (found.node != node) {
    return base::fail(base::ErrorCode::identity_mismatch,
                      fmt::format("the data directory belongs to node {}, not to {}",
                                  found.node.value(), node.value()));
  }
  return {};
}

}  // namespace ostraka::wal
