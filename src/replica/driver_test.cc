// The driver with a protocol that does what the test says.
#include "base/assert.h"
#include "replica/driver_world_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace ostraka::replica::testing {
namespace {

using protocol::Durable;
using protocol::Effects;
using protocol::EventBody;

protocol::Message message_to(model::NodeId to, std::uint8_t kind) {
  protocol::Message message;
  message.from = kSelf;
  message.to = to;
  message.kind = kind;
  return message;
}

void append_one(Effects& effects, std::uint64_t token, std::uint64_t index, std::uint64_t term) {
  effects.append.present = true;
  effects.append.token = protocol::AppendToken(token);
  effects.append.term = model::Term(term);
  effects.append.index = model::LogIndex(index);
  effects.append.entries.push_back(
      {model::LogIndex(index), model::Term(term), protocol::EntryKind::noop, 0});
}

TEST(DriverDurability, MessagesThatWaitForAnAppendLeaveAfterItIsDurable) {
  DriverWorld world;
  world.protocol->on_step = [](const EventBody& body, Effects& effects) {
    if (std::holds_alternative<protocol::Campaign>(body)) {
      append_one(effects, 1, 1, 1);
      effects.send_now.add() = message_to(kPeer, 10);
      protocol::DelayedMessage& delayed = effects.send_after_durable.add();
      delayed.token = protocol::AppendToken(1);
      delayed.message = message_to(kPeer, 20);
    }
  };
  world.replica->start();
  world.replica->campaign();
  world.run();
  ASSERT_EQ(world.peers.sent.size(), 1U);
  EXPECT_EQ(world.peers.sent[0].message.kind, 10);
  ASSERT_EQ(world.log.queued(), 1U);

  world.log.complete(1);
  ASSERT_EQ(world.peers.sent.size(), 2U);
  EXPECT_EQ(world.peers.sent[1].message.kind, 20);
  const auto durable = world.protocol->seen<Durable>();
  ASSERT_EQ(durable.size(), 1U);
  EXPECT_EQ(durable[0].token, protocol::AppendToken(1));
  EXPECT_EQ(durable[0].term, model::Term(1));
  EXPECT_EQ(durable[0].index, model::LogIndex(1));
}

TEST(DriverDurability, AReplicaThatLostAcknowledgedEntriesStopsAndSendsNothing) {
  DriverWorld world;
  world.protocol->on_step = [](const EventBody& body, Effects& effects) {
    if (std::holds_alternative<protocol::Campaign>(body)) {
      append_one(effects, 1, 1, 1);
      protocol::DelayedMessage& delayed = effects.send_after_durable.add();
      delayed.token = protocol::AppendToken(1);
      delayed.message = message_to(kPeer, 20);
    } else if (std::holds_alternative<protocol::StepDown>(body)) {
      effects.log_lost = protocol::LogLost{kPeer, model::LogIndex(9), model::LogIndex(1)};
    }
  };
  world.replica->start();
  world.replica->campaign();
  world.replica->step_down();
  ASSERT_TRUE(world.host.stopped.has_value());
  EXPECT_EQ(world.host.stopped->code, base::ErrorCode::log_lost);
  EXPECT_THAT(world.host.stopped->context, ::testing::HasSubstr("up to entry 9"));
  world.run();
  world.log.complete(1);
  EXPECT_TRUE(world.peers.sent.empty());
}

TEST(DriverDurability, AMessageWaitsForItsOwnAppendNotForAnEarlierOne) {
  DriverWorld world;
  std::uint64_t step = 0;
  world.protocol->on_step = [&step](const EventBody& body, Effects& effects) {
    if (std::holds_alternative<protocol::Campaign>(body)) {
      ++step;
      append_one(effects, step, step, 1);
      protocol::DelayedMessage& delayed = effects.send_after_durable.add();
      delayed.token = protocol::AppendToken(step);
      delayed.message = message_to(kPeer, static_cast<std::uint8_t>(step));
    }
  };
  world.replica->start();
  world.replica->campaign();
  world.replica->campaign();
  world.replica->campaign();
  world.log.complete(1);
  ASSERT_EQ(world.peers.sent.size(), 1U);
  EXPECT_EQ(world.peers.sent[0].message.kind, 1);
  world.log.complete(1);
  ASSERT_EQ(world.peers.sent.size(), 2U);
  EXPECT_EQ(world.peers.sent[1].message.kind, 2);
}

TEST(DriverDurability, ALateCompletionEchoesTheWriteItBelongsTo) {
  DriverWorld world;
  std::uint64_t step = 0;
  world.protocol->on_step = [&step](const EventBody& body, Effects& effects) {
    if (!std::holds_alternative<protocol::Campaign>(body)) {
      return;
    }
    ++step;
    append_one(effects, step, 5, step);  // term 1, then term 2 at the same index
    if (step == 2) {
      effects.append.truncate_from = model::LogIndex(5);
    }
  };
  world.replica->start();
  world.replica->campaign();
  world.replica->campaign();
  world.log.complete(2);
  const auto durable = world.protocol->seen<Durable>();
  ASSERT_EQ(durable.size(), 2U);
  // Same index: only token and term tell the overwritten suffix from the new one.
  EXPECT_EQ(durable[0].index, durable[1].index);
  EXPECT_EQ(durable[0].term, model::Term(1));
  EXPECT_EQ(durable[0].token, protocol::AppendToken(1));
  EXPECT_EQ(durable[1].term, model::Term(2));
  EXPECT_EQ(durable[1].token, protocol::AppendToken(2));
}

TEST(DriverMessages, WhatNoCorrectPeerSendsIsCounted) {
  DriverWorld world;
  world.protocol->on_step = [](const EventBody& body, Effects& effects) {
    effects.message_refused = std::holds_alternative<protocol::Received>(body);
  };
  world.replica->start();
  protocol::Message message = message_to(kSelf, 1);
  world.replica->on_message(message, {});
  EXPECT_EQ(world.replica->counters().messages_refused, 1U) << "by the protocol";
  message.entries.push_back(
      {model::LogIndex(1), model::Term(1), protocol::EntryKind::configuration, 4});
  world.replica->on_message(message, {});
  EXPECT_EQ(world.replica->counters().messages_refused, 2U) << "an entry without its payload";
  const base::Buffer payloads[] = {base::Buffer::copy("what?")};
  world.replica->on_message(message, payloads);
  EXPECT_EQ(world.replica->counters().messages_refused, 3U) << "no configuration";
  EXPECT_EQ(world.protocol->seen<protocol::Received>().size(), 1U);
}

TEST(DriverReentrancy, EventsFromWithinAStepWaitTheirTurn) {
  DriverWorld world;
  world.lead();
  const std::size_t before = world.protocol->events.size();
  // From within the effects of one event: the scripted protocol aborts when it is re-entered.
  world.host.on_role_change = [&world] {
    world.replica->on_peer_unreachable(kPeer);
    world.replica->snapshot_sent(kPeer, model::LogIndex(1), false);
  };
  world.peers.on_send = [&world] { world.replica->on_peer_unreachable(kOther); };
  world.replica->step_down();
  world.replica->campaign();
  const auto& events = world.protocol->events;
  ASSERT_GE(events.size(), before + 6);
  EXPECT_TRUE(std::holds_alternative<protocol::StepDown>(events[before]));
  EXPECT_TRUE(std::holds_alternative<protocol::PeerUnreachable>(events[before + 1]));
  EXPECT_TRUE(std::holds_alternative<protocol::SnapshotSent>(events[before + 2]));
  EXPECT_TRUE(std::holds_alternative<protocol::Campaign>(events[before + 3]));
}

TEST(DriverProposals, OneTurnMakesOneEntryASession) {
  DriverWorld world;
  world.lead();
  world.register_session();
  for (std::uint64_t serial = 1; serial <= 100; ++serial) {
    ASSERT_TRUE(world.submit(serial, set_command("k" + std::to_string(serial), "v")).has_value());
  }
  world.run();
  EXPECT_EQ(world.protocol->seen<protocol::Propose>().size(), 2U);  // registration, commands
  EXPECT_EQ(world.log.queued(), 1U);
  EXPECT_EQ(world.sessions.told.size(), 1U);
  world.log.complete(1);
  world.run();
  ASSERT_EQ(world.sessions.told.size(), 101U);
  for (std::uint64_t serial = 1; serial <= 100; ++serial) {
    EXPECT_EQ(world.sessions.told[serial].serial, model::Serial(serial));
    EXPECT_TRUE(world.sessions.told[serial].results.has_value());
  }
}

// Group commit: entries leave when at least as many commands wait as are in the log.
TEST(DriverProposals, UnderLoadCommandsWaitForCompanyAndAloneTheyDoNot) {
  Options options;
  options.gather_max = base::Duration::seconds(100);
  DriverWorld world(options);
  world.lead();
  world.register_session();
  const auto proposed = [&] { return world.replica->counters().entries_proposed - 1; };
  const auto submit = [&](std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t serial = first; serial <= last; ++serial) {
      ASSERT_TRUE(world.submit(serial, set_command("k", "v")).has_value());
    }
    world.run();
  };
  submit(1, 1);
  EXPECT_EQ(proposed(), 1U) << "nothing is on its way: at once";
  submit(2, 4);
  EXPECT_EQ(proposed(), 2U) << "three wait for one";
  submit(5, 7);
  EXPECT_EQ(proposed(), 2U) << "three wait, four are on their way";
  submit(8, 8);
  EXPECT_EQ(proposed(), 3U) << "four and four";
  submit(9, 9);
  EXPECT_EQ(proposed(), 3U);
  world.log.complete(3);
  world.run();
  EXPECT_EQ(proposed(), 4U) << "what was on its way is applied";
}

