// Decoders of what comes from peers and disks, on arbitrary bytes: they end with an answer or an
// error, and what they accept is the encoding of what they return.
#include "base/assert.h"
#include "base/one_of_test.h"
#include "codec/configuration.h"
#include "codec/entry.h"
#include "codec/operation.h"
#include "codec/result_value.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace ostraka;

void command(base::ByteView input) {
  codec::CommandReader reader(input);
  codec::CommandBuilder builder;
  codec::Operation operation;
  for (;;) {
    const auto more = reader.next(operation);
    if (!more.has_value()) {
      return;
    }
    if (!*more) {
      break;
    }
    builder.add(operation);
  }
  OSTRAKA_ASSERT(builder.operation_count() == reader.operation_count(), "every operation is given");
  // Varints may be longer than needed, so the bytes may differ; the values may not.
  const std::string once = builder.take();
  OSTRAKA_ASSERT(once.size() <= input.size(), "the encoding is the shortest");
  codec::CommandReader again(once);
  codec::CommandBuilder twice;
  while (again.next(operation).value()) {
    twice.add(operation);
  }
  OSTRAKA_ASSERT(twice.take() == once, "decode and encode are inverse");
}

void entry(base::ByteView input) {
  codec::EntryReader reader(input);
  const auto header = reader.header();
  if (!header.has_value()) {
    return;
  }
  std::string out;
  codec::EntryBuilder builder(out);
  builder.begin(*header);
  base::ByteView encoded;
  for (;;) {
    const auto more = reader.next(encoded);
    if (!more.has_value()) {
      return;
    }
    if (!*more) {
      break;
    }
    command(encoded);
    builder.add_command(encoded);
  }
  builder.finish();
  OSTRAKA_ASSERT(builder.command_count() == header->command_count, "every command is given");
  codec::EntryReader again(out);
  OSTRAKA_ASSERT(again.header()->first_serial == header->first_serial, "the header comes back");
}

void result(base::ByteView input) {
  codec::ResultReader reader(input);
  codec::ResultValue value;
  for (;;) {
    const auto more = reader.next(value);
    if (!more.has_value() || !*more) {
      return;
    }
    OSTRAKA_ASSERT(value.bytes.size() <= input.size(), "a value lies inside the input");
  }
}

void configuration(base::ByteView input) {
  const auto decoded = codec::decode_configuration(input);
  if (decoded.has_value()) {
    std::string out;
    codec::encode_configuration(*decoded, out);
    OSTRAKA_ASSERT(codec::decode_configuration(out).value() == *decoded, "comes back");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return base::testing::run_one_of(data, size, {command, entry, result, configuration});
}
