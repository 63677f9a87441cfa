// Bodies of admin_request, admin_reply, join_request and join_reply frames.
// Format: docs/formats/admin_frame.md.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"
#include "model/membership.h"

#include <cstdint>
#include <string>

namespace ostraka::node {

// Numbers are on the wire: never re-used.
enum class AdminOp : std::uint8_t {
  status = 1,          // this node's own status
  members = 2,         // the membership as the leader has it
  transfer = 3,        // leadership to `name`
  member_add = 4,      // `name` at `address` as a learner
  member_promote = 5,  // the learner `name` votes
  member_remove = 6,   // `name` is no member any more
  join = 7,            // as member_add, from the new node itself with its incarnation
  greet = 8,           // is `name` with this incarnation a member?
};

struct AdminRequest {
  std::uint64_t id = 0;  // echoed
  AdminOp op = AdminOp::status;
  std::string name = {};
  std::string address = {};
  model::Incarnation incarnation = {};
  // Join: what is demanded of the cluster; greet: what this node has. By number, 0 = not said.
  std::uint8_t engine = 0;
};

struct AdminReply {
  std::uint64_t id = 0;
  std::uint16_t error = 0;  // 0 = done; else a number of the error table
  std::string text = {};    // JSON, or the context of the error
};

// What a joining node is told. With error not_leader, `redirect` is where to ask next.
struct JoinReply {
  std::uint16_t error = 0;
  std::string text = {};
  std::string redirect = {};
  model::ClusterId cluster = {};
  model::NodeId node = {};
  model::Configuration members = {};  // whom the new node may talk to
  std::uint8_t engine = 1;            // of the cluster, by its number
};

[[nodiscard]] std::string encode(const AdminRequest& request);
[[nodiscard]] base::Result<AdminRequest> decode_admin_request(base::ByteView body);
[[nodiscard]] std::string encode(const AdminReply& reply);
[[nodiscard]] base::Result<AdminReply> decode_admin_reply(base::ByteView body);
[[nodiscard]] std::string encode(const JoinReply& reply);
[[nodiscard]] base::Result<JoinReply> decode_join_reply(base::ByteView body);

}  // namespace ostraka::node