TEST(DriverProposals, NoCommandWaitsForCompanyLongerThanTheBoundOrBeyondItsBytes) {
  Options options;
  options.gather_bytes_max = 1000;
  DriverWorld world(options);
  world.lead();
  world.register_session();
  for (std::uint64_t serial = 1; serial <= 10; ++serial) {
    ASSERT_TRUE(world.submit(serial, set_command("k", "v")).has_value());
  }
  world.run(base::Duration::microseconds(100));
  ASSERT_EQ(world.replica->counters().entries_proposed, 2U);
  ASSERT_TRUE(world.submit(11, set_command("k", "v")).has_value());
  world.run(base::Duration::microseconds(900));
  EXPECT_EQ(world.replica->counters().entries_proposed, 2U);
  world.run(base::Duration::microseconds(200));
  EXPECT_EQ(world.replica->counters().entries_proposed, 3U) << "after gather_max";
  ASSERT_TRUE(world.submit(12, set_command("k", std::string(1000, 'v'))).has_value());
  world.run(base::Duration::microseconds(100));
  EXPECT_EQ(world.replica->counters().entries_proposed, 4U) << "beyond gather_bytes_max";
}

TEST(DriverProposals, WhatWaitsForCompanyIsRefusedWhenLeadershipEnds) {
  Options options;
  options.gather_max = base::Duration::seconds(100);
  DriverWorld world(options);
  world.lead();
  world.register_session();
  ASSERT_TRUE(world.submit(1, set_command("k", "v")).has_value());
  ASSERT_TRUE(world.submit(2, set_command("k", "v")).has_value());
  world.run();
  ASSERT_TRUE(world.submit(3, set_command("k", "v")).has_value());
  world.run();
  world.replica->step_down();
  ASSERT_EQ(world.sessions.refused.size(), 1U);
  EXPECT_EQ(world.sessions.refused[0].first_serial, model::Serial(3));
  EXPECT_EQ(world.sessions.refused[0].code, base::ErrorCode::not_leader);
}

