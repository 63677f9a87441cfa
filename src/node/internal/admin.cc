#include "node/internal/admin.h"

#include "node/cluster.h"
#include "node/internal/engine_choice.h"
#include "node/internal/json_text.h"
#include "replica/membership_target.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace ostraka::node {

namespace {

constexpr std::size_t kWaitingMax = 256;
const base::Duration kStatusLimit = base::Duration::milliseconds(700);
const base::Duration kChangeLimit = base::Duration::seconds(10);
constexpr std::uint32_t kNodeIdMax = 65'535;

const model::Member* find_name(const model::Configuration& configuration, const std::string& name) {
  for (const auto* list : {&configuration.voters, &configuration.learners}) {
    const auto at = std::ranges::find(*list, name, &model::Member::name);
    if (at != list->end()) {
      return &*at;
    }
  }
  return nullptr;
}

// With `member` replaced in whichever list holds its id.
std::shared_ptr<const model::Configuration> with_member(const model::Configuration& now,
                                                        const model::Member& member) {
  auto target = std::make_shared<model::Configuration>(now);
  for (auto* list : {&target->voters, &target->learners}) {
    for (model::Member& each : *list) {
      if (each.id == member.id) {
        each = member;
      }
    }
  }
  return target;
}

}  // namespace

Admin::Admin(Parts parts, LocalStatus local_status)
    : parts_(parts),
      local_status_(std::move(local_status)),
      timer_(parts.executor.make_timer([this] { expire(); })) {}

replica::Replica* Admin::leading() const {
  replica::Replica* replica = parts_.store.find(parts_.shard);
  return replica != nullptr && replica->leads() ? replica : nullptr;
}

const model::Configuration* Admin::configuration() const {
  const replica::Replica* replica = parts_.store.find(parts_.shard);
  return replica == nullptr ? nullptr : &replica->protocol().configuration();
}

std::string Admin::name_of(model::NodeId node) const {
  if (const model::Configuration* now = configuration()) {
    for (const model::Member& member : all_members(*now)) {
      if (member.id == node) {
        return member.name;
      }
    }
  }
  return {};
}

std::string Admin::leader_address() const {
  const replica::Replica* replica = parts_.store.find(parts_.shard);
  if (replica != nullptr && !replica->leader().is_none()) {
    for (const model::Member& member : all_members(replica->protocol().configuration())) {
      if (member.id == replica->leader()) {
        return member.peer_address;
      }
    }
  }
  return {};
}

void Admin::execute(AdminRequest request, OnReply on_reply) {
  if (request.op == AdminOp::status || leading() != nullptr) {
    run_here(request, std::move(on_reply));
    return;
  }
  const replica::Replica* replica = parts_.store.find(parts_.shard);
  const model::NodeId leader = replica == nullptr ? model::NodeId{} : replica->leader();
  if (leader.is_none() || leader == parts_.self) {
    on_reply(base::fail(base::ErrorCode::no_leader));
    return;
  }
  send_to(leader, std::move(request), kChangeLimit, std::move(on_reply));
}

void Admin::ask_status(model::NodeId node, OnReply on_reply) {
  send_to(node, AdminRequest{.op = AdminOp::status}, kStatusLimit, std::move(on_reply));
}

void Admin::send_to(model::NodeId node, AdminRequest request, base::Duration limit,
                    OnReply on_reply) {
  if (waiting_.size() >= kWaitingMax) {
    on_reply(base::fail(base::ErrorCode::busy, "too many administrative requests"));
    return;
  }
  request.id = next_id_++;
  const std::string body = encode(request);
  if (!parts_.transport.send_frame(node, peer::Channel::control, peer::FrameType::admin_request,
                                   parts_.shard, body)) {
    on_reply(base::fail(base::ErrorCode::connection_refused, "the node cannot be reached"));
    return;
  }
  waiting_.emplace(request.id, Waiting{.asked = node,
                                       .deadline = parts_.executor.now() + limit,
                                       .on_reply = std::move(on_reply)});
  arm();
}

bool Admin::on_frame(model::NodeId from, peer::FrameType type, base::ByteView body) {
  if (type == peer::FrameType::admin_request) {
    on_request(from, body);
    return true;
  }
  if (type == peer::FrameType::admin_reply) {
    on_reply(from, body);
    return true;
  }
  return false;
}

void Admin::on_request(model::NodeId from, base::ByteView body) {
  const base::Result<AdminRequest> request = decode_admin_request(body);
  if (!request.has_value()) {
    return;  // the asker's time limit ends it
  }
  auto answer = [this, alive = std::weak_ptr<bool>(alive_), from,
                 id = request->id](base::Result<std::string> result) {
    if (alive.expired()) {
      return;
    }
    AdminReply reply{.id = id, .error = 0, .text = {}};
    if (result.has_value()) {
      reply.text = std::move(*result);
    } else {
      reply.error = static_cast<std::uint16_t>(result.error().code);
      reply.text = std::move(result.error().context);
    }
    static_cast<void>(parts_.transport.send_frame(
        from, peer::Channel::control, peer::FrameType::admin_reply, parts_.shard, encode(reply)));
  };
  run_here(*request, std::move(answer));
}

