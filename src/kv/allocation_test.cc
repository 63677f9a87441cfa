// The steady state allocates next to nothing: an entry of 64 blind writes in a session, over an
// engine that only counts.
#include "base/allocation_count_test.h"
#include "kv/test_world.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::kv::testing {
namespace {

class CountingBatch final : public port::WriteBatch {
 public:
  void put(port::Family, base::ByteView key, base::ByteView value) override {
    ++operations_;
    bytes_ += key.size() + value.size();
  }
  void remove(port::Family, base::ByteView) override { ++operations_; }
  void remove_range(port::Family, base::ByteView, base::ByteView) override { ++operations_; }
  void clear() override { bytes_ = operations_ = 0; }
  [[nodiscard]] std::size_t bytes() const override { return bytes_; }
  [[nodiscard]] bool empty() const override { return operations_ == 0; }
  [[nodiscard]] std::size_t operations() const { return operations_; }

 private:
  std::size_t bytes_ = 0;
  std::size_t operations_ = 0;
};

class EmptyIterator final : public port::EngineIterator {
 public:
  void seek(base::ByteView) override {}
  void seek_first() override {}
  void seek_last() override {}
  void next() override {}
  void prev() override {}
  [[nodiscard]] bool valid() const override { return false; }
  [[nodiscard]] base::ByteView key() const override { return {}; }
  [[nodiscard]] base::ByteView value() const override { return {}; }
  [[nodiscard]] base::Status status() const override { return {}; }
};

// Holds nothing.
class CountingEngine final : public port::Engine {
 public:
  std::unique_ptr<port::WriteBatch> new_batch() override {
    return std::make_unique<CountingBatch>();
  }
  base::Status write(port::WriteBatch& batch) override {
    operations += static_cast<CountingBatch&>(batch).operations();
    return {};
  }
  std::unique_ptr<port::EngineWrite> begin_write(port::WriteBatch& batch) override {
    return std::make_unique<EndedWrite>(write(batch));
  }
  base::Result<bool> get(port::Family, base::ByteView, std::string&,
                         const port::EngineSnapshot*) override {
    ++gets;
    return false;
  }
  std::unique_ptr<port::EngineIterator> iterate(const port::FamilyRange&,
                                                const port::EngineSnapshot*) override {
    return std::make_unique<EmptyIterator>();
  }
  std::unique_ptr<port::EngineSnapshot> snapshot() override { return nullptr; }
  void flush(OnFlushed) override {}
  base::Result<std::vector<port::TableFile>> export_ranges(const port::EngineSnapshot&,
                                                           const std::vector<port::FamilyRange>&,
                                                           const std::string&) override {
    return std::vector<port::TableFile>{};
  }
  base::Status ingest_replacing(const std::vector<port::FamilyRange>&,
                                const std::vector<port::TableFile>&, port::WriteBatch&) override {
    return {};
  }
  port::EngineStats stats() override { return {}; }
  [[nodiscard]] std::uint64_t epoch() const override { return 1; }

  std::size_t operations = 0;
  std::size_t gets = 0;
};

class Ignored final : public ApplyListener {
 public:
  void on_result(model::SessionId, model::Serial, const base::Result<base::ByteView>&) override {
    ++results;
  }
  void on_state_hash(model::LogIndex, std::uint64_t) override {}
  std::size_t results = 0;
};

constexpr std::uint64_t kCommands = 64;

port::LogEntry entry_of_sets(std::uint64_t index) {
  std::string payload;
  codec::EntryBuilder builder(payload);
  codec::EntryHeader header;
  header.type = index == 1 ? codec::EntryType::register_session : codec::EntryType::commands;
  header.session = model::SessionId(1);
  if (index > 1) {
    header.first_serial = model::Serial((index - 2) * kCommands + 1);
    header.acknowledged = header.first_serial.prev();
  }
  builder.begin(header);
  for (std::uint64_t i = 0; index > 1 && i < kCommands; ++i) {
    std::string key = std::to_string(1'000'000 + index * kCommands + i);
    key.resize(16, 'k');
    builder.add_command(command({op(OpCode::set, key, std::string(256, 'v'))}));
  }
  builder.finish();
  port::LogEntry entry;
  entry.meta.index = model::LogIndex(index);
  entry.meta.term = model::Term(1);
  entry.payload = base::Buffer::take(std::move(payload));
  return entry;
}

TEST(Allocation, AnEntryOfBlindWritesReadsNothingAndHardlyAllocates) {
  CountingEngine engine;
  StateMachine machine(model::ShardId(1), engine, {});
  ASSERT_TRUE(machine.load().has_value());
  std::vector<port::LogEntry> entries;
  constexpr std::uint64_t kWarm = 100;
  constexpr std::uint64_t kMeasured = 640;
  for (std::uint64_t index = 1; index <= kWarm + kMeasured; ++index) {
    entries.push_back(entry_of_sets(index));
  }
  Ignored listener;
  const auto apply = [&](std::size_t from, std::size_t count) {
    for (std::size_t i = from; i < from + count; ++i) {
      ASSERT_TRUE(machine.apply(std::span(entries).subspan(i, 1), listener).has_value());
    }
  };
  apply(0, kWarm);
  engine.gets = engine.operations = listener.results = 0;
  const std::size_t before = base::testing::g_allocations;
  apply(kWarm, kMeasured);
  const std::size_t allocations = base::testing::g_allocations - before;
  EXPECT_EQ(listener.results, kMeasured * kCommands);
  EXPECT_EQ(engine.gets, 0U);
  // The writes, and one record of replies for each entry; an applied record for each batch, and now
  // and then a range of old replies.
  EXPECT_NEAR(static_cast<double>(engine.operations), kMeasured * (kCommands + 1.2),
              kMeasured * 0.2);
  // One for each batch on its way, besides.
  EXPECT_LE(allocations, kMeasured / 12);
  RecordProperty("allocations", static_cast<int>(allocations));
}

}  // namespace
}  // namespace ostraka::kv::testing
