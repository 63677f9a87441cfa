// Applies entries: decodes, deduplicates, executes, writes one batch, then tells the listener.
//
// Threads: the shard's reactor. The listener must not call apply from within.
#pragma once

#include "base/result.h"
#include "codec/entry.h"
#include "codec/operation.h"
#include "kv/internal/core.h"
#include "kv/internal/operations.h"
#include "kv/internal/sessions.h"
#include "port/log_store.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ostraka::kv {

class Applier {
 public:
  Applier(Core& core, Operations& operations, Sessions& sessions)
      : core_(core), operations_(operations), sessions_(sessions) {}

  [[nodiscard]] base::Status apply(std::span<const port::LogEntry> entries,
                                   ApplyListener& listener);
  // Forgets results that have not been told.
  void drop();

 private:
  // A result that is told behind those before it.
  struct Told {
    model::SessionId session;
    model::Serial serial;
    std::optional<base::ErrorCode> error;
    std::size_t offset = 0;  // in arena_
    std::size_t size = 0;
  };

  [[nodiscard]] base::Status apply_one(const port::LogEntry& entry, ApplyListener& listener);
  [[nodiscard]] base::Status apply_data(const port::LogEntry& entry, ApplyListener& listener);
  void note_applied(const port::LogEntry& entry);
  [[nodiscard]] base::Status apply_configuration(const port::LogEntry& entry);
  [[nodiscard]] base::Status apply_commands(const codec::EntryHeader& header,
                                            codec::EntryReader& reader, model::LogIndex index);
  [[nodiscard]] base::Status apply_in_session(const codec::EntryHeader& header, SessionHead& head,
                                              codec::EntryReader& reader, model::LogIndex index);
  // Executes one command into reply_; empty when it cannot be decoded.
  [[nodiscard]] base::Status execute(base::ByteView command, model::LogIndex index);
  [[nodiscard]] base::Status tell_again(const codec::EntryHeader& header, const SessionHead& head,
                                        model::Serial serial);
  void tell_all(const codec::EntryHeader& header, base::ErrorCode error);
  // reply_ lies at the end of the arena.
  void tell_reply(model::SessionId session, model::Serial serial);
  // Hands what waits to the engine when it is more than its bound.
  [[nodiscard]] base::Status make_room();
  [[nodiscard]] base::Status tell_hash(model::LogIndex index, ApplyListener& listener);
  void deliver(ApplyListener& listener);

  Core& core_;
  Operations& operations_;
  Sessions& sessions_;
  std::vector<codec::Operation> decoded_;
  std::string reply_;
  std::string arena_;  // of results that are not told yet
  std::vector<Told> told_;
};

}  // namespace ostraka::kv
