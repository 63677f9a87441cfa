#include "lab/testing/record_rules.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>

namespace ostraka::lab {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMost = 20;

bool is_name(const std::string& text) {
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z' && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

class Rules {
 public:
  explicit Rules(const Json& run) : run_(run) {}

  std::vector<std::string> check() {
    head();
    if (broken_.empty()) {
      for (const Json& message : run_["messages"]) {
        messages_.emplace(message.value("id", ""), &message);
      }
      events();
      messages();
      properties();
    }
    return broken_;
  }

 private:
  template <typename... Args>
  void need(bool condition, fmt::format_string<Args...> text, Args&&... args) {
    if (!condition && broken_.size() < kMost) {
      broken_.push_back(fmt::format(text, std::forward<Args>(args)...));
    }
  }

  void head() {
    need(run_.value("format", "") == "ostraka-lab-run", "the format is not ostraka-lab-run");
    need(run_.value("version", 0) == 1, "the version is not 1");
    for (const char* key : {"protocol", "title", "scenario", "scenario_title", "command"}) {
      need(run_.contains(key) && run_[key].is_string(), "'{}' is no text", key);
    }
    for (const char* key : {"interventions", "processes", "steps", "remarks", "events", "messages",
                            "properties", "plots"}) {
      need(run_.contains(key) && run_[key].is_array(), "'{}' is no list", key);
    }
    need(run_.contains("seed") && run_["seed"].is_number_unsigned(), "the seed is no number");
    if (!broken_.empty()) {
      return;
    }
    for (const Json& process : run_["processes"]) {
      need(is_name(process.value("name", "")), "a process is named '{}'",
           process.value("name", ""));
      need(names_.insert(process.value("name", "")).second, "two processes are named {}",
           process.value("name", ""));
    }
    need(!names_.empty(), "there is no process");
    static const std::set<std::string> kReasons{"quiet", "time_limit", "event_limit",
                                                "output_limit"};
    const Json end = run_.value("end", Json::object());
    need(kReasons.contains(end.value("reason", "")), "it ends by '{}'", end.value("reason", ""));
    end_ = end.value("time", std::int64_t{-1});
  }

  void events() {
    std::int64_t before = 0;
    for (const Json& event : run_["events"]) {
      const auto id = event.value("id", std::uint64_t{0});
      need(id == times_.size() + 1, "event {} stands at place {}", id, times_.size() + 1);
      const auto time = event.value("time", std::int64_t{-1});
      need(time >= before, "event {} is earlier than the one before it", id);
      need(time <= end_, "event {} is behind the end of the run", id);
      before = time;
      times_.push_back(time);
      this->event(event, id);
    }
  }

  void event(const Json& event, std::uint64_t id) {
    static const std::set<std::string> kKinds{"start",  "receive",   "timer", "input",   "durable",
                                              "note",   "output",    "crash", "restart", "pause",
                                              "resume", "partition", "heal"};
    const std::string kind = event.value("kind", "");
    need(kKinds.contains(kind), "event {} is of kind '{}'", id, kind);
    const bool is_of_world = kind == "partition" || kind == "heal";
    need(event.contains("process") != is_of_world, "event {}, {}: of a process or of none?", id,
         kind);
    need(is_of_world || names_.contains(event.value("process", "")),
         "event {} is of the unknown process '{}'", id, event.value("process", ""));
    need((kind == "receive") == event.contains("message"), "event {}, {}: its message?", id, kind);
    need(!event.value("text", "").contains('\n'), "the text of event {} has several lines", id);
    if (kind == "receive") {
      const auto found = messages_.find(event.value("message", ""));
      need(found != messages_.end() && found->second->value("receive_event", 0ULL) == id,
           "event {} takes a message that does not say so", id);
    }
    if (event.contains("cause")) {
      const auto cause = event.value("cause", std::uint64_t{0});
      need(cause > 0 && cause < id, "the cause of event {} is event {}", id, cause);
      if (cause > 0 && cause < id) {
        const Json& step = run_["events"][cause - 1];
        need(step.value("time", 0LL) == times_.back() &&
                 step.value("process", "") == event.value("process", ""),
             "event {} was said by event {}, of another time or process", id, cause);
      }
    }
    for (const Json& sent : event.value("sent", Json::array())) {
      const auto found = messages_.find(sent.get<std::string>());
      need(found != messages_.end() && found->second->value("send_event", 0ULL) == id,
           "event {} sends {}, which does not say so", id, sent.get<std::string>());
    }
    for (const auto& [key, text] : event.value("state", Json::object()).items()) {
      // A number as a name would lose its place in some readers.
      need(!key.empty() && !(key[0] >= '0' && key[0] <= '9') && text.is_string(),
           "event {} shows '{}'", id, key);
    }
  }

  void messages() {
    need(messages_.size() == run_["messages"].size(), "two messages have one identity");
    std::int64_t before = 0;
    for (const Json& message : run_["messages"]) {
      const auto sent = message.value("sent", std::int64_t{-1});
      need(sent >= before, "message {} was sent before the one before it", message.value("id", ""));
      before = sent;
      this->message(message, sent);
    }
  }

  void message(const Json& message, std::int64_t sent) {
    const std::string id = message.value("id", "");
    const std::string kind = message.value("kind", "");
    need(is_name(kind), "message {} is of kind '{}'", id, kind);
    const std::string stem =
        fmt::format("{}.{}.{}.", message.value("from", ""), message.value("to", ""), kind);
    need(id.starts_with(stem), "message {} is not named by {}", id, stem);
    need(names_.contains(message.value("from", "")) && names_.contains(message.value("to", "")),
         "message {} is between unknown processes", id);
    for (const auto& [key, value] : message.value("fields", Json::object()).items()) {
      need(is_name(key), "message {} has the field '{}'", id, key);
    }
    const auto send_event = message.value("send_event", std::uint64_t{0});
    const auto ends = message.value("ends", std::int64_t{-1});
    need(is_at(send_event, sent), "message {} is sent by event {}, of another time", id,
         send_event);
    need(ends >= sent, "message {} ends before it is sent", id);
    const std::string fate = message.value("fate", "");
    need(fate == "delivered" || fate == "lost" || fate == "open", "message {} is '{}'", id, fate);
    need((fate == "lost") == message.contains("why"), "message {}, {}: why?", id, fate);
    need((fate == "delivered") == message.contains("receive_event"), "message {}, {}: by whom?", id,
         fate);
    if (fate == "delivered") {
      const auto by = message.value("receive_event", std::uint64_t{0});
      need(is_at(by, ends) && by > send_event, "message {} arrives at event {}", id, by);
      need(!is_at(by, ends) || run_["events"][by - 1].value("message", "") == id,
           "event {} does not take message {}", by, id);
    }
    if (send_event > 0 && send_event <= times_.size()) {
      const Json sents = run_["events"][send_event - 1].value("sent", Json::array());
      need(std::ranges::find(sents, Json(id)) != sents.end(), "event {} does not send {}",
           send_event, id);
    }
  }

  [[nodiscard]] bool is_at(std::uint64_t event, std::int64_t time) const {
    return event > 0 && event <= times_.size() && times_[event - 1] == time;
  }

  void properties() {
    for (const Json& property : run_["properties"]) {
      const std::string name = property.value("name", "");
      const std::string verdict = property.value("verdict", "");
      const std::string kind = property.value("kind", "");
      need(is_name(name), "a property is named '{}'", name);
      need(kind == "safety" || kind == "liveness", "{} is a '{}' property", name, kind);
      need(verdict == "held" || verdict == "violated" || verdict == "open", "{} is '{}'", name,
           verdict);
      need(verdict != "violated" || !property.value("sentence", "").empty(),
           "{} is violated without a sentence", name);
      for (const Json& event : property.value("events", Json::array())) {
        need(event.get<std::uint64_t>() > 0 && event.get<std::uint64_t>() <= times_.size(),
             "{} names event {}", name, event.get<std::uint64_t>());
      }
    }
  }

  const Json& run_;
  std::vector<std::string> broken_;
  std::set<std::string> names_;
  std::map<std::string, const Json*> messages_;
  std::vector<std::int64_t> times_;  // of the events so far
  std::int64_t end_ = 0;
};

}  // namespace

std::vector<std::string> broken_rules(std::string_view json) {
  const Json run = Json::parse(json, nullptr, false);
  if (!run.is_object()) {
    return {"it is no JSON object"};
  }
  return Rules(run).check();
}

}  // namespace ostraka::lab
