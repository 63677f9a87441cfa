#include "kv/internal/store.h"

#include "versioned/record.h"

#include <algorithm>

namespace ostraka::kv {
namespace {

// Large values that are removed give their memory back before the batch ends.
constexpr std::size_t kCapacityKept = std::size_t{1} << 16;

}  // namespace

const std::string& Store::stored_key(model::KeyspaceId keyspace, base::ByteView key) {
  key_.clear();
  versioned::append_key(key_, core_.prefix(keyspace), key);
  return key_;
}

const Slot* Store::waiting(base::ByteView stored) {
  const Slot* slot = core_.pending.find(stored);
  return slot != nullptr ? slot : core_.leaving.find(stored);
}

base::Result<bool> Store::find(model::KeyspaceId keyspace, base::ByteView key, Live& live) {
  const std::string& stored = stored_key(keyspace, key);
  if (const Slot* slot = waiting(stored); slot != nullptr) {
    live = {.value = slot->value, .deadline_ms = slot->deadline_ms, .version = slot->version};
    return is_live(*slot);
  }
  OSTRAKA_ASSIGN(const bool present, core_.engine.get(port::Family::data, stored, record_));
  if (!present) {
    return false;
  }
  OSTRAKA_ASSIGN(const versioned::Record record, versioned::decode_record(record_));
  live = {.value = record.value,
          .deadline_ms = record.header.deadline_ms,
          .version = record.header.version.high};
  return !core_.expired(live.deadline_ms);
}

base::Result<Slot*> Store::edit(model::KeyspaceId keyspace, base::ByteView key) {
  const std::string& stored = stored_key(keyspace, key);
  if (Slot* slot = core_.pending.find(stored); slot != nullptr) {
    return slot;
  }
  if (const Slot* leaving = core_.leaving.find(stored); leaving != nullptr) {
    return &core_.pending.add_behind(*leaving);
  }
  OSTRAKA_ASSIGN(const bool present, core_.engine.get(port::Family::data, stored, record_));
  versioned::Record record;
  if (present) {
    OSTRAKA_ASSIGN(record, versioned::decode_record(record_));
  }
  Slot& slot = core_.pending.add(stored);
  slot.present = present;
  slot.stored_known = true;
  slot.stored_present = present;
  if (present) {
    slot.value.assign(record.value);
    slot.deadline_ms = record.header.deadline_ms;
    slot.stored_deadline_ms = record.header.deadline_ms;
    slot.version = record.header.version.high;
  }
  return &slot;
}

Slot& Store::overwrite(model::KeyspaceId keyspace, base::ByteView key) {
  const std::string& stored = stored_key(keyspace, key);
  if (Slot* slot = core_.pending.find(stored); slot != nullptr) {
    return *slot;
  }
  const Slot* leaving = core_.leaving.find(stored);
  return leaving != nullptr ? core_.pending.add_behind(*leaving) : core_.pending.add(stored);
}

void Store::written(Slot& slot, model::LogIndex index, std::int64_t deadline_ms) {
  if (core_.expired(deadline_ms)) {
    remove(slot);
    return;
  }
  slot.present = true;
  slot.dirty = true;
  slot.emitted = false;
  slot.deadline_ms = deadline_ms;
  slot.version = index.value();
  if (deadline_ms != 0) {
    core_.deadline_min = std::min(core_.deadline_min, deadline_ms);
  }
  core_.pending.note_change(slot);
}

void Store::remove(Slot& slot) {
  slot.present = false;
  slot.dirty = true;
  slot.emitted = false;
  slot.value.clear();
  if (slot.value.capacity() > kCapacityKept) {
    slot.value.shrink_to_fit();
  }
  slot.deadline_ms = 0;
  slot.version = 0;
  core_.pending.note_change(slot);
}

}  // namespace ostraka::kv
