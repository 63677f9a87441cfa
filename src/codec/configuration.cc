#include "codec/configuration.h"

#include "base/assert.h"

#include <cstdint>
#include <limits>
#include <vector>

namespace ostraka::codec {
namespace {

constexpr std::uint8_t kFormatVersion = 1;
constexpr std::uint8_t kFormatWithNextId = 2;
// id, incarnation, two empty strings
constexpr std::size_t kMemberBytesMin = 1 + 8 + 1 + 1;

void write_members(const std::vector<model::Member>& members, base::Writer& writer) {
  writer.varint(members.size());
  model::NodeId previous;
  bool first = true;
  for (const model::Member& member : members) {
    OSTRAKA_ASSERT(first || member.id > previous, "members are sorted by id, each once");
    first = false;
    previous = member.id;
    writer.varint(member.id.value());
    writer.u64(member.incarnation.value());
    writer.bytes(member.name);
    writer.bytes(member.peer_address);
  }
}

void read_members(base::Reader& reader, std::vector<model::Member>& members) {
  const std::uint64_t count = reader.varint();
  if (count > reader.remaining() / kMemberBytesMin) {
    reader.mark_bad();
    return;
  }
  members.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::uint64_t id = reader.varint();
    const model::Incarnation incarnation(reader.u64());
    const base::ByteView name = reader.bytes();
    const base::ByteView address = reader.bytes();
    if (id > std::numeric_limits<model::NodeId::rep>::max()) {
      reader.mark_bad();
      return;
    }
    const model::NodeId node(static_cast<model::NodeId::rep>(id));
    if (!members.empty() && node <= members.back().id) {
      reader.mark_bad();
      return;
    }
    members.push_back({node, incarnation, std::string(name), std::string(address)});
  }
}

}  // namespace

void encode_configuration(const model::Configuration& configuration, std::string& out) {
  base::Writer writer(out);
  const bool has_next_id = !configuration.next_id.is_none();
  writer.u8(has_next_id ? kFormatWithNextId : kFormatVersion);
  if (has_next_id) {
    writer.varint(configuration.next_id.value());
  }
  write_members(configuration.voters, writer);
  write_members(configuration.voters_outgoing, writer);
  write_members(configuration.learners, writer);
}

base::Result<model::Configuration> decode_configuration(base::ByteView encoded) {
  base::Reader reader(encoded);
  const std::uint8_t version = reader.u8();
  if (!reader.ok()) {
    return base::fail(base::ErrorCode::malformed, "configuration: empty");
  }
  if (version != kFormatVersion && version != kFormatWithNextId) {
    return base::fail(base::ErrorCode::format_unknown, "configuration: format version");
  }
  model::Configuration configuration;
  if (version == kFormatWithNextId) {
    const std::uint64_t next_id = reader.varint();
    if (next_id == 0 || next_id > std::numeric_limits<model::NodeId::rep>::max()) {
      reader.mark_bad();
    }
    configuration.next_id = model::NodeId(static_cast<model::NodeId::rep>(next_id));
  }
  read_members(reader, configuration.voters);
  read_members(reader, configuration.voters_outgoing);
  read_members(reader, configuration.learners);
  if (!reader.finished()) {
    return base::fail(base::ErrorCode::malformed, "configuration");
  }
  return configuration;
}

}  // namespace ostraka::codec
