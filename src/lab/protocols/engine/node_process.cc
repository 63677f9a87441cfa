#include "lab/protocols/engine/node_process.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ostraka::lab::engine {
namespace {

constexpr std::array<std::string_view, 5> kRoles{"learner", "follower", "pre-candidate",
                                                 "candidate", "leader"};

std::uint64_t number_of(const Value& value) { return static_cast<std::uint64_t>(value.integer()); }

// What the log holds of a client's request.
std::string payload_of(ProcessId client, const Fields& fields) {
  return fmt::format("{}#{}:{}", client.value(), fields.integer("number"), fields.text("value"));
}

}  // namespace

std::string key_of(model::LogIndex index) { return fmt::format("entry_{:06}", index.value()); }

NodeProcess::NodeProcess(const Birth& birth, Options options)
    : self_(birth.self), node_(birth.self.value()), options_(std::move(options)) {
  const protocol::Recovered recovered = recover(*birth.storage);
  options_.watch->invariants->observe_started(node_, recovered);
  engine_ = options_.spec->make({.self = node_,
                                 .settings = options_.settings,
                                 .recovered = recovered,
                                 .seed = birth.seed,
                                 .now = birth.now,
                                 .bug = options_.bug});
  options_.watch->up[node_] = engine_.get();
}

NodeProcess::~NodeProcess() {
  options_.watch->up.erase(node_);
  options_.watch->invariants->observe_crashed(node_);
}

protocol::Recovered NodeProcess::recover(const Storage& storage) {
  protocol::Recovered recovered;
  recovered.snapshot.configuration = options_.configuration;
  recover_snapshot(storage, recovered);
  configuration_ = recovered.snapshot.configuration;
  if (const auto hard = storage.find("hard_state"); hard != storage.end()) {
    const List& list = hard->second.list();
    recovered.hard_state = {
        .term = model::Term{number_of(list.at(0))},
        .vote = model::NodeId{static_cast<std::uint32_t>(number_of(list.at(1)))},
        .second_term = model::Term{number_of(list.at(2))}};
  }
  for (auto it = storage.lower_bound("entry_"); it != storage.end() && it->first < "entry_a";
       ++it) {
    const List& list = it->second.list();
    const protocol::EntryMeta meta{.index = model::LogIndex{number_of(list.at(0))},
                                   .term = model::Term{number_of(list.at(1))},
                                   .kind = static_cast<protocol::EntryKind>(number_of(list.at(2))),
                                   .payload_bytes = static_cast<std::uint32_t>(
                                       number_of(list.at(2)) == 0 ? list.at(3).text().size() : 0)};
    log_[meta.index] = meta;
    if (meta.kind != protocol::EntryKind::noop) {
      payloads_[{meta.index, meta.term}] = list.at(3).text();
    }
    if (meta.kind == protocol::EntryKind::configuration) {
      recovered.configurations.push_back({meta.index, configuration_in(list.at(3).text())});
    }
    recovered.entries.push_back(meta);
  }
  return recovered;
}

void NodeProcess::step(const Event& event, Effects& effects) {
  std::visit([&](const auto& body) { on(body, event.now, effects); }, event.body);
  watch(event.now, effects);
  show(effects);
}

void NodeProcess::on(const Started&, base::Instant now, Effects& out) {
  drive(protocol::Started{}, now, out);
}

void NodeProcess::on(const TimerFired& fired, base::Instant now, Effects& out) {
  if (fired.name == kSnapshotTimer) {
    give_up_snapshots(now, out);
    return;
  }
  const auto& timers = options_.spec->timers;
  const auto at = std::ranges::find(timers, fired.name);
  OSTRAKA_ASSERT(at != timers.end(), "an engine's timers have names");
  drive(protocol::TimerFired{protocol::TimerId{static_cast<std::uint8_t>(at - timers.begin())}},
        now, out);
}

void NodeProcess::on(const Received& received, base::Instant now, Effects& out) {
  if (received.message->kind == "request") {
    on_request(received.from, received.message->fields, now, out);
    return;
  }
  if (received.message->kind == "read") {
    on_read(received.from, received.message->fields, now, out);
    return;
  }
  if (received.message->kind.starts_with("snapshot")) {
    on_snapshot(received.from, *received.message, now, out);
    return;
  }
  incoming_.clear();
  const protocol::Message message =
      from_lab(*options_.spec, received.from, self_, *received.message, incoming_);
  drive(protocol::Received{&message}, now, out);
  incoming_.clear();
}

