// What ZAB's messages look like to a peer that is authenticated and wrong (faults: F10).
#pragma once

#include "protocol/testing/hostile_run.h"
#include "protocol/zab/probe.h"
#include "protocol/zab/types.h"

#include <array>
#include <cstdint>

namespace ostraka::protocol::zab::testing {

inline constexpr std::uint8_t hostile_kind(MessageKind kind) {
  return static_cast<std::uint8_t>(kind);
}

inline std::uint8_t hostile_answer_to(std::uint8_t kind) {
  switch (static_cast<MessageKind>(kind)) {
    case MessageKind::notification:
      return hostile_kind(MessageKind::notification);
    case MessageKind::follower_info:
      return hostile_kind(MessageKind::new_epoch);
    case MessageKind::new_epoch:
      return hostile_kind(MessageKind::ack_epoch);
    case MessageKind::ack_epoch:
      return hostile_kind(MessageKind::new_leader);
    case MessageKind::new_leader:
      return hostile_kind(MessageKind::ack_new_leader);
    case MessageKind::ack_new_leader:
      return hostile_kind(MessageKind::up_to_date);
    case MessageKind::synchronise:
    case MessageKind::propose:
      return hostile_kind(MessageKind::ack);
    case MessageKind::up_to_date:
    case MessageKind::ack:
      return hostile_kind(MessageKind::propose);
    case MessageKind::ping:
      return hostile_kind(MessageKind::pong);
    case MessageKind::pong:
      return hostile_kind(MessageKind::ping);
    case MessageKind::hand_over:
      return hostile_kind(MessageKind::follower_info);
    case MessageKind::sync:
    case MessageKind::sync_ack:
      return hostile_kind(MessageKind::sync_ack);
  }
  return 0;
}

// Fields mean something else in each phase.
inline void hostile_shape(Message& message, const Message* asked) {
  if (message.kind == hostile_kind(MessageKind::notification)) {
    message.flags %= kLeading + 1;
    message.hint_index = model::LogIndex{1 + message.hint_index.value() % 5};
  }
  if (message.kind == hostile_kind(MessageKind::ping)) {
    message.flags = kFlagEstablished | kFlagPromise;
  }
  if (asked == nullptr) {
    return;
  }
  if (message.kind == hostile_kind(MessageKind::notification)) {  // agrees, or stands itself
    const bool leads = asked->flags == kLeading;
    const bool agrees = asked->context % 2 != 0;
    message.kind = hostile_kind(leads ? MessageKind::follower_info : MessageKind::notification);
    message.flags = asked->flags;
    message.hint_index = agrees ? asked->hint_index : model::LogIndex{message.from.value()};
    message.hint_term = asked->hint_term;
    message.log_term = asked->log_term;
  } else if (message.kind == hostile_kind(MessageKind::new_epoch)) {
    message.term = asked->term.next();
    message.flags = kFlagEstablished;
  } else if (message.kind == hostile_kind(MessageKind::ack_epoch)) {
    message.index = {};
  } else if (message.kind == hostile_kind(MessageKind::new_leader)) {
    const bool whole =
        asked->term.value() % 2 == 0;  // else what lies behind the follower's history
    message.index = whole ? model::LogIndex{} : asked->index;
    message.log_term = whole ? model::Term{} : asked->log_term;
  } else if (message.kind == hostile_kind(MessageKind::up_to_date)) {
    message.commit = asked->index;
  }
}

inline const protocol::testing::HostileEngine& hostile() {
  static constexpr std::array kCarriers{hostile_kind(MessageKind::synchronise),
                                        hostile_kind(MessageKind::new_leader),
                                        hostile_kind(MessageKind::propose)};
  static const protocol::testing::HostileEngine kHostile{.probe = &probe(),
                                                         .carriers = kCarriers,
                                                         .answer_flags = kFlagPromise,
                                                         .answer_to = hostile_answer_to,
                                                         .shape = hostile_shape};
  return kHostile;
}

}  // namespace ostraka::protocol::zab::testing
