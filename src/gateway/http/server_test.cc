#include "gateway/http/server.h"

#include "net/network.h"
#include "net/reactor.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::gateway::http {
namespace {

using base::Duration;

// A client that sends what it is told and keeps what comes.
class Client final : public port::StreamHandler {
 public:
  explicit Client(std::unique_ptr<port::Stream> stream) : stream_(std::move(stream)) {
    stream_->start(*this);
  }
  std::size_t on_bytes(base::ByteView bytes) override {
    received.append(bytes);
    return bytes.size();
  }
  void on_closed(const base::Error&) override { closed = true; }
  void send(const std::string& text) { stream_->write(base::ByteView(text)); }
  port::Stream& stream() { return *stream_; }
  [[nodiscard]] std::size_t count(const std::string& text) const {
    std::size_t found = 0;
    for (std::size_t at = received.find(text); at != std::string::npos;
         at = received.find(text, at + 1)) {
      ++found;
    }
    return found;
  }

  std::string received;
  bool closed = false;

 private:
  std::unique_ptr<port::Stream> stream_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    server.emplace(reactor, *network, options);
    add_standard_routes(
        *server, {.ready = [this] { return ready; },
                  .metrics = [](base::MetricsText& m) { m.gauge({"ostraka_lag", "Lag."}, 7); },
                  .status_json = [] { return std::string("{\"leader\":\"n2\"}"); }});
    server->route("POST", "/admin/echo", [](const Request& request, Responder responder) {
      responder.respond({.body = std::string(request.query) + "|" + std::string(request.body)});
    });
    server->route("GET", "/later", [this](const Request&, Responder responder) {
      waiting.push_back(std::move(responder));
    });
    server->route("GET", "/big", [](const Request&, Responder responder) {
      responder.respond({.body = std::string(300'000, 'b')});
    });
    server->route("GET", "/files/", [](const Request& request, Responder responder) {
      responder.respond({.body = std::string(request.path)});
    });
    ASSERT_TRUE(server->start("127.0.0.1:0").has_value());
  }
  std::unique_ptr<Client> connect() {
    std::unique_ptr<Client> client;
    network->connect(server->address(), reactor.now() + Duration::seconds(10), [&](auto stream) {
      ASSERT_TRUE(stream.has_value());
      client = std::make_unique<Client>(std::move(*stream));
    });
    EXPECT_TRUE(run_until([&] { return client != nullptr; }));
    return client;
  }
  bool run_until(const std::function<bool()>& done) {
    return reactor.run_until(done, Duration::seconds(20));
  }
  // One exchange on a connection of its own.
  std::string ask(const std::string& request) {
    auto client = connect();
    client->send(request);
    EXPECT_TRUE(run_until([&] { return client->closed; }));
    return client->received;
  }
  static std::string get(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  }
  void TearDown() override {
    waiting.clear();
    if (server) {
      server->stop();
    }
  }

  net::Reactor reactor;
  std::unique_ptr<port::Network> network = net::make_network(reactor);
  std::optional<Server> server;
  std::vector<Responder> waiting;
  bool ready = false;
};

TEST_F(HttpServerTest, StandardPages) {
  start();
  EXPECT_TRUE(ask(get("/health")).starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(ask(get("/ready")).starts_with("HTTP/1.1 503 "));
  ready = true;
  EXPECT_TRUE(ask(get("/ready?x")).starts_with("HTTP/1.1 200 "));
  const std::string metrics = ask(get("/metrics"));
  EXPECT_NE(metrics.find("text/plain; version=0.0.4"), std::string::npos);
  EXPECT_NE(metrics.find("\nostraka_up 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("\nostraka_lag 7\n"), std::string::npos);
  EXPECT_TRUE(ask(get("/status")).ends_with("\r\n\r\n{\"leader\":\"n2\"}"));
  EXPECT_TRUE(ask(get("/nothing")).starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(ask(get("/health/below")).starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(ask(get("/files/a/b")).ends_with("\r\n\r\n/files/a/b"));
  const std::string wrong = ask("POST /health HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(wrong.starts_with("HTTP/1.1 405 ")) << wrong;
  EXPECT_NE(wrong.find("\r\nAllow: GET\r\n"), std::string::npos);
  const std::string head = ask("HEAD /health HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n")) << head;
  EXPECT_TRUE(ask("POST /admin/echo?q=1 HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody")
                  .ends_with("\r\n\r\nq=1|body"));
}

TEST_F(HttpServerTest, PipelinedAnswersKeepTheirOrder) {
  start();
  auto client = connect();
  client->send(
      "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return waiting.size() == 1; }));
  EXPECT_EQ(client->received, "");
  waiting[0].respond({.body = "first"});
  ASSERT_TRUE(run_until([&] { return waiting.size() == 2; }));
  waiting[1].respond({.body = "third"});
  ASSERT_TRUE(run_until([&] { return client->count("third") == 1; }));
  EXPECT_LT(client->received.find("first"), client->received.find("ok\n"));
  EXPECT_LT(client->received.find("ok\n"), client->received.find("third"));
  EXPECT_FALSE(client->closed);
}

TEST_F(HttpServerTest, AHandlerThatForgetsAnswers500AndAGoneClientHurtsNobody) {
  start();
  auto client = connect();
  client->send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return waiting.size() == 1; }));
  waiting.clear();
  ASSERT_TRUE(run_until([&] { return client->count("HTTP/1.1 500 ") == 1; }));
  client->send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return waiting.size() == 1; }));
  client->stream().abort();
  ASSERT_TRUE(run_until([&] { return server->stats().connections == 0; }));
  waiting[0].respond({.body = "late"});
}

TEST_F(HttpServerTest, WrongRequestsGetAnAnswerAndTheDoor) {
  start();
  EXPECT_TRUE(ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask("GET / HTTP/3.0\r\n\r\n").starts_with("HTTP/1.1 505 "));
  EXPECT_TRUE(ask("GET /" + std::string(20'000, 'a')).starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_EQ(server->stats().refused, 4U);
  // A redis client that knocks at the wrong door.
  EXPECT_TRUE(ask("*1\r\n$4\r\nPING\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

// N5 of the fault list: one that never finishes its request, one that says nothing.
TEST_F(HttpServerTest, SlowClientsAreShownOut) {
  start({.request_timeout = Duration::milliseconds(100),
         .idle_timeout = Duration::milliseconds(200)});
  auto slow = connect();
  auto silent = connect();
  slow->send("GET /health HT");
  ASSERT_TRUE(run_until([&] { return slow->closed && silent->closed; }));
  EXPECT_TRUE(slow->received.starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(silent->received, "");
}

TEST_F(HttpServerTest, AClientThatNeverReadsIsBoundedAndCutOff) {
  start({.write_timeout = Duration::milliseconds(500)});
  auto client = connect();
  client->stream().pause_reading();
  std::string flood;
  for (int i = 0; i < 1000; ++i) {
    flood += "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  client->send(flood);
  ASSERT_TRUE(run_until([&] { return server->stats().refused == 1; }));
  // 300 MB were asked for; only what sockets and the bound hold was made.
  EXPECT_LT(server->stats().requests, 100U);
  EXPECT_EQ(server->stats().connections, 0U);
}

TEST_F(HttpServerTest, AFloodThatIsReadIsAnswered) {
  start();
  auto client = connect();
  std::string flood;
  for (int i = 0; i < 50; ++i) {
    flood += "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  client->send(flood);
  EXPECT_TRUE(run_until([&] { return client->received.size() > 50U * 300'000U; }));
}

TEST_F(HttpServerTest, WhenAllConnectionsAreTakenTheIdlestGoes) {
  start({.connections_max = 3});
  auto busy = connect();
  busy->send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return waiting.size() == 1; }));
  auto idle = connect();
  ASSERT_TRUE(run_until([&] { return server->stats().connections == 2; }));
  auto third = connect();
  ASSERT_TRUE(run_until([&] { return server->stats().connections == 3; }));
  EXPECT_TRUE(ask(get("/health")).starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(idle->closed);
  EXPECT_FALSE(busy->closed);
  EXPECT_FALSE(third->closed);
}

}  // namespace
}  // namespace ostraka::gateway::http
