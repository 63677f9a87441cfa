// Calls: one request and one answer on a connection of their own, with somebody who is not a member
// yet.
#include "peer/internal/transport_impl.h"

#include <utility>

namespace ostraka::peer::internal {

void TransportImpl::call_address(const std::string& address, FrameType type, base::ByteView body,
                                 base::Instant deadline, OnReply on_reply) {
  const CallNumber number = next_number_++;
  Call& call = calls_[number];
  call.type = type;
  call.body = std::string(body);
  call.on_reply = std::move(on_reply);
  call.deadline = executor_.make_timer([this, number, address] {
    finish_call(number, base::fail(base::ErrorCode::deadline_exceeded, "calling " + address));
  });
  call.deadline->arm(deadline);
  network_.connect(address, deadline, [token = std::weak_ptr(token_), number](auto stream) {
    if (const auto self = token.lock()) {
      (*self)->on_call_dialled(number, std::move(stream));
    }
  });
}

void TransportImpl::on_call_dialled(CallNumber number,
                                    base::Result<std::unique_ptr<port::Stream>> stream) {
  const auto found = calls_.find(number);
  if (found == calls_.end()) {
    return;
  }
  if (!stream.has_value()) {
    finish_call(number, std::unexpected(std::move(stream).error()));
    return;
  }
  Session& session = add_session();
  found->second.session = &session;
  session.dialled(std::move(*stream), model::NodeId(), kCall);
}

TransportImpl::CallNumber TransportImpl::call_of(const Session& session) const {
  for (const auto& [number, call] : calls_) {
    if (call.session == &session) {
      return number;
    }
  }
  return 0;
}

void TransportImpl::finish_call(CallNumber number, base::Result<base::Buffer> result) {
  auto node = calls_.extract(number);
  if (node.empty()) {
    return;
  }
  if (node.mapped().session != nullptr) {
    remove_session(*node.mapped().session);
  }
  node.mapped().on_reply(std::move(result));
}

bool TransportImpl::answer_call(std::uint64_t number, FrameType type, base::ByteView body) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end() || found->second->is_dialled() ||
      found->second->channel() != kCall || !found->second->is_ready()) {
    return false;  // the caller has gone
  }
  Session& session = *found->second;
  session.begin_frame().append(body);
  session.send_frame(static_cast<std::uint8_t>(type), model::ShardId());
  remove_session(session);
  return true;
}

}  // namespace ostraka::peer::internal
