#include "protocol/raft/internal/admission.h"

#include "protocol/raft/internal/log.h"
#include "protocol/raft/types.h"

#include <cstdint>

namespace ostraka::protocol::raft {
namespace {

// Terms and indices beyond are nobody's: at a million a second they take 146,000 years to reach.
constexpr std::uint64_t kOrdinalMax = std::uint64_t{1} << 62;

template <typename... Ordinals>
bool are_possible(Ordinals... ordinals) {
  return ((ordinals.value() <= kOrdinalMax) && ...);
}

// The empty log ends at index 0 with term 0; every entry has an index and a term.
bool names_an_entry_or_none(model::LogIndex index, model::Term term) {
  return index.is_none() == term.is_none();
}

bool has_content(const Message& message, const EntryMeta& entry, std::size_t& configurations) {
  if (entry.kind != EntryKind::configuration) {
    return true;
  }
  if (configurations == message.configurations.size()) {
    return false;
  }
  const ConfigurationAt& at = message.configurations[configurations++];
  return at.index == entry.index && at.configuration != nullptr;
}

// A run without gaps behind `index`, in terms that do not fall and that the leader can know.
bool are_well_formed_entries(const Message& message) {
  model::LogIndex index = message.index;
  model::Term term = message.log_term;
  std::size_t configurations = 0;
  for (const EntryMeta& entry : message.entries) {
    if (entry.index != index.next() || entry.term.is_none() || entry.term < term ||
        entry.term > message.term || entry.payload_bytes > Log::kPayloadBytesMax ||
        !has_content(message, entry, configurations)) {
      return false;
    }
    index = entry.index;
    term = entry.term;
  }
  return configurations == message.configurations.size() && message.log_term <= message.term;
}

}  // namespace

bool is_well_formed(const Message& message) {
  const auto kind = static_cast<MessageKind>(message.kind);
  if (kind < MessageKind::pre_vote || kind > MessageKind::read_ack ||
      !are_possible(message.term, message.index, message.log_term, message.commit,
                    message.hint_index, message.hint_term)) {
    return false;
  }
  if (kind != MessageKind::append) {
    return message.entries.empty() && message.configurations.empty();
  }
  return !message.term.is_none() && names_an_entry_or_none(message.index, message.log_term) &&
         are_well_formed_entries(message);
}

bool is_well_formed(const SnapshotReceived& event) {
  const SnapshotMeta& meta = event.meta;
  return !event.from.is_none() && are_possible(event.leader_term, meta.index) &&
         !meta.index.is_none() && !meta.term.is_none() && meta.term <= event.leader_term &&
         meta.configuration != nullptr;
}

}  // namespace ostraka::protocol::raft