void Admin::on_reply(model::NodeId from, base::ByteView body) {
  base::Result<AdminReply> reply = decode_admin_reply(body);
  if (!reply.has_value()) {
    return;
  }
  const auto at = waiting_.find(reply->id);
  if (at == waiting_.end() || at->second.asked != from) {
    return;
  }
  OnReply done = std::move(at->second.on_reply);
  waiting_.erase(at);
  if (reply->error == 0) {
    done(std::move(reply->text));
  } else {
    done(base::fail(base::error_code_from(reply->error).value_or(base::ErrorCode::unknown_outcome),
                    std::move(reply->text)));
  }
}

void Admin::run_here(const AdminRequest& request, OnReply on_reply) {
  if (request.op == AdminOp::status) {
    on_reply(local_status_());
    return;
  }
  if (leading() == nullptr) {
    on_reply(base::fail(base::ErrorCode::not_leader));
    return;
  }
  switch (request.op) {
    case AdminOp::members:
      on_reply(members_json());
      break;
    case AdminOp::transfer:
      transfer(request.name, std::move(on_reply));
      break;
    case AdminOp::member_add:
    case AdminOp::join:
      add(request, std::move(on_reply));
      break;
    case AdminOp::member_promote:
    case AdminOp::member_remove:
      change(request, std::move(on_reply));
      break;
    case AdminOp::status:
    case AdminOp::greet:
      on_reply(base::fail(base::ErrorCode::unsupported));
      break;
  }
}

void Admin::transfer(const std::string& name, OnReply on_reply) {
  replica::Replica& replica = *leading();
  const model::Configuration& now = replica.protocol().configuration();
  const auto to = std::ranges::find(now.voters, name, &model::Member::name);
  if (to == now.voters.end()) {
    on_reply(base::fail(base::ErrorCode::not_found, "no voter is named '" + name + "'"));
    return;
  }
  if (to->id == parts_.self) {
    on_reply(to_text(nlohmann::ordered_json{{"leader", name}}));
    return;
  }
  replica.transfer_leadership(to->id,
                              [name, done = std::move(on_reply)](base::Status status) mutable {
                                if (status.has_value()) {
                                  done(to_text(nlohmann::ordered_json{{"leader", name}}));
                                } else {
                                  done(std::unexpected(std::move(status).error()));
                                }
                              });
}

void Admin::add(const AdminRequest& request, OnReply on_reply) {
  const model::Configuration& now = leading()->protocol().configuration();
  if (!is_valid_name(request.name) || !is_valid_address(request.address)) {
    on_reply(base::fail(base::ErrorCode::invalid_argument, "a member needs a name and HOST:PORT"));
    return;
  }
  if (const model::Member* known = find_name(now, request.name)) {
    const bool same = known->peer_address == request.address &&
                      (known->incarnation.is_none() || known->incarnation == request.incarnation);
    if (request.op != AdminOp::join || !same) {
      on_reply(base::fail(base::ErrorCode::already_exists,
                          "a member is named '" + request.name +
                              "' already: remove it first, or take another name"));
      return;
    }
    model::Member announced = *known;
    announced.incarnation = request.incarnation;
    commit(with_member(now, announced), std::move(on_reply));
    return;
  }
  const model::NodeId id = replica::next_node_id(now);
  if (id.value() > kNodeIdMax) {
    on_reply(base::fail(base::ErrorCode::too_large, "node identifiers are used up"));
    return;
  }
  base::Result<replica::Target> target =
      replica::with_learner(now, {.id = id,
                                  .incarnation = request.incarnation,
                                  .name = request.name,
                                  .peer_address = request.address});
  if (!target.has_value()) {
    on_reply(std::unexpected(std::move(target).error()));
    return;
  }
  commit(*target, std::move(on_reply));
}

void Admin::change(const AdminRequest& request, OnReply on_reply) {
  const model::Configuration& now = leading()->protocol().configuration();
  const model::Member* member = find_name(now, request.name);
  if (member == nullptr) {
    on_reply(base::fail(base::ErrorCode::not_found, "no member is named '" + request.name + "'"));
    return;
  }
  base::Result<replica::Target> target = request.op == AdminOp::member_promote
                                             ? replica::with_promoted(now, member->id)
                                             : replica::without(now, member->id);
  if (!target.has_value()) {
    on_reply(std::unexpected(std::move(target).error()));
    return;
  }
  commit(*target, std::move(on_reply));
}

void Admin::commit(std::shared_ptr<const model::Configuration> target, OnReply on_reply) {
  leading()->change_membership(std::move(target), /*joint=*/false,
                               [this, alive = std::weak_ptr<bool>(alive_),
                                done = std::move(on_reply)](base::Status status) mutable {
                                 if (!status.has_value()) {
                                   done(std::unexpected(std::move(status).error()));
                                 } else {
                                   done(alive.expired() ? std::string("{}") : members_json());
                                 }
                               });
}