// What an operator can ask: campaign, change.
void NodeProcess::on(const Input& input, base::Instant now, Effects& out) {
  if (input.kind == "change") {
    on_change(input.fields, now, out);
    return;
  }
  OSTRAKA_ASSERT(input.kind == "campaign", "clients ask for the rest");
  drive(protocol::Campaign{}, now, out);
}

void NodeProcess::on(const Durable& durable, base::Instant now, Effects& out) {
  while (!writes_.empty() && writes_.front().lab <= durable.token) {
    const PendingWrite write = writes_.front();
    writes_.pop_front();
    durable_ = write.token;
    options_.watch->invariants->observe_append_durable(node_, write.token);
    while (!waiting_.empty() && waiting_.front().first <= durable_) {
      const protocol::Message message = std::move(waiting_.front().second);
      waiting_.pop_front();
      send(message, payloads_, out);
    }
    drive(protocol::Durable{write.token, write.term, write.index}, now, out);
  }
  finish_snapshots(durable.token, now, out);
}

void NodeProcess::on_change(const Fields& fields, base::Instant now, Effects& out) {
  auto target = std::make_shared<model::Configuration>();
  for (const Value& each : fields.list("voters")) {
    target->voters.push_back(member(static_cast<std::uint32_t>(each.integer())));
  }
  const protocol::RequestId id{++last_request_};
  changes_.insert(id);
  drive(
      protocol::ChangeMembership{.id = id, .target = target, .joint = fields.integer("joint") != 0},
      now, out);
}

void NodeProcess::take_changes(Effects& out) {
  out.at(options_.spec->change_step);
  for (const protocol::RequestFailed& each : effects_.failed) {
    if (changes_.erase(each.id) != 0) {
      out.note("refusal", each.code == base::ErrorCode::unknown_outcome
                              ? "cannot tell what becomes of the change"
                              : fmt::format("refuses the change: {}", base::name_of(each.code)));
    }
  }
  for (const protocol::RequestDone& each : effects_.done) {
    if (changes_.erase(each.id) != 0) {
      out.output("changed", {{"configuration", text_of(engine_->configuration())}},
                 "the change is done");
    }
  }
}

void NodeProcess::on_request(ProcessId client, const Fields& fields, base::Instant now,
                             Effects& out) {
  const protocol::ProtocolStatus status = engine_->status();
  if (status.role != protocol::Role::leader) {
    out.send(client, "redirect",
             {{"number", fields.integer("number")}, {"leader", status.leader.value()}});
    return;
  }
  proposing_ = payload_of(client, fields);
  const protocol::RequestId id{++last_request_};
  effects_.clear();
  engine_->step(
      {.now = now, .body = protocol::Propose{id, static_cast<std::uint32_t>(proposing_.size())}},
      effects_);
  for (const protocol::Proposed& proposed : effects_.proposed) {
    requests_[proposed.index] = {client, fields.integer("number"), proposed.term};
  }
  out.at(options_.spec->propose_step);
  settle(now, out);
}

// By the lease at once, from what is applied, as the product does; else when the engine says so.
void NodeProcess::on_read(ProcessId client, const Fields& fields, base::Instant now, Effects& out) {
  const protocol::ProtocolStatus status = engine_->status();
  const std::int64_t number = fields.integer("number");
  if (status.role != protocol::Role::leader) {
    out.send(client, "redirect", {{"number", number}, {"leader", status.leader.value()}});
    return;
  }
  // Unlike those of any other node: the watchers tell reads by it.
  const protocol::RequestId id{std::uint64_t{node_.value()} << 32 | ++last_request_};
  options_.watch->invariants->observe_read_asked(node_, id);
  if (engine_->lease_covers(now)) {
    out.at(options_.spec->read_step);
    out.note("lease", "answers by its lease");
    options_.watch->invariants->observe_read_ready(node_, id, status.commit);
    ready_.push_back({client, number, status.commit});
    answer_reads(out);
    return;
  }
  asked_[id] = {client, number, {}};
  drive(protocol::ReadBarrier{id}, now, out);
}

void NodeProcess::take_reads() {
  for (const protocol::ReadReady& each : effects_.reads) {
    options_.watch->invariants->observe_read_ready(node_, each.id, each.index);
    if (auto read = asked_.extract(each.id); !read.empty()) {
      read.mapped().index = each.index;
      ready_.push_back(read.mapped());
    }
  }
  for (const protocol::RequestFailed& each : effects_.failed) {
    if (asked_.erase(each.id) != 0) {
      options_.watch->invariants->observe_read_failed(node_, each.id);
    }
  }
}

