#include "engine_rocksdb/internal/batch.h"

#include "engine_rocksdb/internal/families.h"
#include "engine_rocksdb/internal/status.h"

namespace ostraka::engine_rocksdb {
namespace {

rocksdb::ColumnFamilyHandle* handle_of(port::Family family) {
  static std::array<BatchFamily, port::kFamilyCount> handles = {
      BatchFamily(kFamilies[0]), BatchFamily(kFamilies[1]), BatchFamily(kFamilies[2]),
      BatchFamily(kFamilies[3]), BatchFamily(kFamilies[4])};
  return &handles[static_cast<std::size_t>(family)];
}

bool behind_end(base::ByteView key) {
  // The first byte decides for all keys but the strangest.
  return !key.empty() && key.front() == '\xff' && key >= end_of_keys();
}

// Replays a batch into its net effect.
class Collector final : public rocksdb::WriteBatch::Handler {
 public:
  explicit Collector(Changes& changes) : changes_(changes) {}

  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    changes_[family].keys[key.ToString()] = value.ToString();
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t family, const rocksdb::Slice& key) override {
    changes_[family].keys[key.ToString()] = std::nullopt;
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteRangeCF(std::uint32_t family, const rocksdb::Slice& lower,
                                const rocksdb::Slice& upper) override {
    FamilyChange& change = changes_[family];
    change.keys.erase(change.keys.lower_bound(view(lower)), change.keys.lower_bound(view(upper)));
    change.removed_ranges.emplace_back(lower.ToString(), upper.ToString());
    return rocksdb::Status::OK();
  }

 private:
  Changes& changes_;
};

}  // namespace

const std::string& end_of_keys() {
  static const std::string kEnd(port::kKeyEndBytes, '\xff');
  return kEnd;
}

void Batch::put(port::Family family, base::ByteView key, base::ByteView value) {
  refused_ =
      refused_ || behind_end(key) || !batch_.Put(handle_of(family), slice(key), slice(value)).ok();
}

void Batch::remove(port::Family family, base::ByteView key) {
  refused_ = refused_ || !batch_.Delete(handle_of(family), slice(key)).ok();
}

void Batch::remove_range(port::Family family, base::ByteView lower, base::ByteView upper) {
  const base::ByteView end = upper.empty() ? base::ByteView(end_of_keys()) : upper;
  removes_data_range_ = removes_data_range_ || family == port::Family::data;
  if (lower < end) {  // RocksDB refuses a range whose end comes first
    refused_ = refused_ || !batch_.DeleteRange(handle_of(family), slice(lower), slice(end)).ok();
  }
}

void Batch::clear() {
  batch_.Clear();
  refused_ = false;
  removes_data_range_ = false;
}

std::size_t Batch::bytes() const { return batch_.Count() == 0 ? 0 : batch_.GetDataSize(); }

base::Status Batch::fill_status() const {
  if (refused_) {
    return base::fail(base::ErrorCode::invalid_argument, "a key or value that cannot be stored");
  }
  return {};
}

base::Result<Changes> net_changes(Batch& batch) {
  OSTRAKA_TRY(batch.fill_status());
  Changes changes;
  Collector collector(changes);
  OSTRAKA_TRY(to_status(batch.native().Iterate(&collector)));
  return changes;
}

}  // namespace ostraka::engine_rocksdb
