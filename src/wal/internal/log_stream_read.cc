// Reading entries back.
#include "base/assert.h"
#include "wal/internal/log_stream.h"

#include <algorithm>
#include <utility>

namespace ostraka::wal {
namespace {

constexpr unsigned kReadLane = 1;

}  // namespace

std::shared_ptr<SegmentFile> LogStream::file_of(std::uint64_t generation) const {
  const auto found = std::lower_bound(
      segments_.begin(), segments_.end(), generation,
      [](const Segment& segment, std::uint64_t wanted) { return segment.generation < wanted; });
  OSTRAKA_ASSERT(found != segments_.end() && found->generation == generation,
                 "the index names segments of the chain");
  return found->file;
}

void LogStream::read(model::ShardId shard, model::LogIndex first, model::LogIndex end,
                     std::size_t max_bytes, port::LogStore::OnRead on_read) {
  ShardState& state = state_of(shard);
  WaitingRead read{&state, state.enqueued, shard, first, end, max_bytes, std::move(on_read)};
  const bool settled = state.completed == state.enqueued || end <= state.unsettled_from;
  if (settled) {
    start_read(std::move(read));
  } else {
    waiting_reads_.push_back(std::move(read));
  }
}

// Between batches the index shows durable entries only.
void LogStream::resume_reads() {
  for (std::size_t i = 0; i < waiting_reads_.size();) {
    if (waiting_reads_[i].shard->completed < waiting_reads_[i].needs) {
      ++i;
      continue;
    }
    WaitingRead read = std::move(waiting_reads_[i]);
    waiting_reads_.erase(waiting_reads_.begin() + static_cast<std::ptrdiff_t>(i));
    start_read(std::move(read));
  }
}

void LogStream::start_read(WaitingRead read) {
  std::vector<EntryToRead> wanted;
  std::uint64_t bytes = 0;
  if (read.first > read.shard->log.start()) {
    read.shard->log.walk(read.first, read.end, [&](const IndexedEntry& entry) {
      if (!wanted.empty() && bytes + entry.meta.payload_bytes > read.max_bytes) {
        return false;
      }
      bytes += entry.meta.payload_bytes;
      wanted.push_back({entry, file_of(entry.generation)});
      return true;
    });
  }
  if (wanted.empty()) {
    executor_.post([alive = alive_, on_read = std::move(read.on_read)]() mutable {
      if (*alive) {
        on_read(base::fail(base::ErrorCode::not_found, "log entries"));
      }
    });
    return;
  }
  run_read(std::move(wanted), std::move(read.on_read));
}

void LogStream::run_read(
    std::vector<EntryToRead> wanted,
    std::move_only_function<void(base::Result<std::vector<port::LogEntry>>)> then) {
  struct Job {
    std::vector<EntryToRead> wanted;
    base::Result<std::vector<port::LogEntry>> result;
  };
  auto job = std::make_shared<Job>();
  job->wanted = std::move(wanted);
  for (const EntryToRead& entry : job->wanted) {
    ++entry.file->readers;  // no recycling under a reader
  }
  executor_.run_blocking(
      options_.first_lane + kReadLane,
      [job, &files = files_, identity = options_.identity] {
        job->result = read_entries(files, identity, job->wanted);
      },
      [job, alive = alive_, then = std::move(then)]() mutable {
        for (const EntryToRead& entry : job->wanted) {
          --entry.file->readers;
        }
        if (*alive) {
          then(std::move(job->result));
        }
      });
}

}  // namespace ostraka::wal
