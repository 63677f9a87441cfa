#include "protocol/multi_paxos/internal/admission.h"

#include "protocol/multi_paxos/internal/slot_log.h"
#include "protocol/multi_paxos/types.h"

#include <cstdint>

namespace ostraka::protocol::multi_paxos {
namespace {

// Ballots and slots beyond are nobody's: at a million a second slots take 146,000 years to reach
// it, and rounds two years.
constexpr std::uint64_t kOrdinalMax = std::uint64_t{1} << 62;

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

// Rising slots, each at a ballot that the sender can know of, with their configurations.
bool are_well_formed_entries(const Message& message) {
  model::LogIndex last;
  std::size_t configurations = 0;
  for (const EntryMeta& entry : message.entries) {
    if (entry.index <= last || !are_possible(entry.index) || entry.term.is_none() ||
        entry.term > message.term || entry.kind > EntryKind::configuration ||
        entry.payload_bytes > SlotLog::kPayloadBytesMax ||
        !has_content(message, entry, configurations)) {
      return false;
    }
    last = entry.index;
  }
  return configurations == message.configurations.size();
}

// Slots of a ballot below the leader's own are told because they are chosen.
bool is_possible_accept(const Message& message) {
  for (const EntryMeta& entry : message.entries) {
    if (entry.index <= message.index ||
        (entry.term < message.term && entry.index > message.commit)) {
      return false;
    }
  }
  return true;
}

bool is_possible_report(const Message& message) {
  return message.reject ||
         (!message.index.is_none() && message.hint_index >= message.index.prev() &&
          (message.entries.empty() || (message.entries.front().index >= message.index &&
                                       message.entries.back().index <= message.hint_index)));
}

// A ballot belongs to one proposer for ever.
bool is_own_ballot(const Message& message) {
  return !message.term.is_none() && proposer_of(message.term) == message.from;
}

}  // namespace

bool is_possible_ballot(model::Term ballot) { return are_possible(ballot); }

bool is_well_formed(const Message& message) {
  if (!are_possible(message.term, message.index, message.log_term, message.commit,
                    message.hint_index, message.hint_term) ||
      !are_well_formed_entries(message)) {
    return false;
  }
  const bool bare = message.entries.empty();
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::prepare:
      return bare && is_own_ballot(message) && !message.index.is_none();
    case MessageKind::promise:
      return is_possible_report(message);
    case MessageKind::accept:
      return is_own_ballot(message) && is_possible_accept(message);
    case MessageKind::heartbeat:
    case MessageKind::timeout_now:
      return bare && is_own_ballot(message);
    case MessageKind::accepted:
      return bare && ((message.flags & kFlagRange) == 0 ||
                      (!message.index.is_none() && message.hint_index >= message.index));
    case MessageKind::pre_prepare:
    case MessageKind::pre_promise:
    case MessageKind::heartbeat_ack:
    case MessageKind::read_request:
    case MessageKind::read_ack:
      return bare;
  }
  return false;
}

bool is_well_formed(const SnapshotReceived& event) {
  const SnapshotMeta& meta = event.meta;
  return !event.from.is_none() && are_possible(event.leader_term, meta.index) &&
         proposer_of(event.leader_term) == event.from && !meta.index.is_none() &&
         !meta.term.is_none() && meta.term <= event.leader_term && meta.configuration != nullptr;
}

}  // namespace ostraka::protocol::multi_paxos
