// A product's message survives the way through the laboratory's form, whatever its engine calls a
// term.
#include "lab/protocols/engine/wire.h"

#include <gtest/gtest.h>

namespace ostraka::lab::engine {
namespace {

class Wire : public testing::TestWithParam<unsigned> {
 protected:
  Wire() {
    spec_.messages = {{"none", 0}, {"told", 1}};
    spec_.term_node_bits = GetParam();
  }
  Spec spec_;
};

protocol::Message whole_message() {
  protocol::Message message;
  message.from = model::NodeId{1};
  message.to = model::NodeId{2};
  message.kind = 1;
  message.reject = true;
  message.flags = 9;
  message.term = model::Term{3 << 16 | 1};
  message.index = model::LogIndex{4};
  message.log_term = model::Term{2 << 16 | 3};
  message.commit = model::LogIndex{3};
  message.hint_index = model::LogIndex{7};
  message.hint_term = model::Term{1};
  message.context = ~0ULL;
  message.stamp = base::Instant::from_nanoseconds(5'000'000);
  message.entries = {{.index = model::LogIndex{5},
                      .term = model::Term{2 << 16 | 2},
                      .kind = protocol::EntryKind::data,
                      .payload_bytes = 4},
                     {.index = model::LogIndex{7}, .term = model::Term{3 << 16 | 1}}};
  message.entries.back().kind = protocol::EntryKind::noop;
  return message;
}

TEST_P(Wire, KeepsEveryField) {
  const protocol::Message sent = whole_message();
  // Slot 5 was something else at a lower ballot.
  const Payloads payloads{{{model::LogIndex{5}, model::Term{1 << 16 | 1}}, "old!"},
                          {{model::LogIndex{5}, model::Term{2 << 16 | 2}}, "blue"}};
  const Message told = to_lab(spec_, sent, payloads);
  Payloads arrived;
  const protocol::Message got = from_lab(spec_, ProcessId{1}, ProcessId{2}, told, arrived);
  EXPECT_EQ(got.from, sent.from);
  EXPECT_EQ(got.to, sent.to);
  EXPECT_EQ(got.kind, sent.kind);
  EXPECT_EQ(got.reject, sent.reject);
  EXPECT_EQ(got.flags, sent.flags);
  EXPECT_EQ(got.term, sent.term);
  EXPECT_EQ(got.index, sent.index);
  EXPECT_EQ(got.log_term, sent.log_term);
  EXPECT_EQ(got.commit, sent.commit);
  EXPECT_EQ(got.hint_index, sent.hint_index);
  EXPECT_EQ(got.hint_term, sent.hint_term);
  EXPECT_EQ(got.context, sent.context);
  EXPECT_EQ(got.stamp, sent.stamp);
  EXPECT_EQ(got.entries, sent.entries);
  EXPECT_EQ(arrived, (Payloads{{{model::LogIndex{5}, model::Term{2 << 16 | 2}}, "blue"}}));
}

TEST_P(Wire, TellsTermsAsThePageDoes) {
  const Message told =
      to_lab(spec_, whole_message(), {{{model::LogIndex{5}, model::Term{2 << 16 | 2}}, "blue"}});
  EXPECT_EQ(told.fields["term"].render(), GetParam() == 0 ? "196609" : "3.1");
}

TEST_P(Wire, KeepsConfigurations) {
  model::Configuration joint{.voters = {member(3), member(4), member(12)},
                             .voters_outgoing = {member(1), member(2)},
                             .learners = {}};
  protocol::Message sent = whole_message();
  sent.entries = {{.index = model::LogIndex{5},
                   .term = model::Term{2 << 16 | 2},
                   .kind = protocol::EntryKind::configuration}};
  const Payloads payloads{{{model::LogIndex{5}, model::Term{2 << 16 | 2}}, text_of(joint)}};
  Payloads arrived;
  const protocol::Message got =
      from_lab(spec_, ProcessId{1}, ProcessId{2}, to_lab(spec_, sent, payloads), arrived);
  EXPECT_EQ(text_of(joint), "(voters 3 4 12 with 1 2)");
  EXPECT_EQ(got.entries, sent.entries);
  ASSERT_EQ(got.configurations.size(), 1U);
  EXPECT_EQ(got.configurations.front().index, model::LogIndex{5});
  EXPECT_EQ(*got.configurations.front().configuration, joint);
  EXPECT_EQ(arrived, payloads);
}

INSTANTIATE_TEST_SUITE_P(Engines, Wire, testing::Values(0U, 16U));

}  // namespace
}  // namespace ostraka::lab::engine
