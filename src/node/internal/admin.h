// Administration of the node's shard: asked of any node, done by the leader.
//
// A request that this node cannot do itself goes to the leader in an admin_request frame; every
// request ends within its time limit. Threads: one reactor. Bound: requests in flight.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/membership.h"
#include "node/internal/admin_frame.h"
#include "node/internal/origin.h"
#include "peer/transport.h"
#include "port/executor.h"
#include "protocol/engines/engines.h"
#include "store/store.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace ostraka::node {

class Admin {
 public:
  using OnReply = std::move_only_function<void(base::Result<std::string>)>;
  using LocalStatus = std::move_only_function<std::string()>;

  struct Parts {
    port::Executor& executor;
    store::Store& store;
    peer::Transport& transport;
    model::ShardId shard;
    model::NodeId self;
    model::ClusterId cluster;
    const protocol::Engine& engine;
    const Origin& origin;
  };

  Admin(Parts parts, LocalStatus local_status);

  // Done here when this node leads, else by the leader. The text is JSON.
  void execute(AdminRequest request, OnReply on_reply);
  // The status that another node gives of itself.
  void ask_status(model::NodeId node, OnReply on_reply);

  // True when the frame was administrative.
  bool on_frame(model::NodeId from, peer::FrameType type, base::ByteView body);
  void on_disconnected(model::NodeId peer);
  // The request of a node that is not connected (join, greet), answered at once or after the change
  // is committed.
  void on_join(base::ByteView body, std::move_only_function<void(std::string)> answer);
  // The leader writes incarnations into the membership as soon as it knows them.
  void announce(model::NodeId node, model::Incarnation incarnation);
  void stop();

  [[nodiscard]] std::string members_json() const;
  [[nodiscard]] const model::Configuration* configuration() const;
  [[nodiscard]] std::string name_of(model::NodeId node) const;

 private:
  struct Waiting {
    model::NodeId asked;
    base::Instant deadline;
    OnReply on_reply;
  };

  [[nodiscard]] JoinReply greet(const AdminRequest& request) const;
  void run_here(const AdminRequest& request, OnReply on_reply);
  void send_to(model::NodeId node, AdminRequest request, base::Duration limit, OnReply on_reply);
  void on_request(model::NodeId from, base::ByteView body);
  void on_reply(model::NodeId from, base::ByteView body);
  void transfer(const std::string& name, OnReply on_reply);
  void add(const AdminRequest& request, OnReply on_reply);
  void change(const AdminRequest& request, OnReply on_reply);
  void commit(std::shared_ptr<const model::Configuration> target, OnReply on_reply);
  void expire();
  void arm();
  [[nodiscard]] replica::Replica* leading() const;
  [[nodiscard]] std::string leader_address() const;

  Parts parts_;
  LocalStatus local_status_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t next_id_ = 1;
  std::unique_ptr<port::Timer> timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ostraka::node
