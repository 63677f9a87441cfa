#include "engine_rocksdb/internal/iterator.h"

#include "base/assert.h"
#include "engine_rocksdb/internal/batch.h"
#include "engine_rocksdb/internal/status.h"

#include <algorithm>
#include <utility>

namespace ostraka::engine_rocksdb {

std::unexpected<base::Error> ended() {
  return base::fail(base::ErrorCode::io_error, "engine: reopened after a background error");
}

base::Status EndedIterator::status() const { return ended(); }

Iterator::Iterator(std::shared_ptr<Database> database, const port::FamilyRange& range,
                   const rocksdb::Snapshot* snapshot)
    : database_(std::move(database)),
      lower_(range.lower),
      upper_(range.upper),
      lower_slice_(lower_),
      upper_slice_(upper_),
      // RocksDB wants bounds in order.
      empty_range_(!upper_.empty() && lower_ >= upper_) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  if (!empty_range_) {
    options.iterate_lower_bound = &lower_slice_;
    options.iterate_upper_bound = upper_.empty() ? nullptr : &upper_slice_;
  }
  native_.reset(database_->db().NewIterator(options, database_->handle(range.family)));
  database_->add(*this);
}

Iterator::~Iterator() { database_->remove(*this); }

void Iterator::seek(base::ByteView key) {
  if (native_ != nullptr && !empty_range_) {
    native_->Seek(slice(std::max(key, base::ByteView(lower_))));
  }
}

void Iterator::seek_first() { seek(lower_); }

void Iterator::seek_last() {
  if (native_ != nullptr && !empty_range_) {
    native_->SeekToLast();
  }
}

void Iterator::next() {
  if (native_ != nullptr) {
    OSTRAKA_ASSERT(valid(), "moved an iterator that stands on nothing");
    native_->Next();
  }
}

void Iterator::prev() {
  if (native_ != nullptr) {
    OSTRAKA_ASSERT(valid(), "moved an iterator that stands on nothing");
    native_->Prev();
  }
}

base::ByteView Iterator::key() const {
  OSTRAKA_ASSERT(valid(), "read an iterator that stands on nothing");
  return view(native_->key());
}

base::ByteView Iterator::value() const {
  OSTRAKA_ASSERT(valid(), "read an iterator that stands on nothing");
  return view(native_->value());
}

base::Status Iterator::status() const {
  if (native_ == nullptr) {
    return ended();
  }
  return to_status(native_->status());
}

}  // namespace ostraka::engine_rocksdb
