#include "cli/history_jsonl.h"

#include "check/linearizability.h"

#include <gtest/gtest.h>

namespace ostraka::cli {
namespace {

check::Verdict judge(const std::string& text, check::Model model = check::Model::value) {
  const base::Result<RecordedHistory> history = parse_history(text, model);
  EXPECT_TRUE(history.has_value()) << (history ? "" : history.error().context);
  return check::check_linearizable(model, history->operations).verdict;
}

std::string error_of(const std::string& text) {
  const base::Result<RecordedHistory> history = parse_history(text, check::Model::value);
  return history.has_value() ? "" : history.error().context;
}

TEST(HistoryJsonl, WithoutTimesTheOrderOfTheFileCounts) {
  EXPECT_EQ(judge(R"({"process":0,"type":"invoke","f":"write","key":"k","value":"a"}
{"process":0,"type":"ok","f":"write","key":"k","value":"a"}
{"process":1,"type":"invoke","f":"read","key":"k","value":null}
{"process":1,"type":"ok","f":"read","key":"k","value":"a"}
)"),
            check::Verdict::valid);
  EXPECT_EQ(judge(R"({"process":0,"type":"invoke","f":"write","key":"k","value":"a"}
{"process":0,"type":"ok","f":"write","key":"k","value":"a"}
{"process":1,"type":"invoke","f":"read","key":"k","value":null}
{"process":1,"type":"ok","f":"read","key":"k","value":null}
)"),
            check::Verdict::invalid);
}

TEST(HistoryJsonl, FailIsLeftOutAndInfoAndSilenceAreUnknown) {
  EXPECT_EQ(judge(R"({"process":0,"type":"invoke","f":"write","key":"k","value":1,"time":1}
{"process":0,"type":"fail","f":"write","key":"k","value":1,"time":2}
{"process":1,"type":"invoke","f":"read","key":"k","value":null,"time":3}
{"process":1,"type":"ok","f":"read","key":"k","value":1,"time":4}
)"),
            check::Verdict::invalid);
  for (const char* answer :
       {"", R"({"process":0,"type":"info","f":"write","key":"k","value":1})"}) {
    EXPECT_EQ(judge(std::string(R"({"process":0,"type":"invoke","f":"write","key":"k","value":1}
)") + answer + R"(
{"process":1,"type":"invoke","f":"read","key":"k","value":null}
{"process":1,"type":"ok","f":"read","key":"k","value":1}
)"),
              check::Verdict::valid);
  }
}

TEST(HistoryJsonl, CasCarriesItsResultAndCountersAdd) {
  EXPECT_EQ(judge(R"({"process":0,"type":"invoke","f":"cas","key":"k","value":[null,5]}
{"process":0,"type":"ok","f":"cas","key":"k","value":[null,5],"result":true}
{"process":0,"type":"invoke","f":"cas","key":"k","value":[null,6]}
{"process":0,"type":"ok","f":"cas","key":"k","value":[null,6],"result":true}
)"),
            check::Verdict::invalid);
  EXPECT_EQ(judge(R"({"process":0,"type":"invoke","f":"add","key":"k","value":2}
{"process":0,"type":"ok","f":"add","key":"k","value":2}
{"process":0,"type":"invoke","f":"read","key":"k","value":null}
{"process":0,"type":"ok","f":"read","key":"k","value":2}
)",
                  check::Model::counter),
            check::Verdict::valid);
}

TEST(HistoryJsonl, BadInputIsRefusedWithItsLine) {
  EXPECT_EQ(error_of("{}\n").substr(0, 7), "line 1:");
  EXPECT_EQ(error_of("\nnonsense\n"), "line 2: not a JSON object");
  EXPECT_NE(error_of(R"({"process":0,"type":"ok","f":"read"})").find("without an invocation"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"process":0,"type":"invoke","f":"jump","key":"k"})").find("'jump'"),
            std::string::npos);
}

TEST(HistoryJsonl, RefusesTimesBeyond64Bits) {
  EXPECT_EQ(error_of(R"({"process":1,"type":"invoke","f":"read","time":1e300})"),
            "line 1: \"time\" is beyond what 64 bits hold");
  EXPECT_EQ(error_of(R"({"process":1,"type":"invoke","f":"read","time":-9.1e18})"), "");
}

TEST(HistoryJsonl, RefusesDeepValues) {
  const std::string deep = std::string(400'000, '[') + std::string(400'000, ']');
  EXPECT_EQ(error_of(R"({"process":1,"type":"invoke","f":"write","value":)" + deep + "}"),
            "line 1: too deep");
}

}  // namespace
}  // namespace ostraka::cli
