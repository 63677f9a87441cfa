// What each operation does and answers. Operation errors are results; a Status error means that the
// engine failed and nothing more can be applied.
#pragma once

#include "base/result.h"
#include "codec/operation.h"
#include "codec/result_value.h"
#include "kv/internal/cursor.h"
#include "kv/internal/store.h"
#include "model/ids.h"

#include <cstdint>
#include <span>
#include <string>

namespace ostraka::kv {

// As in Redis (proto-max-bulk-len).
inline constexpr std::size_t kValueBytesMax = std::size_t{512} << 20;
// What one log entry may write into values by append, set_range, rename and copy; beyond: too_long.
inline constexpr std::size_t kEntryBytesMax = std::size_t{1} << 30;
// Bounds of one scan, one count, one random_key.
inline constexpr std::size_t kScanKeysMax = 1'000;
inline constexpr std::size_t kScanBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kCountKeysMax = 100'000;
inline constexpr std::size_t kRandomStepsMax = 100;

class Operations {
 public:
  explicit Operations(Core& core) : core_(core), store_(core), cursor_(core) {}

  // A command as part of the entry at `index`: judges guards, then does the operations in order.
  [[nodiscard]] base::Status execute(std::span<const codec::Operation> operations,
                                     model::LogIndex index, codec::ResultWriter& out);
  // One read (codec::is_read).
  [[nodiscard]] base::Status read(const codec::Operation& operation, codec::ResultWriter& out);

 private:
  using Operation = codec::Operation;
  using Writer = codec::ResultWriter;

  // The guard that fails first, or null.
  [[nodiscard]] base::Result<const Operation*> failing_guard(std::span<const Operation> operations);
  [[nodiscard]] bool misplaced(const Operation& operation) const;
  // The one place that knows what every operation does; codec knows which ones there are.
  [[nodiscard]] base::Status perform(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status look_up(const Operation& operation, Writer& out);

  [[nodiscard]] base::Status get_range(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status scan(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status count(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status random_key(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status random_descent(model::KeyspaceId keyspace, std::uint64_t seed,
                                            std::string& key);
  [[nodiscard]] base::Result<bool> first_live(model::KeyspaceId keyspace, std::string& key);

  [[nodiscard]] codec::Operation from_now(const codec::Operation& operation,
                                          codec::OpCode code) const;
  [[nodiscard]] base::Status set(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status set_conditional(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status remove(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status increment(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status append(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status set_range(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status get_remove(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status expire_at(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status persist(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status get_expire(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status rename(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status copy(const Operation& operation, Writer& out);
  [[nodiscard]] base::Status remove_expired(const Operation& operation, Writer& out);
  void flush_keyspace(const Operation& operation, Writer& out);

  // Gives the key a deadline; one that has passed removes it.
  void set_deadline(Slot& slot, std::int64_t deadline_ms);
  [[nodiscard]] bool fits(std::size_t value_bytes, std::size_t more) const;

  Core& core_;
  Store store_;
  Cursor cursor_;
  model::LogIndex index_;
  std::string scan_items_;
};

}  // namespace ostraka::kv
