// Torn tails are cut, damage in the middle is refused by name (faults.md S13, invariant I-D4).
#include "base/hash.h"
#include "codec/log_record.h"
#include "wal/wal_world_test.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace ostraka::wal {
namespace {

using model::LogIndex;
using model::ShardId;

constexpr ShardId kShard{1};
constexpr std::uint64_t kRecords = 1000;

using Image = std::map<std::string, std::string>;

struct Batch {
  std::string path;
  std::size_t offset;
  std::size_t content;  // bytes without padding
  std::size_t total;
};

struct Outcome {
  base::Status status;
  std::vector<std::uint64_t> indexes;

  [[nodiscard]] std::string text() const {
    return status.has_value() ? "ok" : status.error().to_string();
  }
};

// A log of 1000 one-batch records in many segments, its last batch not sealed.
class DamagedLog : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Options options = small_options();
    options.slack_segments = 1000;  // every batch stays where it was written
    World world(options);
    ASSERT_TRUE(world.start().has_value());
    world.use(kShard);
    for (std::uint64_t i = 1; i <= kRecords; ++i) {
      world.append(kShard, World::entries(i, {"record number " + std::to_string(i)}));
      while (!world.model(kShard).all_durable()) {
        world.scheduler().step();
      }
    }
    for (const std::string& path : world.disk().paths()) {
      image_[path] = world.disk().contents(path).value();
    }
    find_batches();
  }

  static void find_batches() {
    batches_.clear();
    std::map<std::uint64_t, std::vector<Batch>> by_generation;
    for (const auto& [path, bytes] : image_) {
      std::uint64_t generation = 0;
      for (std::size_t at = 0; at + codec::kBatchHeaderBytes <= bytes.size();) {
        const auto header = codec::read_batch_header(base::ByteView(bytes).substr(at));
        if (!header.has_value() || header->kind != codec::BatchKind::batch) {
          break;
        }
        generation = header->position.generation;
        const auto total = static_cast<std::size_t>(header->total_bytes());
        by_generation[generation].push_back({path, at,
                                             codec::kBatchHeaderBytes + header->meta_bytes +
                                                 static_cast<std::size_t>(header->payload_bytes),
                                             total});
        at += total;
      }
    }
    for (const auto& [generation, batches] : by_generation) {
      batches_.insert(batches_.end(), batches.begin(), batches.end());
    }
    ASSERT_EQ(batches_.size(), kRecords);
  }

  static void load(sim_ports::SimDisk& disk, const Image& image) {
    auto files = disk.open_process();
    ASSERT_TRUE(files->make_directory("wal/0").has_value());
    ASSERT_TRUE(files->sync_directory(".").has_value());
    ASSERT_TRUE(files->sync_directory("wal").has_value());
    for (const auto& [path, bytes] : image) {
      disk.set_contents(path, bytes);
    }
  }

  // Opens the log, appends nothing.
  static Outcome open(const Image& image, Mutant mutant = Mutant::none) {
    sim_ports::SimDisk disk;
    load(disk, image);
    return open(disk, mutant, {});
  }
  // Opens the log and appends, until durable, `more` behind what was found.
  static Outcome open(sim_ports::SimDisk& disk, Mutant mutant, const std::string& more) {
    Options options = small_options();
    options.mutant = mutant;
    sim_ports::SimScheduler scheduler;
    sim_ports::SimClock clock;
    auto files = disk.open_process();
    sim_ports::SimExecutor executor(scheduler, clock, 1);
    auto wal = Wal::open(*files, executor, options, {});
    if (!wal.has_value()) {
      return {std::unexpected(wal.error()), {}};
    }
    Outcome outcome;
    const auto log = (*wal)->take_recovered(kShard);
    if (!log.has_value()) {
      return {std::unexpected(log.error()), {}};
    }
    for (const port::LogEntry& entry : log->entries) {
      outcome.indexes.push_back(entry.meta.index.value());
    }
    if (!more.empty()) {
      ShardModel model;
      (*wal)->attach(kShard, model);
      (*wal)->append(kShard, 1, World::entries(outcome.indexes.size() + 1, {more}));
      scheduler.run_until(scheduler.now() + base::Duration::milliseconds(50));
      EXPECT_EQ(model.durable(), 1U);
    }
    return outcome;
  }

  static bool is_prefix(const std::vector<std::uint64_t>& indexes, std::uint64_t count) {
    for (std::size_t i = 0; i < indexes.size(); ++i) {
      if (indexes[i] != i + 1) {
        return false;
      }
    }
    return indexes.size() == count;
  }

  static Image flipped(const Batch& batch, std::size_t at) {
    Image image = image_;
    char& byte = image[batch.path][batch.offset + at];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ 0x10U);
    return image;
  }

  static void expect_refused(const Batch& batch, const Outcome& outcome, std::size_t at) {
    ASSERT_FALSE(outcome.status.has_value()) << batch.path << " " << batch.offset << "+" << at;
    EXPECT_EQ(outcome.status.error().code, base::ErrorCode::corruption);
    EXPECT_NE(outcome.text().find(batch.path + " at offset " + std::to_string(batch.offset)),
              std::string::npos)
        << outcome.text() << " for byte " << at << " of the batch at " << batch.offset;
  }

  static inline Image image_;
  static inline std::vector<Batch> batches_;  // in order
};

