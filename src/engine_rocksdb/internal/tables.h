// Sorted tables: export of ranges, and their ingest in place of what was there. Blocking.
//
// Ingest is one IngestExternalFiles call over all families, which RocksDB records in one atomic
// group of its manifest. Per family it takes up to three layers, in this order: a table of range
// tombstones that clears the ranges, the tables themselves, a table with the extra batch. Where
// files overlap RocksDB numbers them in the order of the call, so each layer hides what lies below
// (docs/design/0003-snapshot-ingest.md).
#pragma once

#include "base/result.h"
#include "engine_rocksdb/internal/batch.h"
#include "engine_rocksdb/internal/database.h"
#include "port/engine.h"

#include <string>
#include <vector>

namespace ostraka::engine_rocksdb {

// Both: the caller holds a Database::Use. Paths are relative to `location.root`.
[[nodiscard]] base::Result<std::vector<port::TableFile>> export_tables(
    Database& database, const rocksdb::Snapshot& snapshot,
    const std::vector<port::FamilyRange>& ranges, const std::string& folder,
    std::uint64_t table_bytes_max);

[[nodiscard]] base::Status ingest_tables(Database& database,
                                         const std::vector<port::FamilyRange>& ranges,
                                         const std::vector<port::TableFile>& tables, Batch& extra);

// Makes everything written so far durable, all families at one point.
[[nodiscard]] base::Status flush_all(Database& database);

}  // namespace ostraka::engine_rocksdb
