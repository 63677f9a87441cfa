// Lets RocksDB begin the search for the place of a key in memory at the key that came before it.
//
// Batches come in key order, so that most of the search falls away. RocksDB keeps one place per
// prefix and memory table; here all keys share the empty prefix. It uses the same place for range
// removals, which lie in a skip list of their own, and then asserts (7.8.3): a batch that removes a
// range goes without. Threads: the one that writes.
#pragma once

#include <rocksdb/slice_transform.h>

namespace ostraka::engine_rocksdb {

class InsertHint final : public rocksdb::SliceTransform {
 public:
  // For the next write.
  void allow(bool allowed) { allowed_ = allowed; }

  [[nodiscard]] const char* Name() const override { return "ostraka.InsertHint"; }
  [[nodiscard]] bool InDomain(const rocksdb::Slice& /*key*/) const override { return allowed_; }
  [[nodiscard]] rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), 0};
  }

 private:
  bool allowed_ = false;
};

}  // namespace ostraka::engine_rocksdb