TEST_F(DamagedLog, TheWholeLogIsRead) {
  const Outcome outcome = open(image_);
  EXPECT_EQ(outcome.text(), "ok");
  EXPECT_TRUE(is_prefix(outcome.indexes, kRecords));
}

// Every byte of one batch at the start, in the middle and near the end of the log.
TEST_F(DamagedLog, EveryByteInTheMiddleIsRefusedByName) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{500}, std::size_t{998}}) {
    const Batch& batch = batches_[i];
    const std::size_t step = i == 500 ? 1 : 9;
    for (std::size_t at = 0; at < batch.total; at += at < batch.content ? step : 40) {
      const Outcome outcome = open(flipped(batch, at));
      const bool unused = at >= batch.content || (at >= 104 && at < codec::kBatchHeaderBytes);
      if (unused) {
        EXPECT_EQ(outcome.text(), "ok");
        EXPECT_TRUE(is_prefix(outcome.indexes, kRecords));
      } else {
        expect_refused(batch, outcome, at);
      }
    }
  }
}

TEST_F(DamagedLog, EveryBatchButTheLastIsRefusedByName) {
  for (std::size_t i = 0; i + 1 < batches_.size(); i += 7) {
    const std::size_t at = (i * 31) % batches_[i].content;
    if (at < 104 || at >= codec::kBatchHeaderBytes) {
      expect_refused(batches_[i], open(flipped(batches_[i], at)), at);
    }
  }
}

// The last batch was never followed by another: its damage cannot be told from a torn write.
TEST_F(DamagedLog, TheTailIsCutAndStaysCut) {
  const Batch& last = batches_.back();
  for (std::size_t at = 0; at < last.content; at += 3) {
    if (at >= 104 && at < codec::kBatchHeaderBytes) {
      continue;
    }
    sim_ports::SimDisk disk;
    load(disk, flipped(last, at));
    Outcome outcome = open(disk, Mutant::none, "after the cut");
    ASSERT_EQ(outcome.text(), "ok");
    EXPECT_TRUE(is_prefix(outcome.indexes, kRecords - 1));
    for (int restart = 0; restart < 2; ++restart) {
      disk.crash_process();
      outcome = open(disk, Mutant::none, {});
      ASSERT_EQ(outcome.text(), "ok");
      EXPECT_TRUE(is_prefix(outcome.indexes, kRecords));
    }
  }
}

TEST_F(DamagedLog, AZeroedLastSectorIsCut) {
  Image image = image_;
  const Batch& last = batches_.back();
  image[last.path].replace(last.offset + last.total - 512, 512, 512, '\0');
  const Outcome outcome = open(image);
  EXPECT_EQ(outcome.text(), "ok");
  EXPECT_TRUE(is_prefix(outcome.indexes, kRecords - 1));
}

// A file that was cut never yields a prefix of acknowledged records in silence.
TEST_F(DamagedLog, ACutFileIsRefusedWhereRecordsMayBeMissing) {
  const Batch& last = batches_.back();
  const std::size_t used = last.offset + last.total;
  std::vector<std::size_t> cuts{0, 1, 127, 128, 511};
  for (std::size_t k = used - 2 * last.total - 2; k <= used + 514; k += k % 512 < 510 ? 13 : 1) {
    cuts.push_back(k);
  }
  for (const std::size_t k : cuts) {
    Image image = image_;
    image[last.path].resize(k);
    const Outcome outcome = open(image);
    if (k >= used + 512) {
      EXPECT_EQ(outcome.text(), "ok") << k;
      EXPECT_TRUE(is_prefix(outcome.indexes, kRecords));
    } else {
      ASSERT_FALSE(outcome.status.has_value()) << k;
      EXPECT_EQ(outcome.status.error().code, base::ErrorCode::corruption);
    }
  }
}

TEST_F(DamagedLog, AMissingSegmentIsRefused) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{300}, std::size_t{700}}) {
    Image image = image_;
    image.erase(batches_[i].path);
    const Outcome outcome = open(image);
    ASSERT_FALSE(outcome.status.has_value());
    EXPECT_EQ(outcome.status.error().code, base::ErrorCode::corruption);
  }
}

TEST_F(DamagedLog, TheMutantIsCaught) {
  const Batch& batch = batches_[500];
  const Outcome outcome = open(flipped(batch, 10), Mutant::stop_at_first_bad_record_always);
  EXPECT_EQ(outcome.text(), "ok");  // that is the bug: a silent prefix
  EXPECT_LT(outcome.indexes.size(), kRecords);
}

TEST_F(DamagedLog, ALaterVersionIsNotGuessed) {
  Image image = image_;
  const Batch& last = batches_.back();
  std::string& bytes = image[last.path];
  std::string header = bytes.substr(last.offset, codec::kBatchHeaderBytes);
  const auto old = codec::read_batch_header(header).value();
  header[8] = 2;
  const std::uint64_t seed =
      codec::batch_seed(old.identity, old.stream, old.position.generation, old.position.number);
  const std::uint64_t sum = base::hash64(base::ByteView(header).substr(0, 96), seed);
  std::string encoded;
  base::Writer(encoded).u64(sum);
  header.replace(96, 8, encoded);
  bytes.replace(last.offset, header.size(), header);
  EXPECT_EQ(open(image).status.error().code, base::ErrorCode::format_unknown);
}

}  // namespace
}  // namespace ostraka::wal
