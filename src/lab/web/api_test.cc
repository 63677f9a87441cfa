#include "lab/web/api.h"

#include "lab/core/export.h"
#include "lab/protocols/all.h"
#include "lab/web/assets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ostraka::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

base::Result<RunRequest> request_from(std::string_view text) {
  OSTRAKA_ASSIGN(const Query query, parse_query(text));
  return request_of(query);
}

std::string problem_of(std::string_view text) {
  const auto request = request_from(text);
  return request.has_value() ? "" : request.error().context;
}

TEST(LabQuery, HoldsAWholeRun) {
  const auto request = request_from(
      "protocol=basic_paxos&scenario=duel&seed=7&set=loss:10,back_off:none&"
      "do=drop+p1.a2.accept.1;crash%20a3%20at%2050ms");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->protocol, "basic_paxos");
  EXPECT_EQ(request->scenario, "duel");
  EXPECT_EQ(request->seed, 7U);
  EXPECT_EQ(request->set, (std::vector<std::pair<std::string, std::string>>{{"loss", "10"},
                                                                            {"back_off", "none"}}));
  EXPECT_EQ(request->interventions,
            (std::vector<std::string>{"drop p1.a2.accept.1", "crash a3 at 50ms"}));
}

// The link of a record asks for that record.
TEST(LabQuery, ReturnsToTheSameRun) {
  const RunRequest request{
      .protocol = "basic_paxos",
      .scenario = "one_proposer",
      .seed = 9,
      .set = {{"loss", "5"}},
      .interventions = {"duplicate p1.a1.prepare.1+1", "partition p1|a1,a2 at 10ms until 30ms"}};
  const auto record = all_protocols().run(request);
  ASSERT_TRUE(record.has_value()) << record.error().context;
  const auto again = request_from(query_of(*record));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(to_json(*all_protocols().run(*again)), to_json(*record));
}

TEST(LabQuery, SaysWhatIsWrong) {
  EXPECT_EQ(problem_of(""), "protocol=NAME is missing");
  EXPECT_THAT(problem_of("protocol=x&seed=minus"), HasSubstr("seed is 'minus'"));
  EXPECT_THAT(problem_of("protocol=x&seeed=1"), HasSubstr("did you mean 'seed'?"));
  EXPECT_THAT(problem_of("protocol=x&set=loss=3"), HasSubstr("name:value"));
  EXPECT_THAT(problem_of("protocol=%zz"), HasSubstr("hexadecimal"));
  EXPECT_THAT(problem_of("protocol=%2"), HasSubstr("hexadecimal"));
  EXPECT_THAT(problem_of("seed=1&seed=2"), HasSubstr("twice"));
}

TEST(LabForms, AreThoseThatAreNamed) {
  const auto record = all_protocols().run(
      {.protocol = "two_generals", .scenario = {}, .seed = 1, .set = {}, .interventions = {}});
  ASSERT_TRUE(record.has_value());
  for (const std::string_view form : {"html", "json", "ndjson", "svg", "txt"}) {
    EXPECT_TRUE(render_as(*record, form).has_value()) << form;
  }
  const auto wrong = render_as(*record, "jsn");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_THAT(wrong.error().context, HasSubstr("did you mean 'json'"));
}

// One file: no reference to another, and no text of the run can end the element that holds it.
TEST(LabHtml, NeedsNoServer) {
  Record record;
  record.title = "</script><script>alert(1)</script>";
  const std::string page = to_html(record);
  EXPECT_THAT(page, Not(HasSubstr("static/")));
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, HasSubstr(R"(id="run">{"format":"ostraka-lab-run")"));
  // Modules without their imports and exports, each behind those that it imports.
  EXPECT_THAT(page, Not(HasSubstr("\nimport ")));
  EXPECT_THAT(page, Not(HasSubstr("\nexport ")));
  std::size_t last = 0;
  for (const Asset& asset : all_assets().subspan(1)) {
    const std::size_t at = page.find(asset.text.substr(0, asset.text.find('\n')));
    EXPECT_TRUE(at != std::string::npos && at > last) << asset.name;
    last = at;
  }
}

}  // namespace
}  // namespace ostraka::lab
