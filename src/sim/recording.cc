#include "sim/recording.h"

#include "base/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <set>

namespace ostraka::sim {
namespace {

using lab::EventKind;
using lab::Fate;
using lab::RecordEvent;
using lab::RecordMessage;
using protocol::Message;

constexpr std::size_t kOpenMax = 4096;  // of a link; what is older has been lost
constexpr std::array<std::string_view, 5> kRoles{"learner", "follower", "pre-candidate",
                                                 "candidate", "leader"};

struct StepName {
  EventKind kind = EventKind::input;
  std::string_view topic;
  std::string_view text;
};

// In the order of protocol::EventBody.
constexpr std::array<StepName, std::variant_size_v<protocol::EventBody>> kSteps{{
    {EventKind::start, "", "starts"},
    {EventKind::timer, "", "timer"},
    {EventKind::receive, "", "takes"},
    {EventKind::input, "propose", "is asked to write"},
    {EventKind::durable, "", "writes are durable"},
    {EventKind::input, "applied", "has applied entries"},
    {EventKind::input, "read", "is asked to read"},
    {EventKind::input, "change", "is asked for other members"},
    {EventKind::input, "transfer", "is asked to hand over"},
    {EventKind::input, "snapshot_sent", "a snapshot has gone, or not"},
    {EventKind::input, "snapshot_received", "has received a snapshot"},
    {EventKind::input, "snapshot_installed", "its state is the snapshot's"},
    {EventKind::input, "log_compacted", "its log is shorter"},
    {EventKind::input, "peer_unreachable", "loses a connection"},
    {EventKind::input, "campaign", "is asked to stand"},
    {EventKind::input, "step_down", "is asked to give up"},
    {EventKind::input, "disk_space", "its disk has no room, or again"},
}};

// What the codec carries: the copy that arrives is equal in it.
bool is_same(const Message& a, const Message& b) {
  return a.kind == b.kind && a.reject == b.reject && a.flags == b.flags && a.term == b.term &&
         a.index == b.index && a.log_term == b.log_term && a.commit == b.commit &&
         a.hint_index == b.hint_index && a.hint_term == b.hint_term && a.context == b.context &&
         a.stamp == b.stamp && a.entries == b.entries;
}

lab::Fields fields_of(const Message& message) {
  lab::Fields fields{{"term", message.term.value()}};
  const auto put = [&fields](std::string_view name, std::uint64_t number) {
    if (number != 0) {
      fields.set(name, number);
    }
  };
  put("reject", message.reject ? 1 : 0);
  put("index", message.index.value());
  put("log_term", message.log_term.value());
  put("commit", message.commit.value());
  if (!message.entries.empty()) {
    fields.set("entries", fmt::format("{} to {}", message.entries.front().index.value(),
                                      message.entries.back().index.value()));
  }
  put("hint_index", message.hint_index.value());
  put("hint_term", message.hint_term.value());
  return fields;
}

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

// The state that a process shows, brought forward by one event.
void fold(const RecordEvent& event, std::map<std::string, std::string>& shown) {
  if (event.kind == EventKind::crash) {
    shown.clear();
  }
  for (const auto& [key, text] : event.state) {
    shown[key] = text;
  }
}

// Machines that a sentence of a checker names: "node 2", "nodes 1 and 3", "n2".
std::vector<std::uint32_t> machines_in(const std::string& text) {
  static const std::regex kNamed(R"((?:\bnodes? |\bn|\band )(\d{1,2})\b)");
  std::vector<std::uint32_t> machines;
  for (std::sregex_iterator it(text.begin(), text.end(), kNamed), end; it != end; ++it) {
    machines.push_back(static_cast<std::uint32_t>(std::stoul((*it)[1].str())));
  }
  return machines;
}

}  // namespace

void Recording::begin(const std::vector<std::string>& names, KindName kind_name, Clock clock) {
  names_ = names;
  kind_name_ = std::move(kind_name);
  clock_ = std::move(clock);
}

bool Recording::is_recording() const {
  return !is_full_ && !violation_ && (!window_.until || clock_() <= *window_.until);
}

lab::ProcessId Recording::process_of(model::NodeId node) const {
  OSTRAKA_ASSERT(!node.is_none() && node.value() <= names_.size(), "a machine of the world");
  return lab::ProcessId{node.value()};
}

RecordEvent& Recording::add(lab::ProcessId process, EventKind kind, std::string text) {
  prune();
  RecordEvent& event = events_.emplace_back();
  event.id = lab::EventId{forgotten_ + static_cast<std::uint32_t>(events_.size())};
  event.at = clock_();
  event.process = process;
  event.kind = kind;
  event.text = std::move(text);
  return event;
}

// Pauses end without an event of the world.
void Recording::add_resumes() {
  while (!resumes_.empty() && resumes_.begin()->first <= clock_()) {
    const auto [at, process] = *resumes_.begin();
    resumes_.erase(resumes_.begin());
    const base::Instant not_before = events_.empty() ? at : std::max(at, events_.back().at);
    add(process, EventKind::resume, "resumes").at = not_before;
  }
}

void Recording::step(model::NodeId node, const protocol::Event& event) {
  has_step_ = is_recording();
  if (!has_step_) {
    return;
  }
  add_resumes();
  const StepName& name = kSteps.at(event.body.index());
  const lab::ProcessId process = process_of(node);
  RecordEvent& step = add(process, name.kind, std::string(name.text));
  step.topic = name.topic;
  if (name.kind == EventKind::start) {
    up_.insert(process);
    if (!lived_.insert(process).second) {
      step.kind = EventKind::restart;
      step.text = "restarts";
    }
  } else if (const auto* fired = std::get_if<protocol::TimerFired>(&event.body)) {
    step.topic = fmt::format("timer_{}", fired->id.value());
  } else if (const auto* got = std::get_if<protocol::Received>(&event.body)) {
    received(*got->message, step);
  } else if (const auto* applied = std::get_if<protocol::Applied>(&event.body)) {
    show(step, "applied", fmt::format("{}", applied->index.value()));
  }
}

void Recording::received(const Message& message, RecordEvent& event) {
  event.text = fmt::format("takes {} from {}", kind_name_(message.kind),
                           names_.at(process_of(message.from).value() - 1));
  std::deque<OpenMessage>& open = open_[{message.from, message.to}];
  const auto found = std::ranges::find_if(
      open, [&](const OpenMessage& each) { return is_same(each.message, message); });
  if (found == open.end()) {
    return;  // sent before its link was watched
  }
  // A connection keeps its order: what was sent before and is of this kind went with an older one.
  for (auto it = open.begin(); it != found; ++it) {
    if (it->message.kind == message.kind) {
      lose(*it, "its connection broke");
    }
  }
  if (RecordMessage* told = message_at(found->number); told != nullptr) {
    told->fate = Fate::delivered;
    told->why.clear();
    told->ends = event.at;
    told->receive_event = event.id;
    event.message = told->id;
  }
  open.erase(found);
}

RecordMessage* Recording::message_at(std::uint64_t number) {
  return number < forgotten_messages_ ? nullptr : &messages_.at(number - forgotten_messages_);
}

void Recording::lose(const OpenMessage& open, std::string why) {
  RecordMessage* message = message_at(open.number);
  if (message != nullptr && message->fate == Fate::open) {
    message->fate = Fate::lost;
    message->why = std::move(why);
    message->ends = clock_();
  }
}

std::string Recording::id_of(const Message& message) {
  const std::uint64_t count = ++counts_[{message.from, message.to, message.kind}];
  return fmt::format("{}.{}.{}.{}", names_.at(process_of(message.from).value() - 1),
                     names_.at(process_of(message.to).value() - 1), kind_name_(message.kind),
                     count);
}

void Recording::sent(const Message& message) {
  std::string id = id_of(message);  // the same number whatever the window
  if (!has_step_ || message.to == message.from) {
    return;
  }
  RecordEvent& step = events_.back();
  step.sent.push_back(id);
  RecordMessage& told = messages_.emplace_back();
  told.id = std::move(id);
  told.from = process_of(message.from);
  told.to = process_of(message.to);
  told.kind = kind_name_(message.kind);
  told.fields = fields_of(message);
  told.sent = step.at;
  told.ends = step.at;
  told.send_event = step.id;
  const OpenMessage open{forgotten_messages_ + messages_.size() - 1, message};
  if (!up_.contains(told.to)) {
    lose(open, names_.at(told.to.value() - 1) + " is down");
  }
  std::deque<OpenMessage>& link = open_[{message.from, message.to}];
  link.push_back(open);
  if (link.size() > kOpenMax) {
    link.pop_front();
  }
}

void Recording::show(RecordEvent& event, const std::string& key, std::string text) {
  std::string& shown = shown_[event.process][key];
  if (shown != text) {
    shown = text;
    event.state.emplace_back(key, std::move(text));
  }
}

void Recording::stepped(const protocol::Effects& effects, const protocol::Protocol& protocol) {
  if (!has_step_) {
    return;
  }
  has_step_ = false;
  RecordEvent& step = events_.back();
  const protocol::ProtocolStatus status = protocol.status();
  show(step, "role", std::string(kRoles.at(static_cast<std::size_t>(status.role))));
  show(step, "term", fmt::format("{}", status.term.value()));
  show(step, "log",
       fmt::format("{} to {}, durable {}", status.first_index.value(), status.last_index.value(),
                   status.durable_index.value()));
  show(step, "commit", fmt::format("{}", status.commit.value()));
  const bool speaks = !step.sent.empty() || !step.state.empty() || !effects.trace.empty();
  const bool is_quiet_kind = step.kind == EventKind::timer || step.kind == EventKind::durable ||
                             step.kind == EventKind::input;
  if (!speaks && is_quiet_kind) {
    events_.pop_back();
    return;
  }
  const lab::ProcessId process = step.process;
  const lab::EventId cause = step.id;
  for (const protocol::TraceRecord& each : effects.trace) {
    std::string text = protocol.describe(each);
    std::string topic = text.substr(0, text.find(' '));
    RecordEvent& note = add(process, EventKind::note, std::move(text));
    note.topic = std::move(topic);
    note.cause = cause;
  }
}

void Recording::crashed(model::NodeId node) {
  const lab::ProcessId process = process_of(node);
  up_.erase(process);
  std::erase_if(resumes_, [process](const auto& each) { return each.second == process; });
  shown_[process].clear();
  has_step_ = false;
  if (!is_recording()) {
    return;
  }
  add_resumes();
  for (auto& [link, open] : open_) {
    if (link.second == node) {
      for (const OpenMessage& each : open) {
        lose(each, names_.at(process.value() - 1) + " is down");
      }
      open.clear();
    }
  }
  add(process, EventKind::crash, "crashes");
}

void Recording::paused(model::NodeId node, base::Instant until) {
  if (is_recording()) {
    add_resumes();
    add(process_of(node), EventKind::pause, "pauses");
    resumes_[until] = process_of(node);
  }
}

void Recording::cut(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> others;
  std::ranges::copy_if(b, std::back_inserter(others), [&a](const std::string& name) {
    return std::ranges::find(a, name) == a.end();
  });
  std::string text = joined(a) + " | " + joined(others);
  if (is_recording() && std::ranges::find(cuts_, text) == cuts_.end()) {
    add_resumes();
    add(lab::ProcessId(), EventKind::partition, "partition " + text);
    cuts_.push_back(std::move(text));
  }
}

void Recording::healed() {
  for (const std::string& text : cuts_) {
    if (is_recording()) {
      add_resumes();
      add(lab::ProcessId(), EventKind::heal, "healed: " + text);
    }
  }
  cuts_.clear();
}

void Recording::fault(model::NodeId node, const std::string& text) {
  if (is_recording()) {
    add_resumes();
    add(process_of(node), EventKind::note, text).topic = "fault";
  }
}

void Recording::violated(const std::string& text) {
  const auto last = std::ranges::find_if(events_.rbegin(), events_.rend(),
                                         [](const auto& each) { return !each.process.is_none(); });
  if (!is_recording() || last == events_.rend()) {
    violation_ = {lab::EventId(), text};
    return;
  }
  const lab::ProcessId process = last->process;
  RecordEvent& event = add(process, EventKind::note, "violation: " + text);
  event.topic = "violation";
  violation_ = {event.id, text};
  has_step_ = false;
}

void Recording::forget_front() {
  const RecordEvent& event = events_.front();
  before_.take(event);
  ++forgotten_;
  while (!messages_.empty() && messages_.front().send_event.value() <= forgotten_) {
    messages_.pop_front();
    ++forgotten_messages_;
  }
  events_.pop_front();
}

void Recording::Before::take(const RecordEvent& event) {
  if (event.kind == EventKind::partition) {
    cuts.push_back(event.text);
  } else if (event.kind == EventKind::heal) {
    std::erase(cuts, "partition " + event.text.substr(std::string_view("healed: ").size()));
  } else {
    fold(event, shown[event.process]);
  }
  if (event.kind == EventKind::crash) {
    down.insert(event.process);
  } else if (event.kind == EventKind::restart) {
    down.erase(event.process);
  }
}

void Recording::prune() {
  const base::Instant from = window_.from.value_or(clock_() - kLast);
  while (!events_.empty() && events_.front().at < from) {
    forget_front();
  }
  if (events_.size() < kEventsMax) {
    return;
  }
  if (window_.from) {
    is_full_ = true;
  } else {
    forget_front();
  }
}

// What the machines are when the window begins, so that it can be read without what came before.
void Recording::tell_before(lab::Record& record) const {
  const base::Instant at = events_.empty() ? clock_() : events_.front().at;
  const auto tell = [&](lab::ProcessId process, EventKind kind, std::string text) -> RecordEvent& {
    RecordEvent& event = record.events.emplace_back();
    event.at = at;
    event.process = process;
    event.kind = kind;
    event.text = std::move(text);
    return event;
  };
  for (const std::string& text : before_.cuts) {
    tell(lab::ProcessId(), EventKind::partition, text);
  }
  for (const auto& [process, shown] : before_.shown) {
    if (before_.down.contains(process)) {
      tell(process, EventKind::crash, "is down when this record begins");
      continue;
    }
    RecordEvent& note = tell(process, EventKind::note, "stands like this when the record begins");
    note.topic = "before";
    note.state.assign(shown.begin(), shown.end());
  }
}

void Recording::number_events(lab::Record& record) {
  std::set<std::string> known;
  for (const RecordMessage& message : messages_) {
    known.insert(message.id);
  }
  const auto added = static_cast<std::uint32_t>(record.events.size());
  const auto renumber = [&](lab::EventId& id) {
    id = id.value() <= forgotten_ ? lab::EventId() : lab::EventId{id.value() - forgotten_ + added};
  };
  for (RecordEvent& event : events_) {
    renumber(event.cause);
    if (event.kind == EventKind::receive && !known.contains(event.message)) {
      event.kind = EventKind::note;
      event.topic = "takes";
      event.message.clear();
      event.text += ", sent before this record begins";
    }
    record.events.push_back(std::move(event));
  }
  for (std::size_t i = 0; i < record.events.size(); ++i) {
    record.events[i].id = lab::EventId{static_cast<std::uint32_t>(i + 1)};
  }
  for (RecordMessage& message : messages_) {
    renumber(message.send_event);
    renumber(message.receive_event);
    if (message.fate == Fate::open) {
      message.ends = record.end;
    }
    record.messages.push_back(std::move(message));
  }
  if (violation_) {
    renumber(violation_->first);
  }
}

void Recording::judge(lab::Record& record) const {
  lab::Judgement& it = record.properties.emplace_back();
  it.name = "safety";
  it.doc =
      "The invariants of the engine after every event, the verdicts of the workloads at the "
      "end.";
  it.verdict = violation_ ? lab::Verdict::violated : lab::Verdict::held;
  if (!violation_) {
    return;
  }
  it.sentence = violation_->second;
  // What is wrong shows in the last steps of those that the sentence names.
  for (const std::uint32_t machine : machines_in(violation_->second)) {
    const auto last = std::ranges::find_if(
        record.events.rbegin(), record.events.rend(), [&](const RecordEvent& each) {
          return each.process.value() == machine && each.topic != "violation";
        });
    if (last != record.events.rend() && std::ranges::find(it.events, last->id) == it.events.end()) {
      it.events.push_back(last->id);
    }
  }
  if (!violation_->first.is_none()) {
    it.events.push_back(violation_->first);
  }
  std::ranges::sort(it.events);
}

lab::Record Recording::finish() {
  lab::Record record;
  record.protocol = "sim";
  record.title = "A simulated cluster";
  for (const std::string& name : names_) {
    record.processes.push_back({name, "machine"});
  }
  record.end = window_.until ? std::min(*window_.until, clock_()) : clock_();
  if (violation_ && !violation_->first.is_none()) {
    record.end = events_.back().at;
  }
  record.end_reason = is_full_ ? lab::EndReason::event_limit : lab::EndReason::time_limit;
  if (forgotten_ != 0) {
    tell_before(record);
    record.remarks.push_back(
        fmt::format("A part of the run: {} earlier events are not in this record. --from and --to "
                    "of 'ostraka sim' choose another part.",
                    forgotten_));
  }
  if (is_full_) {
    record.end = events_.back().at;
    record.remarks.push_back(
        fmt::format("Cut after {} events. A shorter part of the run fits.", kEventsMax));
  }
  if (violation_ && violation_->first.is_none()) {
    record.remarks.push_back("The violation is not within this part of the run.");
  }
  number_events(record);
  judge(record);
  return record;
}

}  // namespace ostraka::sim