TEST(DriverProposals, AGapIsRefusedARepeatIsNot) {
  DriverWorld world;
  world.lead();
  world.register_session();
  ASSERT_TRUE(world.submit(1, set_command("a", "1")).has_value());
  const base::Status gap = world.submit(3, set_command("a", "3"));
  ASSERT_FALSE(gap.has_value());
  EXPECT_EQ(gap.error().code, base::ErrorCode::sequence_gap);
  ASSERT_TRUE(world.submit(2, set_command("a", "2")).has_value());
  ASSERT_TRUE(world.submit(1, set_command("a", "1")).has_value());
}

TEST(DriverProposals, WhatFollowsARefusedEntryIsRefusedToo) {
  Options options;
  options.entry_bytes_max = 64;  // one command an entry
  DriverWorld world(options);
  world.lead();
  world.register_session();
  int proposals = 0;
  world.protocol->on_step = [&](const EventBody& body, Effects& effects) {
    if (const auto* propose = std::get_if<protocol::Propose>(&body); propose && proposals++ == 1) {
      effects.failed.push_back({propose->id, base::ErrorCode::busy, {}});
      return;
    }
    world.lead_step(body, effects);
  };
  for (std::uint64_t serial = 1; serial <= 4; ++serial) {
    ASSERT_TRUE(world.submit(serial, set_command("k", std::string(60, 'v'))).has_value());
  }
  world.run();
  ASSERT_EQ(world.sessions.refused.size(), 3U);
  EXPECT_EQ(world.sessions.refused[0].first_serial, model::Serial(2));
  EXPECT_EQ(world.sessions.refused[0].code, base::ErrorCode::busy);
  EXPECT_EQ(world.sessions.refused[1].first_serial, model::Serial(3));
  EXPECT_EQ(world.sessions.refused[1].code, base::ErrorCode::sequence_gap);
  // The owner sends the suffix again, in order.
  EXPECT_TRUE(world.submit(2, set_command("k", "v")).has_value());
}

