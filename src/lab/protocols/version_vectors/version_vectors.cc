#include "lab/protocols/version_vectors/version_vectors.h"

#include "base/prng.h"
#include "lab/protocols/version_vectors/siblings.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace ostraka::lab {
namespace {

using versions::Siblings;
using versions::Stamping;
using versions::VersionVector;

enum Step : int { read = 1, write, compare, copy };

struct Cast {
  explicit Cast(const Parameters& parameters)
      : servers(static_cast<std::uint32_t>(parameters["servers"])),
        clients(static_cast<std::uint32_t>(parameters["clients"])) {}
  std::uint32_t servers;  // s1, s2, … come first
  std::uint32_t clients;  // then c1, c2, …
};

List list_of(const std::vector<std::string>& values) {
  List list;
  for (const std::string& value : values) {
    list.emplace_back(value);
  }
  return list;
}

// Operations: get(server), put(server, value); `server` is its number.
class Client final : public Process {
 public:
  void step(const Event& event, Effects& effects) override {
    if (const auto* input = std::get_if<Input>(&event.body)) {
      const ProcessId server{static_cast<std::uint32_t>(input->fields.integer("server"))};
      if (input->kind == "get") {
        effects.at(Step::read);
        effects.send(server, "get");
        return;
      }
      const std::string& value = input->fields.text("value");
      effects.at(Step::write);
      effects.output("write", {{"value", value}}, "writes " + value);
      effects.send(server, "put", {{"value", value}, {"context", versions::to_list(context_)}});
    } else if (const auto* received = std::get_if<Received>(&event.body)) {
      const Fields& fields = received->message->fields;
      if (received->message->kind == "values") {
        effects.at(Step::read);
        context_ = versions::vector_from(fields.list("context"));
        effects.show("context", fields["context"].render());
        effects.output("read", {{"values", fields["values"]}},
                       "reads " + fields["values"].render());
      } else {
        effects.output("written", {{"value", fields["value"]}});
      }
    }
  }

 private:
  VersionVector context_;  // of the last read
};

class Server final : public Process {
 public:
  Server(const Birth& birth, const Parameters& parameters)
      : self_(birth.self),
        cast_(parameters),
        siblings_(versions::make_siblings(static_cast<Stamping>(parameters["stamping"]))) {
    if (const auto kept = birth.storage->find("kept"); kept != birth.storage->end()) {
      siblings_->merge(kept->second.list());
    }
  }

  void step(const Event& event, Effects& effects) override {
    const auto* received = std::get_if<Received>(&event.body);
    if (received == nullptr) {
      return;
    }
    const Message& message = *received->message;
    if (message.kind == "get") {
      effects.at(Step::read);
      effects.send(received->from, "values",
                   {{"values", list_of(siblings_->values())},
                    {"context", versions::to_list(siblings_->context())}});
    } else if (message.kind == "put") {
      effects.at(Step::compare);
      siblings_->put(
          message.fields.text("value"), versions::vector_from(message.fields.list("context")),
          versions::ActorId{self_.value()}, (event.now - base::Instant()).as_microseconds());
      store(effects);
      effects.send_after_durable(received->from, "written", {{"value", message.fields["value"]}});
      effects.at(Step::copy);
      for (std::uint32_t i = 1; i <= cast_.servers; ++i) {
        if (ProcessId{i} != self_) {
          effects.send_after_durable(
              ProcessId{i}, "copy",
              {{"values", list_of(siblings_->values())}, {"versions", siblings_->export_all()}});
        }
      }
    } else {
      effects.at(Step::copy);
      siblings_->merge(message.fields.list("versions"));
      store(effects);
    }
  }

 private:
  void store(Effects& effects) const {
    const Value values = list_of(siblings_->values());
    effects.write("kept", siblings_->export_all());
    effects.show("values", values.render());
    effects.show("knows", Value(versions::to_list(siblings_->context())).render());
    effects.output("stored", {{"values", values}}, "keeps " + values.render());
  }

  ProcessId self_;
  Cast cast_;
  std::unique_ptr<Siblings> siblings_;
};

Operation get(std::int64_t ms, std::int64_t client, std::int64_t server) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = fmt::format("c{}", client),
          .kind = "get",
          .fields = {{"server", server}}};
}

Operation put(std::int64_t ms, std::int64_t client, std::int64_t server, std::string value) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = fmt::format("c{}", client),
          .kind = "put",
          .fields = {{"server", server}, {"value", std::move(value)}}};
}

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  const Cast cast(parameters);
  Setup setup;
  for (std::uint32_t i = 1; i <= cast.servers; ++i) {
    setup.processes.push_back({fmt::format("s{}", i), "server", [parameters](const Birth& birth) {
                                 return std::make_unique<Server>(birth, parameters);
                               }});
  }
  for (std::uint32_t i = 1; i <= cast.clients; ++i) {
    setup.processes.push_back(
        {fmt::format("c{}", i), "client", [](const Birth&) { return std::make_unique<Client>(); }});
  }
  base::Prng prng(context.seed);
  for (std::int64_t i = 1; i <= parameters["operations"]; ++i) {
    const std::int64_t client = prng.between(1, cast.clients);
    const std::int64_t server = prng.between(1, cast.servers);
    setup.inputs.push_back(prng.chance(1, 2) ? get(15 * i, client, server)
                                             : put(15 * i, client, server, fmt::format("w{}", i)));
  }
  return setup;
}

