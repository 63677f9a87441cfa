#include "node/internal/origin.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "codec/configuration.h"

namespace ostraka::node {

namespace {

constexpr const char* kFile = "origin";
constexpr std::string_view kMagic = "OSTRKORG";
constexpr std::uint16_t kVersion = 1;
constexpr std::uint64_t kBytesMax = 1U << 20;

base::Error damaged(const char* what) {
  return {base::ErrorCode::corruption, std::string("file 'origin': ") + what};
}

}  // namespace

base::Result<Origin> read_origin(port::FileSystem& files) {
  OSTRAKA_ASSIGN(const bool exists, files.exists(kFile));
  if (!exists) {
    return std::unexpected(damaged("missing in an initialised data directory"));
  }
  OSTRAKA_ASSIGN(const std::string contents, port::read_whole_file(files, kFile, kBytesMax));
  if (contents.size() < kMagic.size() + 10 || !contents.starts_with(kMagic)) {
    return std::unexpected(damaged("not written by this program"));
  }
  base::Reader in(contents);
  static_cast<void>(in.raw(kMagic.size()));
  if (in.u16() != kVersion) {
    return base::fail(base::ErrorCode::format_unknown, "file 'origin'");
  }
  const base::ByteView covered(contents.data(), contents.size() - sizeof(std::uint64_t));
  base::Reader checksum(base::ByteView(contents).substr(covered.size()));
  if (checksum.u64() != base::hash64(covered)) {
    return std::unexpected(damaged("the checksum is wrong"));
  }
  Origin origin;
  origin.joined = in.u8() != 0;
  origin.name = std::string(in.bytes());
  const base::ByteView members = in.bytes();
  if (!in.ok() || in.remaining() != sizeof(std::uint64_t)) {
    return std::unexpected(damaged("wrong length"));
  }
  OSTRAKA_ASSIGN(origin.members, codec::decode_configuration(members));
  return origin;
}

base::Status write_origin(port::FileSystem& files, const Origin& origin) {
  std::string contents;
  base::Writer writer(contents);
  writer.raw(kMagic);
  writer.u16(kVersion);
  writer.u8(origin.joined ? 1 : 0);
  writer.bytes(origin.name);
  std::string members;
  codec::encode_configuration(origin.members, members);
  writer.bytes(members);
  writer.u64(base::hash64(contents));
  return port::replace_file(files, kFile, contents);
}

}  // namespace ostraka::node
