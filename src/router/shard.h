// What the router needs of the shard's replica on this node: a narrow view of replica::Replica, so
// that the router is tested against a scripted shard as well.
//
// Threads: the shard's reactor. Errors and promises are those of replica/replica.h.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "replica/listener.h"
#include "replica/replica.h"

#include <span>

namespace ostraka::router {

class Shard {
 public:
  Shard() = default;
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  virtual ~Shard() = default;

  [[nodiscard]] virtual bool leads() const = 0;
  // None when unknown.
  [[nodiscard]] virtual model::NodeId leader() const = 0;
  [[nodiscard]] virtual base::Status submit_commands(model::SessionId session,
                                                     model::Serial first_serial,
                                                     model::Serial acknowledged,
                                                     std::span<const base::ByteView> commands) = 0;
  [[nodiscard]] virtual base::Status register_session(model::SessionId session) = 0;
  virtual void read(replica::Read& read) = 0;
  virtual void cancel_read(replica::Read& read) = 0;
  [[nodiscard]] virtual base::WallTime log_time_now() const = 0;
};

}  // namespace ostraka::router
