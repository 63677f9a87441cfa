// The transport on the simulated network: partitions, half-open connections, crashes, corruption,
// and peers that do not follow the rules.
#include "base/prng.h"
#include "codec/peer_frame.h"
#include "codec/peer_frame_message.h"
#include "peer/internal/handshake.h"
#include "peer/transport.h"
#include "sim_ports/sim_executor.h"
#include "sim_ports/sim_network.h"
#include "sim_ports/sim_scheduler.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace ostraka::peer {
namespace {

using base::Duration;
using model::NodeId;

constexpr char kSecret[] = "squeamish ossifrage";

struct Recorder final : TransportHandler {
  void on_protocol_message(ReceivedMessage& received) override {
    contexts.push_back(received.message.context);
    for (const base::Buffer& payload : received.payloads) {
      payload_bytes += payload.size();
    }
  }
  void on_frame(NodeId, FrameType, model::ShardId, base::ByteView body) override {
    frames.push_back(std::string(body));
  }
  void on_connected(NodeId peer) override { log += "+" + std::to_string(peer.value()); }
  void on_disconnected(NodeId peer, bool refused) override {
    log += (refused ? "x" : "-") + std::to_string(peer.value());
  }
  [[nodiscard]] bool nothing() const { return contexts.empty() && frames.empty(); }
  std::vector<std::uint64_t> contexts;
  std::vector<std::string> frames;
  std::size_t payload_bytes = 0;
  std::string log;
};

// One process life on a simulated machine.
struct Process {
  Process(sim_ports::SimScheduler& scheduler, sim_ports::SimFabric& fabric,
          sim_ports::SimClock& clock, const std::string& host, std::uint64_t seed)
      : executor(std::make_unique<sim_ports::SimExecutor>(scheduler, clock, seed)),
        network(std::make_unique<sim_ports::SimNetwork>(fabric, *executor, host)) {}
  ~Process() {
    transport.reset();
    network.reset();
    executor.reset();
  }
  std::unique_ptr<sim_ports::SimExecutor> executor;
  std::unique_ptr<sim_ports::SimNetwork> network;
  Recorder seen;
  std::unique_ptr<Transport> transport;
};

protocol::Message message(std::uint32_t from, std::uint32_t to, std::uint64_t context) {
  protocol::Message m;
  m.from = NodeId(from);
  m.to = NodeId(to);
  m.context = context;
  return m;
}

class TransportSimTest : public ::testing::Test {
 protected:
  static std::string host(std::uint32_t id) { return "n" + std::to_string(id); }
  std::unique_ptr<Process> start(std::uint32_t id) {
    auto process = std::make_unique<Process>(scheduler, fabric, clock, host(id), ++seeds);
    TransportOptions options;
    options.cluster = model::ClusterId(77);
    options.self = NodeId(id);
    options.incarnation = model::Incarnation(std::uint64_t{id} * 100);
    options.peer_secret = kSecret;
    options.frame_bytes_max = 4U << 20;
    options.log = [this](std::string_view line) { lines += std::string(line) + "\n"; };
    process->transport = make_transport(*process->executor, *process->network, options, ++seeds);
    EXPECT_TRUE(process->transport->start(host(id) + ":1", process->seen).has_value());
    process->transport->set_members(members);
    return process;
  }
  void run_for(Duration span) { scheduler.run_until(scheduler.now() + span); }
  bool run_until(const std::function<bool()>& done, Duration limit = Duration::seconds(60)) {
    const base::Instant end = scheduler.now() + limit;
    bool is_done = done();
    while (!is_done && scheduler.now() < end && scheduler.step()) {
      is_done = done();
    }
    return is_done;
  }
  void connect_pair() {
    a = start(1);
    b = start(2);
    ASSERT_TRUE(run_until([&] { return a->seen.log == "+2" && b->seen.log == "+1"; }));
  }
  void SetUp() override {
    for (std::uint32_t id = 1; id <= 2; ++id) {
      members.push_back(
          {NodeId(id), model::Incarnation(std::uint64_t{id} * 100), host(id), host(id) + ":1"});
    }
  }

