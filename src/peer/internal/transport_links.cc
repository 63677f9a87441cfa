// Links to peers: dialling, breaking, dialling again.
#include "base/assert.h"
#include "peer/internal/transport_impl.h"

#include <algorithm>
#include <utility>

namespace ostraka::peer::internal {
namespace {

constexpr base::Duration kConnectTimeout = base::Duration::seconds(1);
constexpr base::Duration kRetryFirst = base::Duration::milliseconds(50);
constexpr base::Duration kRetryMax = base::Duration::seconds(1);
// A process that dies closes its connections and its listener one after the other: an attempt
// between the two is accepted and then closed. So that is asked again before it is believed.
constexpr base::Duration kDyingRetry = base::Duration::milliseconds(10);
constexpr std::uint32_t kDyingRetries = 3;

}  // namespace

void TransportImpl::set_members(std::span<const model::Member> members) {
  OSTRAKA_ASSERT(handler_ != nullptr, "start() comes before set_members()");
  std::vector<model::NodeId> gone;
  for (auto it = peers_.begin(); it != peers_.end();) {
    Peer& peer = it->second;
    const auto same = std::ranges::find_if(members, [&peer](const model::Member& member) {
      return member.id == peer.member.id && member.peer_address == peer.member.peer_address &&
             (member.incarnation.is_none() || peer.member.incarnation.is_none() ||
              member.incarnation == peer.member.incarnation);
    });
    if (same != members.end()) {
      ++it;
      continue;
    }
    if (peer.up) {
      gone.push_back(peer.member.id);
    }
    drop_link(peer);
    for (Session* session : peer.in) {
      if (session != nullptr) {
        remove_session(*session);
      }
    }
    it = peers_.erase(it);
  }
  for (const model::Member& member : members) {
    if (member.id == options_.self) {
      continue;
    }
    const auto [it, added] = peers_.try_emplace(member.id);
    Peer& peer = it->second;
    const model::Incarnation learned = peer.member.incarnation;
    peer.member = member;
    if (member.incarnation.is_none()) {
      peer.member.incarnation = learned;
    }
    if (added) {
      peer.retry = executor_.make_timer([this, id = member.id] {
        if (Peer* again = find(id); again != nullptr) {
          dial(*again);
        }
      });
      dial(peer);
    }
  }
  for (const model::NodeId id : gone) {
    handler_->on_disconnected(id, false);
  }
}

TransportImpl::Peer* TransportImpl::find(model::NodeId id) {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second;
}

void TransportImpl::dial(Peer& peer) {
  peer.waiting = false;
  ++peer.generation;
  dial_channel(peer, kControl);
  dial_channel(peer, kBulk);
}

void TransportImpl::dial_channel(Peer& peer, std::uint8_t channel) {
  network_.connect(peer.member.peer_address, executor_.now() + kConnectTimeout,
                   [token = std::weak_ptr(token_), id = peer.member.id, channel,
                    generation = peer.generation](auto stream) {
                     if (const auto self = token.lock()) {
                       (*self)->on_dialled(id, channel, generation, std::move(stream));
                     }
                   });
}

void TransportImpl::on_dialled(model::NodeId id, std::uint8_t channel, std::uint64_t generation,
                               base::Result<std::unique_ptr<port::Stream>> stream) {
  Peer* peer = find(id);
  if (peer == nullptr || peer->generation != generation) {
    return;
  }
  if (!stream.has_value()) {
    link_failed(*peer, stream.error());
    return;
  }
  Session& session = add_session();
  peer->out[channel] = &session;
  session.dialled(std::move(*stream), id, channel);
}

// Forgets both connections of the link; nobody is told.
void TransportImpl::drop_link(Peer& peer) {
  ++peer.generation;
  for (Session*& session : peer.out) {
    if (session != nullptr) {
      remove_session(*std::exchange(session, nullptr));
    }
  }
}

void TransportImpl::link_failed(Peer& peer, const base::Error& reason) {
  drop_link(peer);
  if (peer.up) {
    // Told when it is known whether the process is gone, which the next attempt shows.
    peer.up = false;
    peer.break_untold = true;
    peer.failures = 0;
    dial(peer);
    return;
  }
  if (peer.break_untold && reason.code == base::ErrorCode::connection_closed &&
      peer.failures < kDyingRetries) {
    ++peer.failures;
    peer.waiting = true;
    peer.retry->arm(executor_.now() + kDyingRetry);
    return;
  }
  schedule_retry(peer);
  if (std::exchange(peer.break_untold, false)) {
    handler_->on_disconnected(peer.member.id, reason.code == base::ErrorCode::connection_refused);
  }
}

void TransportImpl::schedule_retry(Peer& peer) {
  const std::uint32_t doublings = std::min<std::uint32_t>(peer.failures, 5);
  const base::Duration step = std::min(kRetryFirst * (std::int64_t{1} << doublings), kRetryMax);
  const std::int64_t jittered = prng_.between(step.as_nanoseconds() / 2, step.as_nanoseconds());
  ++peer.failures;
  peer.waiting = true;
  peer.retry->arm(executor_.now() + base::Duration::nanoseconds(jittered));
}

// The peer has just shown that it is there: no reason to wait longer.
void TransportImpl::dial_again_now(Peer& peer) {
  if (peer.waiting) {
    peer.retry->disarm();
    dial(peer);
  }
}

std::vector<PeerConnectionStatus> TransportImpl::status() const {
  std::vector<PeerConnectionStatus> all;
  for (const auto& [id, peer] : peers_) {
    PeerConnectionStatus one;
    one.id = id;
    one.incarnation = peer.member.incarnation;
    one.connected = peer.up;
    for (const Session* session : peer.out) {
      one.queued_bytes += session != nullptr ? session->pending_bytes() : 0;
    }
    if (peer.up) {
      one.version = peer.out[kControl]->version();
      one.round_trip = peer.out[kControl]->round_trip();
    }
    all.push_back(one);
  }
  return all;
}

}  // namespace ostraka::peer::internal
