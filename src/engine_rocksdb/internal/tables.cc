#include "engine_rocksdb/internal/tables.h"

#include "engine_rocksdb/internal/status.h"

#include <rocksdb/sst_file_reader.h>
#include <rocksdb/sst_file_writer.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace ostraka::engine_rocksdb {
namespace {

std::string absolute(const Database& database, const std::string& path) {
  return database.location().root + "/" + path;
}

// "a/b/c": creates a, a/b and a/b/c.
base::Status make_folders(const Database& database, const std::string& folder) {
  for (std::size_t at = 0; at != std::string::npos;) {
    at = folder.find('/', at + 1);
    OSTRAKA_TRY(to_status(
        database.location().env->CreateDirIfMissing(absolute(database, folder.substr(0, at)))));
  }
  return {};
}

// Writes the tables of one range, one after the other.
class RangeExport {
 public:
  RangeExport(Database& database, std::string folder, std::vector<port::TableFile>& tables)
      : database_(database), folder_(std::move(folder)), tables_(tables) {}

  base::Status run(const port::FamilyRange& range, const rocksdb::Snapshot& snapshot,
                   std::uint64_t table_bytes_max) {
    const rocksdb::Slice lower = range.lower;
    const rocksdb::Slice upper = range.upper;
    rocksdb::ReadOptions options;
    options.snapshot = &snapshot;
    options.fill_cache = false;
    options.iterate_lower_bound = &lower;
    options.iterate_upper_bound = range.upper.empty() ? nullptr : &upper;
    const std::unique_ptr<rocksdb::Iterator> it(
        database_.db().NewIterator(options, database_.handle(range.family)));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      if (writer_ == nullptr) {
        OSTRAKA_TRY(begin(range.family));
      }
      OSTRAKA_TRY(to_status(writer_->Put(it->key(), it->value())));
      if (writer_->FileSize() >= table_bytes_max) {
        OSTRAKA_TRY(end());
      }
    }
    OSTRAKA_TRY(to_status(it->status()));
    return writer_ == nullptr ? base::Status() : end();
  }

 private:
  base::Status begin(port::Family family) {
    tables_.push_back({.family = family,
                       .path = folder_ + "/" + std::to_string(tables_.size()) + ".sst",
                       .bytes = 0});
    writer_ = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), database_.options(),
                                                       database_.handle(family));
    return to_status(writer_->Open(absolute(database_, tables_.back().path)));
  }
  base::Status end() {
    rocksdb::ExternalSstFileInfo info;
    OSTRAKA_TRY(to_status(writer_->Finish(&info)));
    tables_.back().bytes = info.file_size;
    writer_.reset();
    return {};
  }

  Database& database_;
  std::string folder_;
  std::vector<port::TableFile>& tables_;
  std::unique_ptr<rocksdb::SstFileWriter> writer_;
};

bool inside_one(const std::vector<port::FamilyRange>& ranges, port::Family family,
                const rocksdb::Slice& key) {
  return std::ranges::any_of(ranges, [&](const port::FamilyRange& range) {
    return range.family == family && view(key) >= range.lower &&
           (range.upper.empty() || view(key) < range.upper);
  });
}

// A table comes from another node: it must hold plain keys inside the ranges and be undamaged.
base::Status check_table(const Database& database, const std::vector<port::FamilyRange>& ranges,
                         const port::TableFile& table) {
  rocksdb::SstFileReader reader(database.options());
  OSTRAKA_TRY(to_status(reader.Open(absolute(database, table.path))));
  OSTRAKA_TRY(to_status(reader.VerifyChecksum()));
  const auto properties = reader.GetTableProperties();
  const std::unique_ptr<rocksdb::Iterator> it(reader.NewIterator(rocksdb::ReadOptions()));
  it->SeekToFirst();
  const bool first = it->Valid() && inside_one(ranges, table.family, it->key());
  it->SeekToLast();
  const bool last = it->Valid() && inside_one(ranges, table.family, it->key());
  if (!first || !last || properties->num_deletions != 0 || properties->num_range_deletions != 0) {
    return base::fail(base::ErrorCode::corruption, table.path + ": a key outside the ranges");
  }
  return {};
}

using Ranges = std::vector<std::pair<std::string, std::string>>;

// Collects the files of one ingest; removes those it wrote when it is not completed.
class Ingest {
 public:
  explicit Ingest(Database& database) : database_(database) {}
  ~Ingest() {
    for (const std::string& path : written_) {
      // Consumed files are gone already.
      std::ignore = database_.location().env->DeleteFile(path);
    }
  }
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  void add(const port::TableFile& table) {
    of(table.family).push_back(absolute(database_, table.path));
  }

