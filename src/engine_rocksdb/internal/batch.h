// A write batch: RocksDB's own, with the epoch of the engine that made it.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "port/engine.h"

#include <rocksdb/write_batch.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::engine_rocksdb {

[[nodiscard]] inline rocksdb::Slice slice(base::ByteView bytes) {
  return {bytes.data(), bytes.size()};
}
[[nodiscard]] inline base::ByteView view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

// The exclusive bound that stands for "to the end": RocksDB's range removals need one, and keys at
// or behind it are refused.
[[nodiscard]] const std::string& end_of_keys();

class Batch final : public port::WriteBatch {
 public:
  explicit Batch(std::uint64_t epoch) : epoch_(epoch) {}
  void put(port::Family family, base::ByteView key, base::ByteView value) override;
  void remove(port::Family family, base::ByteView key) override;
  void remove_range(port::Family family, base::ByteView lower, base::ByteView upper) override;
  void clear() override;
  [[nodiscard]] std::size_t bytes() const override;
  [[nodiscard]] bool empty() const override { return batch_.Count() == 0; }

  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  // What was refused while the batch was filled: invalid_argument for a key behind the end.
  [[nodiscard]] base::Status fill_status() const;
  [[nodiscard]] rocksdb::WriteBatch& native() { return batch_; }
  [[nodiscard]] bool removes_data_range() const { return removes_data_range_; }

 private:
  rocksdb::WriteBatch batch_;
  std::uint64_t epoch_;
  bool refused_ = false;
  bool removes_data_range_ = false;
};

// What a batch comes to for one family: removed ranges first, then one value (or none: removed)
// per key.
struct FamilyChange {
  std::vector<std::pair<std::string, std::string>> removed_ranges;
  std::map<std::string, std::optional<std::string>, std::less<>> keys;
};
using Changes = std::array<FamilyChange, port::kFamilyCount>;

[[nodiscard]] base::Result<Changes> net_changes(Batch& batch);

}  // namespace ostraka::engine_rocksdb
