#include "engine_rocksdb/internal/db_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace ostraka::engine_rocksdb {
namespace {

constexpr int kLevels = 7;

void set_table_options(rocksdb::Options& to, const Options& options) {
  rocksdb::BlockBasedTableOptions table;
  // Two shards: one reactor and a compaction are all who compete.
  table.block_cache = rocksdb::NewLRUCache(options.cache_bytes, 1);
  table.cache_index_and_filter_blocks = true;  // so that the cache bounds them too
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  // A read of one key finds it in its block without a binary search.
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  to.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
}

void set_memory(rocksdb::Options& to, const Options& options) {
  to.db_write_buffer_size = options.write_buffer_bytes;
  to.write_buffer_size = options.write_buffer_bytes;
  // One active, the others being flushed. When one is left RocksDB would delay writes, which here
  // means that they answer busy.
  to.max_write_buffer_number = kWriteBuffers;
  to.arena_block_size = std::size_t{128} << 10;  // five families, most of them nearly empty
  to.max_open_files = options.open_files_max;
  to.table_cache_numshardbits = 2;
}

void set_compaction(rocksdb::Options& to, const Options& options) {
  to.max_background_jobs = options.background_jobs;
  to.level_compaction_dynamic_level_bytes = true;
  to.num_levels = kLevels;
  to.level0_file_num_compaction_trigger = kLevel0Files;
  to.level0_slowdown_writes_trigger = 40;
  to.level0_stop_writes_trigger = 40;
  to.soft_pending_compaction_bytes_limit = 0;  // bounded by the number of files at level 0
  to.hard_pending_compaction_bytes_limit = 0;
  to.compression_per_level.assign(kLevels, rocksdb::kLZ4Compression);
  to.compression_per_level[0] = rocksdb::kNoCompression;
  to.compression_per_level[1] = rocksdb::kNoCompression;
}

void set_housekeeping(rocksdb::Options& to) {
  to.max_manifest_file_size = std::uint64_t{16} << 20;
  // An idle node does not wake up for statistics.
  to.stats_dump_period_sec = 0;
  to.stats_persist_period_sec = 0;
}

}  // namespace

rocksdb::Options make_options(const Location& location, const Options& options,
                              std::shared_ptr<Listener> listener) {
  rocksdb::Options to;
  to.env = location.env;
  to.info_log = location.info_log;
  to.create_if_missing = true;
  to.create_missing_column_families = true;
  to.atomic_flush = true;
  to.avoid_flush_during_shutdown = true;  // a checkpoint is made only when asked for
  to.paranoid_checks = true;
  to.force_consistency_checks = true;
  to.max_bgerror_resume_count = 0;
  to.allow_concurrent_memtable_write = false;  // there is one writer
  to.enable_write_thread_adaptive_yield = false;
  to.listeners.push_back(std::move(listener));
  set_table_options(to, options);
  set_memory(to, options);
  set_compaction(to, options);
  to.disable_auto_compactions = !location.compactions;
  set_housekeeping(to);
  return to;
}

rocksdb::ColumnFamilyOptions family_options(const rocksdb::Options& options, port::Family family,
                                            const std::shared_ptr<InsertHint>& hint) {
  rocksdb::ColumnFamilyOptions to(options);
  if (family == port::Family::data) {
    to.memtable_insert_with_hint_prefix_extractor = hint;
    // Most reads pass the write buffers by: 2 % of their memory say so without a search.
    to.memtable_prefix_bloom_size_ratio = 0.02;
    to.memtable_whole_key_filtering = true;
  }
  return to;
}

const rocksdb::WriteOptions& write_options() {
  static const rocksdb::WriteOptions kOptions = [] {
    rocksdb::WriteOptions made;
    made.disableWAL = true;
    made.no_slowdown = true;
    return made;
  }();
  return kOptions;
}

}  // namespace ostraka::engine_rocksdb
