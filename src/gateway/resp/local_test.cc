// Commands that the node answers by itself, and the table behind COMMAND.
#include "gateway/resp/internal/argument_docs.h"
#include "gateway/resp/internal/float_text.h"
#include "gateway/resp/internal/handlers.h"
#include "gateway/resp/test_world.h"

#include <gtest/gtest.h>

#include <set>

namespace ostraka::gateway::resp {
namespace {

using testing::Client;
using testing::World;

class Local : public ::testing::Test {
 protected:
  World world;
  std::unique_ptr<Client> client = world.connect();
};

TEST_F(Local, PingEchoSelect) {
  EXPECT_EQ(client->command("PING"), "+PONG\r\n");
  EXPECT_EQ(client->command("PING hello"), "$5\r\nhello\r\n");
  EXPECT_EQ(client->command("PING a b"), "-ERR wrong number of arguments for 'ping' command\r\n");
  EXPECT_EQ(client->command("ECHO x"), "$1\r\nx\r\n");
  EXPECT_EQ(client->command("SELECT 15"), "+OK\r\n");
  EXPECT_EQ(client->command("SELECT 16"), "-ERR DB index is out of range\r\n");
  EXPECT_EQ(client->command("SELECT x"), "-ERR value is not an integer or out of range\r\n");
}

TEST_F(Local, Hello) {
  EXPECT_EQ(client->command("HELLO 4"), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_EQ(client->command("HELLO x"),
            "-ERR Protocol version is not an integer or out of range\r\n");
  EXPECT_EQ(client->command("HELLO 3 NOPE"), "-ERR Syntax error in HELLO option 'NOPE'\r\n");
  EXPECT_EQ(client->command("HELLO"),
            "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n"
            "$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n"
            "$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n");
}

TEST_F(Local, AuthWithoutPassword) {
  EXPECT_TRUE(client->command("AUTH x").starts_with("-ERR AUTH <password> called without any"));
  EXPECT_EQ(client->command("AUTH default anything"), "+OK\r\n");
  EXPECT_EQ(client->command("AUTH a b c"), "-ERR syntax error\r\n");
}

TEST_F(Local, Clients) {
  EXPECT_EQ(client->command("CLIENT ID"), ":1\r\n");
  EXPECT_EQ(client->command("CLIENT GETNAME"), "$-1\r\n");
  EXPECT_EQ(client->command("CLIENT SETNAME me"), "+OK\r\n");
  EXPECT_EQ(client->command("CLIENT GETNAME"), "$2\r\nme\r\n");
  EXPECT_EQ(client->command(std::vector<std::string>{"CLIENT", "SETNAME", "a b"}),
            "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
  EXPECT_EQ(client->command("CLIENT SETINFO LIB-NAME lib"), "+OK\r\n");
  EXPECT_EQ(client->command("CLIENT SETINFO LIB-VER 1.0"), "+OK\r\n");
  EXPECT_EQ(client->command("CLIENT SETINFO NOPE x"), "-ERR Unrecognized option 'NOPE'\r\n");
  EXPECT_EQ(client->command("CLIENT NO-EVICT on"), "+OK\r\n");
  EXPECT_EQ(client->command("CLIENT NO-EVICT x"), "-ERR syntax error\r\n");
  const auto other = world.connect();
  const std::string info = client->command("CLIENT INFO");
  EXPECT_NE(info.find("id=1 addr="), std::string::npos) << info;
  EXPECT_NE(info.find(" name=me "), std::string::npos);
  EXPECT_NE(info.find(" lib-name=lib lib-ver=1.0\n"), std::string::npos);
  const std::string list = client->command("CLIENT LIST");
  EXPECT_NE(list.find("id=2 "), std::string::npos);
  EXPECT_EQ(client->command("CLIENT LIST ID 2").find("id=1 "), std::string::npos);
  EXPECT_EQ(client->command("CLIENT LIST TYPE pubsub"), "$0\r\n\r\n");
  EXPECT_EQ(client->command("CLIENT LIST TYPE x"), "-ERR Unknown client type 'x'\r\n");
  EXPECT_EQ(client->command("CLIENT NOPE"), "-ERR unknown subcommand 'NOPE'. Try CLIENT HELP.\r\n");
}

TEST_F(Local, Configuration) {
  EXPECT_EQ(client->command("CONFIG GET save"), "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
  EXPECT_EQ(client->command("CONFIG GET appendonly"), "*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n");
  EXPECT_EQ(client->command("CONFIG GET nope"), "*0\r\n");
  EXPECT_EQ(client->command("CONFIG GET port"), "*2\r\n$4\r\nport\r\n$4\r\n6380\r\n");
  EXPECT_EQ(client->command("CONFIG SET maxclients 50"), "+OK\r\n");
  EXPECT_EQ(client->command("CONFIG GET maxcl*"), "*2\r\n$10\r\nmaxclients\r\n$2\r\n50\r\n");
  EXPECT_TRUE(client->command("CONFIG SET maxclients 60 save x")
                  .starts_with("-ERR CONFIG SET failed (possibly related to argument 'save')"));
  EXPECT_EQ(client->command("CONFIG GET maxclients"), "*2\r\n$10\r\nmaxclients\r\n$2\r\n50\r\n");
  EXPECT_EQ(client->command("CONFIG SET nope 1"),
            "-ERR Unknown option or number of arguments for CONFIG SET - 'nope'\r\n");
  EXPECT_EQ(client->command("CONFIG SET appendonly yes"), "+OK\r\n");
  EXPECT_EQ(client->command("CONFIG RESETSTAT"), "+OK\r\n");
}

TEST_F(Local, ErrorStatistics) {
  client->command("NOPE");
  client->command("GET");
  client->command("SET s text");
  client->command("INCR s");
  client->command("SET key value other");
  client->command("EXEC");
  for (const char* queued : {"MULTI", "INCR s", "GET s", "SELECT 99", "EXEC"}) {
    client->command(queued);  // two errors within the reply of EXEC
  }
  for (const char* aborted : {"MULTI", "NOPE", "EXEC"}) {
    client->command(aborted);
  }
  EXPECT_EQ(client->command("INFO errorstats"),
            "$66\r\n# Errorstats\r\nerrorstat_ERR:count=8\r\nerrorstat_EXECABORT:count=1\r\n\r\n");
  EXPECT_NE(client->command("INFO stats").find("total_error_replies:9\r\n"), std::string::npos);
  client->command("CONFIG RESETSTAT");
  EXPECT_EQ(client->command("INFO errorstats"), "$14\r\n# Errorstats\r\n\r\n");
}

TEST_F(Local, Information) {
  client->command("GET a");
  const std::string all = client->command("INFO all");
  for (const char* field :
       {"redis_version:7.0.15\r\n", "tcp_port:6380\r\n", "connected_clients:1\r\n",
        "role:master\r\n", "ostraka_role:leader\r\n", "cmdstat_get:calls=1,", "# Keyspace\r\n",
        "cluster_enabled:0\r\n", "loading:0\r\n"}) {
    EXPECT_NE(all.find(field), std::string::npos) << field;
  }
  EXPECT_EQ(client->command("INFO commandstats").find("# Server"), std::string::npos);
  EXPECT_EQ(client->command("INFO nope"), "$0\r\n\r\n");
}

TEST_F(Local, TimeAndWait) {
  EXPECT_EQ(client->command("TIME"), "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n");
  EXPECT_EQ(client->command("WAIT 2 100"), ":1\r\n");
  EXPECT_EQ(client->command("WAIT x 1"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(client->command("WAIT 1 x"), "-ERR timeout is not an integer or out of range\r\n");
  EXPECT_EQ(client->command("WAIT 1 -1"), "-ERR timeout is negative\r\n");
}

TEST_F(Local, Reset) {
  client->command("CLIENT SETNAME me");
  client->command("SELECT 3");
  client->command("HELLO 3");
  client->command("MULTI");
  EXPECT_EQ(client->command("RESET"), "+RESET\r\n");
  EXPECT_EQ(client->command("CLIENT GETNAME"), "$-1\r\n");
  EXPECT_EQ(client->command("EXEC"), "-ERR EXEC without MULTI\r\n");
}

TEST_F(Local, CommandDescribesTheTable) {
  EXPECT_EQ(
      client->command("COMMAND INFO get nope"),
      "*2\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"
      "*3\r\n+@read\r\n+@string\r\n+@fast\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n"
      "+access\r\n$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n"
      "*2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n"
      "$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n"
      "*0\r\n$-1\r\n");
  EXPECT_EQ(client->command("COMMAND GETKEYS MSET a 1 b 2"), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(client->command("COMMAND GETKEYS OBJECT ENCODING a"), "*1\r\n$1\r\na\r\n");
  EXPECT_EQ(client->command("COMMAND GETKEYS NOPE a"), "-ERR Invalid command specified\r\n");
  EXPECT_EQ(client->command("COMMAND GETKEYS PING a"), "-ERR The command has no key arguments\r\n");
  EXPECT_EQ(client->command("COMMAND GETKEYS GET a b"),
            "-ERR Invalid number of arguments specified for command\r\n");
  EXPECT_EQ(client->command("COMMAND LIST FILTERBY PATTERN ttl*"), "*1\r\n$3\r\nttl\r\n");
  EXPECT_EQ(client->command("COMMAND LIST FILTERBY ACLCAT transaction"),
            "*5\r\n$7\r\ndiscard\r\n$4\r\nexec\r\n$5\r\nmulti\r\n$7\r\nunwatch\r\n$5\r\nwatch\r\n");
  EXPECT_EQ(client->command("COMMAND LIST FILTERBY NOPE x"), "-ERR syntax error\r\n");
  const std::string docs = client->command("COMMAND DOCS expire nope");
  EXPECT_TRUE(docs.starts_with("*2\r\n$6\r\nexpire\r\n*10\r\n$7\r\nsummary\r\n")) << docs;
  const std::string count = client->command("COMMAND COUNT");
  EXPECT_TRUE(client->command("COMMAND").starts_with("*" + count.substr(1)));
  EXPECT_TRUE(client->command("COMMAND DOCS")
                  .starts_with("*" + std::to_string(2 * std::stoi(count.substr(1))) + "\r\n"));
}

TEST(CommandTable, EveryCommandHasAHandler) {
  const std::set<CommandId> by_connection = {CommandId::multi, CommandId::exec, CommandId::discard};
  for (const CommandSpec& spec : all_commands()) {
    const Handler& handler = handler_of(spec.id);
    const bool handled = handler.encode != nullptr || handler.local != nullptr ||
                         handler.job != nullptr || by_connection.contains(spec.id);
    const bool needs_none = is_container(spec) && spec.id != CommandId::command;
    EXPECT_NE(handled, needs_none) << spec.name;
    EXPECT_TRUE(has_flag(spec, "readonly") == false || !is_write(spec.id)) << spec.name;
    EXPECT_EQ(find_command(spec.name), &spec);
    static_cast<void>(parse_arguments(spec.arguments));
  }
  EXPECT_EQ(find_command("nope"), nullptr);
  EXPECT_EQ(find_command("GeT"), &spec_of(CommandId::get));
}

TEST(CommandTable, ArgumentsBecomeATree) {
  const auto arguments =
      parse_arguments("key value [NX | XX] [EX seconds | KEEPTTL] [LIMIT (a | b)] (k v) ...");
  ASSERT_EQ(arguments.size(), 6U);
  EXPECT_EQ(arguments[2].kind, ArgumentDoc::Kind::one_of);
  EXPECT_TRUE(arguments[2].optional);
  EXPECT_EQ(arguments[2].parts[1].token, "XX");
  EXPECT_EQ(arguments[3].parts[0].token, "EX");
  EXPECT_EQ(arguments[3].parts[0].name, "seconds");
  EXPECT_EQ(arguments[4].token, "LIMIT");
  EXPECT_EQ(arguments[5].kind, ArgumentDoc::Kind::block);
  EXPECT_TRUE(arguments[5].multiple);
}

TEST(FloatText, PrintsAsRedisDoes) {
  EXPECT_EQ(print_float(0.1L), "0.1");
  EXPECT_EQ(print_float(-0.0L), "0");
  EXPECT_EQ(print_float(5000.0L), "5000");
  EXPECT_EQ(print_float(1e-17L), "0.00000000000000001");
  EXPECT_EQ(print_float(1e-18L), "0");
  EXPECT_EQ(add_floats(10.5L, 0.1L), "10.6");
  EXPECT_FALSE(add_floats(1e4932L, 1e4932L).has_value());
  for (const char* bad : {"", " 1", "1 ", "x", "nan", "1e5000", "1e-5000"}) {
    EXPECT_FALSE(parse_float(bad).has_value()) << bad;
  }
  EXPECT_FALSE(parse_float(base::ByteView("1\0", 2)).has_value());
}

}  // namespace
}  // namespace ostraka::gateway::resp
