// Payloads: from the proposal, the message, the log cache, or the log, without one peer blocking
// another.
#include "replica/driver_world_test.h"
#include "replica/internal/log_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::replica::testing {
namespace {

using protocol::Effects;
using protocol::EventBody;

class Sending : public ::testing::Test {
 protected:
  void start(std::size_t cache_bytes) {
    Options options;
    options.log_cache_bytes = cache_bytes;
    options.log_cache_idle_bytes = cache_bytes;
    world = std::make_unique<DriverWorld>(options);
    world->lead();
    world->register_session();
    for (std::uint64_t serial = 1; serial <= 5; ++serial) {
      ASSERT_TRUE(
          world->submit(serial, set_command("k" + std::to_string(serial), "v")).has_value());
      world->run();
      world->log.complete(1);
      world->run();
    }
  }
  // Sends entries [first, last] to the peer.
  void send(model::NodeId to, std::uint64_t first, std::uint64_t last, std::uint64_t term = 1) {
    world->protocol->on_step = [=](const EventBody&, Effects& effects) {
      protocol::Message& message = effects.send_now.add();
      message.to = to;
      message.kind = static_cast<std::uint8_t>(first);
      for (std::uint64_t i = first; i <= last; ++i) {
        message.entries.push_back(
            {model::LogIndex(i), model::Term(term), protocol::EntryKind::data, 1});
      }
    };
    world->replica->campaign();
  }
  std::unique_ptr<DriverWorld> world;
};

TEST_F(Sending, CachedPayloadsLeaveAtOnce) {
  start(1U << 20);
  send(kPeer, 2, 4);
  ASSERT_EQ(world->peers.sent.size(), 1U);
  ASSERT_EQ(world->peers.sent[0].payloads.size(), 3U);
  EXPECT_NE(world->peers.sent[0].payloads[0].find("k1"), std::string::npos);
  EXPECT_EQ(world->peers.sent[0].message.entries[0].payload_bytes,
            world->peers.sent[0].payloads[0].size());
  EXPECT_EQ(world->log.reads(), 0U);
}

TEST_F(Sending, APeerThatNeedsTheDiskBlocksNoOther) {
  start(0);  // nothing stays in the cache once it is committed
  world->log.hold_reads(true);
  send(kPeer, 1, 2);
  send(kPeer, 3, 4);
  EXPECT_EQ(world->peers.sent.size(), 0U);
  // Without entries: not behind the others, also for the same peer.
  world->protocol->on_step = [](const EventBody&, Effects& effects) {
    effects.send_now.add().to = kPeer;
    effects.send_now.add().to = kOther;
  };
  world->replica->campaign();
  EXPECT_EQ(world->peers.sent.size(), 2U);
  world->protocol->on_step = nullptr;
  world->log.hold_reads(false);
  world->run();
  ASSERT_EQ(world->peers.sent.size(), 4U);
  EXPECT_EQ(world->peers.sent[2].message.kind, 1);  // the order of the peer's stream
  EXPECT_EQ(world->peers.sent[3].message.kind, 3);
  EXPECT_EQ(world->peers.sent[3].payloads.size(), 2U);
}

TEST_F(Sending, AMessageThatAsksToStaysBehindTheEntries) {
  start(0);
  world->log.hold_reads(true);
  send(kPeer, 1, 2);
  world->protocol->on_step = [](const EventBody&, Effects& effects) {
    protocol::Message& question = effects.send_now.add();
    question.to = kPeer;
    question.kind = 9;
    question.behind_entries = true;
  };
  world->replica->campaign();
  EXPECT_EQ(world->peers.sent.size(), 0U);
  world->protocol->on_step = nullptr;
  world->log.hold_reads(false);
  world->run();
  ASSERT_EQ(world->peers.sent.size(), 2U);
  EXPECT_EQ(world->peers.sent[0].message.kind, 1);
  EXPECT_EQ(world->peers.sent[1].message.kind, 9);
}

TEST_F(Sending, OverwrittenEntriesAreNotSentUnderAnOldTerm) {
  start(1U << 20);
  send(kPeer, 2, 3, 9);
  EXPECT_EQ(world->peers.sent.size(), 0U);
  EXPECT_EQ(world->replica->counters().messages_dropped, 1U);
}

TEST_F(Sending, TheLogOfOverwrittenEntriesDropsTheMessageAndGoesOn) {
  start(0);
  send(kPeer, 2, 3, 9);
  send(kPeer, 4, 5);
  world->protocol->on_step = nullptr;
  world->run();
  ASSERT_EQ(world->peers.sent.size(), 1U);
  EXPECT_EQ(world->peers.sent[0].message.kind, 4);
}

TEST(LogCache, KeepsThePinnedAndEvictsTheRest) {
  LogCache cache(1000);
  const auto entry = [](std::uint64_t index) {
    port::LogEntry made;
    made.meta.index = model::LogIndex(index);
    made.payload = base::Buffer::take(std::string(300, 'x'));
    return made;
  };
  cache.pin_from(model::LogIndex(4));
  for (std::uint64_t i = 1; i <= 8; ++i) {
    cache.put(entry(i));
  }
  EXPECT_EQ(cache.find(model::LogIndex(3)), nullptr);
  for (std::uint64_t i = 4; i <= 8; ++i) {
    ASSERT_NE(cache.find(model::LogIndex(i)), nullptr) << i;
    EXPECT_EQ(cache.find(model::LogIndex(i))->meta.index, model::LogIndex(i));
  }
  cache.truncate(model::LogIndex(7));
  EXPECT_EQ(cache.find(model::LogIndex(7)), nullptr);
  EXPECT_EQ(cache.entries(), 3U);
  cache.pin_from(model::LogIndex(100));
  cache.trim(model::LogIndex(100), 0);
  EXPECT_EQ(cache.entries(), 0U);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(LogCache, HoldsSlotsWithGapsInAnyOrder) {
  LogCache cache(1U << 20);
  for (const std::uint64_t index : {50U, 10U, 30U, 300U}) {
    port::LogEntry entry;
    entry.meta.index = model::LogIndex(index);
    entry.payload = base::Buffer::copy(std::to_string(index));
    cache.put(entry);
  }
  for (const std::uint64_t index : {10U, 30U, 50U, 300U}) {
    ASSERT_NE(cache.find(model::LogIndex(index)), nullptr);
    EXPECT_EQ(cache.find(model::LogIndex(index))->payload.view(), std::to_string(index));
  }
  EXPECT_EQ(cache.find(model::LogIndex(11)), nullptr);
}

}  // namespace
}  // namespace ostraka::replica::testing
