#include "kv/internal/pending.h"

#include "base/assert.h"
#include "base/hash.h"

#include <algorithm>
#include <utility>

namespace ostraka::kv {
namespace {

constexpr std::size_t kTableSizeMin = 256;
// Kept from one batch to the next.
constexpr std::size_t kSlotsKept = 4096;
constexpr std::size_t kBytesKept = std::size_t{8} << 20;

}  // namespace

void Slot::reset() {
  key.clear();
  value.clear();
  deadline_ms = 0;
  version = 0;
  present = false;
  dirty = false;
  emitted = false;
  stored_known = false;
  stored_present = false;
  stored_deadline_ms = 0;
  hash = 0;
  counted_bytes = 0;
  entry = 0;
  entry_bytes = 0;
}

Pending::Pending() : table_(kTableSizeMin) {}

Slot* Pending::find(base::ByteView stored_key) {
  return const_cast<Slot*>(std::as_const(*this).find(stored_key));
}

const Slot* Pending::find(base::ByteView stored_key) const {
  if (size_ == 0) {
    return nullptr;
  }
  const std::uint64_t hash = base::hash64(stored_key);
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = hash & mask; table_[at] != 0; at = (at + 1) & mask) {
    const Slot& slot = *slots_[table_[at] - 1];
    if (slot.hash == hash && slot.key == stored_key) {
      return &slot;
    }
  }
  return nullptr;
}

Slot& Pending::add(base::ByteView stored_key) {
  if ((size_ + 1) * 2 > table_.size()) {
    grow();
  }
  if (size_ == slots_.size()) {
    slots_.push_back(std::make_unique<Slot>());
  }
  Slot& slot = *slots_[size_];
  slot.reset();
  slot.key.assign(stored_key);
  slot.hash = base::hash64(stored_key);
  slot.counted_bytes = stored_key.size() + sizeof(Slot);
  bytes_ += slot.counted_bytes;
  insert(static_cast<std::uint32_t>(size_));
  ++size_;
  return slot;
}

Slot& Pending::add_behind(const Slot& leaving) {
  Slot& slot = add(leaving.key);
  slot.value = leaving.value;
  slot.deadline_ms = leaving.deadline_ms;
  slot.version = leaving.version;
  slot.present = leaving.present;
  slot.stored_known = leaving.stored_known;
  slot.stored_present = leaving.stored_present;
  slot.stored_deadline_ms = leaving.stored_deadline_ms;
  return slot;
}

void Pending::note_change(Slot& slot) {
  const std::size_t now = slot.key.size() + sizeof(Slot) + slot.value.size();
  bytes_ += now - slot.counted_bytes;
  slot.counted_bytes = now;
  if (slot.entry != entry_) {
    slot.entry = entry_;
    slot.entry_bytes = 0;
  }
  const std::size_t written = slot.present ? slot.value.size() : 0;
  entry_bytes_ += written - slot.entry_bytes;
  slot.entry_bytes = written;
}

void Pending::begin_entry() {
  ++entry_;
  entry_bytes_ = 0;
}

void Pending::sorted(base::ByteView lower, base::ByteView upper, const Pending& older,
                     std::vector<const Slot*>& out) const {
  out.clear();
  collect(lower, upper, out);
  const std::size_t newer = out.size();
  older.collect(lower, upper, out);
  const auto behind = out.begin() + static_cast<std::ptrdiff_t>(newer);
  out.erase(std::remove_if(behind, out.end(),
                           [this](const Slot* slot) {
                             const Slot* mine = find(slot->key);
                             return mine != nullptr && mine->dirty;
                           }),
            out.end());
  std::ranges::sort(out, {}, [](const Slot* slot) { return base::ByteView(slot->key); });
}

void Pending::collect(base::ByteView lower, base::ByteView upper,
                      std::vector<const Slot*>& out) const {
  for (std::size_t i = 0; i < size_; ++i) {
    const Slot& slot = *slots_[i];
    if (slot.dirty && slot.key >= lower && (upper.empty() || slot.key < upper)) {
      out.push_back(&slot);
    }
  }
}

void Pending::clear() {
  if (bytes_ > kBytesKept) {
    slots_.clear();
  } else if (slots_.size() > kSlotsKept) {
    slots_.resize(kSlotsKept);
  }
  // A table that one large batch left behind would have to be cleared at every small one.
  const bool oversized = table_.size() > kTableSizeMin && size_ < table_.size() / 16;
  table_.assign(oversized ? table_.size() / 2 : table_.size(), 0);
  size_ = 0;
  bytes_ = 0;
}

void Pending::insert(std::uint32_t index) {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = slots_[index]->hash & mask;
  while (table_[at] != 0) {
    at = (at + 1) & mask;
  }
  table_[at] = index + 1;
}

void Pending::grow() {
  table_.assign(table_.size() * 2, 0);
  for (std::size_t i = 0; i < size_; ++i) {
    insert(static_cast<std::uint32_t>(i));
  }
}

}  // namespace ostraka::kv
