#include "script.h"

#include "shards.h"

#include <utility>

namespace ostraka::engine_test {

Script::Script(EngineRig& rig, std::uint64_t seed) : rig_(rig), prng_(seed), possible_{now_} {}

bool Script::powered() const { return rig_.disk() == nullptr || !rig_.disk()->power_is_off(); }

bool Script::step() {
  switch (prng_.below(16)) {
    case 0:
    case 1:
      return flush();
    case 2:
      return take_export();
    case 3:
      return ingest();
    default:
      return write();
  }
}

std::string Script::key() {
  return std::string(prng_.chance(1, 2) ? "a" : "b") + std::to_string(prng_.below(40));
}

bool Script::write() {
  const auto batch = rig_.engine().new_batch();
  Model next = now_;
  for (auto n = 1 + prng_.below(8); n > 0; --n) {
    const auto family = prng_.below(port::kFamilyCount);
    const std::string at = key();
    switch (prng_.below(6)) {
      case 0:
        batch->remove(static_cast<port::Family>(family), at);
        next[family].erase(at);
        break;
      case 1: {
        const std::string upper = prng_.chance(1, 8) ? "" : key();
        batch->remove_range(static_cast<port::Family>(family), at, upper);
        erase_range(next[family], at, upper);
        break;
      }
      default: {
        const std::string value = std::to_string(++counter_) + std::string(prng_.below(300), 'v');
        batch->put(static_cast<port::Family>(family), at, value);
        next[family][at] = value;
        break;
      }
    }
  }
  // The meta record moves with the data, as the applied index does.
  const std::string meta = std::to_string(++counter_);
  batch->put(port::Family::meta, "meta/a", meta);
  next[static_cast<std::size_t>(port::Family::meta)]["meta/a"] = meta;
  if (!rig_.engine().write(*batch).has_value() || !powered()) {
    return false;
  }
  now_ = std::move(next);
  return true;
}

void Script::durable() { possible_ = {now_}; }

bool Script::flush() {
  possible_.push_back(now_);
  if (!rig_.flush().has_value() || !powered()) {
    return false;
  }
  durable();
  return true;
}

bool Script::take_export() {
  const std::string shard = prng_.chance(1, 2) ? "a" : "b";
  const auto snapshot = rig_.engine().snapshot();
  auto tables = rig_.engine().export_ranges(*snapshot, ranges_of(shard),
                                            "snapshots/" + std::to_string(++counter_));
  if (!tables.has_value() || !powered()) {
    return false;
  }
  tables_ = *std::move(tables);
  exported_ = now_;
  exported_shard_ = shard;
  return true;
}

bool Script::ingest() {
  if (exported_shard_.empty()) {
    return true;
  }
  const std::string shard = std::exchange(exported_shard_, "");
  const std::string meta = std::to_string(++counter_);
  const auto extra = rig_.engine().new_batch();
  extra->put(port::Family::meta, "meta/" + shard, meta);
  possible_.push_back(now_);  // memory is flushed first
  Model next = now_;
  ingest_into(next, shard, exported_, meta);
  possible_.push_back(next);
  if (!rig_.engine().ingest_replacing(ranges_of(shard), tables_, *extra).has_value() ||
      !powered()) {
    return false;
  }
  now_ = std::move(next);
  durable();
  return true;
}

void Script::went_on(const Model& found) {
  now_ = found;
  possible_.push_back(found);
}

void Script::restarted(const Model& found) {
  now_ = found;
  durable();
  exported_shard_.clear();  // its files may be gone
}

}  // namespace ostraka::engine_test
