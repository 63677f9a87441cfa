#include "codec/peer_frame_message.h"

#include "codec/configuration.h"
#include "codec/internal/zigzag.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

namespace ostraka::codec {
namespace {

constexpr std::uint8_t kFormatVersion = 1;

// Which fields are there; a field that is not has its default.
constexpr std::uint64_t kReject = 1U << 0;
constexpr std::uint64_t kFlags = 1U << 1;
constexpr std::uint64_t kTerm = 1U << 2;
constexpr std::uint64_t kIndex = 1U << 3;
constexpr std::uint64_t kLogTerm = 1U << 4;
constexpr std::uint64_t kCommit = 1U << 5;
constexpr std::uint64_t kHintIndex = 1U << 6;
constexpr std::uint64_t kHintTerm = 1U << 7;
constexpr std::uint64_t kContext = 1U << 8;
constexpr std::uint64_t kStamp = 1U << 9;
constexpr std::uint64_t kEntries = 1U << 10;
constexpr std::uint64_t kConfigurations = 1U << 11;
constexpr std::uint64_t kAll = (1U << 12) - 1;

// In front of each entry.
constexpr std::uint8_t kIndexGiven = 1;  // else one more than the entry before (or message.index)
constexpr std::uint8_t kTermGiven = 2;   // else that of the entry before (or message.log_term)
constexpr unsigned kKindShift = 2;
constexpr std::size_t kEntryBytesMin = 2;

std::uint64_t present_if(bool condition, std::uint64_t bit) { return condition ? bit : 0; }

std::uint64_t fields_of(const protocol::Message& m) {
  return present_if(m.reject, kReject) | present_if(m.flags != 0, kFlags) |
         present_if(!m.term.is_none(), kTerm) | present_if(!m.index.is_none(), kIndex) |
         present_if(!m.log_term.is_none(), kLogTerm) | present_if(!m.commit.is_none(), kCommit) |
         present_if(!m.hint_index.is_none(), kHintIndex) |
         present_if(!m.hint_term.is_none(), kHintTerm) | present_if(m.context != 0, kContext) |
         present_if(m.stamp != base::Instant(), kStamp) | present_if(!m.entries.empty(), kEntries) |
         present_if(!m.configurations.empty(), kConfigurations);
}

void encode_entries(const protocol::Message& message, base::Writer& writer) {
  writer.varint(message.entries.size());
  model::LogIndex index = message.index;
  model::Term term = message.log_term;
  for (const protocol::EntryMeta& entry : message.entries) {
    const bool index_given = entry.index != index.next();
    const bool term_given = entry.term != term;
    writer.u8(static_cast<std::uint8_t>((index_given ? kIndexGiven : 0) |
                                        (term_given ? kTermGiven : 0) |
                                        (static_cast<unsigned>(entry.kind) << kKindShift)));
    if (index_given) {
      writer.varint(entry.index.value());
    }
    if (term_given) {
      writer.varint(entry.term.value());
    }
    writer.varint(entry.payload_bytes);
    index = entry.index;
    term = entry.term;
  }
}

void encode_configurations(const protocol::Message& message, base::Writer& writer) {
  writer.varint(message.configurations.size());
  std::string encoded;
  for (const protocol::ConfigurationAt& at : message.configurations) {
    writer.varint(at.index.value());
    encoded.clear();
    if (at.configuration != nullptr) {
      encode_configuration(*at.configuration, encoded);
    }
    writer.bytes(encoded);  // empty: none
  }
}

// Reads a varint when its bit is set.
std::uint64_t field(base::Reader& reader, std::uint64_t fields, std::uint64_t bit) {
  return (fields & bit) != 0 ? reader.varint() : 0;
}

base::Status decode_entries(base::Reader& reader, protocol::Message& message,
                            std::uint64_t& payload_bytes) {
  const std::uint64_t count = reader.varint();
  if (count > reader.remaining() / kEntryBytesMin) {
    return base::fail(base::ErrorCode::malformed, "message: entry count");
  }
  message.entries.reserve(static_cast<std::size_t>(count));
  model::LogIndex index = message.index;
  model::Term term = message.log_term;
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::uint8_t head = reader.u8();
    const unsigned kind = static_cast<unsigned>(head) >> kKindShift;
    if (kind > static_cast<unsigned>(protocol::EntryKind::configuration)) {
      return base::fail(base::ErrorCode::format_unknown, "message: entry kind");
    }
    index = (head & kIndexGiven) != 0 ? model::LogIndex(reader.varint()) : index.next();
    term = (head & kTermGiven) != 0 ? model::Term(reader.varint()) : term;
    const std::uint64_t bytes = reader.varint();
    if (bytes > std::numeric_limits<std::uint32_t>::max()) {
      return base::fail(base::ErrorCode::malformed, "message: payload length");
    }
    payload_bytes += bytes;
    message.entries.push_back(
        protocol::EntryMeta{.index = index,
                            .term = term,
                            .kind = static_cast<protocol::EntryKind>(kind),
                            .payload_bytes = static_cast<std::uint32_t>(bytes)});
  }
  return {};
}

base::Status decode_configurations(base::Reader& reader, protocol::Message& message) {
  const std::uint64_t count = reader.varint();
  if (count > reader.remaining() / kEntryBytesMin) {
    return base::fail(base::ErrorCode::malformed, "message: configuration count");
  }
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    protocol::ConfigurationAt at;
    at.index = model::LogIndex(reader.varint());
    const base::ByteView encoded = reader.bytes();
    if (!encoded.empty()) {
      OSTRAKA_ASSIGN(model::Configuration configuration, decode_configuration(encoded));
      at.configuration = std::make_shared<const model::Configuration>(std::move(configuration));
    }
    message.configurations.push_back(std::move(at));
  }
  return {};
}

