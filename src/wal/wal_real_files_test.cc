// The log on a real file system, and what an append costs there.
#include "file/posix_file_system.h"
#include "net/reactor.h"
#include "wal/wal_world_test.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace ostraka::wal {
namespace {

using model::LogIndex;
using model::ShardId;

constexpr ShardId kShard{1};

TEST(WalRealFiles, SurvivesRestartsAndRecycles) {
  std::string folder = (std::filesystem::temp_directory_path() / "ostraka_XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  Options options = small_options();
  options.segment_bytes = 64U << 10;
  ShardModel model;
  std::uint64_t next = 1;
  for (std::uint64_t life = 1; life <= 4; ++life) {
    sim_ports::SimScheduler scheduler;
    sim_ports::SimClock clock;
    const auto files = file::open_file_system(folder);
    ASSERT_TRUE(files.has_value());
    sim_ports::SimExecutor executor(scheduler, clock, life);
    auto wal = Wal::open(**files, executor, options, {});
    ASSERT_TRUE(wal.has_value()) << wal.error().to_string();
    ASSERT_TRUE(model.accept(LogState::of((*wal)->take_recovered(kShard).value()))) << life;
    (*wal)->attach(kShard, model);
    for (int i = 0; i < 150; ++i) {
      port::LogWrite write = World::entries(next, {std::string(1500, 'r')});
      LogState state = model.latest();
      state.apply(write);
      (*wal)->append(kShard, model.push(std::move(state)), std::move(write));
      scheduler.run_until(scheduler.now() + base::Duration::milliseconds(2));
      if (next > 3) {
        model.compact(LogIndex{next - 3}, model::Term{1});
        (*wal)->compact(kShard, LogIndex{next - 3}, model::Term{1});
      }
      ++next;
    }
    scheduler.run_until(scheduler.now() + base::Duration::milliseconds(20));
    EXPECT_TRUE(model.all_durable());
    EXPECT_LE((*wal)->stats().segments, 4U);
  }
  std::filesystem::remove_all(folder);
}

// The way of the server: each life ends with a batch in flight.
TEST(WalRealFiles, SurvivesRestartsOnAReactor) {
  std::string folder = (std::filesystem::temp_directory_path() / "ostraka_XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  Options options = small_options();
  options.segment_bytes = 64U << 10;
  ShardModel model;
  std::uint64_t next = 1;
  for (int life = 1; life <= 5; ++life) {
    const auto files = file::open_file_system(folder);
    ASSERT_TRUE(files.has_value());
    net::Reactor reactor;
    if (life % 4 != 0) {  // what one way has written the other takes over
      static_cast<void>(reactor.open_ring());
    }
    auto wal = Wal::open(**files, reactor, options, {});
    ASSERT_TRUE(wal.has_value()) << wal.error().to_string();
    ASSERT_TRUE(model.accept(LogState::of((*wal)->take_recovered(kShard).value()))) << life;
    (*wal)->attach(kShard, model);
    if (!model.latest().entries.empty()) {  // the last batch may be lost
      next = model.latest().entries.rbegin()->first.value() + 1;
    }
    for (int i = 0; i < 60; ++i) {
      port::LogWrite write = World::entries(next, {std::string(1500, 'r')});
      LogState state = model.latest();
      state.apply(write);
      (*wal)->append(kShard, model.push(std::move(state)), std::move(write));
      if (i < 59) {
        ASSERT_TRUE(
            reactor.run_until([&] { return model.all_durable(); }, base::Duration::seconds(20)));
      } else {
        int turns = 0;
        reactor.run_until([&] { return turns++ == 1; }, base::Duration::seconds(20));
      }
      if (next > 3) {
        model.compact(LogIndex{next - 3}, model::Term{1});
        (*wal)->compact(kShard, LogIndex{next - 3}, model::Term{1});
      }
      ++next;
    }
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ostraka::wal
