#include "protocol/core/admission.h"

#include "protocol/core/log.h"

namespace ostraka::protocol {
namespace {

template <typename... Ordinals>
bool are_possible(Ordinals... ordinals) {
  return ((ordinals.value() <= kOrdinalMax) && ...);
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

}  // namespace

bool has_possible_ordinals(const Message& message) {
  return are_possible(message.term, message.index, message.log_term, message.commit,
                      message.hint_index, message.hint_term);
}

bool names_an_entry_or_none(const Message& message) {
  return message.index.is_none() == message.log_term.is_none();
}

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

bool is_well_formed(const SnapshotReceived& event) {
  const SnapshotMeta& meta = event.meta;
  return !event.from.is_none() && are_possible(event.leader_term, meta.index) &&
         !meta.index.is_none() && !meta.term.is_none() && meta.term <= event.leader_term &&
         meta.configuration != nullptr;
}

}  // namespace ostraka::protocol
