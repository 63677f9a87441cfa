// Who replicates a shard. Values only.
#pragma once

#include "model/ids.h"

#include <string>
#include <vector>

namespace ostraka::model {

struct Member {
  NodeId id;
  // the disk history that was admitted; another one is another member. 0 = not yet announced
  Incarnation incarnation;
  std::string name;          // for people, unique in the cluster
  std::string peer_address;  // HOST:PORT where its peers reach it
  friend bool operator==(const Member&, const Member&) = default;
};

// The voters of a log and who else gets it. When voters_outgoing is not empty the configuration is
// joint: every decision needs a majority of voters AND of voters_outgoing (Raft paper section 6).
struct Configuration {
  std::vector<Member> voters;           // sorted by id
  std::vector<Member> voters_outgoing;  // sorted by id; empty unless joint
  std::vector<Member> learners;         // sorted by id; get the log, never counted
  // Lower identifiers may have been those of members that left, and are not given again. 0 = nobody
  // has left.
  NodeId next_id = {};
  friend bool operator==(const Configuration&, const Configuration&) = default;

  [[nodiscard]] bool is_joint() const { return !voters_outgoing.empty(); }
};

}  // namespace ostraka::model
