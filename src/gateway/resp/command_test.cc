// Every data command: happy path, errors, both protocols, as Redis 7.0 answers.
#include "gateway/resp/test_world.h"

#include <gtest/gtest.h>

namespace ostraka::gateway::resp {
namespace {

using testing::Client;
using testing::World;

struct Step {
  const char* command;
  const char* reply;
};

class Commands : public ::testing::Test {
 protected:
  void play(std::initializer_list<Step> steps) {
    for (const Step& step : steps) {
      EXPECT_EQ(client->command(step.command), step.reply) << step.command;
    }
  }
  World world;
  std::unique_ptr<Client> client = world.connect();
};

constexpr const char* kOk = "+OK\r\n";
constexpr const char* kNil = "$-1\r\n";
constexpr const char* kSyntax = "-ERR syntax error\r\n";
constexpr const char* kNotInteger = "-ERR value is not an integer or out of range\r\n";

TEST_F(Commands, SetAndGet) {
  play({{"GET a", kNil},
        {"SET a 1", kOk},
        {"GET a", "$1\r\n1\r\n"},
        {"SET a 2 NX", kNil},
        {"SET a 2 XX", kOk},
        {"SET b 2 XX", kNil},
        {"SET a 3 GET", "$1\r\n2\r\n"},
        {"SET c 3 GET", kNil},
        {"SET a 4 NX GET", "$1\r\n3\r\n"},
        {"SET a 4 NX XX", kSyntax},
        {"SET a 4 EX", kSyntax},
        {"SET a 4 EX x", kNotInteger},
        {"SET a 4 EX 0", "-ERR invalid expire time in 'set' command\r\n"},
        {"SET a 4 EX 9223372036854775807", "-ERR invalid expire time in 'set' command\r\n"},
        {"SET a 4 EX 10 PX 10", kSyntax},
        {"SET a 4 EX 10 KEEPTTL", kSyntax},
        {"GET a", "$1\r\n3\r\n"}});
}

TEST_F(Commands, BinaryKeysAndValuesAndEmptyOnes) {
  const std::string value("\0\r\n\xff", 4);
  EXPECT_EQ(client->command(std::vector<std::string>{"SET", value, value}), kOk);
  EXPECT_EQ(client->command(std::vector<std::string>{"GET", value}), "$4\r\n" + value + "\r\n");
  play({{"SET '' ''", kOk}, {"GET ''", "$0\r\n\r\n"}, {"EXISTS ''", ":1\r\n"}});
}

TEST_F(Commands, ExpiryFollowsLogTime) {
  play({{"SET a 1 EX 10", kOk}, {"TTL a", ":10\r\n"}, {"PTTL a", ":10000\r\n"}});
  world.router.advance(9'999);
  play({{"TTL a", ":0\r\n"}, {"PTTL a", ":1\r\n"}, {"GET a", "$1\r\n1\r\n"}});
  world.router.advance(1);
  play({{"GET a", kNil}, {"TTL a", ":-2\r\n"}, {"EXISTS a", ":0\r\n"}, {"DBSIZE", ":0\r\n"}});
  play({{"SET a 1", kOk}, {"TTL a", ":-1\r\n"}, {"EXPIRE a 0", ":1\r\n"}, {"GET a", kNil}});
}

TEST_F(Commands, ExpireOptions) {
  play({{"EXPIRE a 10", ":0\r\n"},
        {"SET a 1", kOk},
        {"EXPIRE a 10 XX", ":0\r\n"},
        {"EXPIRE a 10 GT", ":0\r\n"},
        {"EXPIRE a 10 NX", ":1\r\n"},
        {"EXPIRE a 20 NX", ":0\r\n"},
        {"PEXPIRE a 20000 GT", ":1\r\n"},
        {"EXPIRE a 30 LT", ":0\r\n"},
        {"TTL a", ":20\r\n"},
        {"PERSIST a", ":1\r\n"},
        {"PERSIST a", ":0\r\n"},
        {"EXPIREAT a 1700000100", ":1\r\n"},
        {"EXPIRETIME a", ":1700000100\r\n"},
        {"PEXPIREAT a 1700000100500", ":1\r\n"},
        {"PEXPIRETIME a", ":1700000100500\r\n"},
        {"EXPIRETIME b", ":-2\r\n"},
        {"EXPIRE a x", kNotInteger},
        {"EXPIRE a 10 ZZ", "-ERR Unsupported option ZZ\r\n"},
        {"EXPIRE a 10 NX XX",
         "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n"},
        {"EXPIRE a 10 GT LT", "-ERR GT and LT options at the same time are not compatible\r\n"},
        {"EXPIRE a 9223372036854775807", "-ERR invalid expire time in 'expire' command\r\n"},
        {"PEXPIRE a 9223372036854775807", "-ERR invalid expire time in 'pexpire' command\r\n"},
        {"EXPIRE a -1", ":1\r\n"},
        {"EXISTS a", ":0\r\n"}});
}

TEST_F(Commands, OlderSetters) {
  play({{"SETNX a 1", ":1\r\n"},
        {"SETNX a 2", ":0\r\n"},
        {"SETEX a 10 3", kOk},
        {"TTL a", ":10\r\n"},
        {"PSETEX a 10500 4", kOk},
        {"PTTL a", ":10500\r\n"},
        {"SETEX a 0 3", "-ERR invalid expire time in 'setex' command\r\n"},
        {"PSETEX a -1 3", "-ERR invalid expire time in 'psetex' command\r\n"},
        {"GETSET a 5", "$1\r\n4\r\n"},
        {"TTL a", ":-1\r\n"},
        {"GETDEL a", "$1\r\n5\r\n"},
        {"GETDEL a", kNil}});
}

TEST_F(Commands, Getex) {
  play({{"GETEX a EX 10", kNil},
        {"SET a 1", kOk},
        {"GETEX a", "$1\r\n1\r\n"},
        {"GETEX a EX 10", "$1\r\n1\r\n"},
        {"TTL a", ":10\r\n"},
        {"GETEX a PERSIST", "$1\r\n1\r\n"},
        {"TTL a", ":-1\r\n"},
        {"GETEX a PXAT 1700000010000", "$1\r\n1\r\n"},
        {"TTL a", ":10\r\n"},
        {"GETEX a NX", kSyntax},
        {"GETEX a EX 0", "-ERR invalid expire time in 'getex' command\r\n"},
        {"GETEX a PERSIST EX 1", kSyntax}});
}

TEST_F(Commands, SeveralKeys) {
  play({{"MSET a 1 b 2", kOk},
        {"MGET a x b", "*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n"},
        {"MSET a 1 b", "-ERR wrong number of arguments for 'mset' command\r\n"},
        {"MSETNX c 1 a 2", ":0\r\n"},
        {"EXISTS c", ":0\r\n"},
        {"MSETNX c 1 d 2", ":1\r\n"},
        {"MSETNX e 1 f", "-ERR wrong number of arguments for 'msetnx' command\r\n"},
        {"EXISTS a b c a x", ":4\r\n"},
        {"TOUCH a x", ":1\r\n"},
        {"DEL a x a", ":1\r\n"},
        {"UNLINK b c", ":2\r\n"},
        {"DBSIZE", ":1\r\n"}});
}

TEST_F(Commands, Counters) {
  play({{"INCR a", ":1\r\n"},
        {"INCRBY a 9", ":10\r\n"},
        {"DECR a", ":9\r\n"},
        {"DECRBY a 10", ":-1\r\n"},
        {"INCRBY a x", kNotInteger},
        {"SET a x", kOk},
        {"INCR a", kNotInteger},
        {"SET a 9223372036854775807", kOk},
        {"INCR a", "-ERR increment or decrement would overflow\r\n"},
        {"DECRBY a -9223372036854775808", "-ERR decrement would overflow\r\n"},
        {"GET a", "$19\r\n9223372036854775807\r\n"}});
}

TEST_F(Commands, Fractions) {
  play({{"INCRBYFLOAT a 0.1", "$3\r\n0.1\r\n"},
        {"INCRBYFLOAT a 0.2", "$3\r\n0.3\r\n"},
        {"SET a 5.0e3", kOk},
        {"INCRBYFLOAT a 200", "$4\r\n5200\r\n"},
        {"INCRBYFLOAT a -5200", "$1\r\n0\r\n"},
        {"INCRBYFLOAT a x", "-ERR value is not a valid float\r\n"},
        {"INCRBYFLOAT a inf", "-ERR increment would produce NaN or Infinity\r\n"},
        {"SET a x EX 10", kOk},
        {"INCRBYFLOAT a 1", "-ERR value is not a valid float\r\n"},
        {"SET a 1 EX 10", kOk},
        {"INCRBYFLOAT a 1", "$1\r\n2\r\n"},
        {"TTL a", ":10\r\n"}});
}

TEST_F(Commands, Ranges) {
  play({{"APPEND a hello", ":5\r\n"},
        {"APPEND a world", ":10\r\n"},
        {"STRLEN a", ":10\r\n"},
        {"STRLEN x", ":0\r\n"},
        {"GETRANGE a 0 4", "$5\r\nhello\r\n"},
        {"GETRANGE a -5 -1", "$5\r\nworld\r\n"},
        {"GETRANGE a 5 3", "$0\r\n\r\n"},
        {"GETRANGE a 0 x", kNotInteger},
        {"SUBSTR a 0 0", "$1\r\nh\r\n"},
        {"SETRANGE a 5 W", ":10\r\n"},
        {"GET a", "$10\r\nhelloWorld\r\n"},
        {"SETRANGE x 2 ab", ":4\r\n"},
        {"SETRANGE y 0 ''", ":0\r\n"},
        {"EXISTS y", ":0\r\n"},
        {"SETRANGE a -1 x", "-ERR offset is out of range\r\n"},
        {"SETRANGE a 99999999999 x",
         "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"}});
  EXPECT_EQ(client->command("GET x"), std::string("$4\r\n\0\0ab\r\n", 10));
}

TEST_F(Commands, NamesOfKeys) {
  play({{"RENAME a b", "-ERR no such key\r\n"},
        {"SET a 1 EX 10", kOk},
        {"RENAME a b", kOk},
        {"TTL b", ":10\r\n"},
        {"SET a 2", kOk},
        {"RENAMENX a b", ":0\r\n"},
        {"RENAMENX a c", ":1\r\n"},
        {"RENAMENX x y", "-ERR no such key\r\n"},
        {"RENAME b b", kOk},
        {"COPY b d", ":1\r\n"},
        {"COPY b d", ":0\r\n"},
        {"COPY c d REPLACE", ":1\r\n"},
        {"GET d", "$1\r\n2\r\n"},
        {"COPY x d REPLACE", ":0\r\n"},
        {"COPY b b", "-ERR source and destination objects are the same\r\n"},
        {"COPY b b DB 3", ":1\r\n"},
        {"COPY b b DB 16", "-ERR DB index is out of range\r\n"},
        {"COPY b c NOPE", kSyntax},
        {"SELECT 3", kOk},
        {"GET b", "$1\r\n1\r\n"},
        {"TYPE b", "+string\r\n"},
        {"TYPE x", "+none\r\n"}});
}

TEST_F(Commands, ObjectsAreDescribedByTheirValues) {
  play({{"SET a 12", kOk},
        {"OBJECT ENCODING a", "$3\r\nint\r\n"},
        {"OBJECT REFCOUNT a", ":2147483647\r\n"},
        {"SET a 12x", kOk},
        {"OBJECT ENCODING a", "$6\r\nembstr\r\n"},
        {"OBJECT REFCOUNT a", ":1\r\n"},
        {"OBJECT IDLETIME a", ":0\r\n"},
        {"OBJECT ENCODING x", kNil},
        {"OBJECT FREQ x", kNil},
        {"OBJECT NOPE a", "-ERR unknown subcommand 'NOPE'. Try OBJECT HELP.\r\n"},
        {"OBJECT ENCODING", "-ERR wrong number of arguments for 'object|encoding' command\r\n"},
        {"OBJECT", "-ERR wrong number of arguments for 'object' command\r\n"}});
  EXPECT_EQ(client->command({"SET", "a", std::string(45, 'x')}), kOk);
  play({{"OBJECT ENCODING a", "$3\r\nraw\r\n"}});
}

TEST_F(Commands, WholeDatabases) {
  play({{"MSET a 1 b 2 ab 3", kOk},
        {"KEYS a*", "*2\r\n$1\r\na\r\n$2\r\nab\r\n"},
        {"KEYS *", "*3\r\n$1\r\na\r\n$2\r\nab\r\n$1\r\nb\r\n"},
        {"SELECT 1", kOk},
        {"DBSIZE", ":0\r\n"},
        {"RANDOMKEY", kNil},
        {"SET z 1", kOk},
        {"RANDOMKEY", "$1\r\nz\r\n"},
        {"FLUSHDB", kOk},
        {"DBSIZE", ":0\r\n"},
        {"SET z 1", kOk},
        {"FLUSHDB NOPE", kSyntax},
        {"FLUSHALL ASYNC", kOk},
        {"DBSIZE", ":0\r\n"},
        {"SELECT 0", kOk},
        {"KEYS *", "*0\r\n"}});
}

TEST_F(Commands, KeysAndDbsizeWalkInSeveralCalls) {
  std::string pipeline;
  for (int i = 0; i < 2500; ++i) {
    pipeline += testing::encode({"SET", "key:" + std::to_string(i), "v"});
  }
  client->ask(pipeline);
  EXPECT_EQ(client->command("DBSIZE"), ":2500\r\n");
  const std::string keys = client->command("KEYS *");
  EXPECT_TRUE(keys.starts_with("*2500\r\n$5\r\nkey:0\r\n")) << keys.substr(0, 60);
}

TEST_F(Commands, NullsAndMapsOfTheThirdProtocol) {
  EXPECT_TRUE(client->command("HELLO 3").starts_with("%7\r\n$6\r\nserver\r\n"));
  play({{"GET x", "_\r\n"},
        {"MGET x", "*1\r\n_\r\n"},
        {"CONFIG GET databases", "%1\r\n$9\r\ndatabases\r\n$2\r\n16\r\n"}});
  EXPECT_TRUE(client->command("INFO server").starts_with("="));
}

TEST_F(Commands, ArityIsCheckedForEveryCommand) {
  for (const CommandSpec& spec : all_commands()) {
    const auto fewest = static_cast<std::size_t>(spec.arity < 0 ? -spec.arity : spec.arity);
    const std::size_t bar = spec.name.find('|');
    std::vector<std::string> words{std::string(spec.name.substr(0, bar))};
    if (bar != std::string_view::npos) {
      words.emplace_back(spec.name.substr(bar + 1));
    }
    const std::string expected =
        std::string(spec.id == CommandId::exec ? "-EXECABORT Transaction discarded because of:"
                                               : "-ERR") +
        " wrong number of arguments for '" + std::string(spec.name) + "' command\r\n";
    if (fewest > words.size()) {
      words.resize(fewest - 1, "x");
      EXPECT_EQ(client->command(words), expected);
    }
    if (spec.arity > 0) {
      words.resize(fewest + 1, "x");
      EXPECT_EQ(client->command(words), expected);
    }
  }
}

TEST_F(Commands, UnknownOnesAreQuoted) {
  play({{"NOPE a b", "-ERR unknown command 'NOPE', with args beginning with: 'a' 'b' \r\n"},
        {"client|id", "-ERR unknown command 'client|id', with args beginning with: \r\n"}});
  EXPECT_EQ(client->command(std::vector<std::string>{"NO\r\nPE"}),
            "-ERR unknown command 'NO  PE', with args beginning with: \r\n");
}

}  // namespace
}  // namespace ostraka::gateway::resp
