#include "sim/schedule.h"

#include "replica/membership_target.h"
#include "sim/engines.h"
#include "sim/faults.h"

#include <algorithm>
#include <utility>

namespace ostraka::sim {
namespace {

using base::Duration;

// How often a condition is looked at.
constexpr Duration kLook = Duration::microseconds(50);
// A node that was refused asks again after this.
constexpr Duration kStandAgain = Duration::milliseconds(20);
// Where an election takes its time, and asking again begins another.
constexpr Duration kElectAgain = Duration::milliseconds(200);
// Longer than a promise: a node that does not search then has a leader that is alive.
constexpr Duration kHasLeader = Duration::milliseconds(500);

std::string text_of(const Step& step) {
  std::string text = "line " + std::to_string(step.line) + ":";
  for (const std::string& word : step.words) {
    text += " " + word;
  }
  return text;
}

}  // namespace

Schedule::Schedule(World& world, const std::vector<Step>& steps,
                   const std::vector<std::unique_ptr<Workload>>& workloads, ScheduleOptions options)
    : world_(world),
      steps_(steps),
      workloads_(workloads),
      options_(options),
      prng_(options.seed ^ 0x7363686564756c65),
      control_(world.observer().control()) {}

void Schedule::start() {
  if (!steps_.empty()) {
    run();
  }
}

void Schedule::run_at(base::Instant at) {
  world_.scheduler().schedule(at, sim_ports::OwnerId{}, [this] { run(); });
}

void Schedule::run() {
  if (ended_) {
    return;
  }
  while (next_ < steps_.size()) {
    const Step& step = steps_[next_];
    look_at_ = world_.now() + kLook;
    step_began_ = step_began_.value_or(world_.now());
    const Outcome outcome = perform(step);
    if (outcome == Outcome::again) {
      run_at(look_at_);
      return;
    }
    if (outcome == Outcome::failed) {
      if (step.kind == Step::Kind::demand) {
        world_.fail("demanded, " + text_of(step) + picture());
      }
      give_up(step);
      return;
    }
    ++next_;
    step_began_.reset();
    asked_to_stand_.reset();
    searches_ = false;
    elections_before_.reset();
    if (const Duration pause = pause_after(); pause > Duration{}) {
      run_at(world_.now() + pause);
      return;
    }
  }
  end("schedule_reached");
}

// With jitter some steps come late.
Duration Schedule::pause_after() {
  if (!options_.jitter || !prng_.chance(1, 6)) {
    return {};
  }
  return Duration::microseconds(prng_.between(0, 30'000));
}

Schedule::Outcome Schedule::perform(const Step& step) {
  switch (step.kind) {
    case Step::Kind::await:
    case Step::Kind::expect:
    case Step::Kind::demand:
      return await(step);
    case Step::Kind::campaign:
    case Step::Kind::elect:
      return stand(step);
    case Step::Kind::wait:
      return wait(step);
    case Step::Kind::note:
      notes_[step.name] = value_of(step.value) + step.value.plus;
      return Outcome::done;
    case Step::Kind::hold:
    case Step::Kind::release:
    case Step::Kind::pass:
    case Step::Kind::drop:
    case Step::Kind::quiet:
    case Step::Kind::loud:
    case Step::Kind::change:
    case Step::Kind::transfer:
    case Step::Kind::die_at_event:
    case Step::Kind::plant:
    case Step::Kind::order:
    case Step::Kind::fault:
      control_.forget_sent();
      carry_out_plain(step);
      return error_ ? Outcome::failed : Outcome::done;
  }
  return Outcome::failed;
}

Schedule::Outcome Schedule::wait(const Step& step) {
  if (!wait_until_) {
    const std::int64_t ms = step.time.as_milliseconds();
    wait_until_ =
        world_.now() +
        (options_.jitter ? Duration::milliseconds(prng_.between(ms / 2, ms * 3 / 2)) : step.time);
  }
  if (world_.now() < *wait_until_) {
    look_at_ = *wait_until_;
    return Outcome::again;
  }
  wait_until_.reset();
  return Outcome::done;
}

Schedule::Outcome Schedule::await(const Step& step) {
  if (std::ranges::any_of(step.any_of, [this](const Condition& each) { return holds(each); })) {
    return Outcome::done;
  }
  return world_.now() < *step_began_ + step.time ? Outcome::again : Outcome::failed;
}

Schedule::Outcome Schedule::stand(const Step& step) {
  const protocol::Protocol* protocol = world_.observer().protocol(step.node);
  const protocol::Role role =
      protocol == nullptr ? protocol::Role::follower : protocol->status().role;
  const bool stands = role == protocol::Role::candidate && step.kind == Step::Kind::campaign;
  elections_before_ = elections_before_.value_or(world_.observer().elections());
  if (stands || role == protocol::Role::leader) {
    elections_asked_for_ += world_.observer().elections() - *elections_before_;
    return Outcome::done;
  }
  if (world_.now() >= *step_began_ + step.time) {
    return Outcome::failed;
  }
  if (protocol == nullptr) {
    return Outcome::again;
  }
  searches_ = searches_ ||
              (asked_to_stand_ && world_.observer().engine().elects_best &&
               (protocol->status().leader.is_none() || world_.now() >= *step_began_ + kHasLeader));
  const Duration patience = searches_ ? kElectAgain : kStandAgain;
  if (!asked_to_stand_ || world_.now() >= *asked_to_stand_ + patience) {
    asked_to_stand_ = world_.now();
    ask_to_lead(step, protocol->status().leader);
  }
  return Outcome::again;
}

// Whom an election has found hands over.
void Schedule::ask_to_lead(const Step& step, model::NodeId known) {
  const bool found = searches_ && step.kind == Step::Kind::elect && !known.is_none();
  if (replica::Replica* leader = found ? replica(known) : nullptr; leader != nullptr) {
    leader->transfer_leadership(step.node, [](const base::Status&) {});
  } else if (replica::Replica* own = replica(step.node); own != nullptr) {
    own->campaign();
  }
}

void Schedule::carry_out_plain(const Step& step) {
  switch (step.kind) {
    case Step::Kind::hold:
      return control_.hold(step.rule);
    case Step::Kind::release:
      control_.release(step.rule.from, step.rule.to);
      return wake_senders();
    case Step::Kind::pass:
      control_.pass(step.rule.from, step.rule.to);
      return wake_senders();
    case Step::Kind::drop:
      return control_.drop(step.rule.from, step.rule.to);
    case Step::Kind::quiet:
    case Step::Kind::loud:
      return set_quiet(step);
    case Step::Kind::change:
      return change(step);
    case Step::Kind::transfer:
      return transfer(step);
    case Step::Kind::die_at_event:
      return world_.lose_power_at_event(name_of(step.node), step.event);
    case Step::Kind::plant:
      return world_.plant(step.unwatched);
    case Step::Kind::order:
      return order(step);
    case Step::Kind::fault:
      if (const base::Status done = carry_out(world_, step.words); !done.has_value()) {
        error_ = base::Error{done.error().code, text_of(step) + ": " + done.error().context};
      }
      return;
    case Step::Kind::await:
    case Step::Kind::expect:
    case Step::Kind::demand:
    case Step::Kind::wait:
    case Step::Kind::note:
    case Step::Kind::campaign:
    case Step::Kind::elect:
      return;  // perform()
  }
}

void Schedule::set_quiet(const Step& step) {
  const bool quiet = step.kind == Step::Kind::quiet;
  for (std::uint32_t i = 1; i <= world_.names().size(); ++i) {
    if (step.node.is_none() || step.node == model::NodeId{i}) {
      control_.set_quiet(model::NodeId{i}, quiet);
    }
  }
}

// A sender lets messages go at its next event; this one changes nothing else.
void Schedule::wake_senders() {
  for (const model::NodeId sender : control_.senders_to_wake()) {
    if (replica::Replica* replica = this->replica(sender); replica != nullptr) {
      replica->on_peer_unreachable(sender);
    }
  }
}

// The answer to an earlier change may come late; it is not the answer to this one.
Schedule::OnChanged Schedule::next_change() {
  change_refused_.reset();
  return [this, mine = ++changes_](const base::Status& status) {
    if (mine == changes_) {
      change_refused_ = !status.has_value();
    }
  };
}

void Schedule::change(const Step& step) {
  const OnChanged on_changed = next_change();
  replica::Replica* replica = this->replica(step.node);
  if (replica == nullptr) {
    change_refused_ = true;
    return;
  }
  const model::Configuration& now = replica->protocol().configuration();
  const base::Result<replica::Target> target =
      step.adds ? replica::with_promoted(now, step.other) : replica::without(now, step.other);
  if (!target.has_value()) {
    change_refused_ = true;
    return;
  }
  replica->change_membership(*target, false, on_changed);
}

void Schedule::transfer(const Step& step) {
  change_refused_.reset();
  if (replica::Replica* replica = this->replica(step.node); replica != nullptr) {
    replica->transfer_leadership(
        step.other, [this](const base::Status& status) { change_refused_ = !status.has_value(); });
  }
}

void Schedule::order(const Step& step) {
  const bool taken = std::ranges::any_of(workloads_, [this, &step](const auto& workload) {
    return workload->order(step.client, step.order, name_of(step.node));
  });
  if (!taken) {
    error_ = base::Error{base::ErrorCode::invalid_argument,
                         text_of(step) + ": no workload `script` with so many clients"};
  }
}

void Schedule::give_up(const Step& step) {
  world_.note("schedule passed over, " + text_of(step));
  if (options_.exact && !error_) {
    world_.fail("schedule not reached, " + text_of(step) + picture());
  }
  end("schedule_passed_over");
}

std::string Schedule::picture() const {
  std::string text;
  for (const auto& [name, value] : notes_) {
    text += "\n    " + name + " = " + std::to_string(value);
  }
  for (std::uint32_t i = 1; i <= world_.names().size(); ++i) {
    const protocol::Protocol* protocol = world_.observer().protocol(model::NodeId{i});
    text += "\n    n" + std::to_string(i);
    if (protocol == nullptr) {
      text += " is down";
      continue;
    }
    const protocol::ProtocolStatus status = protocol->status();
    text += (status.role == protocol::Role::leader ? " leads" : "") + std::string(" term ") +
            std::to_string(status.term.value()) + ", log " +
            std::to_string(status.first_index.value()) + ".." +
            std::to_string(status.last_index.value()) + ", commit " +
            std::to_string(status.commit.value());
  }
  return text;
}

void Schedule::finish() {
  if (!ended_ && next_ < steps_.size()) {
    give_up(steps_[next_]);
  }
}

void Schedule::end(const char* mark) {
  ended_ = true;
  world_.mark(mark);
  control_.end();
  wake_senders();
}

bool Schedule::holds(const Condition& condition) const {
  const protocol::Protocol* protocol = world_.observer().protocol(condition.node);
  bool holds = false;
  switch (condition.kind) {
    case Condition::Kind::compare:
      return compares(condition);
    case Condition::Kind::role:
      return condition.node.is_none()
                 ? somebody_is(condition.role) != condition.negated
                 : protocol != nullptr &&
                       (protocol->status().role == condition.role) != condition.negated;
    case Condition::Kind::down:
      holds = !world_.machine(name_of(condition.node)).is_running();
      break;
    case Condition::Kind::sent:
      return control_.sent(condition.rule) > 0;
    case Condition::Kind::held:
      return control_.held(condition.rule) > 0;
    case Condition::Kind::lease:
      holds = protocol != nullptr &&
              protocol->lease_covers(world_.machine(name_of(condition.node)).local_now());
      break;
    case Condition::Kind::change_refused:
      return change_refused_.has_value() && *change_refused_ != condition.negated;
    case Condition::Kind::client:
      return std::ranges::find(condition.states, order_state(condition.client)) !=
             condition.states.end();
  }
  return holds != condition.negated;
}

bool Schedule::somebody_is(protocol::Role role) const {
  for (std::uint32_t i = 1; i <= world_.names().size(); ++i) {
    const protocol::Protocol* protocol = world_.observer().protocol(model::NodeId{i});
    if (protocol != nullptr && protocol->status().role == role) {
      return true;
    }
  }
  return false;
}

bool Schedule::compares(const Condition& condition) const {
  std::int64_t left = value_of(condition.left);
  std::int64_t right = value_of(condition.right);
  if (left < 0 || right < 0) {
    return false;
  }
  left += condition.left.plus;
  right += condition.right.plus;
  switch (condition.compare) {
    case Compare::less:
      return left < right;
    case Compare::at_most:
      return left <= right;
    case Compare::equal:
      return left == right;
    case Compare::unequal:
      return left != right;
    case Compare::at_least:
      return left >= right;
    case Compare::greater:
      return left > right;
  }
  return false;
}

// Below zero: there is no such value now.
std::int64_t Schedule::value_of(const Operand& operand) const {
  if (operand.kind == Operand::Kind::number) {
    return operand.number;
  }
  if (operand.kind == Operand::Kind::note) {
    const auto found = notes_.find(operand.note);
    return found == notes_.end() ? -1 : found->second;
  }
  if (operand.kind == Operand::Kind::elections) {
    return static_cast<std::int64_t>(world_.observer().elections());
  }
  if (operand.kind == Operand::Kind::highest_term) {
    return static_cast<std::int64_t>(round_of(*options_.engine, world_.observer().highest_term()));
  }
  const protocol::Protocol* protocol = world_.observer().protocol(operand.node);
  const replica::Replica* replica = this->replica(operand.node);
  if (protocol == nullptr || replica == nullptr) {
    return -1;
  }
  const protocol::ProtocolStatus status = protocol->status();
  const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
  switch (operand.kind) {
    case Operand::Kind::term:
      return number(status.term.value());
    case Operand::Kind::last:
      return number(status.last_index.value());
    case Operand::Kind::durable:
      return number(status.durable_index.value());
    case Operand::Kind::commit:
      return number(status.commit.value());
    case Operand::Kind::applied:
      return number(replica->applied().value());
    case Operand::Kind::voters:
      return number(protocol->configuration().voters.size());
    case Operand::Kind::sending:
      return number(store(operand.node)->status().snapshots_sending);
    case Operand::Kind::receiving:
      return number(store(operand.node)->status().snapshots_receiving);
    case Operand::Kind::number:
    case Operand::Kind::note:
    case Operand::Kind::elections:
    case Operand::Kind::highest_term:
      break;
  }
  return -1;
}

OrderState Schedule::order_state(std::size_t client) const {
  for (const auto& workload : workloads_) {
    if (const OrderState state = workload->order_state(client); state != OrderState::none) {
      return state;
    }
  }
  return OrderState::none;
}

replica::Replica* Schedule::replica(model::NodeId node) const {
  store::Store* store = this->store(node);
  return store == nullptr ? nullptr : store->find(model::ShardId{1});
}

store::Store* Schedule::store(model::NodeId node) const {
  node::Node* process = world_.machine(name_of(node)).node();
  return process == nullptr ? nullptr : process->store();
}

std::string Schedule::name_of(model::NodeId node) const {
  return world_.names().at(node.value() - 1);
}

}  // namespace ostraka::sim
