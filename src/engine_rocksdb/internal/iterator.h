// Iterators and snapshots of one database.
#pragma once

#include "engine_rocksdb/internal/database.h"
#include "port/engine.h"

#include <rocksdb/iterator.h>
#include <rocksdb/options.h>

#include <memory>
#include <string>

namespace ostraka::engine_rocksdb {

class Snapshot final : public port::EngineSnapshot {
 public:
  explicit Snapshot(std::shared_ptr<Database> database)
      : database_(std::move(database)), native_(database_->take_snapshot()) {}
  ~Snapshot() override { database_->release(native_); }
  [[nodiscard]] const std::shared_ptr<Database>& database() const { return database_; }
  [[nodiscard]] const rocksdb::Snapshot* native() const { return native_; }

 private:
  std::shared_ptr<Database> database_;
  const rocksdb::Snapshot* native_;
};

// What a snapshot() gives while there is no database: everything read through it is io_error.
class NoSnapshot final : public port::EngineSnapshot {};

// The database must not be retired yet.
class Iterator final : public port::EngineIterator {
 public:
  Iterator(std::shared_ptr<Database> database, const port::FamilyRange& range,
           const rocksdb::Snapshot* snapshot);
  ~Iterator() override;
  void seek(base::ByteView key) override;
  void seek_first() override;
  void seek_last() override;
  void next() override;
  void prev() override;
  [[nodiscard]] bool valid() const override { return native_ != nullptr && native_->Valid(); }
  [[nodiscard]] base::ByteView key() const override;
  [[nodiscard]] base::ByteView value() const override;
  [[nodiscard]] base::Status status() const override;

  // The database is going away: invalid from here on, with io_error.
  void end() { native_.reset(); }

 private:
  std::shared_ptr<Database> database_;
  const std::string lower_;
  const std::string upper_;
  const rocksdb::Slice lower_slice_;  // RocksDB keeps pointers to these two
  const rocksdb::Slice upper_slice_;
  const bool empty_range_;
  std::unique_ptr<rocksdb::Iterator> native_;
};

// Stands on nothing, with io_error.
class EndedIterator final : public port::EngineIterator {
 public:
  void seek(base::ByteView /*key*/) override {}
  void seek_first() override {}
  void seek_last() override {}
  void next() override {}
  void prev() override {}
  [[nodiscard]] bool valid() const override { return false; }
  [[nodiscard]] base::ByteView key() const override { return {}; }
  [[nodiscard]] base::ByteView value() const override { return {}; }
  [[nodiscard]] base::Status status() const override;
};

// The error of every handle of an earlier epoch.
[[nodiscard]] std::unexpected<base::Error> ended();

}  // namespace ostraka::engine_rocksdb
