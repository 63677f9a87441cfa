#include "codec/log_record.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::codec {
namespace {

using model::LogIndex;
using model::NodeId;
using model::ShardId;
using model::Term;

BatchHeader sample_header() {
  BatchHeader header;
  header.stream = 3;
  header.identity = 0x1122334455667788;
  header.position = {17, 4};
  header.meta_bytes = 100;
  header.payload_bytes = 1000;
  header.previous_generation = 16;
  header.previous_batches = 9;
  header.segment_sectors = 77;
  header.durable_upto = {17, 3};
  header.floor = 12;
  header.meta_checksum = 42;
  return header;
}

std::string encode(const BatchHeader& header) {
  std::string out(kBatchHeaderBytes, '\0');
  put_batch_header(header,
                   batch_seed(header.identity, header.stream, header.position.generation,
                              header.position.number),
                   out);
  return out;
}

TEST(BatchHeader, RoundTrip) {
  const BatchHeader header = sample_header();
  const std::string bytes = encode(header);
  ASSERT_EQ(bytes.size(), kBatchHeaderBytes);
  EXPECT_EQ(bytes.substr(0, 8), "OSTRKWAL");
  const auto read = read_batch_header(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, header);
  EXPECT_EQ(header.total_bytes(), 1536U);
}

TEST(BatchHeader, EveryChangedChecksummedBitIsRefused) {
  const std::string good = encode(sample_header());
  for (std::size_t bit = 0; bit < std::size_t{104} * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(static_cast<unsigned char>(bad[bit / 8]) ^ (1U << (bit % 8)));
    EXPECT_FALSE(read_batch_header(bad).has_value()) << bit;
  }
  EXPECT_FALSE(read_batch_header(good.substr(0, kBatchHeaderBytes - 1)).has_value());
}

TEST(BatchHeader, TheGenerationSeedsTheChecksum) {
  const BatchHeader header = sample_header();
  std::string out(kBatchHeaderBytes, '\0');
  put_batch_header(header, batch_seed(header.identity, header.stream, 16, 4), out);
  EXPECT_FALSE(read_batch_header(out).has_value());
}

LogRecord sample_write() {
  LogRecord record;
  record.shard = ShardId{7};
  record.truncate_from = LogIndex{5};
  record.hard_state = protocol::HardState{Term{9}, NodeId{2}, Term{8}};
  for (std::uint64_t i = 5; i < 9; ++i) {
    record.entries.push_back(
        {{LogIndex{i}, Term{9}, protocol::EntryKind::data, static_cast<std::uint32_t>(i * 100)},
         i * 1'000'003});
  }
  return record;
}

TEST(LogRecord, RoundTripOfEveryType) {
  LogRecord reset;
  reset.type = LogRecordType::reset;
  reset.shard = ShardId{1};
  reset.start = LogIndex{100};
  reset.start_term = Term{6};
  reset.hard_state = protocol::HardState{Term{7}, NodeId{3}, Term{}};
  LogRecord state = reset;
  state.type = LogRecordType::state;
  LogRecord compact = reset;
  compact.type = LogRecordType::compact;
  compact.hard_state.reset();
  LogRecord copy = sample_write();
  copy.type = LogRecordType::copy;
  copy.truncate_from.reset();
  copy.hard_state.reset();
  LogRecord bare;
  bare.shard = ShardId{UINT64_MAX};
  const LogRecord records[] = {sample_write(), reset, state, compact, copy, bare};
  std::string meta;
  for (const LogRecord& record : records) {
    const std::size_t before = meta.size();
    put_log_record(record, meta);
    EXPECT_LE(meta.size() - before, log_record_bytes_max(record.entries.size()));
  }
  LogRecordReader reader(meta);
  LogRecord read;
  for (const LogRecord& record : records) {
    ASSERT_TRUE(reader.next(read).value());
    EXPECT_EQ(read, record);
  }
  EXPECT_FALSE(reader.next(read).value());
}

TEST(LogRecord, EveryPrefixIsRefused) {
  std::string meta;
  put_log_record(sample_write(), meta);
  for (std::size_t length = 1; length < meta.size(); ++length) {
    LogRecordReader reader(base::ByteView(meta).substr(0, length));
    LogRecord read;
    EXPECT_FALSE(reader.next(read).has_value()) << length;
  }
}

TEST(LogRecord, AHugeCountAllocatesNothing) {
  std::string meta;
  base::Writer w(meta);
  w.u8(1);
  w.varint(1);
  w.u8(0);
  w.varint(UINT64_MAX / 2);
  LogRecordReader reader(meta);
  LogRecord read;
  EXPECT_EQ(reader.next(read).error().code, base::ErrorCode::malformed);
  EXPECT_EQ(read.entries.capacity(), 0U);
}

TEST(LogRecord, AnUnknownTypeIsNotGuessed) {
  LogRecordReader reader(base::ByteView("\x09\x01", 2));
  LogRecord read;
  EXPECT_EQ(reader.next(read).error().code, base::ErrorCode::format_unknown);
}

TEST(PayloadChecksum, CoversPlaceAndBytes) {
  const protocol::EntryMeta meta{LogIndex{1}, Term{2}, protocol::EntryKind::data, 3};
  protocol::EntryMeta elsewhere = meta;
  elsewhere.index = LogIndex{2};
  EXPECT_NE(payload_checksum(1, meta, "abc"), payload_checksum(1, elsewhere, "abc"));
  EXPECT_NE(payload_checksum(1, meta, "abc"), payload_checksum(2, meta, "abc"));
  EXPECT_NE(payload_checksum(1, meta, "abc"), payload_checksum(1, meta, "abd"));
}

}  // namespace
}  // namespace ostraka::codec