  // A table of range tombstones and then keys, of which the tombstones do not cover any: all
  // entries of one ingested table have the same sequence number.
  base::Status add_layer(port::Family family, const Ranges& removed, const FamilyChange* change) {
    if (removed.empty() && (change == nullptr || change->keys.empty())) {
      return {};
    }
    const std::string path =
        database_.db().GetName() + "/ingest-" + std::to_string(written_.size()) + ".layer";
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), database_.options(),
                                  database_.handle(family));
    written_.push_back(path);
    OSTRAKA_TRY(to_status(writer.Open(path)));
    for (const auto& [lower, upper] : removed) {
      OSTRAKA_TRY(to_status(writer.DeleteRange(lower, upper)));
    }
    if (change != nullptr) {
      for (const auto& [key, value] : change->keys) {
        OSTRAKA_TRY(to_status(value.has_value() ? writer.Put(key, *value) : writer.Delete(key)));
      }
    }
    OSTRAKA_TRY(to_status(writer.Finish()));
    of(family).push_back(path);
    return {};
  }

  base::Status commit() {
    std::vector<rocksdb::IngestExternalFileArg> arguments;
    for (std::size_t family = 0; family < files_.size(); ++family) {
      if (files_[family].empty()) {
        continue;
      }
      rocksdb::IngestExternalFileArg argument;
      argument.column_family = database_.handle(static_cast<port::Family>(family));
      argument.external_files = files_[family];
      argument.options.move_files = true;
      argument.options.write_global_seqno = false;
      argument.options.verify_checksums_before_ingest = false;  // just written, or checked
      arguments.push_back(std::move(argument));
    }
    if (arguments.empty()) {
      return {};
    }
    return to_status(database_.db().IngestExternalFiles(arguments));
  }

 private:
  std::vector<std::string>& of(port::Family family) {
    return files_[static_cast<std::size_t>(family)];
  }

  Database& database_;
  std::array<std::vector<std::string>, port::kFamilyCount> files_;
  std::vector<std::string> written_;
};

// No family has a full write buffer that is not in a table.
bool nothing_waits(Database& database) {
  return std::ranges::all_of(database.handles(), [&](rocksdb::ColumnFamilyHandle* handle) {
    std::uint64_t waiting = 1;
    return database.db().GetIntProperty(handle, rocksdb::DB::Properties::kNumImmutableMemTable,
                                        &waiting) &&
           waiting == 0;
  });
}

Ranges ranges_of(const std::vector<port::FamilyRange>& ranges, port::Family family) {
  Ranges found;
  for (const port::FamilyRange& range : ranges) {
    const std::string& upper = range.upper.empty() ? end_of_keys() : range.upper;
    if (range.family == family && range.lower < upper) {
      found.emplace_back(range.lower, upper);
    }
  }
  return found;
}

}  // namespace

base::Result<std::vector<port::TableFile>> export_tables(
    Database& database, const rocksdb::Snapshot& snapshot,
    const std::vector<port::FamilyRange>& ranges, const std::string& folder,
    std::uint64_t table_bytes_max) {
  OSTRAKA_TRY(make_folders(database, folder));
  std::vector<port::TableFile> tables;
  for (const port::FamilyRange& range : ranges) {
    if (!range.upper.empty() && range.lower >= range.upper) {
      continue;
    }
    RangeExport one(database, folder, tables);
    OSTRAKA_TRY(one.run(range, snapshot, table_bytes_max));
  }
  return tables;
}

base::Status ingest_tables(Database& database, const std::vector<port::FamilyRange>& ranges,
                           const std::vector<port::TableFile>& tables, Batch& extra) {
  OSTRAKA_ASSIGN(const Changes changes, net_changes(extra));
  for (const port::TableFile& table : tables) {
    OSTRAKA_TRY(check_table(database, ranges, table));
  }
  // Ingest would flush what it overlaps while it holds up all writers; little is left for that
  // after this.
  OSTRAKA_TRY(flush_all(database));
  Ingest ingest(database);
  for (std::size_t family = 0; family < port::kFamilyCount; ++family) {
    OSTRAKA_TRY(ingest.add_layer(static_cast<port::Family>(family),
                                 ranges_of(ranges, static_cast<port::Family>(family)), nullptr));
  }
  for (const port::TableFile& table : tables) {
    ingest.add(table);
  }
  for (std::size_t family = 0; family < port::kFamilyCount; ++family) {
    OSTRAKA_TRY(ingest.add_layer(static_cast<port::Family>(family), changes[family].removed_ranges,
                                 &changes[family]));
  }
  return ingest.commit();
}

base::Status flush_all(Database& database) {
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;  // this flush is what ends a stall
  // Flush() of 7.8.3 was seen to answer OK before it was done (after Resume(), which is not used
  // any more), so its answer is believed only when nothing waits.
  constexpr int kAttempts = 200;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::uint64_t flushes = database.listener().flushes();
    OSTRAKA_TRY(to_status(database.db().Flush(options, database.handles())));
    if (nothing_waits(database)) {
      return {};
    }
    database.listener().wait_for_flush(flushes);
  }
  return base::fail(base::ErrorCode::io_error, "engine: a flush did not end");
}

}  // namespace ostraka::engine_rocksdb