  sim_ports::SimScheduler scheduler;
  sim_ports::SimFabric fabric{scheduler, 11};
  sim_ports::SimClock clock;
  std::uint64_t seeds = 0;
  std::vector<model::Member> members;
  std::string lines;
  std::unique_ptr<Process> a;
  std::unique_ptr<Process> b;
};

TEST_F(TransportSimTest, AHalfOpenConnectionIsDroppedWithinSecondsAndComesBack) {
  connect_pair();
  run_for(Duration::seconds(30));
  EXPECT_EQ(a->seen.log, "+2") << "idle connections stay";
  EXPECT_GT(a->transport->status()[0].round_trip, Duration());
  EXPECT_LT(a->transport->status()[0].round_trip, Duration::milliseconds(50));
  fabric.cut("n1", "n2");
  const base::Instant cut = scheduler.now();
  ASSERT_TRUE(run_until([&] { return a->seen.log == "+2-2" && b->seen.log == "+1-1"; }));
  EXPECT_LT(scheduler.now() - cut, Duration::seconds(10));
  EXPECT_FALSE(a->transport->send(model::ShardId(1), message(1, 2, 1), {}));
  run_for(Duration::seconds(20));
  fabric.heal_all();
  const base::Instant healed = scheduler.now();
  ASSERT_TRUE(run_until([&] { return a->seen.log == "+2-2+2" && b->seen.log == "+1-1+1"; }));
  EXPECT_LT(scheduler.now() - healed, Duration::seconds(3));
}

TEST_F(TransportSimTest, OneWayCutsAreFoundToo) {
  connect_pair();
  fabric.cut_one_way("n2", "n1");
  ASSERT_TRUE(run_until([&] { return a->seen.log == "+2-2" && b->seen.log == "+1-1"; }))
      << a->seen.log << b->seen.log << lines;
  fabric.heal_all();
  ASSERT_TRUE(run_until([&] { return a->seen.log == "+2-2+2" && b->seen.log == "+1-1+1"; }));
}

TEST_F(TransportSimTest, PowerLossIsNoticedAndARestartedPeerIsBackAtOnce) {
  connect_pair();
  b->network->vanish();
  b.reset();
  ASSERT_TRUE(run_until([&] { return a->seen.log.starts_with("+2") && a->seen.log.size() > 2; }))
      << a->seen.log << lines;
  run_for(Duration::seconds(30));
  b = start(2);
  const base::Instant started = scheduler.now();
  const std::string before = a->seen.log;
  ASSERT_TRUE(run_until([&] { return a->seen.log == before + "+2"; }));
  // The newcomer's greeting ends the back-off.
  EXPECT_LT(scheduler.now() - started, Duration::milliseconds(50));
}

TEST_F(TransportSimTest, FramesLargerThanTheWindowArrive) {
  connect_pair();
  const std::string large(3U << 20, 'f');
  EXPECT_TRUE(a->transport->send_frame(NodeId(2), Channel::bulk, FrameType::snapshot_chunk,
                                       model::ShardId(1), large));
  protocol::Message m = message(1, 2, 5);
  m.entries.push_back({model::LogIndex(1), model::Term(1), protocol::EntryKind::data, 2U << 20});
  const std::vector<base::Buffer> payloads = {base::Buffer::take(std::string(2U << 20, 'p'))};
  EXPECT_TRUE(a->transport->send(model::ShardId(1), m, payloads));
  ASSERT_TRUE(run_until([&] { return b->seen.payload_bytes == 2U << 20; }));
  ASSERT_EQ(b->seen.frames.size(), 1U);
  EXPECT_EQ(b->seen.frames[0], large);
  EXPECT_FALSE(a->transport->send_frame(NodeId(2), Channel::bulk, FrameType::snapshot_chunk,
                                        model::ShardId(1), std::string(5U << 20, 'f')))
      << "the peer would close the connection";
}

TEST_F(TransportSimTest, AMessageWithoutEntriesOvertakesThemUnlessItAsksNotTo) {
  connect_pair();
  protocol::Message m = message(1, 2, 5);
  m.entries.push_back({model::LogIndex(1), model::Term(1), protocol::EntryKind::data, 2U << 20});
  const std::vector<base::Buffer> payloads = {base::Buffer::take(std::string(2U << 20, 'p'))};
  EXPECT_TRUE(a->transport->send(model::ShardId(1), m, payloads));
  protocol::Message question = message(1, 2, 6);
  question.behind_entries = true;
  EXPECT_TRUE(a->transport->send(model::ShardId(1), question, {}));
  EXPECT_TRUE(a->transport->send(model::ShardId(1), message(1, 2, 7), {}));
  ASSERT_TRUE(run_until([&] { return b->seen.contexts.size() == 3; }));
  EXPECT_EQ(b->seen.contexts, (std::vector<std::uint64_t>{7, 5, 6}));
}

// Whatever happens to the connections, what arrives is in order and each at most once.
TEST_F(TransportSimTest, OrderHoldsOverResetsCutsAndRestarts) {
  connect_pair();
  base::Prng prng(5);
  std::uint64_t next = 1;
  std::uint64_t sent = 0;
  for (int round = 0; round < 400; ++round) {
    for (std::uint64_t i = prng.below(20); i > 0; --i) {
      sent += a->transport->send(model::ShardId(1), message(1, 2, next++), {}) ? 1U : 0U;
    }
    switch (prng.below(12)) {
      case 0:
        fabric.reset_connections("n1", "n2");
        break;
      case 1:
        fabric.cut_one_way("n1", "n2");
        break;
      case 2:
        fabric.heal_all();
        break;
      default:
        break;
    }
    run_for(Duration::milliseconds(prng.between(0, 300)));
  }
  fabric.heal_all();
  run_for(Duration::seconds(10));
  EXPECT_GT(sent, 1000U);
  EXPECT_GT(b->seen.contexts.size(), sent / 4);
  for (std::size_t i = 1; i < b->seen.contexts.size(); ++i) {
    ASSERT_LT(b->seen.contexts[i - 1], b->seen.contexts[i]);
  }
}

TEST_F(TransportSimTest, CorruptedBytesNeverBecomeMessages) {
  connect_pair();
  fabric.options().corrupt_one_in = 20;
  std::uint64_t next = 1;
  std::size_t arrived = 0;
  for (int round = 0; round < 300; ++round) {
    if (a->transport->send(model::ShardId(1), message(1, 2, next * 1'000'003), {})) {
      ++next;
    }
    run_for(Duration::milliseconds(100));
  }
  for (const std::uint64_t context : b->seen.contexts) {
    ASSERT_EQ(context % 1'000'003, 0U);
    ASSERT_LT(context / 1'000'003, next);
    ++arrived;
  }
  EXPECT_GT(arrived, 20U);
  EXPECT_NE(lines.find("damaged"), std::string::npos) << "the corruption was met";
}

TEST_F(TransportSimTest, TheSameSeedsGiveTheSameRun) {
  const auto run = [] {
    TransportSimTest_TheSameSeedsGiveTheSameRun_Test world;
    world.SetUp();
    world.connect_pair();
    world.fabric.reset_connections("n1", "n2");
    world.run_for(Duration::seconds(5));
    return world.scheduler.trace_hash();
  };
  EXPECT_EQ(run(), run());
}

// Somebody on the wire: sends what he likes to n2, keeps what comes.
class Stranger final : public port::StreamHandler {
 public:
  std::size_t on_bytes(base::ByteView bytes) override {
    received.append(bytes);
    return bytes.size();
  }
  void on_closed(const base::Error&) override { closed = true; }
  std::string received;
  bool closed = false;
  std::unique_ptr<port::Stream> stream;
};

class TransportAdversary : public TransportSimTest {
 protected:
  void SetUp() override {
    TransportSimTest::SetUp();
    b = start(2);
    outside = std::make_unique<Process>(scheduler, fabric, clock, "x", 1000);
  }
  std::unique_ptr<Stranger> dial(const std::string& address = "n2:1") {
    auto stranger = std::make_unique<Stranger>();
    outside->network->connect(address, outside->executor->now() + Duration::seconds(5),
                              [&](auto stream) {
                                ASSERT_TRUE(stream.has_value());
                                stranger->stream = std::move(*stream);
                                stranger->stream->start(*stranger);
                              });
    EXPECT_TRUE(run_until([&] { return !stranger->received.empty(); }));
    return stranger;
  }
  static void send(Stranger& stranger, base::ByteView bytes) { stranger.stream->write(bytes); }

