#include "store/internal/snapshot_sender.h"

#include "base/hash.h"
#include "codec/configuration.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ostraka::store {
namespace {

constexpr base::Duration kTimerInterval = base::Duration::milliseconds(20);

}  // namespace

// What blocking jobs touch. Shared with them: they may outlive the transfer. At most one job at a
// time uses it, and the reactor does not while one runs.
struct SnapshotSender::Work {
  port::Engine& engine;
  port::FileSystem& files;
  std::unique_ptr<port::EngineSnapshot> snapshot;
  std::vector<port::FamilyRange> ranges;
  std::string folder;
  std::vector<port::TableFile> tables;
  std::unique_ptr<port::File> open_file;
  std::size_t file = 0;
  std::uint64_t offset = 0;
  std::string piece;
  base::Status status;

  void export_tables() {
    base::Result<std::vector<port::TableFile>> exported =
        engine.export_ranges(*snapshot, ranges, folder);
    if (exported.has_value()) {
      tables = *std::move(exported);
    } else {
      status = std::unexpected(std::move(exported).error());
    }
  }

  void read(std::size_t bytes_max) {
    if (open_file == nullptr) {
      base::Result<std::unique_ptr<port::File>> opened =
          files.open(tables[file].path, port::OpenMode::read_only);
      if (!opened.has_value()) {
        status = std::unexpected(std::move(opened).error());
        return;
      }
      open_file = *std::move(opened);
    }
    const std::uint64_t rest = tables[file].bytes - offset;
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(rest, bytes_max)));
    const base::Result<std::size_t> got = open_file->read_at(offset, piece);
    if (!got.has_value()) {
      status = std::unexpected(got.error());
    } else if (*got != piece.size()) {
      status = base::fail(base::ErrorCode::io_error, "an exported table is shorter than reported");
    }
  }
};

struct SnapshotSender::Transfer {
  std::uint64_t id = 0;
  model::ShardId shard;
  model::NodeId to;
  protocol::SnapshotMeta meta;
  model::Term leader_term;
  std::shared_ptr<Work> work;
  bool job_running = false;
  bool exported = false;
  bool piece_ready = false;  // in work->piece
  bool end_sent = false;
  std::uint64_t next_sequence = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t checksum = 0;
  base::Instant progress;
};

SnapshotSender::SnapshotSender(Context& context)
    : context_(context),
      last_id_(context.options().seed),
      timer_(context.environment().executor.make_timer([this] { on_timer(); })),
      alive_(std::make_shared<bool>(true)) {}

SnapshotSender::~SnapshotSender() { *alive_ = false; }

void SnapshotSender::request(model::ShardId shard, const protocol::SendSnapshot& request) {
  for (const auto& [id, transfer] : active_) {
    if (transfer->shard == shard && transfer->to == request.to) {
      return;
    }
  }
  for (const Wanted& wanted : wanted_) {
    if (wanted.shard == shard && wanted.request.to == request.to) {
      return;
    }
  }
  wanted_.push_back({shard, request, context_.find(shard)->protocol().status().term});
  // Not from within the step that asks.
  context_.environment().executor.post([this, alive = alive_] {
    if (*alive) {
      start_next();
    }
  });
}

void SnapshotSender::on_reply(model::NodeId from, const SnapshotReply& reply) {
  const auto found = active_.find(reply.transfer);
  if (found == active_.end() || found->second->to != from) {
    return;
  }
  Transfer& transfer = *found->second;
  if (reply.kind == ReplyKind::progress) {
    transfer.acknowledged = std::max(transfer.acknowledged, reply.sequence);
    transfer.progress = context_.environment().executor.now();
    pump(transfer);
    return;
  }
  finish(transfer.id, reply.kind == ReplyKind::installed);
}

void SnapshotSender::on_disconnected(model::NodeId peer) {
  std::vector<std::uint64_t> broken;
  for (const auto& [id, transfer] : active_) {
    if (transfer->to == peer && transfer->next_sequence != 0) {
      broken.push_back(id);
    }
  }
  for (const std::uint64_t id : broken) {
    finish(id, false);
  }
}