void Admin::announce(model::NodeId node, model::Incarnation incarnation) {
  replica::Replica* replica = leading();
  if (replica == nullptr || incarnation.is_none()) {
    return;
  }
  const model::Configuration& now = replica->protocol().configuration();
  for (const model::Member& member : all_members(now)) {
    if (member.id == node && member.incarnation.is_none()) {
      model::Member announced = member;
      announced.incarnation = incarnation;
      // A refusal (another change is pending) is met by the next call.
      commit(with_member(now, announced), [](const base::Result<std::string>&) {});
      return;
    }
  }
}

void Admin::on_join(base::ByteView body, std::move_only_function<void(std::string)> answer) {
  base::Result<AdminRequest> request = decode_admin_request(body);
  if (request.has_value() && request->op == AdminOp::greet) {
    answer(encode(greet(*request)));
    return;
  }
  if (!request.has_value() || request->op != AdminOp::join) {
    answer(encode(JoinReply{.error = static_cast<std::uint16_t>(base::ErrorCode::malformed),
                            .text = "request to join"}));
    return;
  }
  if (leading() == nullptr) {
    answer(encode(JoinReply{.error = static_cast<std::uint16_t>(base::ErrorCode::not_leader),
                            .text = "the member that was asked is not the leader",
                            .redirect = leader_address()}));
    return;
  }
  if (request->engine != 0 && request->engine != parts_.engine.number) {
    answer(
        encode(JoinReply{.error = static_cast<std::uint16_t>(base::ErrorCode::identity_mismatch),
                         .text = other_engine("the cluster", parts_.engine.number, request->engine),
                         .engine = parts_.engine.number}));
    return;
  }
  const std::string name = request->name;
  add(*request, [this, alive = std::weak_ptr<bool>(alive_), name,
                 done = std::move(answer)](base::Result<std::string> result) mutable {
    JoinReply reply;
    reply.engine = alive.expired() ? reply.engine : parts_.engine.number;
    if (!result.has_value()) {
      reply.error = static_cast<std::uint16_t>(result.error().code);
      reply.text = result.error().context;
    } else if (!alive.expired() && configuration() != nullptr) {
      const model::Member* member = find_name(*configuration(), name);
      reply.cluster = parts_.cluster;
      reply.node = member == nullptr ? model::NodeId{} : member->id;
      reply.members = *configuration();
    }
    done(encode(reply));
  });
}

JoinReply Admin::greet(const AdminRequest& request) const {
  JoinReply reply;
  reply.cluster = parts_.cluster;
  reply.node = parts_.self;
  reply.engine = parts_.engine.number;
  if (!parts_.origin.joined) {
    reply.members = parts_.origin.members;
  }
  const model::Configuration* now = configuration();
  if (now == nullptr || all_members(*now).empty()) {
    return reply;  // the cluster is being formed, or this node knows nothing yet
  }
  const model::Member* known = find_name(*now, request.name);
  if (known == nullptr) {
    reply.error = static_cast<std::uint16_t>(base::ErrorCode::not_found);
    reply.text = "'" + request.name + "' is no member of the cluster";
  } else if (!known->incarnation.is_none() && known->incarnation != request.incarnation) {
    reply.error = static_cast<std::uint16_t>(base::ErrorCode::identity_mismatch);
    reply.text = "the cluster knows '" + request.name + "' with another disk";
  }
  return reply;
}

std::string Admin::members_json() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  const model::Configuration* now = configuration();
  if (now != nullptr) {
    for (const model::Member& member : all_members(*now)) {
      const bool learner =
          std::ranges::find(now->learners, member.id, &model::Member::id) != now->learners.end();
      list.push_back({{"id", member.id.value()},
                      {"name", member.name},
                      {"role", learner ? "learner" : "voter"},
                      {"address", member.peer_address},
                      {"announced", !member.incarnation.is_none()}});
    }
  }
  return to_text(nlohmann::ordered_json{{"members", std::move(list)}});
}

void Admin::on_disconnected(model::NodeId peer) {
  std::vector<OnReply> ended;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->second.asked == peer) {
      ended.push_back(std::move(at->second.on_reply));
      at = waiting_.erase(at);
    } else {
      ++at;
    }
  }
  for (OnReply& on_reply : ended) {
    on_reply(base::fail(base::ErrorCode::connection_closed, "the node that was asked"));
  }
}

void Admin::expire() {
  const base::Instant now = parts_.executor.now();
  std::vector<OnReply> ended;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->second.deadline <= now) {
      ended.push_back(std::move(at->second.on_reply));
      at = waiting_.erase(at);
    } else {
      ++at;
    }
  }
  arm();
  for (OnReply& on_reply : ended) {
    on_reply(base::fail(base::ErrorCode::deadline_exceeded, "no answer of the leader"));
  }
}

void Admin::arm() {
  base::Instant at = base::Instant::never();
  for (const auto& [id, waiting] : waiting_) {
    at = std::min(at, waiting.deadline);
  }
  timer_->arm(at);
}

void Admin::stop() {
  timer_->disarm();
  auto waiting = std::exchange(waiting_, {});
  for (auto& [id, each] : waiting) {
    each.on_reply(base::fail(base::ErrorCode::shutting_down));
  }
}

}  // namespace ostraka::node
