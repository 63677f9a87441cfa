// What every engine asks of a change of membership before it looks at its own state, and how its
// peers follow one. Pure functions; no threads.
#pragma once

#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/message.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace ostraka::protocol {

// Null when it is not among them.
[[nodiscard]] const model::Member* find_member(const std::vector<model::Member>& members,
                                               model::NodeId id);
// A target that can be in force: voters, sorted sets, nobody both voter and learner, not joint.
[[nodiscard]] bool is_proper(const model::Configuration& target);
// An identity stands for one disk history: another one needs another identity.
[[nodiscard]] bool keeps_identities(const std::vector<model::Member>& before,
                                    const std::vector<model::Member>& after);
// How many are in one of them only.
[[nodiscard]] std::size_t difference(const std::vector<model::Member>& a,
                                     const std::vector<model::Member>& b);
// It decides alone.
[[nodiscard]] bool is_sole_voter(const model::Configuration& configuration, model::NodeId id);
// A server outside the newest configuration may still be needed until that is committed: it can be
// the only one that has the entry (Raft thesis 4.2.2). So every configuration of `known` (rising)
// from the newest committed one on counts.
[[nodiscard]] bool may_still_vote(const std::vector<ConfigurationAt>& known,
                                  model::LogIndex committed, model::NodeId id);
// Every quorum of one meets every quorum of the other.
[[nodiscard]] bool may_follow(const model::Configuration& before,
                              const model::Configuration& after);

// Makes `peers` those of `configuration`, sorted: what is known of those that stay is kept, `fresh`
// is called with each new one. A Peer has `id` and the marks `incoming` (in voters) and `outgoing`
// (in voters_outgoing).
template <typename Peer, typename Fresh>
void adopt_members(std::vector<Peer>& peers, const model::Configuration& configuration,
                   Fresh fresh) {
  std::vector<Peer> before = std::move(peers);
  peers.clear();
  const auto take = [&](const std::vector<model::Member>& members, bool Peer::* mark) {
    for (const model::Member& member : members) {
      auto peer = std::ranges::find(peers, member.id, &Peer::id);
      if (peer == peers.end()) {
        const auto known = std::ranges::find(before, member.id, &Peer::id);
        peers.push_back(known == before.end() ? Peer{} : std::move(*known));
        peer = std::prev(peers.end());
        peer->incoming = false;
        peer->outgoing = false;
        if (known == before.end()) {
          peer->id = member.id;
          fresh(*peer);
        }
      }
      if (mark != nullptr) {
        (*peer).*mark = true;
      }
    }
  };
  take(configuration.voters, &Peer::incoming);
  take(configuration.voters_outgoing, &Peer::outgoing);
  take(configuration.learners, nullptr);
  std::ranges::sort(peers, {}, &Peer::id);
}

}  // namespace ostraka::protocol
