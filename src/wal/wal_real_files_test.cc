// The log on a real file system, and what an append costs there.
#include "file/posix_file_system.h"
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

}  // namespace
}  // namespace ostraka::wal
