// What apply has written and the engine has not yet taken: one slot per key, so that several writes
// to one key are one write to the engine, and later commands and reads see earlier ones.
//
// Slots and their strings are used again after clear(); a batch that was unusually large gives its
// memory back. References to slots stay valid until clear(). Threads: none.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::kv {

struct Slot {
  std::string key;    // stored key
  std::string value;  // user value; meaningful while present
  std::int64_t deadline_ms = 0;
  std::uint64_t version = 0;  // log index of the last write
  bool present = false;       // a record exists; it may have expired
  bool dirty = false;         // differs from the engine
  bool emitted = false;       // in the batch as it is; the engine has not taken that yet
  // What the engine holds, when it was read, or will hold when it takes the batch; a blind write
  // does not know.
  bool stored_known = false;
  bool stored_present = false;
  std::int64_t stored_deadline_ms = 0;  // 0 = the expiry index has nothing to be removed
  std::uint64_t hash = 0;
  std::size_t counted_bytes = 0;  // in Pending::bytes()
  std::uint64_t entry = 0;        // the last entry that changed it
  std::size_t entry_bytes = 0;    // in Pending::entry_bytes()

  void reset();
};

class Pending {
 public:
  Pending();

  // Null when there is no slot for this key.
  [[nodiscard]] const Slot* find(base::ByteView stored_key) const;
  [[nodiscard]] Slot* find(base::ByteView stored_key);
  // Requires that find() gave null.
  Slot& add(base::ByteView stored_key);
  // The same for a key whose last write is on its way to the engine: the new slot begins with what
  // that one says, and the engine will hold it.
  Slot& add_behind(const Slot& leaving);
  // Counts a slot whose value changed.
  void note_change(Slot& slot);

  // Starts counting the bytes that one entry writes.
  void begin_entry();
  // Bytes of the values that the entry has changed so far; a function of state and entry only.
  [[nodiscard]] std::size_t entry_bytes() const { return entry_bytes_; }
  // Memory in use.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Slot& operator[](std::size_t i) { return *slots_[i]; }
  // Dirty slots with lower <= key < upper (empty: to the end), and those of `older` whose keys have
  // none here, in key order.
  void sorted(base::ByteView lower, base::ByteView upper, const Pending& older,
              std::vector<const Slot*>& out) const;
  void clear();

 private:
  // Appends them, in no order.
  void collect(base::ByteView lower, base::ByteView upper, std::vector<const Slot*>& out) const;
  void insert(std::uint32_t index);
  void grow();

  std::vector<std::unique_ptr<Slot>> slots_;  // the first size_ are in use
  std::size_t size_ = 0;
  std::vector<std::uint32_t> table_;  // open addressing; 0 = free, else slot index + 1
  std::size_t bytes_ = 0;
  std::uint64_t entry_ = 0;
  std::size_t entry_bytes_ = 0;
};

}  // namespace ostraka::kv
