// What a load leaves at level 0 is merged when it has gone, and not before.
#include "base/prng.h"
#include "engine_rocksdb/engine_rocksdb.h"
#include "engine_rocksdb/internal/engine.h"
#include "rocks_disk.h"
#include "step_executor.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace ostraka::engine_test {
namespace {

constexpr int kFlushes = 5;

class RestingTest : public testing::Test {
 protected:
  RestingTest() {
    engine_rocksdb::Location location;
    location.env = env_.get();
    location.root = "/data";
    auto opened = engine_rocksdb::open_at(location, executor_, options_);
    EXPECT_TRUE(opened.has_value()) << opened.error().to_string();
    engine_ = *std::move(opened);
  }

  // `bytes` of the same keys in one flush, so that a file is one more to look at.
  void load(std::size_t bytes) {
    const auto batch = engine_->new_batch();
    for (int key = 0; key < 8; ++key) {
      batch->put(port::Family::data, std::to_string(key), std::string(bytes / 8, 'v'));
    }
    ASSERT_TRUE(engine_->write(*batch).has_value());
    bool flushed = false;
    engine_->flush([&flushed](const base::Status& status) { flushed = status.has_value(); });
    executor_.run();
    ASSERT_TRUE(flushed);
  }
  std::size_t tables() {
    std::vector<std::string> names;
    EXPECT_TRUE(env_->GetChildren("/data/" + options_.folder, &names).ok());
    return static_cast<std::size_t>(std::ranges::count_if(
        names, [](const std::string& name) { return name.ends_with(".sst"); }));
  }
  // RocksDB merges on a thread of its own.
  bool becomes(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (tables() != count && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    return tables() == count;
  }

  CrashDisk disk_;
  std::unique_ptr<rocksdb::Env> env_ = make_rocks_env(disk_);
  engine_rocksdb::Options options_;
  StepExecutor executor_;
  std::unique_ptr<port::Engine> engine_;
};

TEST_F(RestingTest, FilesOfALoadAreMergedWhenItHasGone) {
  constexpr std::size_t kMuch = std::size_t{1} << 20;
  for (int i = 0; i < kFlushes; ++i) {
    load(kMuch);
    executor_.advance(options_.rest_interval);
  }
  EXPECT_EQ(tables(), kFlushes);
  executor_.advance(options_.rest_interval);
  EXPECT_TRUE(becomes(1)) << tables();
  std::string value;
  EXPECT_TRUE(engine_->get(port::Family::data, "7", value, nullptr).value_or(false));

  // The next load waits for eight files again.
  for (int i = 0; i < kFlushes; ++i) {
    load(kMuch);
    executor_.advance(options_.rest_interval);
  }
  EXPECT_EQ(tables(), 1U + kFlushes);
}

}  // namespace
}  // namespace ostraka::engine_test
