#include "engine_memory/engine_memory.h"

#include "base/assert.h"
#include "engine_memory/internal/engine.h"
#include "engine_memory/internal/table.h"
#include "engine_write/deferred_write.h"

#include <algorithm>
#include <string>
#include <utility>

namespace ostraka::engine_memory {
namespace {

base::Status check(const Batch& batch) {
  if (batch.refused()) {
    return base::fail(base::ErrorCode::invalid_argument, "a key that cannot be stored");
  }
  return {};
}

std::string image_path(const State& state) { return state.options.folder + "/" + kImageName; }

bool inside(const port::FamilyRange& range, port::Family family, base::ByteView key) {
  return range.family == family && key >= range.lower && (range.upper.empty() || key < range.upper);
}

bool inside_any(const std::vector<port::FamilyRange>& ranges, port::Family family,
                base::ByteView key) {
  return std::ranges::any_of(ranges, [&](const auto& range) { return inside(range, family, key); });
}

// Requires the mutex.
void add_range(const State& state, const port::FamilyRange& range, Sequence at,
               TableBuilder& table) {
  const auto& map = state.map.map(range.family);
  for (auto it = map.lower_bound(range.lower);
       it != map.end() && (range.upper.empty() || it->first < range.upper); ++it) {
    if (const ValuePtr* value = VersionedMap::visible(it->second, at); value != nullptr) {
      table.add(range.family, it->first, **value);
    }
  }
}

void add_everything(const State& state, TableBuilder& table) {
  for (std::size_t family = 0; family < port::kFamilyCount; ++family) {
    add_range(state, {.family = static_cast<port::Family>(family), .lower = {}, .upper = {}},
              state.map.sequence(), table);
  }
}

// Requires image_mutex. `bytes` of the unflushed ones are in the image now.
base::Status write_image(State& state, TableBuilder& image, Sequence sequence,
                         std::uint64_t bytes) {
  OSTRAKA_ASSIGN(const std::uint64_t size,
                 image.write(state.files, state.options.folder, kImageName,
                             state.options.mutant != Mutant::rename_before_sync));
  const std::scoped_lock lock(state.mutex);
  state.durable = sequence;
  state.image_bytes = size;
  state.unflushed_bytes -= bytes;
  return {};
}

// The point of the flush is the moment at which the job runs, not that of the call: an image that
// were older than an ingest which finished in between would undo the ingest.
base::Status flush_now(State& state) {
  const std::scoped_lock image_lock(state.image_mutex);
  TableBuilder image(FileKind::image);
  Sequence sequence = 0;
  std::uint64_t bytes = 0;
  {
    const std::scoped_lock lock(state.mutex);
    sequence = state.map.sequence();
    if (sequence == state.durable) {
      return {};
    }
    bytes = state.unflushed_bytes;
    state.map.prune();
    add_everything(state, image);
  }
  return write_image(state, image, sequence, bytes);
}

base::Status load_image(State& state) {
  OSTRAKA_ASSIGN(const bool present, state.files.exists(image_path(state)));
  if (!present) {
    return {};
  }
  OSTRAKA_ASSIGN(auto reader, TableReader::open(state.files, image_path(state), FileKind::image));
  state.image_bytes = reader.bytes();
  while (true) {
    port::Family family{};
    base::ByteView key;
    base::ByteView value;
    OSTRAKA_ASSIGN(const bool more, reader.next(family, key, value));
    if (!more) {
      state.durable = state.map.sequence();
      return {};
    }
    state.map.load(family, key, value);
  }
}

base::Status write_now(State& state, const Batch& batch) {
  OSTRAKA_TRY(check(batch));
  const std::scoped_lock lock(state.mutex);
  state.map.apply(batch);
  state.unflushed_bytes += batch.bytes();
  return {};
}

// Appends the entries of a table. Errors: corruption for what lies outside the ranges.
base::Status read_table(State& state, const std::vector<port::FamilyRange>& ranges,
                        const port::TableFile& table, Batch& batch) {
  OSTRAKA_ASSIGN(auto reader, TableReader::open(state.files, table.path, FileKind::table));
  while (true) {
    port::Family family{};
    base::ByteView key;
    base::ByteView value;
    OSTRAKA_ASSIGN(const bool more, reader.next(family, key, value));
    if (!more) {
      return {};
    }
    if (family != table.family || !inside_any(ranges, family, key)) {
      return base::fail(base::ErrorCode::corruption, table.path + ": a key outside the ranges");
    }
    batch.put(family, key, value);
  }
}

void append(Batch& to, const Batch& from) {
  for (std::size_t i = 0; i < from.count(); ++i) {
    const Batch::Operation operation = from.operation(i);
    switch (operation.kind) {
      case OperationKind::put:
        to.put(operation.family, operation.first, operation.second);
        break;
      case OperationKind::remove:
        to.remove(operation.family, operation.first);
        break;
      case OperationKind::remove_range:
        to.remove_range(operation.family, operation.first, operation.second);
        break;
    }
  }
}

// The image of the state with `change` applied, without showing the change to readers yet.
void build_changed_image(const State& state, const Batch& change, TableBuilder& image) {
  VersionedMap changed;
  for (std::size_t family = 0; family < port::kFamilyCount; ++family) {
    for (const auto& [key, cells] : state.map.map(static_cast<port::Family>(family))) {
      if (const ValuePtr* value = VersionedMap::visible(cells, state.map.sequence());
          value != nullptr) {
        changed.load(static_cast<port::Family>(family), key, **value);
      }
    }
  }
  changed.apply(change);
  for (std::size_t family = 0; family < port::kFamilyCount; ++family) {
    for (const auto& [key, cells] : changed.map(static_cast<port::Family>(family))) {
      image.add(static_cast<port::Family>(family), key, *cells.back().value);
    }
  }
}

}  // namespace

MemoryEngine::MemoryEngine(std::shared_ptr<State> state, port::Executor& executor)
    : state_(std::move(state)), executor_(executor) {}

MemoryEngine::~MemoryEngine() {
  const std::scoped_lock lock(state_->mutex);
  state_->closed = true;
}

std::unique_ptr<port::WriteBatch> MemoryEngine::new_batch() { return std::make_unique<Batch>(); }

base::Status MemoryEngine::write(port::WriteBatch& batch) {
  return write_now(*state_, static_cast<const Batch&>(batch));
}

std::unique_ptr<port::EngineWrite> MemoryEngine::begin_write(port::WriteBatch& batch) {
  return std::make_unique<engine_write::DeferredWrite>(
      executor_, state_->options.write_lane,
      [state = state_, &from = static_cast<const Batch&>(batch)] {
        return write_now(*state, from);
      });
}

base::Result<bool> MemoryEngine::get(port::Family family, base::ByteView key, std::string& value,
                                     const port::EngineSnapshot* snapshot) {
  const std::scoped_lock lock(state_->mutex);
  const Sequence at = snapshot == nullptr ? state_->map.sequence()
                                          : static_cast<const Snapshot*>(snapshot)->sequence();
  const ValuePtr found = state_->map.find(family, key, at);
  if (found == nullptr) {
    return false;
  }
  value.assign(*found);
  return true;
}

std::unique_ptr<port::EngineIterator> MemoryEngine::iterate(const port::FamilyRange& range,
                                                            const port::EngineSnapshot* snapshot) {
  return std::make_unique<Iterator>(state_, range, snapshot);
}

std::unique_ptr<port::EngineSnapshot> MemoryEngine::snapshot() {
  return std::make_unique<Snapshot>(state_);
}

void MemoryEngine::flush(OnFlushed on_flushed) {
  auto outcome = std::make_shared<base::Status>();
  executor_.run_blocking(
      state_->options.lane, [state = state_, outcome] { *outcome = flush_now(*state); },
      [state = state_, outcome, done = std::move(on_flushed)]() mutable {
        const bool closed = [&] {
          const std::scoped_lock lock(state->mutex);
          return state->closed;
        }();
        if (!closed) {
          done(std::move(*outcome));
        }
      });
}

base::Result<std::vector<port::TableFile>> MemoryEngine::export_ranges(
    const port::EngineSnapshot& snapshot, const std::vector<port::FamilyRange>& ranges,
    const std::string& folder) {
  OSTRAKA_TRY(state_->files.make_directory(folder));
  std::vector<port::TableFile> tables;
  for (const port::FamilyRange& range : ranges) {
    TableBuilder table(FileKind::table);
    {
      const std::scoped_lock lock(state_->mutex);
      add_range(*state_, range, static_cast<const Snapshot&>(snapshot).sequence(), table);
    }
    if (table.count() == 0) {
      continue;
    }
    const std::string name = std::to_string(tables.size()) + ".table";
    OSTRAKA_ASSIGN(const std::uint64_t size, table.write(state_->files, folder, name));
    tables.push_back({.family = range.family, .path = folder + "/" + name, .bytes = size});
  }
  return tables;
}

base::Status MemoryEngine::ingest_replacing(const std::vector<port::FamilyRange>& ranges,
                                            const std::vector<port::TableFile>& tables,
                                            port::WriteBatch& extra) {
  OSTRAKA_TRY(check(static_cast<const Batch&>(extra)));
  Batch change;
  for (const port::FamilyRange& range : ranges) {
    change.remove_range(range.family, range.lower, range.upper);
  }
  for (const port::TableFile& table : tables) {
    OSTRAKA_TRY(read_table(*state_, ranges, table, change));
  }
  append(change, static_cast<const Batch&>(extra));

  const std::scoped_lock image_lock(state_->image_mutex);
  TableBuilder image(FileKind::image);
  std::uint64_t bytes = 0;
  {
    const std::scoped_lock lock(state_->mutex);
    bytes = state_->unflushed_bytes;
    build_changed_image(*state_, change, image);
  }
  // Durable first, then visible. What the reactor writes in between is newer than the image and
  // waits for the next flush, so no sequence number stands for the image.
  OSTRAKA_TRY(write_image(*state_, image, 0, bytes));
  {
    const std::scoped_lock lock(state_->mutex);
    state_->map.apply(change);
  }
  for (const port::TableFile& table : tables) {
    // The ingest is done; a file that stays behind is swept with its folder.
    std::ignore = state_->files.remove(table.path);
  }
  return {};
}

port::EngineStats MemoryEngine::stats() {
  const std::scoped_lock lock(state_->mutex);
  return {.memory_bytes = state_->unflushed_bytes,
          .disk_bytes = state_->image_bytes,
          .estimated_keys = state_->map.keys(),
          .write_stalled = state_->unflushed_bytes >= state_->options.stall_bytes};
}

base::Result<std::unique_ptr<port::Engine>> open(port::FileSystem& files, port::Executor& executor,
                                                 const Options& options) {
  auto state = std::make_shared<State>(files, options);
  OSTRAKA_TRY(files.make_directory(options.folder));
  OSTRAKA_TRY(load_image(*state));
  return std::make_unique<MemoryEngine>(std::move(state), executor);
}

}  // namespace ostraka::engine_memory
