// The shared vocabulary of identifiers. Values only, no logic.
#pragma once

#include "base/strong_id.h"

#include <cstdint>

namespace ostraka::model {

// One cluster for ever: drawn at random when it is initialised.
using ClusterId = base::StrongId<struct ClusterIdTag>;
// One node of a cluster. Small numbers, from 1, never re-used; at most 65,535 so that a ballot can
// carry one.
using NodeId = base::StrongId<struct NodeIdTag, std::uint32_t>;
// One disk history of a node: drawn at random when a data directory is initialised. A wiped disk is
// a new incarnation.
using Incarnation = base::StrongId<struct IncarnationTag>;
// A named set of keys with a policy. Redis database n is keyspace n + 1.
using KeyspaceId = base::StrongId<struct KeyspaceIdTag, std::uint32_t>;
using ShardId = base::StrongId<struct ShardIdTag>;
// A log stream of a data directory.
using StreamId = base::StrongId<struct StreamIdTag, std::uint32_t>;

// Raft's term, a Paxos ballot (round << 16 | node), a ZAB epoch. 0 = before everything.
using Term = base::StrongOrdinal<struct TermTag>;
// Position in a shard's log, from 1; 0 = before the first entry.
using LogIndex = base::StrongOrdinal<struct LogIndexTag>;
// Version of a shard's boundaries and membership.
using Epoch = base::StrongOrdinal<struct EpochTag>;
// Serial number of a command within a session, from 1, without gaps.
using Serial = base::StrongOrdinal<struct SerialTag>;
// A session registered in a shard's state: one per node and start of its process.
using SessionId = base::StrongId<struct SessionIdTag>;

}  // namespace ostraka::model
