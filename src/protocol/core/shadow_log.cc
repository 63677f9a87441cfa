#include "protocol/core/shadow_log.h"

#include "base/assert.h"

#include <algorithm>

namespace ostraka::protocol {

std::uint64_t extend_chain(std::uint64_t chain, const EntryMeta& entry) {
  std::uint64_t x = chain + 0x9e3779b97f4a7c15ULL;
  // The leader that makes a configuration entry does not know its encoded size; who receives it
  // does.
  const std::uint32_t size = entry.kind == EntryKind::configuration ? 0 : entry.payload_bytes;
  for (const std::uint64_t part :
       {entry.term.value(), static_cast<std::uint64_t>(entry.kind) << 32 | size}) {
    x ^= part;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    x ^= x >> 31;
  }
  return x;
}

const ShadowEntry& ShadowLog::at(model::LogIndex index) const {
  OSTRAKA_ASSERT(has(index), "the shadow log does not hold this entry");
  return index == base_ ? base_entry_ : entries_[index - base_ - 1];
}

const ConfigurationAt* ShadowLog::configuration_before(model::LogIndex index) const {
  const ConfigurationAt* newest = nullptr;
  for (const ConfigurationAt& at : configurations_) {
    if (at.index < index) {
      newest = &at;
    }
  }
  return newest;
}

void ShadowLog::append(const EntryMeta& entry) {
  entries_.push_back({entry.term, extend_chain(at(last()).chain, entry)});
}

void ShadowLog::adopt(const Recovered& recovered, std::uint64_t base_chain) {
  base_ = recovered.snapshot.index;
  base_entry_ = {recovered.snapshot.term, base_chain};
  entries_.clear();
  configurations_.clear();
  if (recovered.snapshot.configuration != nullptr) {
    configurations_.push_back({base_, recovered.snapshot.configuration});
  }
  for (const EntryMeta& entry : recovered.entries) {
    append(entry);
  }
  for (const ConfigurationAt& at : recovered.configurations) {
    if (at.index > base_) {
      configurations_.push_back(at);
    }
  }
  hard_state_ = recovered.hard_state;
}

void ShadowLog::apply(const IssuedWrite& write) {
  if (write.snapshot) {
    base_ = write.snapshot->index;
    base_entry_ = {write.snapshot->term, write.snapshot_chain};
    entries_.clear();
    configurations_.clear();
    configurations_.push_back({base_, write.snapshot->configuration});
    return;
  }
  const Append& append_effect = write.append;
  if (append_effect.truncate_from && *append_effect.truncate_from > base_) {
    const auto keep = static_cast<std::size_t>(*append_effect.truncate_from - base_ - 1);
    entries_.resize(std::min(entries_.size(), keep));
    std::erase_if(configurations_, [&](const ConfigurationAt& at) {
      return at.index >= *append_effect.truncate_from && at.index > base_;
    });
  }
  for (const EntryMeta& entry : append_effect.entries) {
    if (entry.index == last().next()) {
      append(entry);
    }
  }
  for (const ConfigurationAt& at : append_effect.configurations) {
    configurations_.push_back(at);
  }
  if (append_effect.hard_state) {
    hard_state_ = *append_effect.hard_state;
  }
}

bool ShadowLog::equals(const Recovered& recovered) const {
  const model::LogIndex start = recovered.snapshot.index;
  if (hard_state_ != recovered.hard_state || start + recovered.entries.size() != last() ||
      !has(start) || at(start).term != recovered.snapshot.term) {
    return false;
  }
  return std::all_of(recovered.entries.begin(), recovered.entries.end(),
                     [this](const EntryMeta& entry) { return at(entry.index).term == entry.term; });
}

bool may_match(const ShadowLog& own, const ShadowLog& log, model::LogIndex match) {
  return match <= log.last() &&
         (!own.has(match) || !log.has(match) || own.at(match).chain == log.at(match).chain);
}

std::vector<std::uint64_t> held_by(const std::vector<model::Member>& members,
                                   const std::map<model::NodeId, model::LogIndex>& held) {
  std::vector<std::uint64_t> values;
  for (const model::Member& member : members) {
    const auto at = held.find(member.id);
    values.push_back(at == held.end() ? 0 : at->second.value());
  }
  return values;
}

}  // namespace ostraka::protocol
