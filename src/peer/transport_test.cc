// The transport over real loopback sockets.
#include "peer/transport.h"

#include "net/network.h"
#include "net/reactor.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace ostraka::peer {
namespace {

using base::Duration;
using model::NodeId;

struct Recorder final : TransportHandler {
  void on_protocol_message(ReceivedMessage& received) override {
    shards.push_back(received.shard.value());
    messages.push_back(received.message);
    for (const base::Buffer& payload : received.payloads) {
      payloads.push_back(std::string(payload.view()));
    }
  }
  void on_frame(NodeId from, FrameType type, model::ShardId shard, base::ByteView body) override {
    frames.push_back(std::string(body));
    last_from = from;
    last_type = type;
    last_shard = shard;
  }
  void on_connected(NodeId peer) override { log += "+" + std::to_string(peer.value()); }
  void on_disconnected(NodeId peer, bool refused) override {
    log += (refused ? "x" : "-") + std::to_string(peer.value());
  }
  std::vector<std::uint64_t> shards;
  std::vector<protocol::Message> messages;
  std::vector<std::string> payloads;
  std::vector<std::string> frames;
  std::string log;
  NodeId last_from;
  FrameType last_type = FrameType::protocol_message;
  model::ShardId last_shard;
};

TransportOptions options_of(std::uint32_t id) {
  TransportOptions options;
  options.cluster = model::ClusterId(77);
  options.self = NodeId(id);
  options.incarnation = model::Incarnation(std::uint64_t{id} * 100);
  options.peer_secret = "squeamish ossifrage";
  return options;
}

class TransportTest : public ::testing::Test {
 protected:
  struct Node {
    Node(TransportTest& test, const TransportOptions& options)
        : transport(make_transport(test.reactor, *test.network, options, options.self.value())) {}
    Recorder seen;
    std::unique_ptr<Transport> transport;
  };
  // A port that is free now, so that both sides know both addresses.
  std::string free_address() {
    auto listener = network->listen("127.0.0.1:0", [](std::unique_ptr<port::Stream>) {});
    return (*listener)->address();
  }
  std::unique_ptr<Node> start(const TransportOptions& options) {
    auto node = std::make_unique<Node>(*this, options);
    const auto status = node->transport->start(addresses[options.self.value() - 1], node->seen);
    EXPECT_TRUE(status.has_value()) << status.error().to_string();
    node->transport->set_members(members);
    return node;
  }
  bool run_until(const std::function<bool()>& done) {
    return reactor.run_until(done, Duration::seconds(20));
  }
  void SetUp() override {
    for (std::uint32_t id = 1; id <= 3; ++id) {
      addresses.push_back(free_address());
    }
    for (std::uint32_t id = 1; id <= 2; ++id) {
      members.push_back({NodeId(id), model::Incarnation(std::uint64_t{id} * 100),
                         "n" + std::to_string(id), addresses[id - 1]});
    }
  }
  void connect_pair() {
    a = start(options_of(1));
    b = start(options_of(2));
    ASSERT_TRUE(run_until([&] { return a->seen.log == "+2" && b->seen.log == "+1"; }))
        << a->seen.log << " " << b->seen.log;
  }
  static protocol::Message message(std::uint32_t from, std::uint32_t to) {
    protocol::Message m;
    m.from = NodeId(from);
    m.to = NodeId(to);
    m.kind = 3;
    m.term = model::Term(7);
    m.index = model::LogIndex(10);
    m.log_term = model::Term(7);
    m.commit = model::LogIndex(9);
    return m;
  }
  void TearDown() override {
    for (auto* node : {&a, &b}) {
      if (*node) {
        (*node)->transport->stop();
        node->reset();
      }
    }
  }

