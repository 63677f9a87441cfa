#include "wal/internal/segment_pool.h"

#include "wal/internal/recovery.h"

#include <algorithm>
#include <utility>

namespace ostraka::wal {
namespace {

std::uint64_t round_up(std::uint64_t bytes) {
  return (bytes + codec::kLogSectorBytes - 1) / codec::kLogSectorBytes * codec::kLogSectorBytes;
}

base::Status fill(port::FileSystem& files, const std::string& folder, const StreamFormat& format,
                  SegmentFile& file) {
  const std::string unfinished = file.path + std::string(kUnfinishedSuffix);
  OSTRAKA_ASSIGN(file.writer, files.open(unfinished, port::OpenMode::create_new));
  OSTRAKA_TRY(file.writer->preallocate(file.bytes));
  codec::BatchHeader header;
  header.kind = codec::BatchKind::spare;
  header.identity = format.identity;
  header.stream = format.stream;
  std::string bytes(codec::kLogSectorBytes, '\0');
  codec::put_batch_header(header, format.seed({}), bytes);
  const base::ByteView piece = bytes;
  OSTRAKA_TRY(file.writer->write_at(0, {&piece, 1}));
  OSTRAKA_TRY(file.writer->sync());
  // A segment has its name when it has its size: a shorter one is damaged, not unfinished.
  OSTRAKA_TRY(files.rename(unfinished, file.path));
  return files.sync_directory(folder);
}

// Makes a zero-filled file that says it is a spare, durably.
base::Result<std::shared_ptr<SegmentFile>> make_file(port::FileSystem& files,
                                                     const std::string& folder,
                                                     const StreamFormat& format,
                                                     std::uint64_t number, std::uint64_t bytes) {
  auto file = std::make_shared<SegmentFile>();
  file->path = folder + "/" + segment_name(number);
  file->bytes = bytes;
  const base::Status made = fill(files, folder, format, *file);
  if (!made.has_value()) {
    file->writer.reset();
    // Gives the space back; recovery would, too.
    static_cast<void>(files.remove(file->path + std::string(kUnfinishedSuffix)));
    static_cast<void>(files.remove(file->path));
    return std::unexpected(made.error());
  }
  return file;
}

}  // namespace

struct SegmentPool::Job {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  base::Result<std::shared_ptr<SegmentFile>> result = nullptr;
};

SegmentPool::SegmentPool(port::FileSystem& files, port::Executor& executor, Settings settings,
                         Hooks hooks)
    : files_(files),
      executor_(executor),
      settings_(std::move(settings)),
      hooks_(std::move(hooks)),
      retry_(executor.make_timer([this] { top_up(); })),
      backoff_(settings_.retry_min) {}

SegmentPool::~SegmentPool() { *alive_ = false; }

base::Status SegmentPool::adopt(const std::string& path, std::uint64_t bytes) {
  if (bytes != settings_.segment_bytes || spares_.size() >= settings_.spares) {
    return files_.remove(path);
  }
  auto file = std::make_shared<SegmentFile>();
  file->path = path;
  file->bytes = bytes;
  OSTRAKA_ASSIGN(file->writer, files_.open(path, port::OpenMode::read_write));
  spares_.push_back(std::move(file));
  return {};
}

base::Status SegmentPool::prepare_now(std::uint64_t bytes) {
  auto made =
      make_file(files_, settings_.folder, settings_.format, next_number_++, round_up(bytes));
  if (made.has_value()) {
    spares_.push_back(*std::move(made));
    return {};
  }
  if (made.error().code == base::ErrorCode::disk_full) {
    return {};
  }
  return std::unexpected(made.error());
}

std::shared_ptr<SegmentFile> SegmentPool::take(std::uint64_t bytes) {
  const auto found = std::find_if(spares_.begin(), spares_.end(), [&](const auto& file) {
    return file->bytes >= bytes && file->readers == 0;
  });
  if (found == spares_.end()) {
    wanted_bytes_ = std::max(bytes, settings_.segment_bytes);
    top_up();
    return nullptr;
  }
  std::shared_ptr<SegmentFile> file = std::move(*found);
  spares_.erase(found);
  wanted_bytes_ = 0;
  top_up();
  return file;
}

void SegmentPool::give_back(std::shared_ptr<SegmentFile> file) {
  const bool fits = file->bytes == settings_.segment_bytes && file->writer != nullptr &&
                    spares_.size() < settings_.spares;
  if (fits) {
    spares_.push_back(std::move(file));
    full_ = false;
    hooks_.on_change();
    return;
  }
  executor_.run_blocking(
      settings_.lane,
      [&files = files_, file = std::move(file)] {
        // Should it fail, the next start removes it.
        static_cast<void>(files.remove(file->path));
      },
      [this, alive = alive_] {
        if (*alive) {
          top_up();
        }
      });
}

void SegmentPool::top_up() {
  if (preparing_) {
    return;
  }
  if (wanted_bytes_ > 0) {
    start_job(wanted_bytes_);
  } else if (spares_.size() < (settings_.spares + 1) / 2) {
    // Room is left for files that come back: zero-filling is the dearest way to a spare.
    start_job(settings_.segment_bytes);
  }
}

std::uint64_t SegmentPool::spare_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& file : spares_) {
    sum += file->bytes;
  }
  return sum;
}

void SegmentPool::start_job(std::uint64_t bytes) {
  preparing_ = true;
  auto job = std::make_shared<Job>();
  job->number = next_number_++;
  job->bytes = round_up(bytes);
  executor_.run_blocking(
      settings_.lane,
      [job, &files = files_, folder = settings_.folder, format = settings_.format] {
        job->result = make_file(files, folder, format, job->number, job->bytes);
      },
      [this, job, alive = alive_] {
        if (*alive) {
          finish_job(*job);
        }
      });
}

void SegmentPool::finish_job(Job& job) {
  preparing_ = false;
  if (job.result.has_value()) {
    spares_.push_back(*std::move(job.result));
    backoff_ = settings_.retry_min;
    full_ = false;
    if (wanted_bytes_ == 0) {
      top_up();
    }
    hooks_.on_change();
    return;
  }
  if (job.result.error().code != base::ErrorCode::disk_full) {
    hooks_.on_error(job.result.error());
    return;
  }
  full_ = true;
  retry_->arm(executor_.now() + backoff_);
  backoff_ = std::min(backoff_ * 2, settings_.retry_max);
  hooks_.on_change();
}

}  // namespace ostraka::wal
