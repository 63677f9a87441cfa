// Two shards in one engine, as the state machine lays them out: their ranges do not touch.
#pragma once

#include "engine_rig.h"

#include <string>
#include <vector>

namespace ostraka::engine_test {

// Keys of shard "a" begin with "a", and so on; its meta record is "meta/a".
[[nodiscard]] inline std::vector<port::FamilyRange> ranges_of(const std::string& shard) {
  std::string next = shard;
  ++next.back();
  return {{.family = port::Family::data, .lower = shard, .upper = next},
          {.family = port::Family::history, .lower = shard, .upper = next},
          {.family = port::Family::expiry, .lower = shard, .upper = next},
          {.family = port::Family::session, .lower = shard, .upper = next},
          {.family = port::Family::meta, .lower = "meta/" + shard, .upper = "meta/" + next}};
}

// The model after an ingest of `tables` (what was exported) and the meta record.
inline void ingest_into(Model& model, const std::string& shard, const Model& exported,
                        const std::string& meta) {
  for (const port::FamilyRange& range : ranges_of(shard)) {
    FamilyModel& family = model[static_cast<std::size_t>(range.family)];
    const FamilyModel& from = exported[static_cast<std::size_t>(range.family)];
    erase_range(family, range.lower, range.upper);
    family.insert(from.lower_bound(range.lower), from.lower_bound(range.upper));
  }
  model[static_cast<std::size_t>(port::Family::meta)]["meta/" + shard] = meta;
}

}  // namespace ostraka::engine_test