// A command that is sent twice is in the log once already when there is no room for the second.
TEST(DriverProposals, ARefusedRepeatTakesNothingBack) {
  DriverWorld world;
  world.lead();
  world.register_session();
  ASSERT_TRUE(world.submit(1, set_command("k", "1")).has_value());
  world.run();
  bool busy = true;
  world.protocol->on_step = [&](const EventBody& body, Effects& effects) {
    if (const auto* propose = std::get_if<protocol::Propose>(&body); propose && busy) {
      effects.failed.push_back({propose->id, base::ErrorCode::busy, {}});
      return;
    }
    world.lead_step(body, effects);
  };
  ASSERT_TRUE(world.submit(1, set_command("k", "1")).has_value());
  world.run();
  ASSERT_EQ(world.sessions.refused.size(), 1U);
  busy = false;
  EXPECT_TRUE(world.submit(2, set_command("k", "2")).has_value());
}

TEST(DriverProposals, LosingLeadershipRefusesWhatIsNotProposedYet) {
  DriverWorld world;
  world.lead();
  world.register_session();
  ASSERT_TRUE(world.submit(1, set_command("k", "v")).has_value());
  world.replica->step_down();
  ASSERT_EQ(world.sessions.refused.size(), 1U);
  EXPECT_EQ(world.sessions.refused[0].code, base::ErrorCode::not_leader);
  EXPECT_FALSE(world.sessions.leads);
  const base::Status refused = world.submit(1, set_command("k", "v"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, base::ErrorCode::not_leader);
}

TEST(DriverProposals, BusyBeyondTheBoundAndFreeAgainWhenApplied) {
  Options options;
  options.proposal_bytes_max = 4096;
  DriverWorld world(options);
  world.lead();
  world.register_session();
  ASSERT_TRUE(world.submit(1, set_command("k", std::string(3000, 'v'))).has_value());
  world.run();
  const base::Status busy = world.submit(2, set_command("k", std::string(3000, 'v')));
  ASSERT_FALSE(busy.has_value());
  EXPECT_EQ(busy.error().code, base::ErrorCode::busy);
  world.log.complete(1);
  world.run();
  EXPECT_TRUE(world.submit(2, set_command("k", std::string(3000, 'v'))).has_value());
}

protocol::PeerStatus voter(model::NodeId id, bool disk_full) {
  return {.id = id, .match = {}, .recently_active = true, .disk_full = disk_full};
}

// Three voters. The log time has settled before two of them came, who do not answer here.
void lead_three(DriverWorld& world) {
  world.lead();
  world.register_session();
  world.protocol->configuration_now.voters.push_back({kPeer, {}, "n2", "n2:1"});
  world.protocol->configuration_now.voters.push_back({kOther, {}, "n3", "n3:1"});
  world.protocol->status_now.peers = {voter(kSelf, false), voter(kPeer, false),
                                      voter(kOther, false)};
}

TEST(DriverFullDisk, RefusesAndAtLastHandsOverToANodeWithSpace) {
  DriverWorld world;
  lead_three(world);
  world.log.set_space(kShard, true);
  const base::Status full = world.submit(1, set_command("k", "v"));
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, base::ErrorCode::disk_full);
  world.run(base::Duration::milliseconds(1000));
  world.log.set_space(kShard, false);
  world.run(base::Duration::milliseconds(2000));
  EXPECT_TRUE(world.protocol->seen<protocol::TransferLeadership>().empty());
  EXPECT_TRUE(world.submit(1, set_command("k", "v")).has_value());
  world.protocol->status_now.peers = {voter(kSelf, true), voter(kPeer, false),
                                      voter(kOther, false)};
  world.protocol->status_now.peers[2].match = model::LogIndex(7);
  world.log.set_space(kShard, true);
  world.run(base::Duration::milliseconds(1700));
  const auto transfers = world.protocol->seen<protocol::TransferLeadership>();
  ASSERT_EQ(transfers.size(), 1U);
  EXPECT_EQ(transfers[0].to, kOther) << "the longest log";
}

