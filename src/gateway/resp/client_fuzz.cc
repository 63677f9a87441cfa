// A client that sends arbitrary bytes to a whole front end with a real state machine behind it
// (faults: F1): the server answers or cuts the connection, others are served on.
#include "base/assert.h"
#include "base/one_of_test.h"
#include "gateway/resp/test_world.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace ostraka;

using gateway::resp::testing::Client;
using gateway::resp::testing::World;

constexpr std::size_t kCommandsMax = 64;

// Raw bytes in two pieces.
void raw(base::ByteView input) {
  World world;
  const std::unique_ptr<Client> client = world.connect();
  client->send(std::string(input.substr(0, input.size() / 2)));
  world.settle();
  client->send(std::string(input.substr(input.size() / 2)));
  world.settle();
  const std::unique_ptr<Client> other = world.connect();
  OSTRAKA_ASSERT(other->command("PING") == "+PONG\r\n", "others are served on");
}

// Commands of the table with arbitrary arguments: index, number of arguments, arguments.
void commands(base::ByteView input) {
  World world;
  const std::unique_ptr<Client> client = world.connect();
  const auto& table = gateway::resp::all_commands();
  base::Reader in(input);
  std::string sent;
  for (std::size_t i = 0; i < kCommandsMax && in.ok() && in.remaining() > 0; ++i) {
    std::vector<std::string> words = {std::string(table[in.u8() % table.size()].name)};
    for (unsigned left = in.u8() % 6U; left > 0; --left) {
      words.emplace_back(in.bytes());
    }
    sent += gateway::resp::testing::encode(words);
  }
  client->send(sent);
  world.settle();
  const std::unique_ptr<Client> other = world.connect();
  OSTRAKA_ASSERT(other->command("PING") == "+PONG\r\n", "others are served on");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return base::testing::run_one_of(data, size, {raw, commands});
}