// What each write's client had read when it wrote, and what those had seen in their turn.
class Seen {
 public:
  explicit Seen(const Record& record) {
    std::map<ProcessId, std::set<std::string>> read;
    for (const RecordEvent& event : record.events) {
      if (event.kind == EventKind::restart) {
        read[event.process].clear();
      } else if (event.kind == EventKind::output && event.topic == "read") {
        read[event.process] = values_of(event);
      } else if (event.kind == EventKind::output && event.topic == "write") {
        const std::string& value = event.fields.text("value");
        writes_[value] = event.id;
        for (const std::string& before : read[event.process]) {
          seen_[value].insert(before);
          seen_[value].insert(seen_[before].begin(), seen_[before].end());
        }
      }
    }
  }

  static std::set<std::string> values_of(const RecordEvent& event) {
    std::set<std::string> values;
    for (const Value& each : event.fields.list("values")) {
      values.insert(each.text());
    }
    return values;
  }

  // The writer of `later` had read `value`, or something that replaced it.
  [[nodiscard]] bool has(const std::string& later, const std::string& value) const {
    const auto it = seen_.find(later);
    return it != seen_.end() && it->second.contains(value);
  }
  [[nodiscard]] EventId write_of(const std::string& value) const { return writes_.at(value); }

 private:
  std::map<std::string, std::set<std::string>> seen_;
  std::map<std::string, EventId> writes_;
};

// Whatever a server had and was offered is there afterwards, or something that has seen it.
void check_losses(const Record& record, const RecordEvent& stored,
                  const std::set<std::string>& before, const Seen& seen, Judge& judge) {
  const std::set<std::string> kept = Seen::values_of(stored);
  for (const std::string& value : before) {
    if (!kept.contains(value) && std::ranges::none_of(kept, [&](const std::string& each) {
          return seen.has(each, value);
        })) {
      judge.violated("no_lost_write", {seen.write_of(value), stored.id},
                     fmt::format("{} drops {}, which nobody has read and replaced",
                                 record.name_of(stored.process), value));
    }
  }
  for (const std::string& one : kept) {
    for (const std::string& other : kept) {
      if (seen.has(other, one)) {
        judge.violated("true_siblings", {seen.write_of(one), seen.write_of(other), stored.id},
                       fmt::format("{} keeps {} beside {}, whose writer had read it",
                                   record.name_of(stored.process), one, other));
      }
    }
  }
}

void check(const RunContext& context, const Record& record, Judge& judge) {
  const Cast cast(context.parameters);
  const Seen seen(record);
  std::map<std::string_view, const RecordMessage*> messages;
  for (const RecordMessage& message : record.messages) {
    messages[message.id] = &message;
  }
  std::map<ProcessId, std::set<std::string>> kept;
  std::vector<EventId> last;
  for (const RecordEvent* stored : outputs_of(record, "stored")) {
    std::set<std::string> before = kept[stored->process];
    const Fields& offered = messages.at(record.event(stored->cause).message)->fields;
    if (offered.has("value")) {
      before.insert(offered.text("value"));
    } else {
      for (const Value& each : offered.list("values")) {
        before.insert(each.text());
      }
    }
    check_losses(record, *stored, before, seen, judge);
    kept[stored->process] = Seen::values_of(*stored);
    last.push_back(stored->id);
  }
  bool is_equal = true;
  std::size_t most = 0;
  for (std::uint32_t i = 1; i <= cast.servers; ++i) {
    is_equal = is_equal && kept[ProcessId{i}] == kept[ProcessId{1}];
    most = std::max(most, kept[ProcessId{i}].size());
  }
  const std::size_t writes = outputs_of(record, "write").size();
  const std::size_t written = outputs_of(record, "written").size();
  if (last.size() > cast.servers) {
    last.erase(last.begin(), last.end() - cast.servers);
  }
  judge.eventually("convergence", is_equal && written >= writes, last,
                   fmt::format("{} of {} writes were acknowledged, servers keep {} values, {}",
                               written, writes, most, is_equal ? "the same" : "not the same"));
}

void plot(const RunContext& context, const Record& record, std::vector<Plot>& plots) {
  Plot plot{.name = "siblings",
            .title = "Values kept side by side",
            .x_label = "true time, ms",
            .y_label = "values"};
  for (std::uint32_t i = 1; i <= Cast(context.parameters).servers; ++i) {
    plot.series.push_back({.name = fmt::format("s{}", i)});
  }
  for (const RecordEvent* each : outputs_of(record, "stored")) {
    plot.series.at(each->process.value() - 1)
        .points.emplace_back(static_cast<double>((each->at - base::Instant()).as_milliseconds()),
                             static_cast<double>(each->fields.list("values").size()));
  }
  plots.push_back(std::move(plot));
}

