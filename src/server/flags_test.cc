#include "server/flags.h"

#include <gtest/gtest.h>

namespace ostraka::server {
namespace {

std::string refusal(const Flags& flags) {
  const base::Result<Settings> settled = settle(flags);
  return settled.has_value() ? "accepted" : settled.error().context;
}

constexpr const char* kThree = "n3=127.0.0.1:7003,n1=127.0.0.1:7001,n2=127.0.0.1:7002";

TEST(Flags, NoFlagsGiveOneNodeOnLoopback) {
  const base::Result<Settings> settled = settle({});
  ASSERT_TRUE(settled.has_value());
  EXPECT_EQ(settled->data_dir, "./ostraka.data");
  EXPECT_EQ(settled->redis, "127.0.0.1:6379");
  EXPECT_EQ(settled->http, "127.0.0.1:8379");
  EXPECT_EQ(settled->peer, "127.0.0.1:7379");
  EXPECT_EQ(settled->name, "n1");
  EXPECT_TRUE(settled->cluster.empty());
}

TEST(Flags, PeerDefaultsToOnesOwnEntryOfTheCluster) {
  const base::Result<Settings> settled = settle({.name = "n2", .cluster = kThree});
  ASSERT_TRUE(settled.has_value()) << settled.error().to_string();
  EXPECT_EQ(settled->peer, "127.0.0.1:7002");
  EXPECT_EQ(settled->advertise, "127.0.0.1:7002");
  ASSERT_EQ(settled->cluster.size(), 3U);
  EXPECT_EQ(settled->cluster[0].name, "n1");
}

TEST(Flags, ContradictionsAreRefusedByName) {
  EXPECT_NE(refusal({.name = "n1", .cluster = kThree, .join = "127.0.0.1:1"}).find("--join"),
            std::string::npos);
  EXPECT_NE(refusal({.name = "n9", .cluster = kThree}).find("--name n9"), std::string::npos);
  EXPECT_NE(refusal({.cluster = kThree}).find("--name"), std::string::npos);
  EXPECT_NE(refusal({.join = "127.0.0.1:7001"}).find("--name"), std::string::npos);
  EXPECT_NE(
      refusal({.name = "n1", .advertise = "127.0.0.1:9", .cluster = kThree}).find("--advertise"),
      std::string::npos);
  EXPECT_NE(refusal({.name = "a b"}).find("--name"), std::string::npos);
  EXPECT_NE(refusal({.redis = "6379"}).find("--redis"), std::string::npos);
  EXPECT_NE(refusal({.http = "host:99999"}).find("--http"), std::string::npos);
  EXPECT_NE(refusal({.log_level = "loud"}).find("--log-level"), std::string::npos);
  EXPECT_NE(refusal({.log_io = "aio"}).find("--log-io 'aio': one of auto, thread"),
            std::string::npos);
  EXPECT_EQ(refusal({.log_io = "thread"}), "accepted");
  EXPECT_EQ(refusal({.engine = "multi-paxos"}), "accepted");
  EXPECT_NE(refusal({.engine = "paxos"}).find("--engine 'paxos': one of raft, multi-paxos, zab"),
            std::string::npos);
  EXPECT_NE(refusal({.engine = ""}).find("--engine"), std::string::npos);
  EXPECT_NE(refusal({.reactors = 2}).find("--reactors"), std::string::npos);
  EXPECT_NE(refusal({.name = "n1", .cluster = "n1=h:1,n1=h:2"}).find("twice"), std::string::npos);
}

TEST(Flags, ListeningBeyondLoopbackNeedsSecrets) {
  EXPECT_NE(refusal({.redis = "0.0.0.0:6379"}).find("--insecure"), std::string::npos);
  EXPECT_NE(refusal({.http = "10.0.0.1:80"}).find("--insecure"), std::string::npos);
  EXPECT_NE(refusal({.peer = "10.0.0.1:80", .requirepass = "p"}).find("--peer-secret"),
            std::string::npos);
  EXPECT_EQ(refusal({.redis = "0.0.0.0:6379", .insecure = true}), "accepted");
  EXPECT_EQ(refusal({.redis = "0.0.0.0:6379", .requirepass = "p", .peer_secret = "f"}), "accepted");
  EXPECT_EQ(refusal({.redis = "[::1]:6379"}), "accepted");
}

TEST(ConfigFile, HasTheNamesOfTheFlags) {
  const base::Result<Flags> flags = parse_config(
      "name = \"n1\"\ndata-dir = \"/d\"\nredis = \"127.0.0.1:1\"\nreactors = 1\n"
      "insecure = true\nlog-level = \"debug\"\nlog-io = \"thread\"\n",
      "c.toml");
  ASSERT_TRUE(flags.has_value()) << flags.error().to_string();
  EXPECT_EQ(flags->name, "n1");
  EXPECT_EQ(flags->data_dir, "/d");
  EXPECT_EQ(flags->reactors, 1);
  EXPECT_EQ(flags->insecure, true);
  EXPECT_EQ(flags->log_io, "thread");
}

TEST(ConfigFile, UnknownAndMistypedKeysAreNamedWithTheirLine) {
  const base::Result<Flags> unknown = parse_config("name = \"n1\"\ndatadir = \"x\"\n", "c.toml");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().context.find("c.toml:2: unknown key 'datadir'"), std::string::npos);
  const base::Result<Flags> mistyped = parse_config("\nredis = 6379\n", "c.toml");
  ASSERT_FALSE(mistyped.has_value());
  EXPECT_NE(mistyped.error().context.find("c.toml:2: 'redis'"), std::string::npos);
  const base::Result<Flags> broken = parse_config("name = \n", "c.toml");
  ASSERT_FALSE(broken.has_value());
  EXPECT_NE(broken.error().context.find("c.toml:1:"), std::string::npos);
}

TEST(Flags, AFlagOverridesTheFile) {
  const Flags merged = merge({.redis = "127.0.0.1:2"}, {.name = "n7", .redis = "127.0.0.1:1"});
  EXPECT_EQ(merged.redis, "127.0.0.1:2");
  EXPECT_EQ(merged.name, "n7");
}

}  // namespace
}  // namespace ostraka::server
