#include "lab/web/site.h"

#include "lab/protocols/all.h"
#include "net/network.h"
#include "net/reactor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <string>

namespace ostraka::lab {
namespace {

using testing::HasSubstr;

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

  std::string received;
  bool closed = false;

 private:
  std::unique_ptr<port::Stream> stream_;
};

class LabSite : public testing::Test {
 protected:
  void SetUp() override {
    add_site(server, all_protocols());
    ASSERT_TRUE(server.start("127.0.0.1:0").has_value());
  }
  void TearDown() override { server.stop(); }

  std::string get(const std::string& target) {
    std::unique_ptr<Client> client;
    network->connect(server.address(), reactor.now() + base::Duration::seconds(10),
                     [&](auto stream) {
                       ASSERT_TRUE(stream.has_value());
                       client = std::make_unique<Client>(std::move(*stream));
                       client->send("GET " + target + " HTTP/1.0\r\n\r\n");
                     });
    EXPECT_TRUE(reactor.run_until([&] { return client != nullptr && client->closed; },
                                  base::Duration::seconds(20)));
    return client->received;
  }
  nlohmann::json get_json(const std::string& target) {
    const std::string answer = get(target);
    return nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4), nullptr, false);
  }

  net::Reactor reactor;
  std::unique_ptr<port::Network> network = net::make_network(reactor);
  gateway::http::Server server{reactor, *network, {}};
};

TEST_F(LabSite, ServesTheViewerAndItsFiles) {
  EXPECT_THAT(get("/"), HasSubstr("static/main.js"));
  EXPECT_THAT(get("/"), HasSubstr("Content-Security-Policy: default-src 'self'"));
  EXPECT_THAT(get("/static/main.js"), HasSubstr("text/javascript"));
  EXPECT_THAT(get("/static/../main.js"), HasSubstr("404"));
}

TEST_F(LabSite, TellsProtocolsAndRuns) {
  const auto protocols = get_json("/api/protocols");
  EXPECT_GE(protocols["protocols"].size(), 2U);
  const auto paxos = get_json("/api/protocol?name=basic_paxos");
  EXPECT_EQ(paxos["steps"].size(), 6U);
  EXPECT_THAT(paxos["page"].get<std::string>(), HasSubstr("# Basic Paxos"));
  const auto run = get_json("/api/run?protocol=basic_paxos&scenario=forgetful_acceptor&seed=3");
  EXPECT_EQ(run["properties"][0]["verdict"], "violated");
  EXPECT_EQ(run["seed"], 3);
}

TEST_F(LabSite, ForksARunByOneMoreIntervention) {
  const auto run =
      get_json("/api/run?protocol=two_generals&scenario=last_messenger&do=drop+a.b.order.1");
  EXPECT_EQ(run["properties"][0]["name"], "agreement");
  EXPECT_EQ(run["properties"][0]["verdict"], "held");
  EXPECT_EQ(run["interventions"][1]["by"], "user");
}

TEST_F(LabSite, SaysWhatIsWrong) {
  const std::string answer = get("/api/run?protocol=basic_paxs");
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr("did you mean 'basic_paxos'?"));
  EXPECT_EQ(get_json("/api/run?protocol=basic_paxos&set=loss:300")["text"],
            "loss is '300', but must be a number from 0 to 100 %");
  EXPECT_EQ(get_json("/api/protocol")["error"], "invalid_argument");
}

}  // namespace
}  // namespace ostraka::lab
