// SCAN: every key that is there all the time is given, whatever else happens and whichever node is
// asked.
#include "base/prng.h"
#include "gateway/resp/internal/scan_cursor.h"
#include "gateway/resp/test_world.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace ostraka::gateway::resp {
namespace {

using testing::Client;
using testing::World;

struct Page {
  std::string cursor;
  std::vector<std::string> keys;
};

// *2 $n cursor *n $n key …
Page parse_page(const std::string& reply) {
  Page page;
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < reply.size()) {
    const std::size_t end = reply.find("\r\n", at);
    lines.push_back(reply.substr(at, end - at));
    at = end + 2;
  }
  if (lines.size() < 4) {
    return page;
  }
  page.cursor = lines[2];
  for (std::size_t i = 5; i < lines.size(); i += 2) {
    page.keys.push_back(lines[i]);
  }
  return page;
}

void fill(Client& client, const std::string& prefix, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes += testing::encode({"SET", prefix + std::to_string(i), "v"});
  }
  client.ask(bytes);
}

std::map<std::string, int> scan_all(Client& client, const std::string& options) {
  std::map<std::string, int> seen;
  std::string cursor = "0";
  do {
    const Page page = parse_page(client.command("SCAN " + cursor + " " + options));
    EXPECT_FALSE(page.cursor.empty());
    for (const std::string& key : page.keys) {
      ++seen[key];
    }
    cursor = page.cursor;
  } while (!cursor.empty() && cursor != "0");
  return seen;
}

TEST(ScanCursor, SeparatorsAreTheShortestPrefixesBetweenTwoKeys) {
  EXPECT_EQ(separator_of("abc", "abd"), "abd");
  EXPECT_EQ(separator_of("abc", "b"), "b");
  EXPECT_EQ(separator_of("abc", "bcd"), "b");
  EXPECT_EQ(separator_of("ab", "abcd"), "abc");
  EXPECT_EQ(separator_of("", "abcd"), "a");
}

TEST(ScanCursor, DecodingIsTheInverseOfEncoding) {
  base::Prng prng(3);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    for (std::uint64_t n = 1 + prng.below(7); n > 0; --n) {
      bytes.push_back(static_cast<char>(prng.below(256)));
    }
    const std::uint64_t direct = encode_direct(bytes);
    EXPECT_LT(direct, std::uint64_t{1} << 63U);
    const auto decoded = decode_cursor(direct);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_FALSE(decoded->anchor.has_value());
    EXPECT_EQ(decoded->tail, bytes);

    const std::string tail = bytes.substr(0, 4);
    const auto number = static_cast<std::uint32_t>(prng.below(kAnchorNumbers));
    const auto anchored = decode_cursor(encode_anchored(number, tail));
    ASSERT_TRUE(anchored.has_value());
    EXPECT_EQ(anchored->anchor, number);
    EXPECT_EQ(anchored->tail, tail);
  }
}

TEST(ScanCursor, NumbersThatNobodyGaveAreRefusedOrBoundedPositions) {
  EXPECT_FALSE(decode_cursor(~std::uint64_t{0}).has_value());
  EXPECT_FALSE(decode_cursor(std::uint64_t{1}).has_value());  // a position without length
  EXPECT_FALSE(decode_cursor((std::uint64_t{1} << 56U) | 1U).has_value());  // bytes beyond length
  base::Prng prng(4);
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t number = prng.next();
    const auto decoded = decode_cursor(number);
    if (!decoded.has_value()) {
      continue;
    }
    EXPECT_EQ(decoded->anchor ? encode_anchored(*decoded->anchor, decoded->tail)
                              : encode_direct(decoded->tail),
              number);
  }
}

TEST(Scan, GivesEveryKeyOnce) {
  World world;
  const auto client = world.connect();
  fill(*client, "some:long:prefix:", 500);
  fill(*client, "x", 30);
  const auto seen = scan_all(*client, "COUNT 7");
  EXPECT_EQ(seen.size(), 530U);
  for (const auto& [key, times] : seen) {
    EXPECT_EQ(times, 1) << key;
  }
}

