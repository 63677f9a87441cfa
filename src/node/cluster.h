// The initial members of a cluster as an operator names them, and the identities that follow: the
// same on every member whatever the order of the list.
//
// Threads: pure functions.
#pragma once

#include "base/result.h"
#include "model/ids.h"
#include "model/membership.h"

#include <string>
#include <string_view>
#include <vector>

namespace ostraka::node {

struct InitialMember {
  std::string name;
  std::string address;  // HOST:PORT of its peer listener
  friend bool operator==(const InitialMember&, const InitialMember&) = default;
};

// "n1=HOST:PORT,n2=HOST:PORT", any order; sorted by name in the result. Errors: invalid_argument
// (the context says which entry and why).
[[nodiscard]] base::Result<std::vector<InitialMember>> parse_cluster(std::string_view text);

// Letters, digits, '.', '_' and '-', 1 to 64 of them.
[[nodiscard]] bool is_valid_name(std::string_view name);
// HOST:PORT with a port from 0 to 65535; [IPV6]:PORT.
[[nodiscard]] bool is_valid_address(std::string_view address);

// Names are sorted: the first is node 1. Requires a sorted list.
[[nodiscard]] model::NodeId id_of(const std::vector<InitialMember>& members, std::string_view name);
// A hash of the sorted list: every member computes the same, another list gives another cluster.
[[nodiscard]] model::ClusterId cluster_of(const std::vector<InitialMember>& members);
// Everyone a voter, incarnations not announced yet.
[[nodiscard]] model::Configuration initial_configuration(const std::vector<InitialMember>& members);

// Why a list of initial members contradicts the membership stored in a data directory; empty when
// it does not: it is the list that the cluster was made from, or names the present members.
[[nodiscard]] std::string contradiction(const std::vector<InitialMember>& given,
                                        model::ClusterId stored_cluster,
                                        const model::Configuration& stored);

// Voters, outgoing voters and learners, each once, sorted by id.
[[nodiscard]] std::vector<model::Member> all_members(const model::Configuration& configuration);

}  // namespace ostraka::node