  // Greets as member n1, with the secret, as a hello that `change` may alter; leaves `writer` set
  // for frames.
  void greet(Stranger& stranger, const std::function<void(codec::PeerHello&)>& change = {}) {
    codec::PeerFrameReader reader(codec::kPeerGreetingBytesMax, 0);
    std::size_t used = 0;
    const auto next_frame = [&] {
      base::ByteView in = base::ByteView(stranger.received).substr(used);
      const bool complete = reader.next(in).value_or(false);
      used = stranger.received.size() - in.size();
      return complete;
    };
    ASSERT_TRUE(run_until(next_frame));
    internal::Transcript transcript;
    transcript.challenge = std::string(reader.body());
    codec::PeerHello hello{.version_min = 1,
                           .version_max = 1,
                           .features = 0,
                           .cluster = model::ClusterId(77),
                           .node = NodeId(1),
                           .incarnation = model::Incarnation(100),
                           .target = NodeId(2),
                           .channel = 0,
                           .nonce = {1},
                           .mac = {}};
    if (change) {
      change(hello);
    }
    internal::seal_hello(kSecret, hello, transcript);
    std::string wire;
    codec::PeerFrameWriter().append(wire, 241, model::ShardId(), transcript.hello);
    send(stranger, wire);
    ASSERT_TRUE(run_until(next_frame));
    answer_type = reader.header().type;
    if (answer_type == 242) {
      transcript.welcome = std::string(reader.body());
      EXPECT_TRUE(internal::verify_welcome(kSecret, transcript));
      writer.set_seed(internal::frame_seeds(kSecret, transcript).from_dialler);
    } else {
      refusal = codec::decode_refusal(reader.body())->reason;
    }
  }
  void expect_thrown_out(Stranger& stranger) {
    EXPECT_TRUE(run_until([&] { return stranger.closed; }, Duration::seconds(10)));
    EXPECT_TRUE(b->seen.nothing());
  }

