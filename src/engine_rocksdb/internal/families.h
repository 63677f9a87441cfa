// Column families: names, and handles for write batches that outlive the database.
#pragma once

#include "port/engine.h"

#include <rocksdb/comparator.h>
#include <rocksdb/db.h>

#include <array>
#include <cstdint>
#include <string>

namespace ostraka::engine_rocksdb {

inline constexpr std::array<port::Family, port::kFamilyCount> kFamilies = {
    port::Family::data, port::Family::history, port::Family::expiry, port::Family::session,
    port::Family::meta};

[[nodiscard]] inline const std::string& name_of(port::Family family) {
  static const std::array<std::string, port::kFamilyCount> kNames = {
      rocksdb::kDefaultColumnFamilyName, "history", "expiry", "session", "meta"};
  return kNames[static_cast<std::size_t>(family)];
}

// A write batch asks its handle for nothing but the id and the comparator. These handles answer
// that without a database, so that a batch stays usable while the database is closed and reopened;
// opening checks that the ids are the numbers of port::Family.
class BatchFamily final : public rocksdb::ColumnFamilyHandle {
 public:
  explicit BatchFamily(port::Family family) : family_(family) {}
  [[nodiscard]] const std::string& GetName() const override { return name_of(family_); }
  [[nodiscard]] std::uint32_t GetID() const override { return static_cast<std::uint32_t>(family_); }
  rocksdb::Status GetDescriptor(rocksdb::ColumnFamilyDescriptor* /*descriptor*/) override {
    return rocksdb::Status::NotSupported();
  }
  [[nodiscard]] const rocksdb::Comparator* GetComparator() const override {
    return rocksdb::BytewiseComparator();
  }

 private:
  port::Family family_;
};

}  // namespace ostraka::engine_rocksdb
