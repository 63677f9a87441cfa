// Durable writes of the real reactor: the contract with io_uring, without it and where a sandbox
// forbids it, and what the kernel's answers lead to.
#include "file/posix_file_system.h"
#include "net/reactor.h"
#include "port/durable_write_contract.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace ostraka::net {
namespace {

using base::Duration;

constexpr Duration kLimit = Duration::seconds(20);
constexpr unsigned kLane = 3;

class RealHarness final : public port::DurableWriteHarness {
 public:
  explicit RealHarness(bool ring) {
    std::string pattern = (std::filesystem::temp_directory_path() / "ostraka_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    files_ = file::open_file_system(folder_).value();
    if (ring) {
      static_cast<void>(
          reactor_->open_ring());  // a machine may forbid it: the contract is the same
    }
  }
  ~RealHarness() override { std::filesystem::remove_all(folder_); }
  port::Executor& executor() override { return *reactor_; }
  port::FileSystem& files() override { return *files_; }
  bool run_until(const std::function<bool()>& done) override {
    return reactor_->run_until(done, kLimit);
  }
  void destroy_executor() override { reactor_.reset(); }

 private:
  std::string folder_;
  std::unique_ptr<port::FileSystem> files_;
  std::unique_ptr<Reactor> reactor_ = std::make_unique<Reactor>();
};

std::unique_ptr<port::DurableWriteHarness> with_ring() {
  return std::make_unique<RealHarness>(true);
}
std::unique_ptr<port::DurableWriteHarness> with_threads() {
  return std::make_unique<RealHarness>(false);
}

// A file that hands out one descriptor and says what the test wants of the kernel's answers.
class ScriptedFile final : public port::File {
 public:
  explicit ScriptedFile(int descriptor) : descriptor_(descriptor) {}
  base::Result<std::size_t> read_at(std::uint64_t, std::span<char>) override { return 0; }
  base::Status write_at(std::uint64_t, std::span<const base::ByteView>) override { return {}; }
  base::Status write_durably_at(std::uint64_t, std::span<const base::ByteView>) override {
    ++thread_writes;
    return {};
  }
  std::optional<port::DirectWrite> prepare_direct(std::uint64_t offset,
                                                  std::span<const base::ByteView> pieces) override {
    port::DirectWrite write;
    write.descriptor = descriptor_;
    write.offset = offset;
    write.bytes = pieces[0].size();
    write.buffer.reset(static_cast<char*>(std::malloc(write.bytes)));
    pieces[0].copy(write.buffer.get(), write.bytes);
    return write;
  }
  std::optional<base::Status> outcome_of(const port::DirectWrite&, std::int64_t result) override {
    results += std::to_string(result) + " ";
    return outcome;
  }
  base::Status sync() override { return {}; }
  base::Status preallocate(std::uint64_t) override { return {}; }
  base::Status truncate(std::uint64_t) override { return {}; }
  base::Result<std::uint64_t> size() override { return 0; }

  std::optional<base::Status> outcome = base::Status();
  std::string results;
  int thread_writes = 0;

 private:
  int descriptor_;
};

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  std::array<int, 2> ends = {};
};

class RingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const base::Status opened = reactor->open_ring();
    if (!opened.has_value()) {
      GTEST_SKIP() << opened.error().to_string();
    }
  }
  void start(ScriptedFile& file, const std::string& bytes) {
    piece = bytes;
    write.file = &file;
    write.pieces = {&piece, 1};
    write.status = base::fail(base::ErrorCode::cancelled);
    reactor->write_durably(kLane, write, [this] { ++ends; });
  }
  void finish() {
    const int before = ends;
    EXPECT_TRUE(reactor->run_until([&] { return ends > before; }, kLimit));
    EXPECT_EQ(ends, before + 1);
  }

  Pipe pipe;
  base::ByteView piece;
  port::DurableWrite write;
  int ends = 0;
  std::unique_ptr<Reactor> reactor = std::make_unique<Reactor>();
};

TEST_F(RingTest, TheKernelWritesWhatTheFileHandsOut) {
  ScriptedFile file(pipe.ends[1]);
  for (int i = 1; i <= 200; ++i) {  // more than the ring has places
    start(file, "hello");
    EXPECT_EQ(ends, i - 1);
    finish();
    EXPECT_TRUE(write.status.has_value());
    std::string got(6, '?');
    EXPECT_EQ(::read(pipe.ends[0], got.data(), got.size()), 5);
    EXPECT_EQ(got, "hello?");
  }
  EXPECT_EQ(file.thread_writes, 0);
  EXPECT_EQ(reactor->stats().ring_writes, 200U);
}