std::optional<model::LogIndex> SnapshotSender::lowest(model::ShardId shard) const {
  std::optional<model::LogIndex> lowest;
  for (const auto& [id, transfer] : active_) {
    if (transfer->shard == shard && (!lowest.has_value() || transfer->meta.index < *lowest)) {
      lowest = transfer->meta.index;
    }
  }
  return lowest;
}

void SnapshotSender::start_next() {
  while (!wanted_.empty() && active_.size() < context_.options().snapshots_outgoing_max) {
    const Wanted wanted = wanted_.front();
    wanted_.pop_front();
    start(wanted);
  }
}

void SnapshotSender::start(const Wanted& wanted) {
  replica::Replica* replica = context_.find(wanted.shard);
  if (replica == nullptr) {
    return;
  }
  kv::StateMachine& state = replica->state_machine();
  const model::Term term = replica->protocol().status().term;
  // Whoever asked may not lead yet: an engine can bring its followers up before it serves. The
  // engine of the store must hold what is announced.
  if (term != wanted.term || replica->write_out() != state.applied() ||
      state.applied() < wanted.request.at_least || state.configuration() == nullptr) {
    replica->snapshot_sent(wanted.request.to, wanted.request.at_least, false);
    return;
  }
  Environment& environment = context_.environment();
  auto transfer = std::make_unique<Transfer>();
  transfer->id = ++last_id_;
  transfer->shard = wanted.shard;
  transfer->to = wanted.request.to;
  // All of one moment: between two applies.
  transfer->meta = {state.applied(), state.applied_term(), state.configuration()};
  transfer->leader_term = term;
  transfer->progress = environment.executor.now();
  transfer->work = std::make_shared<Work>(
      Work{environment.engine,
           environment.files,
           environment.engine.snapshot(),
           state.ranges(),
           context_.options().snapshot_folder + "/out-" + std::to_string(transfer->id),
           {},
           nullptr,
           0,
           0,
           {},
           {}});
  transfer->job_running = true;
  const std::uint64_t id = transfer->id;
  const std::shared_ptr<Work> work = transfer->work;
  active_.emplace(id, std::move(transfer));
  timer_->arm(environment.executor.now() + kTimerInterval);
  environment.executor.run_blocking(
      context_.options().blocking_lane, [work] { work->export_tables(); },
      [this, id, alive = alive_, work] {
        work->snapshot.reset();
        if (*alive) {
          on_exported(id);
        }
      });
}

void SnapshotSender::on_exported(std::uint64_t id) {
  const auto found = active_.find(id);
  if (found == active_.end()) {
    return;
  }
  Transfer& transfer = *found->second;
  transfer.job_running = false;
  transfer.exported = true;
  if (!transfer.work->status.has_value()) {
    finish(id, false);
    return;
  }
  std::erase_if(transfer.work->tables,
                [](const port::TableFile& table) { return table.bytes == 0; });
  pump(transfer);
}

// Sends what is ready, reads what is next while the window has room.
void SnapshotSender::pump(Transfer& transfer) {
  if (transfer.job_running || !transfer.exported) {
    return;
  }
  if (transfer.next_sequence == 0 || transfer.piece_ready) {
    send_pending(transfer);
    return;
  }
  if (transfer.end_sent) {
    return;  // waits for the installation
  }
  if (transfer.next_sequence - transfer.acknowledged > context_.options().snapshot_window) {
    return;
  }
  if (transfer.work->file == transfer.work->tables.size()) {
    send_pending(transfer);
  } else {
    read_piece(transfer);
  }
}

void SnapshotSender::read_piece(Transfer& transfer) {
  transfer.job_running = true;
  const std::shared_ptr<Work> work = transfer.work;
  const std::size_t bytes = context_.options().snapshot_chunk_bytes;
  context_.environment().executor.run_blocking(
      context_.options().blocking_lane, [work, bytes] { work->read(bytes); },
      [this, id = transfer.id, alive = alive_] {
        if (*alive) {
          on_piece(id);
        }
      });
}

