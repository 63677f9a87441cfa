// The worked examples of Lamport clocks and mutual exclusion: testdata/PROTOCOL_SCENARIO.txt.
// OSTRAKA_GOLDEN=update writes them; read the difference before it is committed.
#include "lab/core/export.h"
#include "lab/protocols/all.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace ostraka::lab {
namespace {

Record run_of(std::string protocol, std::string scenario) {
  auto record = all_protocols().run({.protocol = std::move(protocol),
                                     .scenario = std::move(scenario),
                                     .seed = 1,
                                     .set = {},
                                     .interventions = {}});
  EXPECT_TRUE(record.has_value());
  return record.has_value() ? std::move(*record) : Record();
}

void compare(const Record& record) {
  const std::string path = "testdata/" + record.protocol + "_" + record.scenario + ".txt";
  const std::string listing = to_listing(record);
  const char* mode = std::getenv("OSTRAKA_GOLDEN");  // NOLINT(concurrency-mt-unsafe)
  if (mode != nullptr && std::string_view(mode) == "update") {
    std::ofstream(path, std::ios::binary) << listing;
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream kept;
  kept << file.rdbuf();
  EXPECT_EQ(kept.str(), listing) << path;
}

std::vector<std::string> texts_of(const Record& record, std::string_view topic) {
  std::vector<std::string> texts;
  for (const RecordEvent& event : record.events) {
    if (event.topic == topic && event.kind != EventKind::input) {
      texts.push_back(record.name_of(event.process) + " " + event.text);
    }
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(LamportClock, WorkedExample) {
  const Record record = run_of("lamport_clock", "worked_example");
  EXPECT_EQ(texts_of(record, "event"),
            (Texts{"p1 event a at [1:1]", "p2 event f at [1:2]", "p1 event b at [2:1]",
                   "p1 event e at [3:1]", "p2 event c at [3:2]", "p2 event d at [4:2]"}));
  compare(record);
}

TEST(LamportMutex, WorkedExampleOfAQueue) {
  const Record record = run_of("lamport_mutex", "queue");
  EXPECT_EQ(texts_of(record, "request"),
            (Texts{"p0 requests the lock with [1:0]", "p1 requests the lock with [4:1]"}));
  EXPECT_EQ(texts_of(record, "queue"),
            Texts{"p1 everyone has answered, but [1:0] is before [4:1]"});
  EXPECT_EQ(texts_of(record, "enter"), (Texts{"p0 has the lock", "p1 has the lock"}));
  compare(record);
}

TEST(LamportMutex, WorkedExampleOfARace) {
  const Record record = run_of("lamport_mutex", "race");
  EXPECT_EQ(texts_of(record, "request"),
            (Texts{"p0 requests the lock with [25:0]", "p2 requests the lock with [20:2]"}));
  EXPECT_EQ(texts_of(record, "queue"),
            Texts{"p0 everyone has answered, but [20:2] is before [25:0]"});
  EXPECT_EQ(texts_of(record, "enter"), (Texts{"p2 has the lock", "p0 has the lock"}));
  compare(record);
}

}  // namespace
}  // namespace ostraka::lab
