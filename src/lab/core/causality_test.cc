// Happened before, on a record made by hand: p1 sends in event 2 what p2 receives in event 4.
#include "lab/core/causality.h"

#include <gtest/gtest.h>

namespace ostraka::lab {
namespace {

EventId add(Record& record, std::uint32_t process, EventKind kind, EventId cause = {},
            std::string message = {}) {
  RecordEvent& event = record.events.emplace_back();
  event.id = EventId{static_cast<std::uint32_t>(record.events.size())};
  event.process = ProcessId{process};
  event.kind = kind;
  event.cause = cause;
  event.message = std::move(message);
  return event.id;
}

TEST(Causality, FollowsProcessesAndMessages) {
  Record record;
  record.processes = {{"p1", ""}, {"p2", ""}};
  const EventId idle = add(record, 2, EventKind::start);
  const EventId send = add(record, 1, EventKind::input);
  const EventId said = add(record, 1, EventKind::output, send);
  record.messages.push_back({.id = "m", .send_event = send});
  const EventId receive = add(record, 2, EventKind::receive, {}, "m");
  const EventId first = add(record, 2, EventKind::output, receive);
  const EventId second = add(record, 2, EventKind::output, receive);
  const EventId later = add(record, 1, EventKind::timer);
  const EventId cut = add(record, 0, EventKind::partition);
  const Causality causality(record);
  EXPECT_TRUE(causality.happened_before(send, receive));
  EXPECT_TRUE(causality.happened_before(idle, receive));
  EXPECT_TRUE(causality.happened_before(send, later));
  EXPECT_TRUE(causality.happened_before(said, first));  // the step sent with what it said
  EXPECT_TRUE(causality.happened_before(first, second));
  EXPECT_FALSE(causality.happened_before(second, first));
  EXPECT_FALSE(causality.happened_before(receive, send));
  EXPECT_FALSE(causality.happened_before(idle, send));
  EXPECT_FALSE(causality.happened_before(send, idle));
  EXPECT_FALSE(causality.happened_before(receive, later));
  EXPECT_FALSE(causality.happened_before(later, receive));
  EXPECT_FALSE(causality.happened_before(send, send));
  EXPECT_FALSE(causality.happened_before(send, cut));
  EXPECT_FALSE(Causality(record, {receive}).happened_before(send, receive));
}

}  // namespace
}  // namespace ostraka::lab
