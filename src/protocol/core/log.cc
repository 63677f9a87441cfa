#include "protocol/core/log.h"

#include "base/assert.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol {
namespace {

constexpr unsigned kKindShift = 30;

}  // namespace

Log::Log(const Recovered& recovered)
    : base_(recovered.snapshot.index), base_term_(recovered.snapshot.term) {
  auto initial = recovered.snapshot.configuration;
  if (initial == nullptr) {
    initial = std::make_shared<const model::Configuration>();
  }
  configurations_.push_back({base_, std::move(initial)});
  for (const EntryMeta& entry : recovered.entries) {
    append(entry);
  }
  for (const ConfigurationAt& at : recovered.configurations) {
    if (at.index > base_) {
      add_configuration(at);
    }
  }
}

std::size_t Log::run_of(model::LogIndex index) const {
  if (!runs_.empty() && runs_.back().first <= index) {
    return runs_.size() - 1;
  }
  const auto behind =
      std::upper_bound(runs_.begin(), runs_.end(), index,
                       [](model::LogIndex i, const Run& run) { return i < run.first; });
  return behind == runs_.begin() ? runs_.size()
                                 : static_cast<std::size_t>(behind - runs_.begin()) - 1;
}

model::Term Log::term_at(model::LogIndex index) const {
  if (index == base_) {
    return base_term_;
  }
  if (index < base_ || index > last()) {
    return {};
  }
  return runs_[run_of(index)].term;
}

std::uint32_t Log::word_at(model::LogIndex index) const {
  OSTRAKA_ASSERT(index > base_, "the entry was compacted");
  return entries_[index - base_ - 1];
}

std::uint32_t Log::bytes_at(model::LogIndex index) const {
  return word_at(index) & kPayloadBytesMax;
}

EntryMeta Log::meta_at(model::LogIndex index) const {
  const std::uint32_t word = word_at(index);
  return {.index = index,
          .term = term_at(index),
          .kind = static_cast<EntryKind>(word >> kKindShift),
          .payload_bytes = word & kPayloadBytesMax};
}

model::LogIndex Log::last_at_most(model::LogIndex index, model::Term term) const {
  model::LogIndex at = std::min(index, last());
  if (at < base_) {
    return at;
  }
  while (at > base_) {
    const Run& run = runs_[run_of(at)];
    if (run.term <= term) {
      return at;
    }
    at = run.first.prev();
  }
  return base_term_ <= term ? base_ : base_.prev();
}

void Log::append(const EntryMeta& entry) {
  OSTRAKA_ASSERT(entry.index == last().next(), "a gap in the log");
  OSTRAKA_ASSERT(entry.term >= last_term(), "terms fall in the log");
  OSTRAKA_ASSERT(entry.payload_bytes <= kPayloadBytesMax, "an entry beyond the limit");
  if (runs_.empty() || runs_.back().term != entry.term) {
    runs_.push_back({entry.index, entry.term});
  }
  entries_.push_back(static_cast<std::uint32_t>(entry.kind) << kKindShift | entry.payload_bytes);
}

void Log::add_configuration(ConfigurationAt at) {
  OSTRAKA_ASSERT(at.index > configurations_.back().index, "configurations out of order");
  OSTRAKA_ASSERT(at.index <= last(), "a configuration without its entry");
  OSTRAKA_ASSERT(at.configuration != nullptr, "a configuration entry without content");
  configurations_.push_back(std::move(at));
}

bool Log::truncate_from(model::LogIndex index) {
  OSTRAKA_ASSERT(index > base_, "truncation into the compacted part");
  if (index > last()) {
    return false;
  }
  entries_.keep_front(index - base_ - 1);
  while (!runs_.empty() && runs_.back().first >= index) {
    runs_.pop_back();
  }
  const std::size_t before = configurations_.size();
  while (configurations_.size() > 1 && configurations_.back().index >= index) {
    configurations_.pop_back();
  }
  return configurations_.size() != before;
}

void Log::compact(model::LogIndex index) {
  if (index <= base_) {
    return;
  }
  OSTRAKA_ASSERT(index <= last(), "compaction beyond the log");
  base_term_ = term_at(index);
  const std::size_t run = run_of(index);
  runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(run));
  entries_.drop_front(index - base_);
  base_ = index;
  if (entries_.empty() || (runs_.size() > 1 && runs_[1].first == first())) {
    runs_.erase(runs_.begin());
  } else {
    runs_.front().first = first();
  }
  std::size_t keep = 0;
  while (keep + 1 < configurations_.size() && configurations_[keep + 1].index <= index) {
    ++keep;
  }
  configurations_.erase(configurations_.begin(),
                        configurations_.begin() + static_cast<std::ptrdiff_t>(keep));
}

void Log::reset(const SnapshotMeta& snapshot) {
  base_ = snapshot.index;
  base_term_ = snapshot.term;
  runs_.clear();
  entries_.clear();
  auto configuration = snapshot.configuration;
  if (configuration == nullptr) {
    configuration = configurations_.back().configuration;
  }
  configurations_.clear();
  configurations_.push_back({base_, std::move(configuration)});
}

Log::Batch Log::copy_to(Message& message, model::LogIndex first, std::uint32_t bytes_max) const {
  std::uint32_t bytes = 0;
  model::LogIndex at = first;
  while (at <= last()) {
    const EntryMeta entry = meta_at(at);
    if (at != first && (bytes >= bytes_max || entry.payload_bytes > bytes_max - bytes)) {
      break;
    }
    message.entries.push_back(entry);
    bytes += entry.payload_bytes;
    if (entry.kind == EntryKind::configuration) {
      for (const ConfigurationAt& known : configurations_) {
        if (known.index == at) {
          message.configurations.push_back(known);
        }
      }
    }
    at = at.next();
  }
  return {at.prev(), bytes};
}

}  // namespace ostraka::protocol