TEST(DriverFullDisk, StaysLeaderWhenNoQuorumHasSpace) {
  DriverWorld world;
  lead_three(world);
  world.protocol->status_now.peers = {voter(kSelf, true), voter(kPeer, true), voter(kOther, false)};
  world.log.set_space(kShard, true);
  world.run(base::Duration::milliseconds(5000));
  EXPECT_TRUE(world.replica->leads());
  EXPECT_TRUE(world.protocol->seen<protocol::TransferLeadership>().empty());
}

TEST(DriverFullDisk, AQuorumOfFullDisksRefusesWritesAtTheLeader) {
  DriverWorld world;
  lead_three(world);
  world.protocol->status_now.peers = {voter(kSelf, false), voter(kPeer, true),
                                      voter(kOther, false)};
  world.run(base::Duration::milliseconds(200));
  EXPECT_TRUE(world.submit(1, set_command("k", "v")).has_value()) << "two can store it";
  world.protocol->status_now.peers[2].disk_full = true;
  world.run(base::Duration::milliseconds(200));
  const base::Status full = world.submit(2, set_command("k", "v"));
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, base::ErrorCode::disk_full);
  world.protocol->status_now.peers[2].disk_full = false;
  world.run(base::Duration::milliseconds(200));
  EXPECT_TRUE(world.submit(2, set_command("k", "v")).has_value());
}

TEST(DriverFullDisk, ANearlyFullFileSystemRefusesAndTellsTheProtocol) {
  DriverWorld world;
  lead_three(world);
  world.replica->set_space(Space::low);
  EXPECT_FALSE(world.submit(1, set_command("k", "v")).has_value());
  world.replica->set_space(Space::enough);
  EXPECT_TRUE(world.submit(1, set_command("k", "v")).has_value());
  const auto told = world.protocol->seen<protocol::DiskSpace>();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(told[0].full);
  EXPECT_FALSE(told[1].full);
}

TEST(DriverFullDisk, RemovalsAreTakenInsideTheReserveAndNotBeyondIt) {
  DriverWorld world;
  lead_three(world);
  codec::CommandBuilder builder;
  builder.add({.code = codec::OpCode::remove, .key = "k"});
  const std::string removal = builder.take();
  world.replica->set_space(Space::low);
  EXPECT_FALSE(world.submit(1, set_command("k", "v")).has_value());
  EXPECT_TRUE(world.submit(1, removal).has_value());
  world.replica->set_space(Space::out);
  const base::Status out = world.submit(2, removal);
  ASSERT_FALSE(out.has_value());
  EXPECT_EQ(out.error().code, base::ErrorCode::disk_full);
}

TEST(DriverApply, BoundedBytesATurn) {
  Options options;
  options.apply_bytes_per_turn = 1000;
  options.entry_bytes_max = 600;
  DriverWorld world(options);
  world.lead();
  world.register_session();
  std::vector<std::size_t> batches;
  const auto lead = world.protocol->on_step;
  std::size_t told = 1;
  world.protocol->on_step = [&](const EventBody& body, Effects& effects) {
    if (std::holds_alternative<protocol::Applied>(body)) {
      batches.push_back(world.sessions.told.size() - told);
      told = world.sessions.told.size();
    }
    lead(body, effects);
  };
  for (std::uint64_t serial = 1; serial <= 6; ++serial) {
    ASSERT_TRUE(world.submit(serial, set_command("k", std::string(450, 'v'))).has_value());
  }
  world.run();
  world.log.complete(6);
  world.run();
  EXPECT_THAT(batches, ::testing::ElementsAre(2, 2, 2));
}