void NodeProcess::answer_reads(Effects& out) {
  for (auto it = ready_.begin(); it != ready_.end();) {
    if (it->index > applied_) {
      ++it;
      continue;
    }
    out.at(options_.spec->read_step);
    out.send(it->client, "state", {{"number", it->number}, {"values", state_}});
    it = ready_.erase(it);
  }
}

void NodeProcess::drive(protocol::EventBody body, base::Instant now, Effects& out) {
  effects_.clear();
  engine_->step({.now = now, .body = std::move(body)}, effects_);
  settle(now, out);
}

void NodeProcess::settle(base::Instant now, Effects& out) {
  take_append(out);
  take_messages(out);
  take_rest(out);
  take_reads();
  take_changes(out);
  take_snapshots(now, out);
  options_.watch->invariants->observe_state(node_, engine_->status(), engine_->configuration());
  apply(now, out);
  answer_reads(out);
  compact(out);
}

// From the client's request or the message being stepped; an entry that is written again at another
// term has what this node has there.
std::string NodeProcess::payload_for(const protocol::EntryMeta& entry) const {
  if (entry.kind == protocol::EntryKind::noop) {
    return {};
  }
  const auto& configurations = effects_.append.configurations;
  if (const auto it =
          std::ranges::find(configurations, entry.index, &protocol::ConfigurationAt::index);
      it != configurations.end()) {
    return text_of(*it->configuration);
  }
  if (!effects_.proposed.empty() && effects_.proposed.front().index == entry.index) {
    return proposing_;
  }
  if (const auto it = incoming_.find({entry.index, entry.term}); it != incoming_.end()) {
    return it->second;
  }
  return payloads_.at({entry.index, log_.at(entry.index).term});
}

void NodeProcess::take_append(Effects& out) {
  const protocol::Append& append = effects_.append;
  if (!append.present) {
    return;
  }
  std::vector<std::string> payloads;  // before anything is cut or written over
  payloads.reserve(append.entries.size());
  for (const protocol::EntryMeta& entry : append.entries) {
    payloads.push_back(payload_for(entry));
  }
  if (append.truncate_from) {
    for (auto it = log_.lower_bound(*append.truncate_from); it != log_.end(); it = log_.erase(it)) {
      out.erase(key_of(it->first));
      payloads_.erase({it->first, it->second.term});
    }
  }
  std::vector<std::uint64_t> hashes;
  for (std::size_t i = 0; i < append.entries.size(); ++i) {
    const protocol::EntryMeta& entry = append.entries[i];
    const std::string& payload = payloads[i];
    if (const auto before = log_.find(entry.index); before != log_.end()) {
      payloads_.erase({entry.index, before->second.term});
    }
    log_[entry.index] = entry;
    if (entry.kind != protocol::EntryKind::noop) {
      payloads_[{entry.index, entry.term}] = payload;
    }
    hashes.push_back(base::hash64(payload));
    out.write(key_of(entry.index),
              List{entry.index.value(), entry.term.value(), static_cast<int>(entry.kind), payload});
  }
  if (append.hard_state) {
    out.write("hard_state", List{append.hard_state->term.value(), append.hard_state->vote.value(),
                                 append.hard_state->second_term.value()});
  }
  if (append.entries.empty() && !append.hard_state) {
    out.write("written", append.token.value());  // a cut alone is a write as well
  }
  options_.watch->invariants->observe_append(node_, append, hashes);
  writes_.push_back({out.token(), append.token, append.term, append.index});
}

void NodeProcess::take_messages(Effects& out) {
  for (const protocol::DelayedMessage& delayed : effects_.send_after_durable) {
    if (delayed.token <= durable_) {
      send(delayed.message, payloads_, out);
    } else {
      waiting_.emplace_back(delayed.token, delayed.message);
    }
  }
  for (const protocol::Message& message : effects_.send_now) {
    send(message, payloads_, out);
  }
}

