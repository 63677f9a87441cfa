#include "kv/internal/cursor.h"

#include "base/assert.h"
#include "versioned/record.h"

#include <utility>

namespace ostraka::kv {

void Cursor::seek_forward(model::KeyspaceId keyspace, base::ByteView lower, base::ByteView upper) {
  forward_ = true;
  seek(keyspace, lower, upper);
  engine_->seek_first();
  settle();
}

void Cursor::seek_reverse(model::KeyspaceId keyspace, base::ByteView lower, base::ByteView upper) {
  forward_ = false;
  seek(keyspace, lower, upper);
  engine_->seek_last();
  settle();
}

void Cursor::seek(model::KeyspaceId keyspace, base::ByteView lower, base::ByteView upper) {
  const versioned::KeyPrefix prefix = core_.prefix(keyspace);
  port::FamilyRange range{.family = port::Family::data, .lower = {}, .upper = {}};
  versioned::append_key(range.lower, prefix, lower);
  if (upper.empty()) {
    versioned::append_prefix_end(range.upper, prefix);
  } else {
    versioned::append_key(range.upper, prefix, upper);
  }
  core_.pending.sorted(range.lower, range.upper, core_.leaving, slots_);
  next_slot_ = 0;
  engine_ = core_.engine.iterate(range);
}

const Slot* Cursor::pending_slot() const {
  if (next_slot_ == slots_.size()) {
    return nullptr;
  }
  return forward_ ? slots_[next_slot_] : slots_[slots_.size() - 1 - next_slot_];
}

void Cursor::step_engine() { forward_ ? engine_->next() : engine_->prev(); }

// Decides where the next key is; passes over keys that a pending write removes.
void Cursor::settle() {
  for (;;) {
    const Slot* slot = pending_slot();
    if (slot == nullptr) {
      source_ = engine_->valid() ? Source::engine : Source::none;
      return;
    }
    const int order = engine_->valid() ? engine_->key().compare(slot->key) : (forward_ ? 1 : -1);
    if (order != 0 && (order < 0) == forward_) {
      source_ = Source::engine;
      return;
    }
    source_ = order == 0 ? Source::both : Source::pending;
    if (slot->present) {
      return;
    }
    if (order == 0) {
      step_engine();
    }
    ++next_slot_;
  }
}

void Cursor::advance() {
  OSTRAKA_ASSERT(valid(), "moved a cursor that stands on nothing");
  if (source_ == Source::engine || source_ == Source::both) {
    step_engine();
  }
  if (source_ == Source::pending || source_ == Source::both) {
    ++next_slot_;
  }
  settle();
}

base::ByteView Cursor::user_key() const {
  const base::ByteView stored =
      source_ == Source::engine ? engine_->key() : base::ByteView(pending_slot()->key);
  return stored.substr(versioned::kKeyPrefixBytes);
}

base::Result<bool> Cursor::read(Live& live) const {
  if (source_ == Source::engine) {
    OSTRAKA_ASSIGN(const versioned::Record record, versioned::decode_record(engine_->value()));
    live = {.value = record.value,
            .deadline_ms = record.header.deadline_ms,
            .version = record.header.version.high};
  } else {
    const Slot* slot = pending_slot();
    live = {.value = slot->value, .deadline_ms = slot->deadline_ms, .version = slot->version};
  }
  return !core_.expired(live.deadline_ms);
}

void Cursor::release() {
  source_ = Source::none;
  slots_.clear();
  next_slot_ = 0;
  engine_.reset();
}

}  // namespace ostraka::kv
