#include "store/internal/snapshot_receiver.h"

#include "base/assert.h"
#include "base/hash.h"
#include "codec/configuration.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::store {

// What blocking jobs touch; jobs of the lane run one after the other. Shared with them: they may
// outlive the transfer.
struct SnapshotReceiver::Work {
  port::Engine& engine;
  port::FileSystem& files;
  std::string parent;
  std::string folder;
  std::vector<port::TableFile> tables;
  std::vector<port::FamilyRange> ranges;
  std::unique_ptr<port::WriteBatch> extra;
  std::unique_ptr<port::File> open_file;
  base::Status status;

  void note(base::Status result) {
    if (status.has_value()) {
      status = std::move(result);
    }
  }
  void write(std::size_t file, std::uint64_t offset, base::ByteView bytes) {
    if (status.has_value()) {
      note(try_write(file, offset, bytes));
    }
  }
  [[nodiscard]] base::Status try_write(std::size_t file, std::uint64_t offset,
                                       base::ByteView bytes) {
    if (open_file == nullptr) {
      OSTRAKA_TRY(files.make_directory(folder));
      OSTRAKA_ASSIGN(open_file, files.open(tables[file].path, port::OpenMode::create_new));
    }
    const base::ByteView pieces[] = {bytes};
    OSTRAKA_TRY(open_file->write_at(offset, pieces));
    if (offset + bytes.size() == tables[file].bytes) {
      OSTRAKA_TRY(open_file->sync());
      open_file.reset();
    }
    return {};
  }
  void seal() {
    if (status.has_value()) {
      note(files.make_directory(folder));
      note(files.sync_directory(folder));
      note(files.sync_directory(parent));
    }
  }
};

struct SnapshotReceiver::Incoming {
  enum class State : std::uint8_t { streaming, sealing, staged, installing };
  State state = State::streaming;
  std::uint64_t transfer = 0;
  model::NodeId from;
  model::ShardId shard;
  model::Term leader_term;
  protocol::SnapshotMeta meta;
  std::shared_ptr<Work> work;
  std::uint64_t next_sequence = 1;
  std::size_t file = 0;
  std::uint64_t offset = 0;
  std::uint64_t checksum = 0;
};

SnapshotReceiver::SnapshotReceiver(Context& context)
    : context_(context), alive_(std::make_shared<bool>(true)) {}

SnapshotReceiver::~SnapshotReceiver() { *alive_ = false; }

void SnapshotReceiver::on_chunk(model::NodeId from, model::ShardId shard,
                                const SnapshotChunk& chunk) {
  if (chunk.kind == ChunkKind::begin) {
    begin(from, shard, chunk);
    return;
  }
  Incoming* incoming = find(shard, chunk.transfer);
  if (incoming == nullptr || incoming->from != from) {
    // From before a restart, or refused already: the sender may stop.
    SnapshotReply refusal;
    refusal.kind = ReplyKind::failed;
    refusal.transfer = chunk.transfer;
    refusal.error = static_cast<std::uint16_t>(base::ErrorCode::not_found);
    reply(from, shard, refusal);
    return;
  }
  if (incoming->state != Incoming::State::streaming) {
    return;
  }
  if (chunk.sequence != incoming->next_sequence) {
    refuse(shard, base::ErrorCode::sequence_gap);
    return;
  }
  ++incoming->next_sequence;
  if (chunk.kind == ChunkKind::piece) {
    write_piece(*incoming, chunk);
  } else {
    end(*incoming, chunk);
  }
}

void SnapshotReceiver::on_disconnected(model::NodeId peer) {
  std::vector<model::ShardId> broken;
  for (const auto& [shard, incoming] : incoming_) {
    if (incoming->from == peer && incoming->state == Incoming::State::streaming) {
      broken.push_back(shard);
    }
  }
  for (const model::ShardId shard : broken) {
    drop(shard);
  }
}

void SnapshotReceiver::install(model::ShardId shard, const protocol::SnapshotMeta& meta) {
  const auto found = incoming_.find(shard);
  OSTRAKA_ASSERT(found != incoming_.end() && found->second->state == Incoming::State::staged,
                 "only a staged snapshot is installed");
  Incoming& incoming = *found->second;
  OSTRAKA_ASSERT(incoming.meta.index == meta.index, "the snapshot that was staged");
  replica::Replica* replica = context_.find(shard);
  OSTRAKA_ASSERT(replica != nullptr, "the replica asks for it");
  incoming.state = Incoming::State::installing;
  const std::shared_ptr<Work> work = incoming.work;
  replica->state_machine().settle();
  work->ranges = replica->state_machine().ranges();
  // The meta record lies in the shard's own ranges: the tables carry it.
  work->extra = context_.environment().engine.new_batch();
  context_.environment().executor.run_blocking(
      context_.options().blocking_lane,
      [work] {
        work->note(work->engine.ingest_replacing(work->ranges, work->tables, *work->extra));
      },
      [this, shard, work, alive = alive_] {
        work->extra.reset();
        if (*alive) {
          on_ingested(shard);
        }
      });
}

