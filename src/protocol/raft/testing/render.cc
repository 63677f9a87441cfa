// Messages and names as text for golden logs.
#include "protocol/raft/testing/cluster.h"

#include <fmt/core.h>

#include <array>

namespace ostraka::protocol::raft::testing {
namespace {

constexpr std::array<std::string_view, 12> kKinds = {
    "any",        "pre_vote",  "pre_vote_ack",  "vote",        "vote_ack",     "append",
    "append_ack", "heartbeat", "heartbeat_ack", "timeout_now", "read_request", "read_ack"};

constexpr std::array<std::string_view, 18> kMutants = {"none",
                                                       "commit_any_term",
                                                       "vote_before_durable",
                                                       "ack_before_durable",
                                                       "no_config_guard",
                                                       "lease_kept_in_transfer",
                                                       "vote_within_promise_on_reset",
                                                       "vote_after_restart_within_promise",
                                                       "read_without_own_term_commit",
                                                       "prevote_silent",
                                                       "vote_twice",
                                                       "lease_from_receipt",
                                                       "resend_window",
                                                       "leader_kept_in_prevote",
                                                       "no_prevote",
                                                       "no_check_quorum",
                                                       "quorum_not_heard",
                                                       "restart_promise_for_ever"};

std::string entries_of(const Message& message) {
  std::string text = "[";
  for (const EntryMeta& entry : message.entries) {
    text += fmt::format("{}{}/{}", text.size() == 1 ? "" : " ", entry.index.value(),
                        entry.term.value());
    text += entry.kind == EntryKind::noop ? "n" : entry.kind == EntryKind::configuration ? "c" : "";
  }
  return text + "]";
}

}  // namespace

std::string_view name_of(MessageKind kind) {
  const auto at = static_cast<std::size_t>(kind);
  return at < kKinds.size() ? kKinds[at] : "?";
}

std::uint8_t kind_of(std::string_view name) {
  for (std::size_t i = 1; i < kKinds.size(); ++i) {
    if (kKinds[i] == name) {
      return static_cast<std::uint8_t>(i);
    }
  }
  return 0;
}

std::string_view name_of(Mutant mutant) {
  const auto at = static_cast<std::size_t>(mutant);
  return at < kMutants.size() ? kMutants[at] : "?";
}

std::string render(const Message& m) {
  const auto kind = static_cast<MessageKind>(m.kind);
  std::string text =
      fmt::format("{}->{} {} term {}", m.from.value(), m.to.value(), name_of(kind), m.term.value());
  switch (kind) {
    case MessageKind::pre_vote:
    case MessageKind::vote:
      text += fmt::format(" last {}/{}", m.index.value(), m.log_term.value());
      text += (m.flags & kFlagTransfer) != 0
                  ? fmt::format(" transfer of term {} round {}", m.hint_term.value(), m.context)
                  : "";
      break;
    case MessageKind::append:
      text += fmt::format(" behind {}/{} commit {} ", m.index.value(), m.log_term.value(),
                          m.commit.value());
      text += entries_of(m);
      break;
    case MessageKind::append_ack:
      text += fmt::format(" index {}", m.index.value());
      text += m.reject
                  ? fmt::format(" REJECT hint {}/{}", m.hint_index.value(), m.hint_term.value())
                  : fmt::format(" received {}", m.hint_index.value());
      return text;
    case MessageKind::heartbeat:
      text += fmt::format(" round {} commit {}", m.context, m.commit.value());
      text += (m.flags & kFlagPromise) != 0 ? " promise?" : "";
      break;
    case MessageKind::heartbeat_ack:
      text += fmt::format(" round {} index {}", m.context, m.index.value());
      text += (m.flags & kFlagPromise) != 0 ? " promised" : "";
      text += (m.flags & kFlagDiskFull) != 0 ? " disk full" : "";
      break;
    case MessageKind::timeout_now:
      text += fmt::format(" round {}", m.context);
      break;
    case MessageKind::read_request:
      break;
    case MessageKind::read_ack:
      text += fmt::format(" index {}", m.index.value());
      break;
    case MessageKind::pre_vote_ack:
    case MessageKind::vote_ack:
      break;
  }
  return text + (m.reject ? " REJECT" : "");
}

}  // namespace ostraka::protocol::raft::testing
