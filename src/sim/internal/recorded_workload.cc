#include "sim/internal/recorded_workload.h"

#include "check/linearizability.h"
#include "sim/faults.h"

#include <charconv>
#include <utility>

namespace ostraka::sim::internal {
namespace {

using base::Duration;
using check::Function;

std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string describe(const check::Operation& operation, check::Model model) {
  std::string text = "client " + std::to_string(operation.process) + " ";
  const std::int64_t value = model == check::Model::counter         ? operation.amount
                             : operation.function == Function::read ? operation.observed
                                                                    : operation.argument;
  text += operation.function == Function::read ? "read " : "wrote ";
  text += operation.key + "=" + std::to_string(value) + " [" +
          std::to_string(operation.call_time / 1000) + ".." +
          (operation.unknown ? std::string("?") : std::to_string(operation.return_time / 1000)) +
          " us]";
  return text;
}

}  // namespace

RecordedWorkload::RecordedWorkload(World& world, RecordedOptions options)
    : ClientWorkload(world), options_(std::move(options)) {
  for (std::uint32_t i = 0; i < options_.clients; ++i) {
    clients_.push_back(std::make_unique<Client>(world, "c" + std::to_string(i + 1), prng_.next()));
    if (options_.spread) {
      clients_.back()->prefer(world.names()[i % world.names().size()]);
    }
  }
}

std::string RecordedWorkload::key_name(std::uint64_t number) const {
  const std::string prefix = options_.counters ? "counter" : "register";
  return (options_.key_prefix.empty() ? prefix : options_.key_prefix) + std::to_string(number);
}

void RecordedWorkload::start() {
  if (options_.start_ms == 0) {
    begin();
    return;
  }
  world_.scheduler().schedule(world_.now() + Duration::milliseconds(options_.start_ms),
                              sim_ports::OwnerId{}, [this] { begin(); });
}

void RecordedWorkload::begin() {
  last_ok_ = world_.now();
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    next(i);
  }
  if (options_.progress_ms > 0) {
    watch_progress();
  }
}

void RecordedWorkload::watch_progress() {
  if (stopped_) {
    return;
  }
  if (world_.now() - last_ok_ > Duration::milliseconds(options_.progress_ms)) {
    world_.fail("I-L1: no write was acknowledged for " + std::to_string(options_.progress_ms) +
                " ms");
    return;
  }
  world_.scheduler().schedule(world_.now() + Duration::milliseconds(100), sim_ports::OwnerId{},
                              [this] { watch_progress(); });
}

void RecordedWorkload::next(std::size_t client) {
  after_thinking(*clients_[client], options_.think_ms_max, [this, client] {
    check::Operation operation;
    operation.process = client + 1;
    operation.key = key_name(prng_.below(options_.keys));
    if (prng_.chance(1, 2)) {
      operation.function = Function::read;
    } else if (options_.counters) {
      operation.function = Function::add;
      operation.amount = 1;
      if (options_.crash_one_in != 0 && prng_.chance(1, options_.crash_one_in)) {
        strike(world_, "crash_committed");
      }
    } else {
      operation.function = Function::write;
      operation.argument = next_value_++;
    }
    issue(client, std::move(operation), [this, client](const Reply&) { next(client); });
  });
}

std::vector<std::string> RecordedWorkload::command_of(const check::Operation& operation) const {
  switch (operation.function) {
    case Function::read:
      return {"GET", operation.key};
    case Function::write:
      if (operation.argument == check::kAbsent) {
        return {"DEL", operation.key};
      }
      return {"SET", operation.key, std::to_string(operation.argument)};
    case Function::add:
    case Function::compare_and_set:
      return {"INCRBY", operation.key, std::to_string(operation.amount)};
  }
  return {};
}

void RecordedWorkload::issue(std::size_t client, check::Operation operation, OnEnd on_end) {
  operation.call_time = world_.now().as_nanoseconds();
  operation.unknown = true;
  const std::vector<std::string> command = command_of(operation);
  const std::size_t at = history_.size();
  operation.line = at;
  history_.push_back(std::move(operation));
  failed_.push_back(false);
  ++open_;
  clients_[client]->send(command, [this, at, done = std::move(on_end)](const Reply& reply) mutable {
    finish(at, reply);
    done(reply);
  });
}

void RecordedWorkload::finish(std::size_t at, const Reply& reply) {
  check::Operation& operation = history_[at];
  --open_;
  operation.return_time = world_.now().as_nanoseconds();
  world_.scheduler().mix(at);
  if (reply.outcome == Outcome::unknown) {
    world_.mark("outcome_unknown");
    return;
  }
  if (reply.outcome == Outcome::failed) {
    failed_[at] = true;
    return;
  }
  ++ok_;
  operation.unknown = false;
  if (operation.function != Function::read) {
    ++writes_ok_;
    last_ok_ = world_.now();
  }
  if (operation.function == Function::read) {
    if (options_.counters) {
      operation.amount = reply.type == '_' ? 0 : number_of(reply.text);
    } else {
      operation.observed =
          reply.type == '_' ? check::kAbsent : static_cast<check::ValueId>(number_of(reply.text));
    }
  }
}

void RecordedWorkload::read_final_state() {
  for (std::uint32_t key = 0; key < options_.keys; ++key) {
    check::Operation operation;
    operation.process = 1;
    operation.function = Function::read;
    operation.key = key_name(key);
    const std::string name = operation.key;
    issue(key % clients_.size(), std::move(operation), [this, name](const Reply& reply) {
      if (reply.outcome != Outcome::ok) {
        world_.fail("the final read of " + name + " got no answer: " + reply.text);
      }
    });
  }
}

std::string RecordedWorkload::judge() {
  std::vector<check::Operation> judged;
  for (std::size_t i = 0; i < history_.size(); ++i) {
    if (!failed_[i]) {
      judged.push_back(history_[i]);
    }
  }
  const check::Model model = options_.counters ? check::Model::counter : check::Model::value;
  const check::Report report = check::check_linearizable(model, judged, {.steps_max = 20'000'000});
  if (report.verdict == check::Verdict::valid) {
    return {};
  }
  std::string text = report.verdict == check::Verdict::undecided
                         ? "I-C1: the checker ran out of its budget on "
                         : "I-C1: not linearizable: ";
  text += report.key;
  for (const check::Operation& operation : report.window) {
    text += "\n    " + describe(operation, model);
    if (text.size() > 4000) {
      break;
    }
  }
  return text;
}

}  // namespace ostraka::sim::internal
