#include "sim/internal/scripted_workload.h"

#include <utility>

namespace ostraka::sim::internal {
namespace {

OrderState state_of(const Reply& reply) {
  switch (reply.outcome) {
    case Outcome::ok:
      return OrderState::ok;
    case Outcome::failed:
      return OrderState::failed;
    case Outcome::unknown:
      return OrderState::unknown;
  }
  return OrderState::unknown;
}

RecordedOptions options_for(std::uint32_t clients) {
  RecordedOptions options;
  options.clients = clients;
  options.keys = 1;
  options.key_prefix = "script";
  return options;
}

}  // namespace

ScriptedWorkload::ScriptedWorkload(World& world, std::uint32_t clients)
    : RecordedWorkload(world, options_for(clients)), orders_(clients) {}

bool ScriptedWorkload::order(std::size_t number, OrderKind kind, const std::string& node) {
  if (number == 0 || number > orders_.size()) {
    return false;
  }
  if (stopped_) {
    return true;
  }
  Orders& orders = orders_[number - 1];
  Client& speaker = client(number - 1);
  if (orders.node != node) {
    orders.node = node;
    speaker.prefer(node);
    speaker.reconnect();
  }
  orders.state = OrderState::open;
  const std::uint64_t mine = ++orders.number;
  check::Operation operation;
  operation.process = number;
  operation.key = key_name(0);
  if (kind == OrderKind::write) {
    operation.function = check::Function::write;
    operation.argument = take_value();
  } else if (kind == OrderKind::remove) {
    operation.function = check::Function::write;
    operation.argument = check::kAbsent;
  } else {
    operation.function = check::Function::read;
    // The connection may be a new one: said each time.
    const bool follower = kind == OrderKind::read_follower;
    speaker.send(follower ? std::vector<std::string>{"READONLY", "0"}
                          : std::vector<std::string>{"READWRITE"},
                 [](const Reply&) {});
  }
  issue(number - 1, std::move(operation), [this, number, mine](const Reply& reply) {
    Orders& latest = orders_[number - 1];
    if (latest.number == mine) {
      latest.state = state_of(reply);
    }
  });
  return true;
}

OrderState ScriptedWorkload::order_state(std::size_t client) const {
  return client == 0 || client > orders_.size() ? OrderState::none : orders_[client - 1].state;
}

}  // namespace ostraka::sim::internal