// Each client writes with what it read before the other's write came between.
std::vector<Operation> interleaved() {
  std::vector<Operation> all;
  for (std::int64_t round = 0; round < 6; ++round) {
    const std::int64_t at = round * 80;
    all.push_back(get(at, 1, 1));
    all.push_back(put(at + 20, 2, 1, fmt::format("b{}", round + 1)));
    all.push_back(get(at + 40, 2, 1));
    all.push_back(put(at + 60, 1, 1, fmt::format("a{}", round + 1)));
  }
  return all;
}

std::vector<Operation> two_blind_writes(std::int64_t server_of_second) {
  return {put(0, 1, 1, "milk"), put(40, 2, server_of_second, "bread"), get(80, 1, 1)};
}

std::vector<Setting> steady_with(std::vector<Setting> more) {
  more.insert(more.end(), {{"operations", "0"}, {"delay_min", "5"}, {"delay_max", "5"}});
  return more;
}

std::vector<Scenario> scenarios() {
  return {{.name = "exchange",
           .kind = ScenarioKind::normal,
           .title = "Two clients read and write through two servers as it comes"},
          {.name = "last_write",
           .kind = ScenarioKind::famous_failure,
           .title = "Time stamps, the last write wins: the other is lost without a word",
           .set = steady_with({{"stamping", "last_write"}}),
           .inputs = two_blind_writes(2),
           .expect = {{"no_lost_write", Verdict::violated}}},
          {.name = "two_servers",
           .kind = ScenarioKind::famous_fix,
           .title = "Version vectors, an entry per server: writes of two servers are concurrent",
           .set = steady_with({{"stamping", "vector_per_value"}}),
           .inputs = {put(0, 1, 1, "milk"), put(2, 2, 2, "bread"), get(40, 1, 1)}},
          {.name = "one_server",
           .kind = ScenarioKind::famous_failure,
           .title = "The same vectors, both writes through one server: the second hides the first",
           .set = steady_with({{"stamping", "vector_per_value"}}),
           .inputs = two_blind_writes(1),
           .expect = {{"no_lost_write", Verdict::violated}}},
          {.name = "explosion",
           .kind = ScenarioKind::famous_failure,
           .title = "One vector over all values of a server: stale contexts multiply siblings",
           .set = steady_with({{"stamping", "vector_per_server"}}),
           .inputs = interleaved(),
           .expect = {{"true_siblings", Verdict::violated}}},
          {.name = "dotted",
           .kind = ScenarioKind::famous_fix,
           .title = "The same writes with dotted versions: never more than two siblings",
           .set = steady_with({}),
           .inputs = interleaved()},
          {.name = "dotted_one_server",
           .kind = ScenarioKind::famous_fix,
           .title = "Two blind writes through one server, dotted: both are kept",
           .set = steady_with({}),
           .inputs = two_blind_writes(1)}};
}

}  // namespace

const Declaration& version_vectors() {
  static const Declaration kDeclaration{
      .name = "version_vectors",
      .title = "Version vectors and dotted version vectors",
      .family = "time and order",
      .summary = "Which of two writes has seen the other: replace, or keep both.",
      .assumptions =
          {"A client has seen what it last read, and hands the context of that read to its write.",
           "A write reaches its server at most once: one that arrives twice is two writes.",
           "A server comes back from a crash with what it had on stable storage.",
           "Copies between servers arrive; nothing repeats those that are lost."},
      .steps =
          {{"A read gives all values that are kept, and a context: a vector of what was seen.",
            "DeCandia and others 2007, section 4.4; Preguica and others 2010, section 2"},
           {"A write carries the context of the last read.",
            "DeCandia and others 2007, section 4.4; Preguica and others 2010, section 2"},
           {"The server makes a new event for the write, drops what the context covers and keeps "
            "the rest beside it.",
            "Preguica and others 2010, section 4"},
           {"Servers send each other what they keep; of two versions one is dropped only if the "
            "other's writer had seen it.",
            "Preguica and others 2010, section 4"}},
      .parameters = {{"servers", 1, 4, 2, "", "processes s1, s2, …"},
                     {"clients", 1, 6, 2, "", "processes c1, c2, …"},
                     {"operations", 0, 100, 24, "", "reads and writes drawn from the seed"},
                     {"stamping",
                      0,
                      3,
                      0,
                      "",
                      "of versions",
                      {"dotted", "vector_per_value", "vector_per_server", "last_write"}}},
      .properties = {{"no_lost_write", PropertyKind::safety,
                      "A value goes only when one comes whose writer had seen it."},
                     {"true_siblings", PropertyKind::safety,
                      "No value is kept beside one whose writer had seen it."},
                     {"convergence", PropertyKind::liveness,
                      "All writes are acknowledged, and all servers keep the same values."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check,
      .plot = plot};
  return kDeclaration;
}

}  // namespace ostraka::lab
