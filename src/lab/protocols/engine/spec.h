// What the laboratory must know of a production engine to run it: how to build it, what its
// messages and timers are called, which step of its page they belong to.
//
// Threads: values.
#pragma once

#include "protocol/core/cluster_invariants.h"
#include "protocol/core/protocol.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace ostraka::lab::engine {

struct Start {
  model::NodeId self;
  protocol::Settings settings;
  protocol::Recovered recovered;
  std::uint64_t seed = 0;
  base::Instant now;
  std::int64_t bug = 0;  // place in the declaration's choices of `bug`; 0 = none
};

struct Kind {
  std::string_view name;
  int step = 0;  // of the algorithm on the page
};

struct Spec {
  std::unique_ptr<protocol::Protocol> (*make)(const Start&) = nullptr;
  std::unique_ptr<protocol::ClusterInvariants> (*invariants)() = nullptr;
  std::vector<Kind> messages = {};            // by protocol::Message::kind, from 0
  std::vector<std::string_view> timers = {};  // by protocol::TimerId, from 0
  std::string_view term_name = "term";        // what the page calls it
  unsigned term_node_bits = 0;                // a term is round << bits | node; 0: a plain number
  // Trace records that are worth a note, with the step they belong to.
  std::vector<std::pair<std::uint16_t, Kind>> traces = {};
  int propose_step = 0;
  int apply_step = 0;
  int role_step = 0;
  int read_step = 0;
  int change_step = 0;    // of membership
  int snapshot_step = 0;  // in place of entries
};

// What fills Spec::make for an engine with the usual constructor. `bugs`: its mutants in the order
// of the parameter's choices, none first.
template <typename Engine, const auto& bugs>
std::unique_ptr<protocol::Protocol> make_engine(const Start& start) {
  auto engine =
      std::make_unique<Engine>(start.self, start.settings, start.recovered, start.seed, start.now);
  engine->plant_bug(bugs.at(static_cast<std::size_t>(start.bug)));
  return engine;
}
template <typename Invariants>
std::unique_ptr<protocol::ClusterInvariants> make_invariants() {
  return std::make_unique<Invariants>();
}
// Of a record in Spec::traces.
template <typename TraceKind>
std::uint16_t number(TraceKind kind) {
  return static_cast<std::uint16_t>(kind);
}

}  // namespace ostraka::lab::engine
