#include "protocol/multi_paxos/internal/slot_log.h"

#include "base/assert.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol::multi_paxos {
namespace {

constexpr unsigned kKindShift = 30;

}  // namespace

SlotLog::SlotLog(const Recovered& recovered)
    : base_(recovered.snapshot.index), base_term_(recovered.snapshot.term), filled_(base_) {
  auto configuration = recovered.configurations.begin();
  for (const EntryMeta& entry : recovered.entries) {
    while (configuration != recovered.configurations.end() && configuration->index < entry.index) {
      ++configuration;
    }
    const bool has = entry.kind == EntryKind::configuration &&
                     configuration != recovered.configurations.end() &&
                     configuration->index == entry.index;
    put(entry, has ? configuration->configuration : nullptr);
  }
}

model::Term SlotLog::term_at(model::LogIndex index) const {
  if (index == base_) {
    return base_term_;
  }
  return index < base_ || index > last() ? model::Term{} : slot(index).term;
}

EntryMeta SlotLog::meta_at(model::LogIndex index) const {
  const Slot& at = slot(index);
  OSTRAKA_ASSERT(!at.term.is_none(), "an empty slot");
  return {.index = index,
          .term = at.term,
          .kind = static_cast<EntryKind>(at.word >> kKindShift),
          .payload_bytes = at.word & kPayloadBytesMax};
}

std::uint32_t SlotLog::bytes_at(model::LogIndex index) const {
  return slot(index).word & kPayloadBytesMax;
}

void SlotLog::put(const EntryMeta& entry,
                  std::shared_ptr<const model::Configuration> configuration) {
  OSTRAKA_ASSERT(entry.index > base_, "the slot is gone");
  OSTRAKA_ASSERT(!entry.term.is_none(), "accepted at no ballot");
  OSTRAKA_ASSERT(entry.payload_bytes <= kPayloadBytesMax, "an entry beyond the limit");
  while (last() < entry.index) {
    slots_.push_back({});
  }
  slots_[entry.index - base_ - 1] = {
      entry.term, static_cast<std::uint32_t>(entry.kind) << kKindShift | entry.payload_bytes};
  fill();
  if (configurations_.empty() && configuration == nullptr) {
    return;
  }
  const auto at = std::lower_bound(
      configurations_.begin(), configurations_.end(), entry.index,
      [](const ConfigurationAt& known, model::LogIndex index) { return known.index < index; });
  const bool known = at != configurations_.end() && at->index == entry.index;
  if (configuration == nullptr) {
    if (known) {
      configurations_.erase(at);
    }
  } else if (known) {
    at->configuration = std::move(configuration);
  } else {
    configurations_.insert(at, {entry.index, std::move(configuration)});
  }
}

void SlotLog::fill() {
  while (filled_ < last() && !slot(filled_.next()).term.is_none()) {
    filled_ = filled_.next();
  }
}

void SlotLog::trim(model::LogIndex index) {
  if (index <= base_) {
    return;
  }
  OSTRAKA_ASSERT(index <= filled_, "an empty slot would be dropped");
  drop(index, term_at(index));
}

void SlotLog::start_behind(const SnapshotMeta& snapshot) {
  OSTRAKA_ASSERT(snapshot.index > base_, "a snapshot of the past");
  drop(snapshot.index, snapshot.term);
  filled_ = std::max(filled_, base_);
  fill();
}

void SlotLog::drop(model::LogIndex index, model::Term term) {
  slots_.drop_front(std::min<std::uint64_t>(index - base_, slots_.size()));
  base_ = index;
  base_term_ = term;
  std::erase_if(configurations_,
                [index](const ConfigurationAt& known) { return known.index <= index; });
}

std::shared_ptr<const model::Configuration> SlotLog::configuration_at(model::LogIndex index) const {
  for (const ConfigurationAt& known : configurations_) {
    if (known.index == index) {
      return known.configuration;
    }
  }
  return nullptr;
}

}  // namespace ostraka::protocol::multi_paxos
