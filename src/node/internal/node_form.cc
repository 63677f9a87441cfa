// Forming a cluster: the first configuration names every member's disk.
//
// A fresh directory knows nothing, and neither does a wiped one. So none of the first members votes
// before all of them have been there once: the one with the lowest id asks the others, and when
// each has answered in one round that it is fresh, too, the list with everybody's incarnation is
// the first configuration. The others copy it from whoever has it. Who finds another incarnation
// than its own in a finished list has lost its disk since. Hence wiped voters never form a second
// cluster of the same name: one node that kept its disk, or is merely absent, prevents it.
#include "node/internal/engine_choice.h"
#include "node/internal/node_impl.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ostraka::node {

namespace {

const base::Duration kRoundPause = base::Duration::milliseconds(100);
const base::Duration kGreetLimit = base::Duration::seconds(1);
const base::Duration kHousekeeping = base::Duration::milliseconds(500);
constexpr std::uint64_t kRoundsPerLine = 100;
constexpr std::uint64_t kFirstLine = 10;  // nobody is told of a cluster that begins at once

bool is_complete(const model::Configuration& members) {
  return std::ranges::none_of(members.voters, &model::Incarnation::is_none,
                              &model::Member::incarnation);
}

const model::Member* find(const model::Configuration& members, model::NodeId id) {
  const auto at = std::ranges::find(members.voters, id, &model::Member::id);
  return at == members.voters.end() ? nullptr : &*at;
}

}  // namespace

bool Node::Impl::is_formed() const { return origin_.joined || is_complete(origin_.members); }

// One round: every other member is asked once.
void Node::Impl::form() {
  drop_timer();
  if (forming_.rounds++ % kRoundsPerLine == kFirstLine) {
    std::string missing;
    for (const model::Member& member : forming_.heard.voters) {
      if (member.incarnation.is_none()) {
        missing += fmt::format("{} {} at {}", missing.empty() ? "" : ",", member.name,
                               member.peer_address);
      }
    }
    log(LogLevel::info, "a new cluster begins when all its first members are there; missing:" +
                            (missing.empty() ? " nobody, another one finishes it" : missing));
  }
  forming_.heard = origin_.members;
  forming_.waiting = origin_.members.voters.size() - 1;
  const AdminRequest request{.id = 0,
                             .op = AdminOp::greet,
                             .name = origin_.name,
                             .address = {},
                             .incarnation = identity_.incarnation,
                             .engine = engine_->number};
  for (const model::Member& member : origin_.members.voters) {
    if (member.id == identity_.node) {
      continue;
    }
    parts_.transport->call_address(member.peer_address, peer::FrameType::join_request,
                                   encode(request), environment_.executor.now() + kGreetLimit,
                                   [this, alive = std::weak_ptr<bool>(alive_),
                                    id = member.id](base::Result<base::Buffer> reply) {
                                     if (!alive.expired()) {
                                       on_greeted(id, std::move(reply));
                                     }
                                   });
  }
}

void Node::Impl::on_greeted(model::NodeId member, base::Result<base::Buffer> reply) {
  --forming_.waiting;
  if (!serving_ || failed_ || parts_.store->find(kShard) != nullptr) {
    return;  // stopping, or finished by another's answer
  }
  const base::Result<JoinReply> answer = reply.has_value()
                                             ? decode_join_reply(reply->view())
                                             : std::unexpected(std::move(reply).error());
  if (answer.has_value() && answer->cluster == identity_.cluster &&
      answer->engine != engine_->number) {
    on_other_engine(member, *answer);
    return;
  }
  if (answer.has_value() && answer->error != 0) {
    if (answer->error == static_cast<std::uint16_t>(base::ErrorCode::identity_mismatch)) {
      refuse_disk(answer->text);
      return;
    }
    log(LogLevel::warning, answer->text);
  } else if (answer.has_value() && answer->cluster == identity_.cluster && answer->node == member) {
    const model::Member* self = find(answer->members, identity_.node);
    const model::Member* other = find(answer->members, member);
    if (is_complete(answer->members) && self != nullptr) {
      if (self->incarnation == identity_.incarnation) {
        adopt(answer->members);
      } else {
        refuse_disk(fmt::format("the cluster was formed with another disk of '{}'", origin_.name));
      }
      return;
    }
    for (model::Member& heard : forming_.heard.voters) {
      if (heard.id == member && other != nullptr) {
        heard.incarnation = other->incarnation;
      }
    }
  }
  end_round();
}

// Who is right is decided by the cluster that is there, or by the lower id: one of two gives up,
// and the other waits for it to come back.
void Node::Impl::on_other_engine(model::NodeId member, const JoinReply& answer) {
  if (is_complete(answer.members) || member < identity_.node) {
    const model::Member* other = find(origin_.members, member);
    fatal({base::ErrorCode::identity_mismatch,
           other_engine(other == nullptr ? "the cluster" : "'" + other->name + "'", answer.engine,
                        engine_->number)});
    return;
  }
  end_round();
}

void Node::Impl::end_round() {
  if (forming_.waiting > 0) {
    return;
  }
  if (is_complete(forming_.heard) && forming_.heard.voters.front().id == identity_.node) {
    adopt(forming_.heard);
    return;
  }
  set_timer([this] { form(); }, kRoundPause);
}

// Durable before anything is built on it. Blocking, as all of starting.
void Node::Impl::adopt(const model::Configuration& members) {
  origin_.members = members;
  base::Status done = write_origin(environment_.files, origin_);
  if (done.has_value()) {
    done = open_shard();
  }
  if (!done.has_value()) {
    fatal(done.error());
    return;
  }
  log(LogLevel::info, "the cluster is formed");
  set_timer([this] { housekeeping(); }, kHousekeeping);
}

void Node::Impl::refuse_disk(const std::string& text) {
  fatal(base::Error{base::ErrorCode::identity_mismatch,
                    text + ": a wiped or replaced disk is a new member; run 'ostraka member "
                           "remove' for this name, then start with --join and an empty directory"});
}

}  // namespace ostraka::node