TEST(DriverReads, LeaseReadWaitsForTheCommitIndexOfItsMoment) {
  DriverWorld world;
  world.lead();
  world.register_session();
  world.protocol->lease = true;
  ASSERT_TRUE(world.submit(1, set_command("k", "new")).has_value());
  world.run();
  // A quorum of others has it: committed, although it is not durable here yet.
  world.protocol->status_now.commit = world.last;
  TestRead read;
  read.command = base::Buffer::take(get_command("k"));
  world.replica->read(read);
  EXPECT_FALSE(read.done);
  world.log.complete(1);
  world.run();
  ASSERT_TRUE(read.done);
  EXPECT_NE(read.value.find("new"), std::string::npos);
  EXPECT_EQ(world.replica->counters().lease_reads, 1U);
}

TEST(DriverReads, WithoutALeaseOneBarrierServesATurn) {
  DriverWorld world;
  world.lead();
  world.register_session();
  TestRead first;
  TestRead second;
  first.command = second.command = base::Buffer::take(get_command("k"));
  world.replica->read(first);
  world.replica->read(second);
  world.run();
  const auto barriers = world.protocol->seen<protocol::ReadBarrier>();
  ASSERT_EQ(barriers.size(), 1U);
  EXPECT_FALSE(first.done);
  const protocol::RequestId id = barriers[0].id;
  world.protocol->on_step = [id, &world](const EventBody&, Effects& effects) {
    effects.reads.push_back({id, world.replica->applied()});
  };
  world.replica->campaign();
  EXPECT_TRUE(first.done);
  EXPECT_TRUE(second.done);
}

TEST(DriverReads, ACancelledReadIsNeverCompleted) {
  DriverWorld world;
  world.lead();
  {
    TestRead read;
    read.command = base::Buffer::take(get_command("k"));
    world.replica->read(read);
    world.run();
    world.replica->cancel_read(read);
  }
  const protocol::RequestId id = world.protocol->seen<protocol::ReadBarrier>().at(0).id;
  world.protocol->on_step = [id](const EventBody&, Effects& effects) {
    effects.failed.push_back({id, base::ErrorCode::no_quorum, {}});
  };
  world.replica->campaign();
}

TEST(DriverReads, AFollowerRefusesLinearizableReadsAndServesStaleOnes) {
  DriverWorld world;
  world.lead();
  world.replica->step_down();
  TestRead read;
  read.command = base::Buffer::take(get_command("k"));
  world.replica->read(read);
  ASSERT_TRUE(read.error.has_value());
  EXPECT_EQ(read.error->code, base::ErrorCode::not_leader);
  TestRead stale;
  stale.command = read.command;
  stale.kind = ReadKind::stale;
  world.replica->read(stale);
  EXPECT_TRUE(stale.done);
  EXPECT_FALSE(stale.error.has_value());
}

// The log time stands still without entries: the leader moves it when a session's time is over, and
// only then.
TEST(DriverExpiry, AnIdleShardEndsItsSessionsWithOneEntryAndThenWritesNothing) {
  DriverWorld world;
  world.lead();
  world.run();
  world.register_session();
  ASSERT_EQ(world.replica->counters().entries_proposed, 1U);
  world.run(base::Duration::seconds(59));
  EXPECT_EQ(world.replica->counters().entries_proposed, 1U);
  world.run(base::Duration::seconds(2));
  EXPECT_EQ(world.replica->counters().entries_proposed, 2U);
  world.run(base::Duration::seconds(5));
  EXPECT_EQ(world.replica->counters().entries_proposed, 2U) << "one at a time";
  world.log.complete(2);
  world.run(base::Duration::seconds(600));
  EXPECT_EQ(world.replica->counters().entries_proposed, 2U);
  ASSERT_TRUE(world.submit(1, set_command("k", "v")).has_value());
  world.run();
  world.log.complete(3);
  world.run();
  ASSERT_FALSE(world.sessions.told.empty());
  ASSERT_FALSE(world.sessions.told.back().results.has_value());
  EXPECT_EQ(world.sessions.told.back().results.error().code, base::ErrorCode::session_expired);
}

}  // namespace
}  // namespace ostraka::replica::testing
