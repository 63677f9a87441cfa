#include "lab/core/world.h"

#include "base/assert.h"
#include "base/hash.h"
#include "lab/core/internal/host.h"
#include "lab/core/internal/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

namespace ostraka::lab {
namespace {

class World {
 public:
  World(const Parameters& parameters, WorldOptions options, Record& record)
      : disk_(parameters.milliseconds("disk")),
        limit_(base::Instant() + parameters.milliseconds("time_limit")),
        options_(std::move(options)),
        record_(record),
        network_(parameters, options_.seed, options_.interventions) {}

  void play();

 private:
  void plan(base::Instant at, Planned what) { agenda_.emplace(std::pair(at, ++order_), what); }
  void plan_start();
  void plan_fault(std::size_t place);

  void happen(Planned& what);
  void on(const Begin& it) { begin(it.process, EventKind::start); }
  void on(const Arrival& it);
  void on(const TimerDue& it);
  void on(const WriteDone& it);
  void on(const InputDue& it);
  void on(const FaultDue& it);
  bool is_waiting(ProcessId process, const Planned& what);

  void begin(ProcessId process, EventKind kind);
  void crash(Host& host, ProcessId process);
  void set_cut(std::size_t place, bool is_on);

  RecordEvent& add_event(ProcessId process, EventKind kind, std::string text);
  void step(ProcessId process, const Event& event, std::size_t at);
  void carry_out(ProcessId process, std::size_t at);
  void apply(ProcessId process, std::size_t at, int step, const Send& send);
  void apply(ProcessId process, std::size_t at, int step, const Arm& arm);
  void apply(ProcessId process, std::size_t at, int step, const Disarm& disarm);
  void apply(ProcessId process, std::size_t at, int step, const Write& write);
  void apply(ProcessId process, std::size_t at, int step, const Note& note);
  void apply(ProcessId process, std::size_t at, int step, const Output& output);
  void apply(ProcessId process, std::size_t at, int step, const Show& show);
  void stop_timer(Host& host, const std::string& timer);
  void store_writes(ProcessId process);
  void send(ProcessId from, std::size_t at, int step, const Send& send);
  void put_on_link(RecordMessage message);

  Host& host(ProcessId process) { return hosts_.at(process.value() - 1); }
  [[nodiscard]] ProcessId find(const std::string& name) const;
  void acted(std::size_t place) { record_.interventions.at(place).acted = true; }
  void did_not_act(std::size_t place, std::string why);
  void finish();

