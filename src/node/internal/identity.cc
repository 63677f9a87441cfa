#include "node/internal/identity.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "codec/configuration.h"

#include <algorithm>

namespace ostraka::node {

namespace {

constexpr const char* kFile = "identity";
constexpr std::string_view kMagic = "OSTRKDIR";
constexpr std::uint16_t kVersion = 1;
constexpr std::uint64_t kBytesMax = 1U << 20;

base::Error damaged(const char* what) {
  return {base::ErrorCode::corruption, std::string("file 'identity': ") + what};
}

}  // namespace

base::Result<std::optional<Identity>> read_identity(port::FileSystem& files) {
  OSTRAKA_ASSIGN(const bool exists, files.exists(kFile));
  if (!exists) {
    OSTRAKA_ASSIGN(const std::vector<std::string> names, files.list(""));
    for (const char* ours : {"wal", "engine"}) {
      if (std::ranges::find(names, ours) != names.end()) {
        return base::fail(base::ErrorCode::identity_mismatch,
                          std::string("the folder has '") + ours + "' but no file 'identity'");
      }
    }
    return std::nullopt;
  }
  OSTRAKA_ASSIGN(const std::string contents, port::read_whole_file(files, kFile, kBytesMax));
  if (contents.size() < kMagic.size() + 10 || !contents.starts_with(kMagic)) {
    return std::unexpected(damaged("not written by this program"));
  }
  base::Reader in(contents);
  static_cast<void>(in.raw(kMagic.size()));
  const std::uint16_t version = in.u16();
  if (version != kVersion) {
    return base::fail(base::ErrorCode::format_unknown, "file 'identity'");
  }
  const base::ByteView covered(contents.data(), contents.size() - sizeof(std::uint64_t));
  base::Reader checksum(base::ByteView(contents).substr(covered.size()));
  if (checksum.u64() != base::hash64(covered)) {
    return std::unexpected(damaged("the checksum is wrong"));
  }
  Identity identity;
  identity.cluster = model::ClusterId(in.u64());
  identity.node = model::NodeId(in.u32());
  identity.incarnation = model::Incarnation(in.u64());
  identity.joined = in.u8() != 0;
  identity.name = std::string(in.bytes());
  const base::ByteView members = in.bytes();
  if (!in.ok() || in.remaining() != sizeof(std::uint64_t)) {
    return std::unexpected(damaged("wrong length"));
  }
  OSTRAKA_ASSIGN(identity.members, codec::decode_configuration(members));
  return identity;
}

base::Status write_identity(port::FileSystem& files, const Identity& identity) {
  std::string contents;
  base::Writer writer(contents);
  writer.raw(kMagic);
  writer.u16(kVersion);
  writer.u64(identity.cluster.value());
  writer.u32(identity.node.value());
  writer.u64(identity.incarnation.value());
  writer.u8(identity.joined ? 1 : 0);
  writer.bytes(identity.name);
  std::string members;
  codec::encode_configuration(identity.members, members);
  writer.bytes(members);
  writer.u64(base::hash64(contents));
  return port::replace_file(files, kFile, contents);
}

}  // namespace ostraka::node
