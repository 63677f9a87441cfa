// What the simulator, the tests and the laboratory know of an engine beyond protocol.h: how to make
// one, its planted bugs, its invariants, its names for messages, and what it can do. Each engine
// has one (protocol/<engine>/probe.h); a server uses none.
//
// Threads: none. Values and functions without state; a probe lives for ever.
#pragma once

#include "protocol/core/cluster_invariants.h"
#include "protocol/core/event.h"
#include "protocol/core/message.h"
#include "protocol/core/protocol.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ostraka::protocol {

// What an engine has. One that lacks something answers the request with `unsupported`; the
// conformance suite (protocol/testing/conformance.h) looks at it either way.
struct Capabilities {
  bool lease = false;       // lease_covers() is true at times
  bool transfer = false;    // TransferLeadership
  bool membership = false;  // ChangeMembership by one server, learners
  bool joint = false;       // ChangeMembership with any difference
  bool snapshots = false;   // LogCompacted, and peers that catch up by snapshot
  bool disk_space = false;  // DiskSpace reaches the leader's PeerStatus
};

struct EngineProbe {
  std::string_view name;  // as on the command line: raft, multi-paxos, zab
  Capabilities can;
  // A slot engine's log may have gaps, and an Append may overwrite slots. Others only append,
  // behind a suffix that Append::truncate_from cuts.
  bool slots = false;
  std::unique_ptr<Protocol> (*make)(const ProtocolParts& parts) = nullptr;
  std::unique_ptr<ClusterInvariants> (*make_invariants)() = nullptr;
  // The message for a golden log, on one line: "1->2 vote term 3 last 4/2".
  std::string (*render)(const Message& message) = nullptr;
  // Message::kind by place; kinds[0] is "any".
  std::span<const std::string_view> kinds;
  // Planted bugs; mutants[0] is "none".
  std::span<const std::string_view> mutants;
  // `protocol` was made by this probe; `mutant` is a place in `mutants`. May be called at any time.
  void (*plant)(Protocol& protocol, std::size_t mutant) = nullptr;
  // The timer by which a node stands for election by itself.
  TimerId election_timer;
  // An election finds the best history, whoever began it; who shall lead in its place is handed
  // over to. Else whoever stands is elected, when its history is good enough.
  bool elects_best = false;
  // The message that brings a follower's promise to a leader with a lease; 0 = none.
  std::uint8_t promise_kind = 0;
};

// "?" for a number that names nothing.
[[nodiscard]] std::string_view kind_name(const EngineProbe& engine, std::uint8_t kind);
// 0 = any or unknown.
[[nodiscard]] std::uint8_t kind_named(const EngineProbe& engine, std::string_view name);
// 0 = none or unknown.
[[nodiscard]] std::size_t mutant_named(const EngineProbe& engine, std::string_view name);

}  // namespace ostraka::protocol