base::Status decode_fields(base::Reader& reader, std::uint64_t fields, protocol::Message& m) {
  m.reject = (fields & kReject) != 0;
  m.flags = (fields & kFlags) != 0 ? reader.u8() : 0;
  m.term = model::Term(field(reader, fields, kTerm));
  m.index = model::LogIndex(field(reader, fields, kIndex));
  m.log_term = model::Term(field(reader, fields, kLogTerm));
  // As a distance from the index, which is mostly small.
  if ((fields & kCommit) != 0) {
    m.commit =
        model::LogIndex(m.index.value() + static_cast<std::uint64_t>(unzigzag(reader.varint())));
  }
  m.hint_index = model::LogIndex(field(reader, fields, kHintIndex));
  m.hint_term = model::Term(field(reader, fields, kHintTerm));
  m.context = field(reader, fields, kContext);
  if ((fields & kStamp) != 0) {
    m.stamp = base::Instant::from_nanoseconds(reader.i64());
  }
  return {};
}

}  // namespace

void encode_message(const protocol::Message& m, std::string& out) {
  base::Writer writer(out);
  const std::uint64_t fields = fields_of(m);
  writer.u8(kFormatVersion);
  writer.u8(m.kind);
  writer.varint(m.from.value());
  writer.varint(m.to.value());
  writer.varint(fields);
  if ((fields & kFlags) != 0) {
    writer.u8(m.flags);
  }
  const std::pair<std::uint64_t, std::uint64_t> before_commit[] = {
      {kTerm, m.term.value()}, {kIndex, m.index.value()}, {kLogTerm, m.log_term.value()}};
  for (const auto& [bit, value] : before_commit) {
    if ((fields & bit) != 0) {
      writer.varint(value);
    }
  }
  if ((fields & kCommit) != 0) {
    writer.varint(zigzag(static_cast<std::int64_t>(m.commit.value() - m.index.value())));
  }
  const std::pair<std::uint64_t, std::uint64_t> behind_commit[] = {
      {kHintIndex, m.hint_index.value()}, {kHintTerm, m.hint_term.value()}, {kContext, m.context}};
  for (const auto& [bit, value] : behind_commit) {
    if ((fields & bit) != 0) {
      writer.varint(value);
    }
  }
  if ((fields & kStamp) != 0) {
    writer.i64(m.stamp.as_nanoseconds());
  }
  if ((fields & kEntries) != 0) {
    encode_entries(m, writer);
  }
  if ((fields & kConfigurations) != 0) {
    encode_configurations(m, writer);
  }
}

base::Result<std::size_t> decode_message(base::ByteView body, protocol::Message& message) {
  message.reset();
  base::Reader reader(body);
  const std::uint8_t version = reader.u8();
  message.kind = reader.u8();
  const std::uint64_t from = reader.varint();
  const std::uint64_t to = reader.varint();
  const std::uint64_t fields = reader.varint();
  if (!reader.ok()) {
    return base::fail(base::ErrorCode::malformed, "message: too short");
  }
  if (version != kFormatVersion || (fields & ~kAll) != 0) {
    return base::fail(base::ErrorCode::format_unknown, "message: version or fields");
  }
  constexpr std::uint64_t kNodeMax = std::numeric_limits<model::NodeId::rep>::max();
  if (from > kNodeMax || to > kNodeMax) {
    return base::fail(base::ErrorCode::malformed, "message: node id");
  }
  message.from = model::NodeId(static_cast<model::NodeId::rep>(from));
  message.to = model::NodeId(static_cast<model::NodeId::rep>(to));
  OSTRAKA_TRY(decode_fields(reader, fields, message));
  std::uint64_t payload_bytes = 0;
  if ((fields & kEntries) != 0) {
    OSTRAKA_TRY(decode_entries(reader, message, payload_bytes));
  }
  if ((fields & kConfigurations) != 0) {
    OSTRAKA_TRY(decode_configurations(reader, message));
  }
  if (!reader.ok() || reader.remaining() != payload_bytes) {
    return base::fail(base::ErrorCode::malformed, "message: payload bytes");
  }
  return body.size() - reader.remaining();
}

}  // namespace ostraka::codec