  std::unique_ptr<Process> outside;
  codec::PeerFrameWriter writer;
  std::uint8_t answer_type = 0;
  codec::RefuseReason refusal = codec::RefuseReason::malformed;
};

TEST_F(TransportAdversary, GarbageOtherProtocolsAndSilence) {
  base::Prng prng(3);
  std::string noise;
  for (int i = 0; i < 1000; ++i) {
    noise += static_cast<char>(prng.next());
  }
  const std::vector<std::string> openings = {
      noise, "GET / HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(100, ' '), std::string(100, '\0'),
      "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n", ""};
  for (const std::string& opening : openings) {
    auto stranger = dial();
    send(*stranger, opening);
    expect_thrown_out(*stranger);
  }
}

TEST_F(TransportAdversary, BeforeGreetingOnlySmallFramesAndNoOthers) {
  const auto throws_out = [&](std::uint8_t type, std::size_t bytes) {
    auto stranger = dial();
    std::string wire;
    codec::PeerFrameWriter().append(wire, type, model::ShardId(), std::string(bytes, 'h'));
    // The header alone must be enough to refuse what is too large.
    send(*stranger, base::ByteView(wire).substr(0, bytes > 512 ? 24 : wire.size()));
    expect_thrown_out(*stranger);
  };
  throws_out(241, 100);
  throws_out(241, 100'000);
  throws_out(1, 10);
  throws_out(8, 10);
  throws_out(242, 62);
  throws_out(244, 8);
}

TEST_F(TransportAdversary, EachReasonIsNamed) {
  const auto reason_for = [&](const std::function<void(codec::PeerHello&)>& change) {
    auto stranger = dial();
    greet(*stranger, change);
    EXPECT_EQ(answer_type, 243);
    expect_thrown_out(*stranger);
    return refusal;
  };
  using codec::RefuseReason;
  EXPECT_EQ(reason_for([](auto& h) { h.version_min = h.version_max = 2; }), RefuseReason::version);
  EXPECT_EQ(reason_for([](auto& h) { h.cluster = model::ClusterId(1); }), RefuseReason::cluster);
  EXPECT_EQ(reason_for([](auto& h) { h.cluster = {}; }), RefuseReason::cluster);
  EXPECT_EQ(reason_for([](auto& h) { h.engine = 2; }), RefuseReason::engine);
  EXPECT_EQ(reason_for([](auto& h) { h.target = NodeId(3); }), RefuseReason::target);
  EXPECT_EQ(reason_for([](auto& h) { h.node = NodeId(9); }), RefuseReason::unknown_member);
  EXPECT_EQ(reason_for([](auto& h) { h.incarnation = model::Incarnation(101); }),
            RefuseReason::incarnation);
}

TEST_F(TransportAdversary, AMemberThatBreaksTheRulesIsThrownOut) {
  const auto throws_out = [&](const std::function<std::string()>& build) {
    auto stranger = dial();
    greet(*stranger);
    ASSERT_EQ(answer_type, 242);
    send(*stranger, build());
    expect_thrown_out(*stranger);
  };
  const auto frame = [&](std::uint8_t type, const std::string& body) {
    std::string wire;
    writer.append(wire, type, model::ShardId(1), body);
    return wire;
  };
  const auto of_message = [&](const protocol::Message& m) {
    std::string body;
    codec::encode_message(m, body);
    return frame(1, body);
  };
  throws_out([&] { return frame(1, ""); });
  throws_out([&] { return frame(1, "garbage garbage"); });
  throws_out([&] { return of_message(message(3, 2, 1)); });  // in the name of another node
  throws_out([&] { return of_message(message(1, 3, 1)); });
  throws_out([&] { return frame(241, "again"); });
  throws_out([&] { return frame(245, std::string(8, 'p')); });
  throws_out([&] { return frame(244, "short"); });
  throws_out([&] {
    std::string wire = frame(2, "x");
    wire[12] = 99;  // a type that nobody knows
    return wire;
  });
  throws_out([&] {
    std::string wire = frame(2, "x");
    wire[3] = 1;  // 16 MB
    return wire;
  });
  throws_out([&] {
    std::string wire;
    codec::PeerFrameWriter(12345).append(wire, 2, model::ShardId(1), "of another session");
    return wire;
  });
}

TEST_F(TransportAdversary, AMemberThatKeepsTheRulesIsHeard) {
  auto stranger = dial();
  greet(*stranger);
  std::string body;
  codec::encode_message(message(1, 2, 42), body);
  std::string wire;
  writer.append(wire, 1, model::ShardId(1), body);
  send(*stranger, wire);
  EXPECT_TRUE(run_until([&] { return b->seen.contexts == std::vector<std::uint64_t>{42}; }));
}

// Everything that a true peer sent, byte for byte, on a new connection.
TEST_F(TransportAdversary, ARecordedSessionCannotBePlayedAgain) {
  struct Pipe {
    Stranger from_peer;  // n1's side
    std::unique_ptr<Stranger> to_n2;
  };
  std::vector<std::unique_ptr<Pipe>> pipes;
  auto listener = outside->network->listen("x:1", [&](std::unique_ptr<port::Stream> stream) {
    pipes.push_back(std::make_unique<Pipe>());
    pipes.back()->from_peer.stream = std::move(stream);
    pipes.back()->from_peer.stream->start(pipes.back()->from_peer);
  });
  ASSERT_TRUE(listener.has_value());
  members[1].peer_address = "x:1";  // n1 reaches n2 through the eavesdropper
  a = start(1);
  ASSERT_TRUE(run_until([&] { return pipes.size() == 2; }));
  std::vector<std::array<std::size_t, 2>> forwarded(2);
  for (const auto& pipe : pipes) {
    pipe->to_n2 = dial();
  }
  const auto pump = [&] {
    for (std::size_t i = 0; i < 2; ++i) {
      Stranger& left = pipes[i]->from_peer;
      Stranger& right = *pipes[i]->to_n2;
      if (left.received.size() > forwarded[i][0]) {
        send(right, base::ByteView(left.received).substr(forwarded[i][0]));
      }
      if (right.received.size() > forwarded[i][1]) {
        send(left, base::ByteView(right.received).substr(forwarded[i][1]));
      }
      forwarded[i] = {left.received.size(), right.received.size()};
    }
  };
  ASSERT_TRUE(run_until([&] {
    pump();
    return a->seen.log.starts_with("+2");
  }));
  ASSERT_TRUE(a->transport->send(model::ShardId(1), message(1, 2, 7), {}));
  ASSERT_TRUE(run_until([&] {
    pump();
    return b->seen.contexts.size() == 1;
  }));
  for (std::size_t i = 0; i < 2; ++i) {  // n1 may dial again meanwhile
    auto replay = dial();
    send(*replay, pipes[i]->from_peer.received);
    EXPECT_TRUE(run_until([&] { return replay->closed; }, Duration::seconds(10)));
    EXPECT_NE(lines.find("the peer secrets differ"), std::string::npos);
  }
  EXPECT_EQ(b->seen.contexts.size(), 1U);
}

TEST_F(TransportAdversary, StrangersDoNotCrowdOutMembers) {
  std::vector<std::unique_ptr<Stranger>> crowd;
  crowd.reserve(300);
  for (int i = 0; i < 300; ++i) {
    crowd.push_back(dial());
  }
  a = start(1);
  EXPECT_TRUE(run_until([&] { return a->seen.log == "+2"; }, Duration::seconds(1)));
  EXPECT_TRUE(crowd.front()->closed) << "the oldest stranger makes room";
}

}  // namespace
}  // namespace ostraka::peer
