// Lamport's clock on the example of a lecture: A has the events a, b, e and B has f, c, d; b sends
// what c receives.
#include "protocol/clock/lamport_clock.h"

#include <gtest/gtest.h>

namespace ostraka::protocol::clock {
namespace {

TEST(LamportClock, OrdersTheWorkedExample) {
  LamportClock at_a;
  LamportClock at_b;
  const LamportStamp a{at_a.tick(), 1};
  const LamportStamp f{at_b.tick(), 2};
  const LamportStamp b{at_a.tick(), 1};
  const LamportStamp e{at_a.tick(), 1};
  const LamportStamp c{at_b.receive(b.time), 2};
  const LamportStamp d{at_b.tick(), 2};
  EXPECT_EQ(d.time, 4U);
  EXPECT_LT(a, f);
  EXPECT_LT(f, b);
  EXPECT_LT(b, e);
  EXPECT_LT(e, c);
  EXPECT_LT(c, d);
}

TEST(LamportClock, ReceptionIsBehindBothClocks) {
  LamportClock clock(10);
  EXPECT_EQ(clock.receive(3), 11U);
  EXPECT_EQ(clock.receive(20), 21U);
  EXPECT_EQ(clock.now(), 21U);
}

}  // namespace
}  // namespace ostraka::protocol::clock