TEST(Scan, MatchTypeAndCount) {
  World world;
  const auto client = world.connect();
  fill(*client, "a", 30);
  fill(*client, "b", 30);
  EXPECT_EQ(scan_all(*client, "MATCH a*").size(), 30U);
  EXPECT_EQ(scan_all(*client, "MATCH a1? COUNT 3").size(), 10U);
  EXPECT_EQ(scan_all(*client, "TYPE string").size(), 60U);
  EXPECT_EQ(scan_all(*client, "TYPE hash").size(), 0U);
  EXPECT_EQ(client->command("SCAN 0 COUNT 0"), "-ERR syntax error\r\n");
  EXPECT_EQ(client->command("SCAN 0 COUNT x"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(client->command("SCAN x"), "-ERR invalid cursor\r\n");
  EXPECT_EQ(client->command("SCAN 18446744073709551615"), "-ERR invalid cursor\r\n");
}

// Long keys need stored anchors, but hardly any page writes one.
TEST(Scan, StoresFewAnchors) {
  World world;
  const auto client = world.connect();
  fill(*client, "some:long:prefix:", 1000);
  const std::uint64_t before = world.router.writes;
  EXPECT_EQ(scan_all(*client, "COUNT 10").size(), 1000U);
  const std::uint64_t first = world.router.writes - before;
  EXPECT_GT(first, 0U);
  EXPECT_LT(first, 20U);
  // A second walk finds them.
  EXPECT_EQ(scan_all(*client, "COUNT 10").size(), 1000U);
  EXPECT_EQ(world.router.writes - before, first);
}

TEST(Scan, EveryNodeHonoursEveryCursor) {
  World world;
  world.add_server({});
  world.add_server({});
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t node = 0; node < 3; ++node) {
    world.connect_to = node;
    clients.push_back(world.connect());
  }
  fill(*clients[0], "some:long:prefix:", 300);
  std::set<std::string> seen;
  std::string cursor = "0";
  std::size_t pages = 0;
  do {
    const Page page = parse_page(clients[pages++ % 3]->command("SCAN " + cursor + " COUNT 5"));
    ASSERT_FALSE(page.cursor.empty());
    seen.insert(page.keys.begin(), page.keys.end());
    cursor = page.cursor;
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), 300U);
}

TEST(Scan, KeysThatStayAreGivenWhileOthersComeAndGo) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world({}, seed);
    const auto client = world.connect();
    base::Prng prng(seed);
    const std::string prefix = prng.chance(1, 2) ? "k" : "some:long:prefix:";
    fill(*client, prefix, 100);
    std::set<std::string> seen;
    std::string cursor = "0";
    do {
      const Page page = parse_page(client->command("SCAN " + cursor + " COUNT 4"));
      ASSERT_FALSE(page.cursor.empty());
      seen.insert(page.keys.begin(), page.keys.end());
      cursor = page.cursor;
      // Odd numbers stay; even ones and newcomers change.
      for (int i = 0; i < 5; ++i) {
        const std::string name = prefix + std::to_string(prng.below(50) * 2);
        const std::string newcomer = name + ":" + std::to_string(prng.below(100));
        client->command(prng.chance(1, 2) ? "DEL " + name : "SET " + newcomer + " 1");
      }
    } while (cursor != "0");
    for (int i = 1; i < 100; i += 2) {
      EXPECT_TRUE(seen.contains(prefix + std::to_string(i))) << i << " seed " << seed;
    }
  }
}

TEST(Scan, ACursorThatHasExpiredIsRefused) {
  World world;
  world.add_server({});
  const auto client = world.connect();
  fill(*client, "some:long:prefix:", 100);
  const Page page = parse_page(client->command("SCAN 0 COUNT 10"));
  world.router.advance(3'600'001);
  world.connect_to = 1;
  const auto elsewhere = world.connect();
  EXPECT_EQ(elsewhere->command("SCAN " + page.cursor),
            "-ERR invalid cursor: it has expired or was never given; start at 0\r\n");
}

TEST(Scan, SurvivesFlushallAndAnEmptyKey) {
  World world;
  const auto client = world.connect();
  fill(*client, "some:long:prefix:", 100);
  const Page page = parse_page(client->command("SCAN 0 COUNT 10"));
  client->command("FLUSHALL");
  EXPECT_EQ(client->command("SCAN " + page.cursor), "*2\r\n$1\r\n0\r\n*0\r\n");
  client->command("SET '' 1");
  client->command("SET b 1");
  EXPECT_EQ(scan_all(*client, "COUNT 1").size(), 2U);
}

TEST(Scan, ExpiredKeysDoNotStopIt) {
  World world;
  const auto client = world.connect();
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    bytes += testing::encode({"SET", "some:long:key:" + std::to_string(i), "v", "EX", "1"});
  }
  client->ask(bytes);
  client->command("SET some:long:key:z 1");
  world.router.advance(2000);
  EXPECT_EQ(scan_all(*client, "COUNT 2").size(), 1U);
}

}  // namespace
}  // namespace ostraka::gateway::resp
