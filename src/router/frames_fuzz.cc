// Forwarded requests and replies on arbitrary bytes (faults: F3): what is accepted, encoded and
// decoded again, is the same.
#include "base/assert.h"
#include "base/one_of_test.h"
#include "router/internal/frames.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace ostraka;

std::string encode(const router::ForwardRequest& request) {
  std::string out;
  switch (request.kind) {
    case router::RequestKind::commands:
      router::begin_commands(out, request.header);
      for (const base::ByteView command : request.commands) {
        base::Writer(out).bytes(command);
      }
      break;
    case router::RequestKind::reads:
      router::begin_reads(out);
      for (const router::ForwardedRead& read : request.reads) {
        router::add_read(out, read.id, read.command);
      }
      break;
    case router::RequestKind::register_session:
      router::encode_register(out, request.header.session);
      break;
  }
  return out;
}

void request(base::ByteView input) {
  router::ForwardRequest decoded;
  if (!router::decode_request(input, decoded).has_value()) {
    return;
  }
  OSTRAKA_ASSERT(decoded.commands.size() + decoded.reads.size() <= input.size(), "bounded");
  const std::string once = encode(decoded);
  router::ForwardRequest again;
  OSTRAKA_ASSERT(router::decode_request(once, again).has_value(), "the encoding is accepted");
  OSTRAKA_ASSERT(encode(again) == once, "decode and encode are inverse");
}

void reply(base::ByteView input) {
  base::Reader in(input);
  std::string once;
  router::ReplyRecord record;
  for (;;) {
    const auto more = router::next_reply(in, record);
    if (!more.has_value()) {
      return;
    }
    if (!*more) {
      break;
    }
    OSTRAKA_ASSERT(!base::name_of(router::error_from(record.error).code).empty(), "has a name");
    router::encode_reply(once, record);
  }
  base::Reader again(once);
  std::string twice;
  while (router::next_reply(again, record).value()) {
    router::encode_reply(twice, record);
  }
  OSTRAKA_ASSERT(twice == once, "decode and encode are inverse");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return base::testing::run_one_of(data, size, {request, reply});
}