void SnapshotReceiver::discard(model::ShardId shard) {
  const auto found = incoming_.find(shard);
  if (found == incoming_.end() || found->second->state != Incoming::State::staged) {
    return;
  }
  // The peer has that state already: as good as delivered.
  SnapshotReply answer;
  answer.kind = ReplyKind::installed;
  answer.transfer = found->second->transfer;
  reply(found->second->from, shard, answer);
  drop(shard);
}

void SnapshotReceiver::begin(model::NodeId from, model::ShardId shard, const SnapshotChunk& chunk) {
  SnapshotReply refusal;
  refusal.kind = ReplyKind::failed;
  refusal.transfer = chunk.transfer;
  base::Result<model::Configuration> configuration =
      codec::decode_configuration(chunk.configuration);
  if (context_.find(shard) == nullptr || chunk.sequence != 0 || !configuration.has_value()) {
    refusal.error = static_cast<std::uint16_t>(base::ErrorCode::malformed);
    reply(from, shard, refusal);
    return;
  }
  const auto found = incoming_.find(shard);
  if (found != incoming_.end()) {
    const bool replace = found->second->state == Incoming::State::streaming &&
                         chunk.leader_term >= found->second->leader_term;
    if (replace) {
      drop(shard);
    }
  }
  if (incoming_.contains(shard) || incoming_.size() >= context_.options().snapshots_incoming_max) {
    refusal.error = static_cast<std::uint16_t>(base::ErrorCode::busy);
    reply(from, shard, refusal);
    return;
  }
  Environment& environment = context_.environment();
  auto incoming = std::make_unique<Incoming>();
  incoming->transfer = chunk.transfer;
  incoming->from = from;
  incoming->shard = shard;
  incoming->leader_term = chunk.leader_term;
  incoming->meta = {chunk.index, chunk.term,
                    std::make_shared<const model::Configuration>(*std::move(configuration))};
  const std::string& parent = context_.options().snapshot_folder;
  const std::string folder = parent + "/in-" + std::to_string(++last_folder_);
  incoming->work = std::make_shared<Work>(
      Work{environment.engine, environment.files, parent, folder, {}, {}, nullptr, nullptr, {}});
  for (const SnapshotChunk::File& file : chunk.files) {
    const std::string name = folder + "/" + std::to_string(incoming->work->tables.size());
    incoming->work->tables.push_back({file.family, name, file.bytes});
  }
  incoming_.emplace(shard, std::move(incoming));
}

void SnapshotReceiver::write_piece(Incoming& incoming, const SnapshotChunk& chunk) {
  const std::vector<port::TableFile>& tables = incoming.work->tables;
  const bool fits = chunk.file == incoming.file && incoming.file < tables.size() &&
                    chunk.offset == incoming.offset && !chunk.bytes.empty() &&
                    chunk.bytes.size() <= tables[incoming.file].bytes - incoming.offset;
  if (!fits) {
    refuse(incoming.shard, base::ErrorCode::malformed);
    return;
  }
  incoming.checksum = base::hash64(chunk.bytes, incoming.checksum);
  const std::shared_ptr<Work> work = incoming.work;
  context_.environment().executor.run_blocking(
      context_.options().blocking_lane,
      [work, file = incoming.file, offset = incoming.offset, bytes = std::string(chunk.bytes)] {
        work->write(file, offset, bytes);
      },
      [this, alive = alive_, shard = incoming.shard, transfer = incoming.transfer,
       sequence = chunk.sequence] {
        if (*alive) {
          on_written(shard, transfer, sequence);
        }
      });
  incoming.offset += chunk.bytes.size();
  if (incoming.offset == tables[incoming.file].bytes) {
    ++incoming.file;
    incoming.offset = 0;
  }
}

