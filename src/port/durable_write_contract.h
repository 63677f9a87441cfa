// What Executor::write_durably promises, as tests: with and without io_uring, and simulated.
//
// Used by one test file per implementation: define a DurableWriteHarness and instantiate
// DurableWriteContract with a factory for it. No test depends on speed.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "port/executor.h"
#include "port/file_system.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::port {

class DurableWriteHarness {
 public:
  DurableWriteHarness() = default;
  DurableWriteHarness(const DurableWriteHarness&) = delete;
  DurableWriteHarness& operator=(const DurableWriteHarness&) = delete;
  virtual ~DurableWriteHarness() = default;
  virtual Executor& executor() = 0;
  // An empty data directory.
  virtual FileSystem& files() = 0;
  // Runs until `done`; returns done(), false after a generous limit.
  virtual bool run_until(const std::function<bool()>& done) = 0;
  // And lets all end that ends without it.
  virtual void destroy_executor() = 0;
};

using DurableWriteHarnessFactory = std::unique_ptr<DurableWriteHarness> (*)();

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DurableWriteContract);

class DurableWriteContract : public ::testing::TestWithParam<DurableWriteHarnessFactory> {
 protected:
  static constexpr std::uint64_t kFileBytes = std::uint64_t{2} << 20;
  static constexpr unsigned kLane = 5;

  // A write with what it refers to.
  struct Job {
    std::unique_ptr<File> file;
    std::string bytes;
    std::vector<base::ByteView> pieces;
    DurableWrite write;
    int ends = 0;

    // The pieces are a byte, nothing, and the rest.
    void set(std::uint64_t offset, std::string contents) {
      bytes = std::move(contents);
      const base::ByteView all = bytes;
      pieces = {all.substr(0, 1), {}, all.substr(1)};
      write.file = file.get();
      write.offset = offset;
      write.pieces = pieces;
    }
  };

  std::shared_ptr<Job> make_job(const std::string& path) {
    auto job = std::make_shared<Job>();
    auto file = harness_->files().open(path, OpenMode::create_new);
    EXPECT_TRUE(file.has_value());
    job->file = std::move(*file);
    EXPECT_TRUE(job->file->preallocate(kFileBytes).has_value());
    EXPECT_TRUE(job->file->sync().has_value());
    return job;
  }
  void start(unsigned lane, const std::shared_ptr<Job>& job) {
    harness_->executor().write_durably(lane, job->write, [job] { ++job->ends; });
  }
  // The write has ended; what it gave.
  base::Status finish(const std::shared_ptr<Job>& job) {
    const int before = job->ends;
    start(kLane, job);
    EXPECT_EQ(job->ends, before) << "done is called later";
    EXPECT_TRUE(harness_->run_until([&] { return job->ends > before; }));
    EXPECT_EQ(job->ends, before + 1);
    return job->write.status;
  }
  std::string read(const std::string& path, std::uint64_t offset, std::size_t bytes) {
    std::string out(bytes, '?');
    const auto file = harness_->files().open(path, OpenMode::read_only);
    EXPECT_TRUE(file.has_value());
    EXPECT_EQ((*file)->read_at(offset, out).value_or(0), bytes);
    return out;
  }

  std::unique_ptr<DurableWriteHarness> harness_ = GetParam()();
};

TEST_P(DurableWriteContract, ManyWritesInSequenceAreThere) {
  const auto job = make_job("f");
  std::string expected;
  int left = 200;
  // Each is begun where the one before it ends.
  std::function<void()> next = [&] {
    EXPECT_TRUE(job->write.status.has_value());
    if (--left < 0) {
      return;
    }
    const auto sectors = static_cast<std::size_t>(1 + left * 7 % 13);
    job->set(expected.size(), std::string(sectors * 512, static_cast<char>('a' + left % 26)));
    expected += job->bytes;
    harness_->executor().write_durably(kLane, job->write, [job, &next] { next(); });
  };
  next();
  ASSERT_TRUE(harness_->run_until([&] { return left < 0; }));
  EXPECT_EQ(read("f", 0, expected.size()), expected);
}

TEST_P(DurableWriteContract, AnyOffsetAndSizeWillDo) {
  const auto job = make_job("f");
  struct Case {
    std::uint64_t offset;
    std::size_t bytes;
  };
  char fill = 'a';
  for (const Case& each :
       {Case{0, 4096}, Case{4096, 512}, Case{512, 511}, Case{700, 1024}, Case{512, 128U << 10},
        Case{1024, (128U << 10) + 512}, Case{0, 1U << 20}, Case{8192, 4096}, Case{1, 1}}) {
    job->set(each.offset, std::string(each.bytes, fill++));
    const base::Status status = finish(job);
    ASSERT_TRUE(status.has_value()) << status.error().to_string();
    EXPECT_EQ(read("f", each.offset, each.bytes), job->bytes) << each.offset << " " << each.bytes;
  }
  EXPECT_EQ(job->file->size().value_or(0), kFileBytes);
}

TEST_P(DurableWriteContract, AnErrorIsToldAndTheNextWriteIsJudgedAnew) {
  const auto writer = make_job("f");
  auto job = std::make_shared<Job>();
  job->file = harness_->files().open("f", OpenMode::read_only).value();
  job->set(0, std::string(4096, 'x'));
  EXPECT_FALSE(finish(job).has_value());
  EXPECT_FALSE(finish(job).has_value());
  EXPECT_EQ(read("f", 0, 2), std::string(2, '\0'));
  writer->set(0, std::string(4096, 'y'));
  EXPECT_TRUE(finish(writer).has_value());
  EXPECT_EQ(read("f", 0, 2), "yy");
}

TEST_P(DurableWriteContract, LanesWriteBesideEachOther) {
  std::vector<std::shared_ptr<Job>> jobs;
  for (unsigned lane = 0; lane < 8; ++lane) {
    jobs.push_back(make_job("f" + std::to_string(lane)));
    jobs.back()->set(0, std::string(4096, '-'));
    ASSERT_TRUE(finish(jobs.back()).has_value());
  }
  for (unsigned lane = 0; lane < 8; ++lane) {
    jobs[lane]->set(512, std::string(4096, static_cast<char>('a' + lane)));
    start(lane, jobs[lane]);
  }
  for (unsigned lane = 0; lane < 8; ++lane) {
    ASSERT_TRUE(harness_->run_until([&] { return jobs[lane]->ends == 2; }));
    EXPECT_TRUE(jobs[lane]->write.status.has_value());
    EXPECT_EQ(read("f" + std::to_string(lane), 512, 4096), jobs[lane]->bytes);
  }
}

TEST_P(DurableWriteContract, TheEndOfTheExecutorEndsWritesSilently) {
  auto job = make_job("f");
  job->set(0, std::string(64U << 10, '-'));
  ASSERT_TRUE(finish(job).has_value());
  job->set(0, std::string(64U << 10, 'x'));
  // The closure is the last that owns the file and the bytes.
  int calls = 0;
  const std::weak_ptr<Job> watched = job;
  DurableWrite& write = job->write;
  harness_->executor().write_durably(kLane, write, [owned = std::move(job), &calls] { ++calls; });
  EXPECT_FALSE(watched.expired());
  harness_->destroy_executor();
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(calls, 0);
  const std::string contents = read("f", 0, 64U << 10);
  EXPECT_EQ(contents, std::string(64U << 10, contents[0])) << "nothing is written any more";
}

}  // namespace ostraka::port