void NodeProcess::send(const protocol::Message& message, const Payloads& payloads, Effects& out) {
  options_.watch->invariants->observe_sent(message);
  if (message.to == node_) {
    return;
  }
  // An entry that was cut or written over while its message waited for the disk: no longer to be
  // told.
  const bool is_whole = std::ranges::all_of(message.entries, [&](const auto& entry) {
    return entry.kind == protocol::EntryKind::noop || payloads.contains({entry.index, entry.term});
  });
  if (is_whole) {
    out.at(options_.spec->messages.at(message.kind).step);
    Message told = to_lab(*options_.spec, message, payloads);
    out.send(ProcessId{message.to.value()}, std::move(told.kind), std::move(told.fields));
  }
}

void NodeProcess::take_rest(Effects& out) {
  const Spec& spec = *options_.spec;
  for (const protocol::TimerRequest& timer : effects_.timers) {
    const std::string name(spec.timers.at(timer.id.value()));
    if (timer.deadline == base::Instant::never()) {
      out.disarm(name);
    } else {
      out.arm(name, timer.deadline);
    }
  }
  for (const protocol::TraceRecord& record : effects_.trace) {
    const auto at =
        std::ranges::find(spec.traces, record.kind, [](const auto& each) { return each.first; });
    if (at != spec.traces.end()) {
      out.at(at->second.step);
      out.note(std::string(at->second.name), engine_->describe(record));
    }
  }
  if (effects_.role_change) {
    const protocol::RoleChange& change = *effects_.role_change;
    out.at(spec.role_step);
    const std::string text =
        fmt::format("{} in {} {}", kRoles.at(static_cast<std::size_t>(change.role)), spec.term_name,
                    name_of_term(spec, change.term));
    if (change.role == protocol::Role::leader) {
      out.output("leads", {{"term", change.term.value()}}, text);
    } else {
      out.note("role", text);
    }
  }
}

void NodeProcess::apply(base::Instant now, Effects& out) {
  const model::LogIndex upto = effects_.apply_upto;
  if (upto <= applied_) {
    return;
  }
  while (applied_ < upto) {
    applied_ = applied_.next();
    apply_one(applied_, out);
  }
  drive(protocol::Applied{applied_}, now, out);
}

void NodeProcess::apply_one(model::LogIndex index, Effects& out) {
  const model::Term term = engine_->term_at(index);
  const auto payload = payloads_.find({index, term});
  const std::string text = payload == payloads_.end() ? "" : payload->second;
  options_.watch->invariants->observe_applied(node_, index, term, base::hash64(text));
  out.at(options_.spec->apply_step);
  const auto voters =
      log_.at(index).kind == protocol::EntryKind::configuration ? configuration_in(text) : nullptr;
  if (voters != nullptr) {
    configuration_ = voters;
    out.output("applied", {{"index", index.value()}, {"term", term.value()}, {"entry", text}},
               fmt::format("applies {} (entry {})", text, index.value()));
  } else if (payload != payloads_.end()) {
    const std::size_t colon = text.find(':');
    const std::string value = text.substr(colon + 1);
    if (done_.insert(text.substr(0, colon)).second) {
      state_.emplace_back(value);
    }
    out.output("applied", {{"index", index.value()}, {"term", term.value()}, {"entry", text}},
               fmt::format("applies {} (entry {})", value, index.value()));
  } else {
    out.output("applied", {{"index", index.value()}, {"term", term.value()}, {"entry", ""}},
               fmt::format("applies nothing (entry {})", index.value()));
  }
  const auto request = requests_.extract(index);
  if (!request.empty() && request.mapped().term == term) {
    out.send(request.mapped().client, "done", {{"number", request.mapped().number}});
  }
}

void NodeProcess::watch(base::Instant now, Effects& out) {
  Watch& all = *options_.watch;
  for (const auto& [node, engine] : all.up) {
    all.invariants->observe_lease(node, engine->lease_covers(now));
  }
  const std::optional<std::string> violation = all.invariants->check();
  if (violation && !all.is_told) {
    all.is_told = true;
    out.at(0);
    out.output("invariant", {{"text", *violation}}, "broken here: " + *violation);
  }
}

void NodeProcess::show(Effects& out) const {
  const protocol::ProtocolStatus status = engine_->status();
  out.show("role", std::string(kRoles.at(static_cast<std::size_t>(status.role))));
  out.show(std::string(options_.spec->term_name), name_of_term(*options_.spec, status.term));
  out.show("log",
           fmt::format("{}, durable {}", status.last_index.value(), status.durable_index.value()));
  out.show("committed", status.commit.value());
  out.show("state", Value(state_).render());
}

}  // namespace ostraka::lab::engine
