// Files held ready for the next segments: created and zero-filled ahead of need, on a lane of their
// own, or recycled.
//
// Threads: the reactor; jobs run on the background lane. A full disk is a state, not an error: the
// pool tries again with back-off and says when it has something. Any other failure goes to
// Hooks::on_error.
#pragma once

#include "base/result.h"
#include "port/executor.h"
#include "port/file_system.h"
#include "wal/internal/segment.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::wal {

class SegmentPool {
 public:
  struct Settings {
    std::string folder;
    StreamFormat format;
    std::uint64_t segment_bytes = 0;
    std::uint32_t spares = 0;
    unsigned lane = 0;
    base::Duration retry_min;
    base::Duration retry_max;
  };
  struct Hooks {
    std::function<void()> on_change;  // a file came, or is_full() changed
    std::function<void(const base::Error&)> on_error;
  };

  SegmentPool(port::FileSystem& files, port::Executor& executor, Settings settings, Hooks hooks);
  ~SegmentPool();
  SegmentPool(const SegmentPool&) = delete;
  SegmentPool& operator=(const SegmentPool&) = delete;

  void set_next_number(std::uint64_t number) { next_number_ = number; }
  // Blocking, at start-up: keeps the file as a spare if it fits, else removes it.
  [[nodiscard]] base::Status adopt(const std::string& path, std::uint64_t bytes);
  // Blocking, at start-up: makes one file at once. A full disk is fine.
  [[nodiscard]] base::Status prepare_now(std::uint64_t bytes);

  // A file of at least so many bytes, or null; then one is prepared and on_change follows.
  [[nodiscard]] std::shared_ptr<SegmentFile> take(std::uint64_t bytes);
  // A file that is no longer part of the log.
  void give_back(std::shared_ptr<SegmentFile> file);
  // Starts preparing when there are too few.
  void top_up();
  // take() found nothing because the disk is full.
  [[nodiscard]] bool is_full() const { return full_ && wanted_bytes_ > 0; }
  [[nodiscard]] std::uint64_t spare_bytes() const;
  [[nodiscard]] std::uint64_t segment_bytes() const { return settings_.segment_bytes; }

 private:
  struct Job;
  void start_job(std::uint64_t bytes);
  void finish_job(Job& job);

  port::FileSystem& files_;
  port::Executor& executor_;
  Settings settings_;
  Hooks hooks_;
  std::vector<std::shared_ptr<SegmentFile>> spares_;
  std::unique_ptr<port::Timer> retry_;
  base::Duration backoff_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::uint64_t next_number_ = 1;
  std::uint64_t wanted_bytes_ = 0;  // take() asked for this and is waiting
  bool preparing_ = false;
  bool full_ = false;
};

}  // namespace ostraka::wal
