#include "codec/resp_writer.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

namespace ostraka::codec {
namespace {

std::string written(RespProtocol protocol, const std::function<void(RespWriter&)>& write) {
  std::string out;
  RespWriter writer(out, protocol);
  write(writer);
  return out;
}

std::string resp2(const std::function<void(RespWriter&)>& write) {
  return written(RespProtocol::resp2, write);
}

std::string resp3(const std::function<void(RespWriter&)>& write) {
  return written(RespProtocol::resp3, write);
}

TEST(RespWriter, TypesOfBothProtocols) {
  const auto common = [](RespWriter& w) {
    w.simple("OK");
    w.integer(std::numeric_limits<std::int64_t>::min());
    w.bulk("a\r\n");
    w.bulk_integer(-7);
    w.array(2);
  };
  EXPECT_EQ(resp2(common), "+OK\r\n:-9223372036854775808\r\n$3\r\na\r\n\r\n$2\r\n-7\r\n*2\r\n");
  EXPECT_EQ(resp3(common), resp2(common));
}

TEST(RespWriter, TypesThatDiffer) {
  const auto nulls = [](RespWriter& w) {
    w.null();
    w.null_array();
    w.map(2);
    w.set(3);
    w.boolean(true);
    w.verbatim("ab");
  };
  EXPECT_EQ(resp2(nulls), "$-1\r\n*-1\r\n*4\r\n*3\r\n:1\r\n$2\r\nab\r\n");
  EXPECT_EQ(resp3(nulls), "_\r\n_\r\n%2\r\n~3\r\n#t\r\n=6\r\ntxt:ab\r\n");
}

TEST(RespWriter, AnErrorIsOneLineWhateverItsText) {
  EXPECT_EQ(resp2([](RespWriter& w) { w.error("ERR a\r\n+OK\r\nb"); }), "-ERR a  +OK  b\r\n");
}

}  // namespace
}  // namespace ostraka::codec
