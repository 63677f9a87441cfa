#include "protocol/zab/internal/admission.h"

#include "protocol/core/admission.h"
#include "protocol/zab/types.h"

#include <limits>

namespace ostraka::protocol::zab {
namespace {

bool names_a_node(model::LogIndex id) {
  return !id.is_none() && id.value() <= std::numeric_limits<std::uint32_t>::max();
}

}  // namespace

bool is_well_formed(const Message& message) {
  const auto kind = static_cast<MessageKind>(message.kind);
  if (kind < MessageKind::notification || kind > MessageKind::sync_ack ||
      !has_possible_ordinals(message)) {
    return false;
  }
  if (kind == MessageKind::synchronise || kind == MessageKind::new_leader ||
      kind == MessageKind::propose) {
    return !message.term.is_none() && names_an_entry_or_none(message) &&
           are_well_formed_entries(message);
  }
  if (!message.entries.empty() || !message.configurations.empty()) {
    return false;
  }
  switch (kind) {
    case MessageKind::notification:
      return names_a_node(message.hint_index) && names_an_entry_or_none(message) &&
             message.context <= kOrdinalMax && message.flags <= kLeading;
    case MessageKind::follower_info:
    case MessageKind::ack_epoch:
      return names_an_entry_or_none(message);
    case MessageKind::new_epoch:
      return !message.term.is_none();
    case MessageKind::hand_over:
      return names_a_node(message.hint_index);
    case MessageKind::synchronise:
    case MessageKind::new_leader:
    case MessageKind::propose:
    case MessageKind::ack_new_leader:
    case MessageKind::up_to_date:
    case MessageKind::ack:
    case MessageKind::ping:
    case MessageKind::pong:
    case MessageKind::sync:
    case MessageKind::sync_ack:
      return true;
  }
  return false;
}

}  // namespace ostraka::protocol::zab
