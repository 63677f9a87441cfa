#include "kv/internal/core.h"

#include "codec/configuration.h"
#include "kv/internal/stored.h"
#include "versioned/record.h"

#include <algorithm>
#include <utility>

namespace ostraka::kv {
namespace {

constexpr std::uint8_t kFormatVersion = 1;

}  // namespace

Core::Core(model::ShardId shard_in, port::Engine& engine_in, SessionLimits limits_in,
           StateMachineOptions options_in)
    : shard(shard_in),
      engine(engine_in),
      limits(limits_in),
      options(std::move(options_in)),
      batch(engine_in.new_batch()),
      applied_key_(meta_key(shard_in, MetaKind::applied)),
      leaving_batch_(engine_in.new_batch()) {}

base::Status Core::load() {
  writing_.reset();
  leaving.clear();
  pending.clear();
  epoch_ = engine.epoch();
  batch = engine.new_batch();  // the old ones may be of an earlier epoch of the engine
  leaving_batch_ = engine.new_batch();
  applied = {};
  deadline_min = std::numeric_limits<std::int64_t>::min();
  OSTRAKA_TRY(load_applied());
  stored_index = applied.index;
  emitted_ = applied.index;
  OSTRAKA_TRY(load_configuration());
  return keyspaces.load(engine, shard);
}

base::Status Core::load_applied() {
  std::string value;
  OSTRAKA_ASSIGN(const bool present, engine.get(port::Family::meta, applied_key_, value));
  if (!present) {
    return {};
  }
  base::Reader in(value);
  const std::uint8_t version = in.u8();
  applied.index = model::LogIndex(in.u64());
  applied.term = model::Term(in.u64());
  applied.log_time = base::WallTime::from_milliseconds(in.i64());
  if (!value.empty() && version != kFormatVersion) {
    return base::fail(base::ErrorCode::format_unknown, "applied record");
  }
  if (!in.finished()) {
    return base::fail(base::ErrorCode::corruption, "applied record");
  }
  return {};
}

base::Status Core::load_configuration() {
  std::string value;
  OSTRAKA_ASSIGN(const bool present,
                 engine.get(port::Family::meta, meta_key(shard, MetaKind::configuration), value));
  if (!present) {
    return {};
  }
  base::Reader in(value);
  const std::uint8_t version = in.u8();
  applied.configuration_index = model::LogIndex(in.u64());
  if (in.ok() && version != kFormatVersion) {
    return base::fail(base::ErrorCode::format_unknown, "configuration record");
  }
  auto decoded = codec::decode_configuration(in.rest());
  if (!in.ok() || !decoded.has_value()) {
    return base::fail(base::ErrorCode::corruption, "configuration record");
  }
  applied.configuration = std::make_shared<const model::Configuration>(*std::move(decoded));
  return {};
}

void Core::set_configuration(std::shared_ptr<const model::Configuration> configuration,
                             model::LogIndex index, base::ByteView encoded) {
  applied.configuration = std::move(configuration);
  applied.configuration_index = index;
  std::string value;
  base::Writer writer(value);
  writer.u8(kFormatVersion);
  writer.u64(index.value());
  writer.raw(encoded);
  batch->put(port::Family::meta, meta_key(shard, MetaKind::configuration), value);
}

base::Status Core::check_epoch() const {
  if (engine.epoch() != epoch_) [[unlikely]] {
    return base::fail(base::ErrorCode::io_error, "the engine was opened anew");
  }
  return {};
}

base::Status Core::write() {
  OSTRAKA_TRY(check_epoch());
  OSTRAKA_TRY(settle());
  if (stored_index == applied.index && batch->empty()) {
    return {};
  }
  emit_pending();
  OSTRAKA_TRY(engine.write(*batch));
  batch->clear();
  pending.clear();
  stored_index = applied.index;
  return {};
}

void Core::begin_write() {
  OSTRAKA_ASSERT(leaving_batch_->empty(), "one write at a time");
  emit_pending();
  std::swap(pending, leaving);
  std::swap(batch, leaving_batch_);
  leaving_index_ = applied.index;
  writing_ = engine.begin_write(*leaving_batch_);
}

base::Status Core::settle() {
  if (leaving_batch_->empty()) {
    return {};
  }
  OSTRAKA_TRY(check_epoch());
  // What the engine refused before is tried again.
  const base::Status written =
      writing_ != nullptr ? writing_->finish() : engine.write(*leaving_batch_);
  writing_.reset();
  OSTRAKA_TRY(written);
  leaving_batch_->clear();
  leaving.clear();
  stored_index = leaving_index_;
  return {};
}

// In key order each insert into the engine's memory begins near the one before.
void Core::emit_pending() {
  order_.clear();
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (pending[i].dirty && !pending[i].emitted) {
      order_.push_back(&pending[i]);
    }
  }
  std::ranges::sort(order_, {}, [](const Slot* slot) { return base::ByteView(slot->key); });
  for (Slot* slot : order_) {
    emit(*slot);
  }
  if (emitted_ != applied.index) {
    emit_applied();
  }
}

// A blind write does not know the old deadline: its index entry stays behind, stale.
void Core::emit(Slot& slot) {
  const std::int64_t deadline = slot.present ? slot.deadline_ms : 0;
  if (slot.present) {
    record_.clear();
    versioned::append_record(record_,
                             {.type = 0,
                              .tombstone = false,
                              .version = {.high = slot.version, .low = 0},
                              .deadline_ms = deadline},
                             slot.value);
    batch->put(port::Family::data, slot.key, record_);
  } else if (!slot.stored_known || slot.stored_present) {
    batch->remove(port::Family::data, slot.key);
  }
  const std::int64_t stored = slot.stored_known ? slot.stored_deadline_ms : 0;
  slot.emitted = true;
  slot.stored_known = true;
  slot.stored_present = slot.present;
  slot.stored_deadline_ms = deadline;
  if (stored == deadline) {
    return;
  }
  if (stored != 0) {
    expiry_key(index_key_, shard, stored, slot.key);
    batch->remove(port::Family::expiry, index_key_);
  }
  if (deadline != 0) {
    expiry_key(index_key_, shard, deadline, slot.key);
    batch->put(port::Family::expiry, index_key_, {});
  }
}

void Core::emit_applied() {
  record_.clear();
  base::Writer writer(record_);
  writer.u8(kFormatVersion);
  writer.u64(applied.index.value());
  writer.u64(applied.term.value());
  writer.i64(applied.log_time.as_milliseconds());
  batch->put(port::Family::meta, applied_key_, record_);
  emitted_ = applied.index;
}

}  // namespace ostraka::kv
