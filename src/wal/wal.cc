#include "wal/wal.h"

#include "wal/internal/log_stream.h"

#include <charconv>
#include <set>
#include <utility>

namespace ostraka::wal {
namespace {

// The streams that the options ask for and those that the disk has.
base::Result<std::set<std::uint32_t>> streams_to_open(port::FileSystem& files,
                                                      const Options& options) {
  std::set<std::uint32_t> streams;
  for (std::uint32_t stream = 0; stream < options.streams; ++stream) {
    streams.insert(stream);
  }
  OSTRAKA_ASSIGN(const std::vector<std::string> names, files.list(options.folder));
  for (const std::string& name : names) {
    std::uint32_t stream = 0;
    const char* const end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data(), end, stream);
    if (error == std::errc{} && rest == end) {
      streams.insert(stream);
    }
  }
  return streams;
}

}  // namespace

Wal::~Wal() = default;

base::Result<std::unique_ptr<Wal>> Wal::open(port::FileSystem& files, port::Executor& executor,
                                             const Options& options, FatalHandler on_fatal) {
  if (options.streams == 0) {
    return base::fail(base::ErrorCode::invalid_argument, "a log needs at least one stream");
  }
  OSTRAKA_TRY(files.make_directory(options.folder));
  OSTRAKA_ASSIGN(const std::set<std::uint32_t> numbers, streams_to_open(files, options));
  std::unique_ptr<Wal> wal(new Wal);
  wal->streams_for_new_ = options.streams;
  // Shared by the streams and kept while it runs: it may destroy the Wal.
  auto handler = std::make_shared<FatalHandler>(std::move(on_fatal));
  const auto tell_once = [handler](const base::Error& error) {
    if (*handler) {
      std::exchange(*handler, {})(error);
    }
  };
  for (const std::uint32_t number : numbers) {
    OSTRAKA_ASSIGN(std::unique_ptr<LogStream> stream,
                   LogStream::open({files, executor, options, number, tell_once}));
    for (const model::ShardId shard : stream->shards()) {
      if (!wal->by_shard_.emplace(shard, stream.get()).second) {
        return base::fail(base::ErrorCode::corruption, "a shard lies in two log streams");
      }
    }
    wal->streams_.push_back(std::move(stream));
  }
  return wal;
}

LogStream& Wal::stream_of(model::ShardId shard) {
  const auto found = by_shard_.find(shard);
  if (found != by_shard_.end()) {
    return *found->second;
  }
  // Opened in order of their numbers, those for new shards first.
  LogStream& stream = *streams_[shard.value() % streams_for_new_];
  by_shard_.emplace(shard, &stream);
  return stream;
}

base::Result<port::RecoveredLog> Wal::take_recovered(model::ShardId shard) {
  return stream_of(shard).take_recovered(shard);
}

std::vector<model::ShardId> Wal::shards() const {
  std::set<model::ShardId> all;
  for (const auto& stream : streams_) {
    for (const model::ShardId shard : stream->shards()) {
      all.insert(shard);
    }
  }
  return {all.begin(), all.end()};
}

void Wal::attach(model::ShardId shard, port::DurableListener& listener) {
  stream_of(shard).attach(shard, listener);
}

void Wal::append(model::ShardId shard, std::uint64_t cookie, port::LogWrite write) {
  stream_of(shard).append(shard, cookie, std::move(write));
}

void Wal::read(model::ShardId shard, model::LogIndex first, model::LogIndex end,
               std::size_t max_bytes, OnRead on_read) {
  stream_of(shard).read(shard, first, end, max_bytes, std::move(on_read));
}

void Wal::compact(model::ShardId shard, model::LogIndex index, model::Term term) {
  stream_of(shard).compact(shard, index, term);
}

void Wal::start_behind(model::ShardId shard, std::uint64_t cookie, model::LogIndex index,
                       model::Term term) {
  stream_of(shard).start_behind(shard, cookie, index, term);
}

void Wal::reset(model::ShardId shard, std::uint64_t cookie, model::LogIndex index, model::Term term,
                const protocol::HardState& hard_state) {
  stream_of(shard).reset(shard, cookie, index, term, hard_state);
}

std::uint64_t Wal::pinned_bytes(model::ShardId shard) const {
  const auto found = by_shard_.find(shard);
  return found == by_shard_.end() ? 0 : found->second->pinned_bytes(shard);
}

port::LogStoreStats Wal::stats() const {
  port::LogStoreStats stats;
  for (const auto& stream : streams_) {
    stream->add_stats(stats);
  }
  return stats;
}

}  // namespace ostraka::wal