  base::Duration disk_;
  base::Instant limit_;
  WorldOptions options_;
  Record& record_;
  NetworkModel network_;
  std::vector<Host> hosts_;
  std::map<AgendaKey, Planned> agenda_;
  std::uint64_t order_ = 0;
  base::Instant now_;
  Effects effects_;
  std::vector<Write> written_;  // in the step under way
  std::size_t bytes_ = 0;
};

void store(Storage& storage, const std::vector<Write>& writes) {
  for (const Write& write : writes) {
    if (write.erase) {
      storage.erase(write.key);
    } else {
      storage[write.key] = write.value;
    }
  }
}

std::string text_of(const Message& message) {
  return fmt::format("{}({})", message.kind, message.fields.render());
}

void World::plan_fault(std::size_t place) {
  const Intervention& what = options_.interventions.at(place).second;
  if (const auto* crash = std::get_if<CrashProcess>(&what)) {
    plan(crash->at, FaultDue{Fault::crash, place});
  } else if (const auto* restart = std::get_if<RestartProcess>(&what)) {
    plan(restart->at, FaultDue{Fault::restart, place});
  } else if (const auto* pause = std::get_if<PauseProcess>(&what)) {
    plan(pause->at, FaultDue{Fault::pause, place});
    plan(pause->at + pause->length, FaultDue{Fault::resume, place});
  } else if (const auto* partition = std::get_if<Partition>(&what)) {
    plan(partition->from, FaultDue{Fault::cut, place});
    plan(partition->until, FaultDue{Fault::heal, place});
  }
}

void World::plan_start() {
  for (std::size_t i = 0; i < options_.setup.processes.size(); ++i) {
    Host& host = hosts_.emplace_back();
    host.spec = options_.setup.processes[i];
    plan(base::Instant(), Begin{ProcessId{static_cast<std::uint32_t>(i + 1)}});
  }
  for (std::size_t i = 0; i < options_.interventions.size(); ++i) {
    plan_fault(i);
  }
  for (std::size_t i = 0; i < options_.setup.inputs.size(); ++i) {
    plan(options_.setup.inputs[i].at, InputDue{i});
  }
}

void World::play() {
  plan_start();
  while (!agenda_.empty()) {
    const auto next = agenda_.begin();
    if (next->first.first > limit_) {
      record_.end_reason = EndReason::time_limit;
      now_ = limit_;
      break;
    }
    if (record_.events.size() >= options_.limits.events || bytes_ > options_.limits.bytes) {
      record_.end_reason =
          bytes_ > options_.limits.bytes ? EndReason::output_limit : EndReason::event_limit;
      break;
    }
    now_ = next->first.first;
    Planned what = std::move(next->second);
    agenda_.erase(next);
    happen(what);
  }
  finish();
}

void World::finish() {
  record_.end = now_;
  if (record_.end_reason == EndReason::event_limit) {
    record_.remarks.push_back(
        fmt::format("the run was ended at {} events, the most that one run "
                    "may have; it goes no further than {}",
                    options_.limits.events, render(now_ - base::Instant())));
  } else if (record_.end_reason == EndReason::output_limit) {
    record_.remarks.push_back(
        fmt::format("the run was ended at {} bytes of record, the most that "
                    "one run may have; it goes no further than {}",
                    options_.limits.bytes, render(now_ - base::Instant())));
  }
  for (const auto& [place, what] : options_.interventions) {
    const bool names_message = std::holds_alternative<DropMessage>(what) ||
                               std::holds_alternative<DelayMessage>(what) ||
                               std::holds_alternative<DuplicateMessage>(what);
    did_not_act(place, names_message ? "no such message in this run" : "the run ended before");
  }
}

void World::did_not_act(std::size_t place, std::string why) {
  RecordIntervention& line = record_.interventions.at(place);
  if (!line.acted && line.remark.empty()) {
    line.remark = std::move(why);
  }
}

ProcessId World::find(const std::string& name) const {
  const auto at = std::ranges::find(record_.processes, name, &Record::ProcessLine::name);
  OSTRAKA_ASSERT(at != record_.processes.end(), "names of processes were checked before");
  return ProcessId{static_cast<std::uint32_t>(at - record_.processes.begin() + 1)};
}

void World::happen(Planned& what) {
  std::visit([this](const auto& it) { on(it); }, what);
}

// A paused process takes it later, in the same order.
bool World::is_waiting(ProcessId process, const Planned& what) {
  Host& it = host(process);
  if (it.is_up() && it.pauses > 0) {
    it.waiting.push_back(what);
    return true;
  }
  return false;
}

void World::begin(ProcessId process, EventKind kind) {
  Host& it = host(process);
  const Birth birth{
      .self = process,
      .seed = base::hash64(fmt::format("{} {}", it.spec.name, it.life), options_.seed),
      .now = it.local(now_),
      .is_restart = it.life > 0,
      .storage = &it.storage};
  ++it.life;
  it.process = it.spec.make(birth);
  add_event(process, kind, kind == EventKind::start ? "starts" : "restarts");
  step(process, {.now = birth.now, .body = Started{}}, record_.events.size() - 1);
}

void World::on(const Arrival& it) {
  RecordMessage& message = record_.messages.at(it.message);
  const Host& to = host(message.to);
  message.ends = now_;
  if (message.from != message.to && network_.is_cut(message.from, message.to)) {
    message.fate = Fate::lost;
    message.why = "partition";
    return;
  }
  if (!to.is_up()) {
    message.fate = Fate::lost;
    message.why = to.spec.name + " is down";
    return;
  }
  if (is_waiting(message.to, it)) {
    return;
  }
  const Message content{message.kind, message.fields};
  RecordEvent& event =
      add_event(message.to, EventKind::receive,
                fmt::format("{} from {}", text_of(content), record_.name_of(message.from)));
  message.fate = Fate::delivered;
  message.receive_event = event.id;
  event.message = message.id;
  step(message.to, {.now = to.local(now_), .body = Received{message.from, &content}},
       record_.events.size() - 1);
}

void World::on(const TimerDue& it) {
  Host& owner = host(it.process);
  const auto armed = owner.timers.find(it.timer);
  if (owner.life != it.life || armed == owner.timers.end() || armed->second.second != it.armed ||
      is_waiting(it.process, it)) {
    return;
  }
  owner.timers.erase(armed);
  add_event(it.process, EventKind::timer, "timer " + it.timer).topic = it.timer;
  step(it.process, {.now = owner.local(now_), .body = TimerFired{it.timer}},
       record_.events.size() - 1);
}

// The disk works while the process is paused; the process hears of it later.
void World::on(const WriteDone& it) {
  Host& owner = host(it.process);
  if (owner.life != it.life || !owner.is_up()) {
    return;
  }
  while (!owner.pending.empty() && owner.pending.front().token <= it.token) {
    store(owner.storage, owner.pending.front().writes);
    owner.pending.pop_front();
  }
  if (is_waiting(it.process, it)) {
    return;
  }
  owner.issued = owner.issued.next();
  effects_.begin(owner.issued);
  owner.process->step({.now = owner.local(now_), .body = Durable{it.token}}, effects_);
  if (disk_ == base::Duration() && effects_.items().empty()) {
    return;  // nobody waited for it: no event
  }
  add_event(it.process, EventKind::durable, "writes are durable");
  const std::size_t at = record_.events.size() - 1;
  while (!owner.held.empty() && owner.held.front().token <= it.token) {
    const Host::HeldSend held = std::move(owner.held.front());
    owner.held.pop_front();
    record_.events[at].step = held.step;
    send(it.process, at, held.step, held.send);
  }
  carry_out(it.process, at);
}

void World::on(const InputDue& it) {
  const Operation& input = options_.setup.inputs.at(it.input);
  const ProcessId process = find(input.process);
  if (is_waiting(process, it)) {
    return;
  }
  const Host& to = host(process);
  RecordEvent& event = add_event(process, EventKind::input,
                                 fmt::format("client: {}({}){}", input.kind, input.fields.render(),
                                             to.is_up() ? "" : ", but the process is down"));
  event.topic = input.kind;
  event.fields = input.fields;
  if (to.is_up()) {
    step(process, {.now = to.local(now_), .body = Input{input.kind, input.fields}},
         record_.events.size() - 1);
  }
}

void World::on(const FaultDue& it) {
  const auto& [place, what] = options_.interventions.at(it.place);
  if (it.fault == Fault::cut || it.fault == Fault::heal) {
    set_cut(it.place, it.fault == Fault::cut);
    return;
  }
  const std::string& name = it.fault == Fault::crash     ? std::get<CrashProcess>(what).process
                            : it.fault == Fault::restart ? std::get<RestartProcess>(what).process
                                                         : std::get<PauseProcess>(what).process;
  const ProcessId process = find(name);
  Host& it_host = host(process);
  if (it_host.is_up() == (it.fault == Fault::restart)) {
    did_not_act(place, fmt::format("{} was {}", name, it_host.is_up() ? "up" : "down"));
    return;
  }
  acted(place);
  switch (it.fault) {
    case Fault::crash:
      crash(it_host, process);
      break;
    case Fault::restart:
      begin(process, EventKind::restart);
      break;
    case Fault::pause:
      ++it_host.pauses;
      add_event(process, EventKind::pause, "pauses");
      break;
    case Fault::resume:
      if (it_host.pauses == 0) {
        break;
      }
      --it_host.pauses;
      if (it_host.pauses == 0) {
        add_event(process, EventKind::resume, "resumes");
        for (Planned& each : std::exchange(it_host.waiting, {})) {
          happen(each);
        }
      }
      break;
    case Fault::cut:
    case Fault::heal:
      OSTRAKA_UNREACHABLE("partitions are of no process");
  }
}

void World::crash(Host& host, ProcessId process) {
  for (const Planned& each : host.waiting) {
    if (const auto* arrival = std::get_if<Arrival>(&each)) {
      RecordMessage& message = record_.messages.at(arrival->message);
      message.fate = Fate::lost;
      message.why = host.spec.name + " is down";
    }
  }
  for (const auto& [timer, key] : host.timers) {
    agenda_.erase(key);
  }
  host.forget();
  add_event(process, EventKind::crash, "crashes");
}

void World::set_cut(std::size_t place, bool is_on) {
  const auto& [line, what] = options_.interventions.at(place);
  const auto& partition = std::get<Partition>(what);
  std::string text;
  std::vector<std::vector<ProcessId>> groups;
  for (const auto& names : partition.groups) {
    text += text.empty() ? "" : " | ";
    std::vector<ProcessId>& group = groups.emplace_back();
    for (std::size_t i = 0; i < names.size(); ++i) {
      text += (i == 0 ? "" : ", ") + names[i];
      group.push_back(find(names[i]));
    }
  }
  acted(line);
  add_event(ProcessId(), is_on ? EventKind::partition : EventKind::heal,
            (is_on ? "partition " : "healed: ") + text);
  if (is_on) {
    network_.cut(place, std::move(groups));
  } else {
    network_.heal(place);
  }
}

RecordEvent& World::add_event(ProcessId process, EventKind kind, std::string text) {
  RecordEvent& event = record_.events.emplace_back();
  event.id = EventId{static_cast<std::uint32_t>(record_.events.size())};
  event.at = now_;
  event.process = process;
  event.kind = kind;
  event.text = std::move(text);
  bytes_ += event.text.size() + 64;
  return event;
}

void World::step(ProcessId process, const Event& event, std::size_t at) {
  Host& it = host(process);
  it.issued = it.issued.next();
  effects_.begin(it.issued);
  it.process->step(event, effects_);
  carry_out(process, at);
}

void World::carry_out(ProcessId process, std::size_t at) {
  written_.clear();
  for (const Effect& effect : effects_.items()) {
    if (const auto* write = std::get_if<Write>(&effect.body)) {
      written_.push_back(*write);
    }
  }
  store_writes(process);
  for (const Effect& effect : effects_.items()) {
    if (record_.events[at].step == 0) {
      record_.events[at].step = effect.step;
    }
    std::visit([&](const auto& body) { apply(process, at, effect.step, body); }, effect.body);
  }
}

void World::store_writes(ProcessId process) {
  if (written_.empty()) {
    return;
  }
  Host& it = host(process);
  if (disk_ == base::Duration()) {
    store(it.storage, written_);
  } else {
    it.pending.push_back({.token = it.issued, .writes = written_, .done = now_ + disk_});
  }
  plan(now_ + disk_, WriteDone{process, it.life, it.issued});
}

void World::apply(ProcessId process, std::size_t at, int step, const Send& it) {
  Host& from = host(process);
  if (it.after_durable && !from.pending.empty()) {
    from.held.push_back({.token = from.pending.back().token, .send = it, .step = step});
  } else {
    send(process, at, step, it);
  }
}

void World::apply(ProcessId process, std::size_t, int, const Arm& arm) {
  Host& it = host(process);
  stop_timer(it, arm.timer);
  if (arm.deadline != base::Instant::never()) {
    const AgendaKey key{it.true_time(arm.deadline, now_), order_ + 1};
    it.timers[arm.timer] = key;
    plan(key.first, TimerDue{process, it.life, arm.timer, key.second});
  }
}

void World::apply(ProcessId process, std::size_t, int, const Disarm& disarm) {
  stop_timer(host(process), disarm.timer);
}

// Off the agenda too: a timer that cannot fire must not keep a run from being quiet.
void World::stop_timer(Host& host, const std::string& timer) {
  if (const auto armed = host.timers.extract(timer); !armed.empty()) {
    agenda_.erase(armed.mapped());
  }
}

void World::apply(ProcessId, std::size_t, int, const Write&) {}  // store_writes() did it

void World::apply(ProcessId process, std::size_t at, int step, const Note& note) {
  const EventId cause = record_.events[at].id;
  RecordEvent& event = add_event(process, EventKind::note, note.text);
  event.topic = note.kind;
  event.step = step;
  event.cause = cause;
}

void World::apply(ProcessId process, std::size_t at, int step, const Output& output) {
  const EventId cause = record_.events[at].id;
  RecordEvent& event =
      add_event(process, EventKind::output,
                !output.text.empty() ? output.text
                                     : fmt::format("{} {}", output.kind, output.fields.render()));
  event.topic = output.kind;
  event.fields = output.fields;
  event.step = step;
  event.cause = cause;
}

void World::apply(ProcessId process, std::size_t at, int, const Show& show) {
  std::string& shown = host(process).shown[show.key];
  if (shown == show.text) {
    return;
  }
  shown = show.text;
  auto& state = record_.events[at].state;
  const auto line = std::ranges::find(state, show.key, [](const auto& each) { return each.first; });
  if (line != state.end()) {
    line->second = show.text;
  } else {
    state.emplace_back(show.key, show.text);
  }
  bytes_ += show.key.size() + show.text.size();
}

void World::send(ProcessId from, std::size_t at, int step, const Send& it) {
  RecordMessage message;
  message.id = network_.next_id(record_.name_of(from), record_.name_of(it.to), it.message.kind);
  message.from = from;
  message.to = it.to;
  message.kind = it.message.kind;
  message.fields = it.message.fields;
  message.step = step;
  message.sent = now_;
  message.send_event = record_.events[at].id;
  put_on_link(std::move(message));
}

void World::put_on_link(RecordMessage message) {
  const NetworkModel::Fate fate = network_.decide(message.id, message.from, message.to, now_);
  for (const std::size_t place : fate.acted) {
    acted(place);
  }
  message.ends = fate.arrives;
  if (!fate.lost_why.empty()) {
    message.fate = Fate::lost;
    message.why = fate.lost_why;
    message.ends = now_ + (fate.arrives - now_) / 2;
  } else {
    plan(fate.arrives, Arrival{record_.messages.size()});
  }
  bytes_ += 128 + message.fields.render().size();
  record_.events.at(message.send_event.value() - 1).sent.push_back(message.id);
  record_.messages.push_back(message);
  if (fate.copy_after.has_value()) {
    message.id += "+1";
    message.fate = Fate::open;
    message.why.clear();
    const NetworkModel::Fate second =
        network_.decide(message.id, message.from, message.to, now_ + *fate.copy_after);
    for (const std::size_t place : second.acted) {
      acted(place);
    }
    message.ends = second.arrives;
    if (!second.lost_why.empty()) {
      message.fate = Fate::lost;
      message.why = second.lost_why;
    } else {
      plan(second.arrives, Arrival{record_.messages.size()});
    }
    record_.events.at(message.send_event.value() - 1).sent.push_back(message.id);
    record_.messages.push_back(std::move(message));
  }
}

}  // namespace

void play(const Parameters& parameters, WorldOptions options, Record& record) {
  World(parameters, std::move(options), record).play();
}

}  // namespace ostraka::lab