TEST_F(RingTest, AnErrorIsWhatTheFileMakesOfTheKernels) {
  ScriptedFile file(pipe.ends[0]);  // only for reading
  file.outcome = base::fail(base::ErrorCode::disk_full);
  start(file, "x");
  finish();
  EXPECT_EQ(file.results, std::to_string(-EBADF) + " ");
  ASSERT_FALSE(write.status.has_value());
  EXPECT_EQ(write.status.error().code, base::ErrorCode::disk_full);
  EXPECT_EQ(file.thread_writes, 0);
}

TEST_F(RingTest, WhatTheFileCannotJudgeIsWrittenAgainByAThread) {
  ScriptedFile file(pipe.ends[1]);
  file.outcome = std::nullopt;
  start(file, "x");
  finish();
  EXPECT_EQ(file.results, "1 ");
  EXPECT_TRUE(write.status.has_value());
  EXPECT_EQ(file.thread_writes, 1);
  file.outcome = base::Status();  // the lane is free again
  start(file, "x");
  finish();
  EXPECT_EQ(file.thread_writes, 1);
}

TEST_F(RingTest, DestroyingTheReactorWaitsForTheKernel) {
  ScriptedFile file(pipe.ends[1]);
  const int capacity = ::fcntl(pipe.ends[1], F_SETPIPE_SZ, 4096);
  ASSERT_GE(capacity, 4096);
  const auto full = static_cast<std::size_t>(capacity);
  ASSERT_EQ(::write(pipe.ends[1], std::string(full, '-').data(), full), capacity);
  start(file, std::string("kept"));
  std::atomic<bool> drained = false;
  std::thread reader([&] {
    std::string old(full, '?');
    drained = true;
    EXPECT_EQ(::read(pipe.ends[0], old.data(), old.size()), capacity);
  });
  reactor.reset();
  EXPECT_TRUE(drained) << "there was no room for the write before";
  reader.join();
  EXPECT_EQ(ends, 0);
  ASSERT_EQ(file.results, "4 ") << "else there is nothing to read";
  std::string got(4, '?');
  EXPECT_EQ(::read(pipe.ends[0], got.data(), got.size()), 4);
  EXPECT_EQ(got, "kept");
}

// From now on this thread, and those that it starts, get EPERM from a system call.
bool forbid(int call) {
  std::array<sock_filter, 4> program = {
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog filter = {.len = program.size(), .filter = program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(RingSandboxTest, AnySystemCallOfItMayBeForbidden) {
  bool skipped = false;
  for (const int call : {__NR_io_uring_setup, __NR_io_uring_enter}) {
    std::thread([&skipped, call] {
      if (!forbid(call)) {
        skipped = true;
        return;
      }
      Reactor reactor;
      const base::Status opened = reactor.open_ring();
      if (call == __NR_io_uring_setup) {
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error().code, base::ErrorCode::unsupported);
        EXPECT_EQ(opened.error().context, "Operation not permitted");
      }
      Pipe pipe;
      ScriptedFile file(pipe.ends[1]);
      const base::ByteView piece = "x";
      port::DurableWrite write{.file = &file, .offset = 0, .pieces = {&piece, 1}, .status = {}};
      int ends = 0;
      for (int i = 1; i <= 3; ++i) {
        reactor.write_durably(kLane, write, [&ends] { ++ends; });
        EXPECT_TRUE(reactor.run_until([&] { return ends == i; }, kLimit));
        EXPECT_EQ(file.thread_writes, i);
      }
      EXPECT_EQ(reactor.stats().ring_writes, 0U);
      EXPECT_EQ(file.results, "");
    }).join();
  }
  if (skipped) {
    GTEST_SKIP() << "no seccomp filters here";
  }
}

}  // namespace
}  // namespace ostraka::net

namespace ostraka::port {
INSTANTIATE_TEST_SUITE_P(Ring, DurableWriteContract, ::testing::Values(&net::with_ring));
INSTANTIATE_TEST_SUITE_P(Threads, DurableWriteContract, ::testing::Values(&net::with_threads));
}  // namespace ostraka::port
