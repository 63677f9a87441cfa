// What every declaration of a production engine shares: the cast, parameters, properties, checker.
//
// A declaration adds its Spec, its texts and its scenarios; protocols/raft is the pattern.
// Threads: pure functions.
#pragma once

#include "lab/core/declaration.h"
#include "lab/protocols/engine/spec.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ostraka::lab::engine {

// nodes (n1, n2, …), clients (c1, …), heartbeat, election_min, election_max, lease,
// clock_n1 to clock_n3, patience, voters, keep, and `bug` with `bugs` behind "none" as its choices.
[[nodiscard]] std::vector<Parameter> cluster_parameters(std::vector<std::string_view> bugs);
[[nodiscard]] Setup make_cluster(const RunContext& context, const Spec& spec);
// `engine` with family, assumptions, defaults, checker, and the properties invariants, same_order,
// one_leader, fresh_reads, durability, progress.
[[nodiscard]] Declaration declare(Declaration engine);

// A leader answers reads by its lease.
[[nodiscard]] Scenario reads_by_lease();
// Two of three nodes are down.
[[nodiscard]] Scenario no_majority(std::string_view name);

// "campaign" of a node, so that a scenario knows who leads.
[[nodiscard]] Operation campaign(std::int64_t ms, std::string node);
// A node, if it leads, is asked to change who votes: numbers of nodes. Joint: any difference, by
// joint consensus; else of one node.
[[nodiscard]] Operation change(std::int64_t ms, std::string node, List voters, bool is_joint);
// A client writes a value, through whoever leads.
[[nodiscard]] Operation write(std::int64_t ms, std::string client, std::string value);
// A client reads all values, from whoever leads.
[[nodiscard]] Operation read(std::int64_t ms, std::string client);

}  // namespace ostraka::lab::engine
