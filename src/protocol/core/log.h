// The replicated log without payloads: runs of equal terms, and four bytes for each entry.
//
// Entries up to base() are gone (compacted, or covered by a snapshot); base_term() is kept for the
// consistency check of the entry behind. The configurations in the log are kept with their places;
// the first one is the configuration at base(). Threads: none.
#pragma once

#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/message.h"
#include "protocol/core/protocol.h"
#include "protocol/core/ring.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace ostraka::protocol {

class Log {
 public:
  // Largest payload of one entry: its size shares a word with its kind.
  static constexpr std::uint32_t kPayloadBytesMax = (1U << 30) - 1;

  explicit Log(const Recovered& recovered);

  [[nodiscard]] model::LogIndex base() const { return base_; }
  [[nodiscard]] model::Term base_term() const { return base_term_; }
  [[nodiscard]] model::LogIndex first() const { return base_.next(); }
  [[nodiscard]] model::LogIndex last() const { return base_ + entries_.size(); }
  [[nodiscard]] model::Term last_term() const {
    return runs_.empty() ? base_term_ : runs_.back().term;
  }
  // 0 when the entry is not known; the term at base() is.
  [[nodiscard]] model::Term term_at(model::LogIndex index) const;
  // Requires an entry that is kept.
  [[nodiscard]] EntryMeta meta_at(model::LogIndex index) const;
  [[nodiscard]] std::uint32_t bytes_at(model::LogIndex index) const;
  // Adds entries from `first` on to the message, with their configurations: one if it is there,
  // and more as long as their payloads stay within `bytes_max`.
  struct Batch {
    model::LogIndex last;  // that was added; before `first` when there was none
    std::uint32_t bytes = 0;
  };
  Batch copy_to(Message& message, model::LogIndex first, std::uint32_t bytes_max) const;
  // The greatest index <= `index` whose term is <= `term`, for skipping whole terms while looking
  // for the last entry in common. Below base() nothing is known: the result is then before base().
  [[nodiscard]] model::LogIndex last_at_most(model::LogIndex index, model::Term term) const;

  // Requires entry.index == last() + 1 and a term that does not fall.
  void append(const EntryMeta& entry);
  void add_configuration(ConfigurationAt at);
  // Drops `index` and everything behind it. True when a configuration went with it.
  bool truncate_from(model::LogIndex index);
  // Drops everything up to `index`, which is at most last().
  void compact(model::LogIndex index);
  void reset(const SnapshotMeta& snapshot);

  [[nodiscard]] const ConfigurationAt& configuration() const { return configurations_.back(); }
  // Oldest first; never empty.
  [[nodiscard]] const std::vector<ConfigurationAt>& configurations() const {
    return configurations_;
  }

 private:
  struct Run {
    model::LogIndex first;
    model::Term term;
  };
  [[nodiscard]] std::uint32_t word_at(model::LogIndex index) const;
  // The last run that starts at or before `index`; runs_.size() when there is none.
  [[nodiscard]] std::size_t run_of(model::LogIndex index) const;

  model::LogIndex base_;
  model::Term base_term_;
  std::vector<Run> runs_;        // rising in both; the first starts at first()
  Ring<std::uint32_t> entries_;  // kind in the two high bits, payload bytes in the others
  std::vector<ConfigurationAt> configurations_;
};

}  // namespace ostraka::protocol
