// The HTTP face of a node: health, readiness, metrics, status, administration.
//
// POST /admin/leader/transfer {"to":NAME}, POST /admin/member/{add,promote,remove}
// {"name":NAME,"address":HOST:PORT}, GET /admin/members. Any node answers: what the leader must do
// is forwarded. With a password, every path below /admin wants "Authorization: Bearer PASSWORD".
#pragma once

#include "gateway/http/server.h"
#include "node/internal/node_impl.h"

namespace ostraka::node {

// `node` outlives `server`.
void add_routes(gateway::http::Server& server, Node::Impl& node);

}  // namespace ostraka::node
