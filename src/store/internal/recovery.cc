#include "store/internal/recovery.h"

#include "codec/configuration.h"

#include <algorithm>
#include <string>
#include <utility>

namespace ostraka::store {
namespace {

bool is_new(const kv::AppliedState& applied, const port::RecoveredLog& log) {
  return applied.index.is_none() && log.start.is_none() && log.entries.empty() &&
         log.hard_state == protocol::HardState{};
}

// The log holds the very entry that the state was applied up to, and of slots all those before it:
// one that was accepted behind a gap may stand where an installed snapshot ends.
bool matches(const kv::AppliedState& applied, const port::RecoveredLog& log) {
  if (applied.index == log.start) {
    return applied.term == log.start_term || applied.index.is_none();
  }
  const auto found = std::lower_bound(
      log.entries.begin(), log.entries.end(), applied.index,
      [](const port::LogEntry& entry, model::LogIndex index) { return entry.meta.index < index; });
  const auto before = static_cast<std::uint64_t>(found - log.entries.begin());
  return found != log.entries.end() && found->meta.index == applied.index &&
         found->meta.term == applied.term && before == applied.index - log.start - 1;
}

// The first entry of every shard is its initial configuration, the same on every member; the term
// before the first election is 1.
port::LogWrite bootstrap(const model::Configuration& initial) {
  std::string encoded;
  codec::encode_configuration(initial, encoded);
  port::LogEntry entry;
  entry.meta.index = model::LogIndex(1);
  entry.meta.term = model::Term(1);
  entry.meta.kind = protocol::EntryKind::configuration;
  entry.meta.payload_bytes = static_cast<std::uint32_t>(encoded.size());
  entry.payload = base::Buffer::take(std::move(encoded));
  port::LogWrite write;
  write.entries.push_back(std::move(entry));
  write.hard_state = protocol::HardState{model::Term(1), {}, {}};
  return write;
}

}  // namespace

base::Result<Recovery> recover(const kv::AppliedState& applied, port::RecoveredLog log,
                               const std::shared_ptr<const model::Configuration>& initial,
                               bool keeps_slots) {
  Recovery recovery;
  if (is_new(applied, log) && initial != nullptr) {
    recovery.first_write = bootstrap(*initial);
    log.entries = recovery.first_write->entries;
    log.hard_state = *recovery.first_write->hard_state;
  }
  if (applied.index < log.start) {
    return base::fail(base::ErrorCode::corruption, "the log starts behind the checkpoint");
  }
  if (!matches(applied, log)) {
    // A snapshot was installed and the process ended before the log was reset behind it: the state
    // is committed, what the log has in its place is not.
    if (keeps_slots) {
      // What was accepted behind it is promised to be remembered.
      std::erase_if(log.entries, [&applied](const port::LogEntry& entry) {
        return entry.meta.index <= applied.index;
      });
    } else {
      log.entries.clear();
      log.hard_state.term = std::max(log.hard_state.term, applied.term);
    }
    log.start = applied.index;
    log.start_term = applied.term;
    recovery.reset_log = replica::LogPosition{applied.index, applied.term};
  }
  protocol::Recovered& recovered = recovery.recovered;
  recovered.hard_state = log.hard_state;
  recovered.applied = applied.index;
  recovered.snapshot.index = log.start;
  recovered.snapshot.term = log.start_term;
  recovered.snapshot.configuration = applied.configuration;
  if (recovered.snapshot.configuration == nullptr) {
    recovered.snapshot.configuration = initial != nullptr && log.start.is_none()
                                           ? initial
                                           : std::make_shared<const model::Configuration>();
  }
  recovered.entries.reserve(log.entries.size());
  for (port::LogEntry& entry : log.entries) {
    recovered.entries.push_back(entry.meta);
    if (entry.meta.kind == protocol::EntryKind::configuration) {
      OSTRAKA_ASSIGN(model::Configuration configuration,
                     codec::decode_configuration(entry.payload.view()));
      recovered.configurations.push_back(
          {entry.meta.index,
           std::make_shared<const model::Configuration>(std::move(configuration))});
    }
    if (entry.meta.index > applied.index) {
      recovery.unapplied.push_back(std::move(entry));
    }
  }
  return recovery;
}

}  // namespace ostraka::store
