// The checker finds what is wrong: each damage to a good run is named.
#include "lab/testing/record_rules.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::lab {
namespace {

using Json = nlohmann::json;

Json good() {
  return Json::parse(R"({"format":"ostraka-lab-run","version":1,"protocol":"p","title":"P",
    "scenario":"s","scenario_title":"S","seed":1,"parameters":{},"set":{},"interventions":[],
    "command":"ostraka lab run p","processes":[{"name":"a","role":""},{"name":"b","role":""}],
    "steps":[],"end":{"time":30,"reason":"quiet"},"remarks":[],"plots":[],
    "events":[
      {"id":1,"time":0,"process":"a","kind":"start","sent":["a.b.hello.1"],"state":{"x":"1"}},
      {"id":2,"time":10,"process":"b","kind":"receive","message":"a.b.hello.1"},
      {"id":3,"time":10,"process":"b","kind":"note","cause":2,"text":"glad"},
      {"id":4,"time":20,"kind":"partition","text":"partition a | b"}],
    "messages":[{"id":"a.b.hello.1","from":"a","to":"b","kind":"hello","fields":{},"sent":0,
      "send_event":1,"ends":10,"fate":"delivered","receive_event":2}],
    "properties":[{"name":"met","kind":"safety","doc":"","verdict":"held","expected":"held",
      "events":[2],"sentence":""}]})");
}

TEST(RecordRules, AGoodRunBreaksNone) {
  EXPECT_EQ(broken_rules(good().dump()), std::vector<std::string>{});
}

TEST(RecordRules, EachDamageIsNamed) {
  const std::vector<std::pair<std::string, std::function<void(Json&)>>> damages{
      {"version", [](Json& run) { run["version"] = 2; }},
      {"'steps' is no list", [](Json& run) { run.erase("steps"); }},
      {"it ends by", [](Json& run) { run["end"]["reason"] = "boredom"; }},
      {"two processes", [](Json& run) { run["processes"][1]["name"] = "a"; }},
      {"stands at place", [](Json& run) { run["events"][1]["id"] = 7; }},
      {"is earlier than", [](Json& run) { run["events"][3]["time"] = 5; }},
      {"behind the end", [](Json& run) { run["end"]["time"] = 15; }},
      {"of kind 'dance'", [](Json& run) { run["events"][0]["kind"] = "dance"; }},
      {"of a process or of none", [](Json& run) { run["events"][3]["process"] = "a"; }},
      {"unknown process", [](Json& run) { run["events"][0]["process"] = "c"; }},
      {"its message?", [](Json& run) { run["events"][1].erase("message"); }},
      {"does not say so", [](Json& run) { run["events"][1]["message"] = "a.b.hello.2"; }},
      {"of another time or process", [](Json& run) { run["events"][2]["cause"] = 1; }},
      {"shows '7'", [](Json& run) { run["events"][0]["state"] = {{"7", "x"}}; }},
      {"does not send", [](Json& run) { run["events"][0].erase("sent"); }},
      {"is not named by", [](Json& run) { run["messages"][0]["kind"] = "bye"; }},
      {"ends before", [](Json& run) { run["messages"][0]["ends"] = -5; }},
      {"why?", [](Json& run) { run["messages"][0]["why"] = "partition"; }},
      {"by whom?", [](Json& run) { run["messages"][0]["fate"] = "open"; }},
      {"sent by event", [](Json& run) { run["messages"][0]["send_event"] = 3; }},
      {"without a sentence", [](Json& run) { run["properties"][0]["verdict"] = "violated"; }},
      {"names event 9", [](Json& run) { run["properties"][0]["events"] = {9}; }},
  };
  for (const auto& [named, damage] : damages) {
    Json run = good();
    damage(run);
    std::string all;
    for (const std::string& each : broken_rules(run.dump())) {
      all += each + "\n";
    }
    EXPECT_NE(all.find(named), std::string::npos) << named << " not in:\n" << all;
  }
  EXPECT_FALSE(broken_rules("[]").empty());
}

}  // namespace
}  // namespace ostraka::lab