void SnapshotSender::on_piece(std::uint64_t id) {
  const auto found = active_.find(id);
  if (found == active_.end()) {
    return;
  }
  Transfer& transfer = *found->second;
  transfer.job_running = false;
  if (!transfer.work->status.has_value()) {
    finish(id, false);
    return;
  }
  transfer.checksum = base::hash64(transfer.work->piece, transfer.checksum);
  transfer.piece_ready = true;
  pump(transfer);
}

// The begin, the piece that was read, or the end: whichever is due. When the peer's queue is full
// the timer tries again.
void SnapshotSender::send_pending(Transfer& transfer) {
  Work& work = *transfer.work;
  SnapshotChunk chunk;
  chunk.transfer = transfer.id;
  chunk.sequence = transfer.next_sequence;
  std::string configuration;
  if (transfer.next_sequence == 0) {
    codec::encode_configuration(*transfer.meta.configuration, configuration);
    chunk.kind = ChunkKind::begin;
    chunk.leader_term = transfer.leader_term;
    chunk.index = transfer.meta.index;
    chunk.term = transfer.meta.term;
    chunk.configuration = configuration;
    for (const port::TableFile& table : work.tables) {
      chunk.files.push_back({table.family, table.bytes});
    }
  } else if (transfer.piece_ready) {
    chunk.kind = ChunkKind::piece;
    chunk.file = static_cast<std::uint32_t>(work.file);
    chunk.offset = work.offset;
    chunk.bytes = work.piece;
  } else {
    chunk.kind = ChunkKind::end;
    chunk.checksum = transfer.checksum;
  }
  std::string frame;
  encode(chunk, frame);
  if (!context_.environment().transport.send_frame(transfer.to, peer::Channel::bulk,
                                                   peer::FrameType::snapshot_chunk, transfer.shard,
                                                   frame)) {
    return;
  }
  ++transfer.next_sequence;
  if (chunk.kind == ChunkKind::piece) {
    transfer.piece_ready = false;
    work.offset += work.piece.size();
    if (work.offset == work.tables[work.file].bytes) {
      ++work.file;
      work.offset = 0;
      work.open_file.reset();
    }
  }
  transfer.end_sent = chunk.kind == ChunkKind::end;
  pump(transfer);
}

void SnapshotSender::on_timer() {
  const base::Instant now = context_.environment().executor.now();
  std::vector<std::uint64_t> late;
  std::vector<std::uint64_t> ids;
  for (const auto& [id, transfer] : active_) {
    ids.push_back(id);
    if (now - transfer->progress > context_.options().snapshot_timeout) {
      late.push_back(id);
    }
  }
  for (const std::uint64_t id : late) {
    finish(id, false);
  }
  for (const std::uint64_t id : ids) {
    if (const auto found = active_.find(id); found != active_.end()) {
      pump(*found->second);
    }
  }
  if (!active_.empty()) {
    timer_->arm(now + kTimerInterval);
  }
}

void SnapshotSender::finish(std::uint64_t id, bool ok) {
  const auto found = active_.find(id);
  const std::unique_ptr<Transfer> transfer = std::move(found->second);
  active_.erase(found);
  sent_ += ok ? 1U : 0U;
  const std::shared_ptr<Work> work = transfer->work;
  context_.environment().executor.run_blocking(
      context_.options().blocking_lane,
      [work] {
        work->open_file.reset();
        // Left-overs are removed at the next start in any case.
        static_cast<void>(work->files.remove_tree(work->folder));
      },
      [] {});
  if (replica::Replica* replica = context_.find(transfer->shard); replica != nullptr) {
    replica->snapshot_sent(transfer->to, transfer->meta.index, ok);
  }
  start_next();
}

}  // namespace ostraka::store
