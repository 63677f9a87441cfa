#include "base/prng.h"
#include "codec/entry.h"
#include "codec/operation.h"
#include "codec/result_value.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

namespace ostraka::codec {
namespace {

using base::ByteView;
using base::ErrorCode;

void expect_same(const Operation& a, const Operation& b) {
  EXPECT_EQ(a.code, b.code);
  EXPECT_EQ(a.keyspace, b.keyspace);
  EXPECT_EQ(a.keyspace2, b.keyspace2);
  EXPECT_EQ(a.flags, b.flags);
  EXPECT_EQ(a.number, b.number);
  EXPECT_EQ(a.number2, b.number2);
  EXPECT_EQ(a.deadline_ms, b.deadline_ms);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.key2, b.key2);
  EXPECT_EQ(a.value, b.value);
}

std::vector<OpCode> all_codes() {
  std::vector<OpCode> codes;
  for (unsigned code = 0; code < 256; ++code) {
    if (is_known(static_cast<std::uint8_t>(code))) {
      codes.push_back(static_cast<OpCode>(code));
    }
  }
  return codes;
}

std::int64_t interesting(base::Prng& prng) {
  constexpr std::array<std::int64_t, 6> kNumbers = {0,
                                                    1,
                                                    -1,
                                                    64,
                                                    std::numeric_limits<std::int64_t>::min(),
                                                    std::numeric_limits<std::int64_t>::max()};
  return kNumbers[prng.below(kNumbers.size())];
}

TEST(Command, ReadsAreBelowOneHundred) {
  EXPECT_EQ(all_codes().size(), 30U);
  EXPECT_TRUE(is_read(OpCode::log_time));
  EXPECT_FALSE(is_read(OpCode::set));
  EXPECT_FALSE(is_known(0));
  EXPECT_FALSE(is_known(99));
  EXPECT_FALSE(is_known(255));
}

TEST(Command, EveryOperationComesBackWithAllItsFields) {
  const std::vector<OpCode> codes = all_codes();
  base::Prng prng(11);
  const std::array<std::string, 3> texts = {"", std::string("a\0b", 3), std::string(300, 'x')};
  for (int round = 0; round < 500; ++round) {
    std::vector<Operation> given;
    CommandBuilder builder;
    const std::uint64_t count = round == 0 ? 200 : prng.below(5);
    for (std::uint64_t i = 0; i < count; ++i) {
      Operation op;
      op.code = codes[prng.below(codes.size())];
      op.keyspace = model::KeyspaceId(static_cast<std::uint32_t>(prng.below(300)));
      op.keyspace2 = model::KeyspaceId(static_cast<std::uint32_t>(prng.below(2) * 0xffffffffU));
      op.flags = static_cast<std::uint32_t>(prng.below(16));
      op.number = interesting(prng);
      op.number2 = interesting(prng);
      op.deadline_ms = interesting(prng);
      op.key = texts[prng.below(3)];
      op.key2 = texts[prng.below(3)];
      op.value = texts[prng.below(3)];
      given.push_back(op);
      builder.add(op);
    }
    EXPECT_EQ(builder.operation_count(), count);
    const std::string encoded = builder.take();
    EXPECT_EQ(builder.operation_count(), 0U);
    EXPECT_EQ(builder.bytes(), 0U);
    CommandReader reader(encoded);
    EXPECT_EQ(reader.operation_count(), count);
    Operation op;
    for (const Operation& expected : given) {
      ASSERT_TRUE(reader.next(op).value());
      expect_same(op, expected);
    }
    EXPECT_FALSE(reader.next(op).value());
  }
}

TEST(Command, IsReadOnlyWhileNoOperationWrites) {
  CommandBuilder builder;
  builder.add({.code = OpCode::get});
  EXPECT_TRUE(builder.is_read_only());
  builder.add({.code = OpCode::set});
  EXPECT_FALSE(builder.is_read_only());
  static_cast<void>(builder.take());
  EXPECT_TRUE(builder.is_read_only());
}

TEST(Command, TheBytesAreAsDocumented) {
  CommandBuilder builder;
  builder.add({.code = OpCode::set, .keyspace = model::KeyspaceId(1), .key = "k", .value = "v"});
  EXPECT_EQ(builder.take(), ByteView("\x01\x01\x64\xa0\x01\x01k\x01v", 9));
}

ErrorCode error_of(ByteView encoded) {
  CommandReader reader(encoded);
  Operation op;
  for (;;) {
    const auto more = reader.next(op);
    if (!more.has_value()) {
      return more.error().code;
    }
    if (!*more) {
      ADD_FAILURE() << "accepted";
      return ErrorCode::already_exists;
    }
  }
}

TEST(Command, DamagedInputIsRefused) {
  EXPECT_EQ(error_of(""), ErrorCode::malformed);
  EXPECT_EQ(error_of("\x02"), ErrorCode::format_unknown);
  EXPECT_EQ(error_of("\x01"), ErrorCode::malformed);
  EXPECT_EQ(error_of("\x01\x02\x01\x80\x01"), ErrorCode::malformed);
  EXPECT_EQ(error_of(ByteView("\x01\x01\x63\x00\x01", 5)), ErrorCode::format_unknown);
  // trailing byte; announced but empty key; a count that the bytes cannot hold
  EXPECT_EQ(error_of(ByteView("\x01\x00z", 3)), ErrorCode::malformed);
  EXPECT_EQ(error_of(ByteView("\x01\x01\x01\x20\x01\x00", 6)), ErrorCode::malformed);
  EXPECT_EQ(error_of("\x01\xff\xff\xff\xff\x0f"), ErrorCode::malformed);
}

TEST(Command, EveryPrefixIsRefused) {
  CommandBuilder builder;
  builder.add({.code = OpCode::copy, .key = "a", .key2 = "b"});
  builder.add({.code = OpCode::increment, .number = -5, .key = "a"});
  const std::string whole = builder.take();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    EXPECT_EQ(error_of(ByteView(whole).substr(0, n)), ErrorCode::malformed) << n;
  }
}