  net::Reactor reactor;
  std::unique_ptr<port::Network> network = net::make_network(reactor);
  std::vector<std::string> addresses;
  std::vector<model::Member> members;
  std::unique_ptr<Node> a;
  std::unique_ptr<Node> b;
};

TEST_F(TransportTest, MessagesFramesAndPayloadsArrive) {
  connect_pair();
  protocol::Message m = message(1, 2);
  EXPECT_TRUE(a->transport->send(model::ShardId(5), m, {}));
  m.entries.push_back({model::LogIndex(11), model::Term(7), protocol::EntryKind::data, 3});
  m.entries.push_back({model::LogIndex(12), model::Term(7), protocol::EntryKind::data, 100'000});
  const std::vector<base::Buffer> payloads = {base::Buffer::copy("abc"),
                                              base::Buffer::take(std::string(100'000, 'z'))};
  EXPECT_TRUE(a->transport->send(model::ShardId(6), m, payloads));
  EXPECT_TRUE(b->transport->send_frame(NodeId(1), Channel::control, FrameType::forward_request,
                                       model::ShardId(9), "hello"));
  ASSERT_TRUE(
      run_until([&] { return b->seen.messages.size() == 2 && a->seen.frames.size() == 1; }));
  EXPECT_EQ(b->seen.shards, (std::vector<std::uint64_t>{5, 6}));
  EXPECT_EQ(b->seen.messages[1].entries, m.entries);
  EXPECT_EQ(b->seen.messages[1].commit, m.commit);
  EXPECT_EQ(b->seen.payloads, (std::vector<std::string>{"abc", std::string(100'000, 'z')}));
  EXPECT_EQ(a->seen.frames[0], "hello");
  EXPECT_EQ(a->seen.last_from, NodeId(2));
  EXPECT_EQ(a->seen.last_shard, model::ShardId(9));
}

TEST_F(TransportTest, ADeadProcessIsToldAsRefusedAtOnceAndComesBack) {
  connect_pair();
  const base::Instant killed = reactor.now();
  b.reset();  // as a killed process: sockets close, nobody listens
  ASSERT_TRUE(run_until([&] { return a->seen.log == "+2x2"; })) << a->seen.log;
  EXPECT_LT(reactor.now() - killed, Duration::seconds(1));
  EXPECT_FALSE(a->transport->send(model::ShardId(1), message(1, 2), {}));
  b = start(options_of(2));
  ASSERT_TRUE(run_until([&] { return a->seen.log == "+2x2+2" && b->seen.log == "+1"; }));
}

// The sockets of a killed process close one by one, so an attempt may find its listener still open.
// "Not refused" would cost its followers half a second: they may not campaign early.
TEST_F(TransportTest, AProcessWhoseListenerClosesLastIsToldAsRefusedToo) {
  connect_pair();
  b.reset();
  int accepted = 0;
  std::unique_ptr<port::Listener> dying;
  auto listener = network->listen(addresses[1], [&](std::unique_ptr<port::Stream> stream) {
    stream.reset();
    ++accepted;
    reactor.post([&] { dying.reset(); });
  });
  ASSERT_TRUE(listener.has_value()) << listener.error().to_string();
  dying = std::move(*listener);
  ASSERT_TRUE(run_until([&] { return a->seen.log == "+2x2"; })) << a->seen.log;
  EXPECT_GE(accepted, 1);
}

TEST_F(TransportTest, ABreakIsToldThoughTheNewConnectionsGoOnBreaking) {
  connect_pair();
  b.reset();
  auto listener = network->listen(addresses[1], [](std::unique_ptr<port::Stream>) {});
  ASSERT_TRUE(listener.has_value()) << listener.error().to_string();
  ASSERT_TRUE(run_until([&] { return a->seen.log == "+2-2"; })) << a->seen.log;
}

TEST_F(TransportTest, QueuesAreBounded) {
  TransportOptions options = options_of(1);
  options.bulk_bytes_max = 1U << 20;
  a = start(options);
  b = start(options_of(2));
  ASSERT_TRUE(run_until([&] { return a->seen.log == "+2"; }));
  const std::string chunk(300'000, 'c');
  std::size_t taken = 0;
  while (taken < 1000 &&
         a->transport->send_frame(NodeId(2), Channel::bulk, FrameType::snapshot_chunk,
                                  model::ShardId(1), chunk)) {
    ++taken;
  }
  EXPECT_EQ(taken, 3U);
  // The other channel has its own bound.
  EXPECT_TRUE(a->transport->send(model::ShardId(1), message(1, 2), {}));
  ASSERT_TRUE(run_until([&] { return b->seen.frames.size() == taken; }));
  EXPECT_TRUE(a->transport->send_frame(NodeId(2), Channel::bulk, FrameType::snapshot_chunk,
                                       model::ShardId(1), chunk));
}

// One of the two differs in something; neither must take the other, and both say why.
class TransportRefusal : public TransportTest {
 protected:
  void expect_refusal(TransportOptions of_a, TransportOptions of_b, const std::string& reason) {
    std::string lines;
    of_a.log = [&lines](std::string_view line) { lines += std::string(line) + "\n"; };
    of_b.log = of_a.log;
    a = start(of_a);
    b = start(of_b);
    ASSERT_TRUE(run_until([&] { return lines.find(reason) != std::string::npos; })) << lines;
    reactor.run_until([] { return false; }, Duration::milliseconds(300));
    EXPECT_EQ(a->seen.log, "");
    EXPECT_EQ(b->seen.log, "");
    EXPECT_TRUE(a->seen.messages.empty() && b->seen.messages.empty());
    // At most one line per kind, node and interval: not one per attempt.
    EXPECT_LE(std::count(lines.begin(), lines.end(), '\n'), 4) << lines;
    TearDown();
  }
};

TEST_F(TransportRefusal, WrongSecret) {
  TransportOptions other = options_of(2);
  other.peer_secret = "another";
  expect_refusal(options_of(1), other, "the peer secrets differ");
}

TEST_F(TransportRefusal, NoSecret) {
  TransportOptions other = options_of(2);
  other.peer_secret.clear();
  expect_refusal(options_of(1), other, "the peer secrets differ");
}

TEST_F(TransportRefusal, WrongCluster) {
  TransportOptions other = options_of(2);
  other.cluster = model::ClusterId(78);
  expect_refusal(options_of(1), other, "another cluster");
}

TEST_F(TransportRefusal, WrongIncarnation) {
  TransportOptions other = options_of(2);
  other.incarnation = model::Incarnation(201);
  members[0].incarnation = {};  // b would take a; a does not take b
  expect_refusal(options_of(1), other, "another data directory");
}

TEST_F(TransportTest, AnUnknownIncarnationIsLearned) {
  members[1].incarnation = {};
  connect_pair();
  const auto status = a->transport->status();
  ASSERT_EQ(status.size(), 1U);
  EXPECT_EQ(status[0].incarnation, model::Incarnation(200));
  EXPECT_TRUE(status[0].connected);
  EXPECT_EQ(status[0].version, 1);
}

TEST_F(TransportTest, ARemovedMemberIsDisconnectedAndRefused) {
  connect_pair();
  const std::vector<model::Member> alone = {members[0]};
  a->transport->set_members(alone);
  EXPECT_EQ(a->seen.log, "+2-2");
  ASSERT_TRUE(run_until([&] { return b->seen.log == "+1-1"; })) << b->seen.log;
  EXPECT_FALSE(a->transport->send(model::ShardId(1), message(1, 2), {}));
  a->transport->set_members(members);
  ASSERT_TRUE(run_until([&] { return b->seen.log == "+1-1+1"; })) << b->seen.log;
}

TEST_F(TransportTest, ACallIsAnsweredByWhoeverIsThere) {
  a = start(options_of(1));
  TransportOptions stranger = options_of(3);
  stranger.cluster = {};
  stranger.self = {};
  stranger.incarnation = {};
  auto caller = make_transport(reactor, *network, stranger, 9);
  std::string answer;
  caller->call_address(addresses[0], FrameType::join_request, "let me in",
                       reactor.now() + Duration::seconds(10), [&](auto result) {
                         answer = result.has_value() ? std::string(result->view())
                                                     : result.error().to_string();
                       });
  ASSERT_TRUE(run_until([&] { return a->seen.frames.size() == 1; }));
  EXPECT_EQ(a->seen.frames[0], "let me in");
  EXPECT_EQ(a->seen.last_from, NodeId());
  EXPECT_EQ(a->seen.last_type, FrameType::join_request);
  EXPECT_TRUE(a->transport->send_frame(NodeId(), Channel::control, FrameType::join_reply,
                                       a->seen.last_shard, "welcome"));
  ASSERT_TRUE(run_until([&] { return !answer.empty(); }));
  EXPECT_EQ(answer, "welcome");
  // Answered once; the second answer has nobody to go to.
  EXPECT_FALSE(a->transport->send_frame(NodeId(), Channel::control, FrameType::join_reply,
                                        a->seen.last_shard, "again"));
  answer.clear();
  caller->call_address(free_address(), FrameType::join_request, "",
                       reactor.now() + Duration::seconds(10),
                       [&](auto result) { answer = std::string(name_of(result.error().code)); });
  ASSERT_TRUE(run_until([&] { return !answer.empty(); }));
  EXPECT_EQ(answer, "connection_refused");
  caller->stop();
}

TEST_F(TransportTest, ACallWithTheWrongSecretIsRefused) {
  a = start(options_of(1));
  TransportOptions stranger = options_of(3);
  stranger.peer_secret = "guess";
  auto caller = make_transport(reactor, *network, stranger, 9);
  std::string answer;
  caller->call_address(addresses[0], FrameType::join_request, "let me in",
                       reactor.now() + Duration::seconds(10),
                       [&](auto result) { answer = std::string(name_of(result.error().code)); });
  ASSERT_TRUE(run_until([&] { return !answer.empty(); }));
  EXPECT_EQ(answer, "unauthenticated");
  EXPECT_TRUE(a->seen.frames.empty());
  caller->stop();
}

}  // namespace
}  // namespace ostraka::peer