void SnapshotReceiver::end(Incoming& incoming, const SnapshotChunk& chunk) {
  if (incoming.file != incoming.work->tables.size() || chunk.checksum != incoming.checksum) {
    refuse(incoming.shard, base::ErrorCode::corruption);
    return;
  }
  incoming.state = Incoming::State::sealing;
  const std::shared_ptr<Work> work = incoming.work;
  context_.environment().executor.run_blocking(
      context_.options().blocking_lane, [work] { work->seal(); },
      [this, alive = alive_, shard = incoming.shard, transfer = incoming.transfer] {
        if (*alive) {
          on_staged(shard, transfer);
        }
      });
}

void SnapshotReceiver::on_written(model::ShardId shard, std::uint64_t transfer,
                                  std::uint64_t sequence) {
  Incoming* incoming = find(shard, transfer);
  if (incoming == nullptr) {
    return;
  }
  if (!incoming->work->status.has_value()) {
    refuse(shard, incoming->work->status.error().code);
    return;
  }
  SnapshotReply progress;
  progress.transfer = transfer;
  progress.sequence = sequence;
  reply(incoming->from, shard, progress);
}

void SnapshotReceiver::on_staged(model::ShardId shard, std::uint64_t transfer) {
  Incoming* incoming = find(shard, transfer);
  if (incoming == nullptr) {
    return;
  }
  replica::Replica* replica = context_.find(shard);
  if (!incoming->work->status.has_value() || replica == nullptr) {
    refuse(shard, replica == nullptr ? base::ErrorCode::shutting_down
                                     : incoming->work->status.error().code);
    return;
  }
  incoming->state = Incoming::State::staged;
  // Answered by install() or discard(), possibly from within.
  const protocol::SnapshotMeta meta = incoming->meta;
  replica->snapshot_received(incoming->from, incoming->leader_term, meta);
}

void SnapshotReceiver::on_ingested(model::ShardId shard) {
  const auto found = incoming_.find(shard);
  replica::Replica* replica = context_.find(shard);
  if (found == incoming_.end() || replica == nullptr) {
    return;
  }
  const Incoming& incoming = *found->second;
  base::Status status = incoming.work->status;
  if (status.has_value()) {
    const base::Result<kv::AppliedState> state = replica->state_machine().load();
    if (!state.has_value()) {
      status = std::unexpected(state.error());
    } else if (state->index != incoming.meta.index || state->term != incoming.meta.term) {
      status = base::fail(base::ErrorCode::corruption, "the snapshot is not what was announced");
    }
  }
  if (!status.has_value()) {
    const base::Error& reason = status.error();
    refuse(shard, reason.code);
    replica->fail(reason);
    return;
  }
  ++installed_;
  SnapshotReply answer;
  answer.kind = ReplyKind::installed;
  answer.transfer = incoming.transfer;
  reply(incoming.from, shard, answer);
  const protocol::SnapshotMeta meta = incoming.meta;
  drop(shard);
  context_.on_installed(shard, meta.index);
  replica->snapshot_installed(meta);
}

void SnapshotReceiver::refuse(model::ShardId shard, base::ErrorCode code) {
  const auto found = incoming_.find(shard);
  OSTRAKA_ASSERT(found != incoming_.end(), "a transfer is refused once");
  SnapshotReply refusal;
  refusal.kind = ReplyKind::failed;
  refusal.transfer = found->second->transfer;
  refusal.error = static_cast<std::uint16_t>(code);
  reply(found->second->from, shard, refusal);
  drop(shard);
}

void SnapshotReceiver::drop(model::ShardId shard) {
  const auto found = incoming_.find(shard);
  const std::shared_ptr<Work> work = found->second->work;
  incoming_.erase(found);
  context_.environment().executor.run_blocking(
      context_.options().blocking_lane,
      [work] {
        work->open_file.reset();
        // Left-overs are removed at the next start in any case.
        static_cast<void>(work->files.remove_tree(work->folder));
      },
      [] {});
}

void SnapshotReceiver::reply(model::NodeId to, model::ShardId shard, const SnapshotReply& reply) {
  std::string frame;
  encode(reply, frame);
  // A lost answer: the sender's time-out ends the transfer there.
  static_cast<void>(context_.environment().transport.send_frame(
      to, peer::Channel::control, peer::FrameType::snapshot_reply, shard, frame));
}

SnapshotReceiver::Incoming* SnapshotReceiver::find(model::ShardId shard, std::uint64_t transfer) {
  const auto found = incoming_.find(shard);
  return found != incoming_.end() && found->second->transfer == transfer ? found->second.get()
                                                                         : nullptr;
}

}  // namespace ostraka::store
