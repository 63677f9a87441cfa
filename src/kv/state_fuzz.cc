// The state machine on hostile logs and engines (faults: F5): entries of arbitrary bytes, and an
// engine whose records of the shard are arbitrary. It refuses, or goes on; the same log gives the
// same state.
#include "base/assert.h"
#include "base/one_of_test.h"
#include "kv/test_world.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace ostraka;

constexpr model::ShardId kShard{1};

std::string keyed(std::uint8_t kind, base::ByteView rest) {
  std::string key(7, '\0');
  key.push_back(1);  // the shard, big-endian
  key.push_back(static_cast<char>(kind));
  key.append(rest);
  return key;
}

void use(kv::StateMachine& machine) {
  static_cast<void>(machine.expired_command(base::WallTime::from_milliseconds(1'000'000'000), 16));
  static_cast<void>(machine.collect_garbage(16));
}

// Records: family, key behind the shard, value.
void engine(base::ByteView input) {
  kv::testing::World world;
  const auto batch = world.engine().new_batch();
  base::Reader in(input);
  while (in.ok() && in.remaining() > 0) {
    const auto family = static_cast<port::Family>(in.u8() % port::kFamilyCount);
    const base::ByteView key = in.bytes();
    if (!key.empty()) {
      batch->put(family, keyed(static_cast<std::uint8_t>(key[0]), key.substr(1)), in.bytes());
    }
  }
  OSTRAKA_ASSERT(world.engine().write(*batch).has_value(), "memory takes it");
  kv::StateMachine machine(kShard, world.engine(), {});
  if (machine.load().has_value()) {
    use(machine);
  }
}

// Entries: kind, payload.
std::uint64_t replay(base::ByteView input) {
  kv::testing::World world;
  kv::StateMachine machine(kShard, world.engine(), {.replies_kept_max = 4, .sessions_max = 4});
  OSTRAKA_ASSERT(machine.load().has_value(), "an empty engine loads");
  kv::testing::Told told;
  base::Reader in(input);
  std::uint64_t index = 0;
  while (in.ok() && in.remaining() > 0) {
    port::LogEntry entry;
    entry.meta.index = model::LogIndex{++index};
    entry.meta.term = model::Term{1};
    entry.meta.kind = static_cast<protocol::EntryKind>(in.u8() % 3);
    entry.payload = base::Buffer::copy(in.bytes());
    entry.meta.payload_bytes = static_cast<std::uint32_t>(entry.payload.size());
    if (!machine.apply({&entry, 1}, told).has_value()) {
      OSTRAKA_ASSERT(machine.reload().has_value(), "the state is that of the engine");
      OSTRAKA_ASSERT(machine.applied().value() < index, "what failed is not applied");
      break;
    }
  }
  use(machine);
  return machine.state_hash();
}

void entries(base::ByteView input) {
  OSTRAKA_ASSERT(replay(input) == replay(input), "the same log, the same state");
}

// A leader refuses the others; in the log they would stop the state machine.
bool is_of_known_format(base::ByteView command) {
  codec::CommandReader reader(command);
  codec::Operation operation;
  for (;;) {
    const auto more = reader.next(operation);
    if (!more.has_value() || !*more) {
      return more.has_value() || more.error().code != base::ErrorCode::format_unknown;
    }
  }
}

// Commands in a session, so that their values get far.
void commands(base::ByteView input) {
  kv::testing::World world;
  kv::testing::Replica replica(world, kShard);
  replica.register_session(5);
  base::Reader in(input);
  std::uint64_t serial = 1;
  while (in.ok() && in.remaining() > 0) {
    const std::string command(in.bytes());
    if (!is_of_known_format(command)) {
      continue;
    }
    const auto results = replica.run_in(5, serial, {command}, serial > 3 ? serial - 3 : 0);
    OSTRAKA_ASSERT(results.size() <= 1, "one command, one result");
    std::string read;
    static_cast<void>(replica.machine().read(command, read));
    ++serial;
  }
  use(replica.machine());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return base::testing::run_one_of(data, size, {engine, entries, commands});
}