EntryHeader sample_header() {
  EntryHeader header;
  header.session = model::SessionId(77);
  header.first_serial = model::Serial(1000);
  header.acknowledged = model::Serial(900);
  header.log_time = base::WallTime::from_milliseconds(1'700'000'000'000);
  return header;
}

TEST(Entry, HeaderAndCommandsComeBack) {
  std::string out = "before";
  EntryBuilder builder(out);
  builder.begin(sample_header());
  builder.add_command("one");
  builder.add_command("");
  EXPECT_EQ(builder.command_count(), 2U);
  builder.finish();
  EntryReader reader(ByteView(out).substr(6));
  const auto header = reader.header();
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->type, EntryType::commands);
  EXPECT_EQ(header->session, model::SessionId(77));
  EXPECT_EQ(header->first_serial, model::Serial(1000));
  EXPECT_EQ(header->acknowledged, model::Serial(900));
  EXPECT_EQ(header->log_time.as_milliseconds(), 1'700'000'000'000);
  EXPECT_EQ(header->command_count, 2U);
  ByteView command;
  ASSERT_TRUE(reader.next(command).value());
  EXPECT_EQ(command, "one");
  ASSERT_TRUE(reader.next(command).value());
  EXPECT_EQ(command, "");
  EXPECT_FALSE(reader.next(command).value());
}

TEST(Entry, UnknownFormatsStopAndDamageIsNamed) {
  std::string out;
  EntryBuilder builder(out);
  builder.begin(sample_header());
  builder.finish();
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    std::string changed = out;
    changed[at] = 99;
    EXPECT_EQ(EntryReader(changed).header().error().code, ErrorCode::format_unknown);
  }
  for (std::size_t n = 0; n < out.size(); ++n) {
    EXPECT_EQ(EntryReader(ByteView(out).substr(0, n)).header().error().code, ErrorCode::malformed);
  }
  std::string no_commands_allowed;
  EntryBuilder other(no_commands_allowed);
  EntryHeader header = sample_header();
  header.type = EntryType::advance_time;
  other.begin(header);
  other.add_command("x");
  other.finish();
  EXPECT_EQ(EntryReader(no_commands_allowed).header().error().code, ErrorCode::malformed);
  out.push_back('x');
  EntryReader trailing(out);
  ASSERT_TRUE(trailing.header().has_value());
  ByteView command;
  EXPECT_EQ(trailing.next(command).error().code, ErrorCode::malformed);
}

TEST(ResultValues, ATreeComesBackInPreOrder) {
  std::string out;
  ResultWriter writer(out);
  writer.array(3);
  writer.nil();
  writer.integer(std::numeric_limits<std::int64_t>::min());
  writer.bytes(std::string(1000, 'q'));
  writer.ok();
  writer.failure(Failure::overflow, "detail");
  writer.aborted();
  ResultReader reader(out);
  ResultValue value;
  ASSERT_TRUE(reader.next(value).value());
  EXPECT_EQ(value.kind, ValueKind::array);
  EXPECT_EQ(value.integer, 3);
  ASSERT_TRUE(reader.next(value).value());
  EXPECT_EQ(value.kind, ValueKind::nil);
  ASSERT_TRUE(reader.next(value).value());
  EXPECT_EQ(value.kind, ValueKind::integer);
  EXPECT_EQ(value.integer, std::numeric_limits<std::int64_t>::min());
  ASSERT_TRUE(reader.next(value).value());
  EXPECT_EQ(value.bytes.size(), 1000U);
  ASSERT_TRUE(reader.next(value).value());
  EXPECT_EQ(value.kind, ValueKind::ok);
  ASSERT_TRUE(reader.next(value).value());
  EXPECT_EQ(value.integer, static_cast<std::int64_t>(Failure::overflow));
  EXPECT_EQ(value.bytes, "detail");
  ASSERT_TRUE(reader.next(value).value());
  EXPECT_EQ(value.kind, ValueKind::aborted);
  EXPECT_FALSE(reader.next(value).value());
}

TEST(ResultValues, DamageIsRefused) {
  ResultValue value;
  for (const ByteView bad : {ByteView("\x07"), ByteView("\x02"), ByteView("\x03\x05"),
                             ByteView("\x04\x02\x01"), ByteView("\x05\x63\x00", 3)}) {
    ResultReader reader(bad);
    EXPECT_EQ(reader.next(value).error().code, ErrorCode::malformed);
    EXPECT_FALSE(reader.next(value).has_value());
  }
}

}  // namespace
}  // namespace ostraka::codec
