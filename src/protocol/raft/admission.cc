#include "protocol/raft/internal/admission.h"

#include "protocol/core/admission.h"
#include "protocol/raft/types.h"

namespace ostraka::protocol::raft {

bool is_well_formed(const Message& message) {
  const auto kind = static_cast<MessageKind>(message.kind);
  if (kind < MessageKind::pre_vote || kind > MessageKind::read_ack ||
      !has_possible_ordinals(message)) {
    return false;
  }
  if (kind != MessageKind::append) {
    return message.entries.empty() && message.configurations.empty();
  }
  return !message.term.is_none() && names_an_entry_or_none(message) &&
         are_well_formed_entries(message);
}

}  // namespace ostraka::protocol::raft
