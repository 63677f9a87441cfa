// A schedule of messages of a peer that is authenticated and wrong, of completions and of requests,
// spelled by arbitrary bytes (faults: F10), for any engine. Aborts when a peer can fire an
// assertion, or bring the engine to break its driver's contract.
//
// An engine's own test and fuzz target say with a HostileEngine what its messages look like, so
// that most of what is invented is nearly right. Threads: none. The same bytes give the same run.
#pragma once

#include "base/bytes.h"
#include "protocol/core/engine_probe.h"
#include "protocol/testing/victim.h"

#include <cstdint>
#include <span>
#include <string>

namespace ostraka::protocol::testing {

// Pointers to what lives for ever.
struct HostileEngine {
  const EngineProbe* probe = nullptr;
  // Kinds of messages that carry entries.
  std::span<const std::uint8_t> carriers;
  // Message::flags of a correct answer.
  std::uint8_t answer_flags = 0;
  // The kind with which a correct peer answers this one.
  std::uint8_t (*answer_to)(std::uint8_t kind) = nullptr;
  // The lowest term of `from` that is not below `term`; null: terms belong to nobody.
  model::Term (*term_of)(model::Term term, model::NodeId from) = nullptr;
  // Brings a message nearer to what a correct peer says: an answer to `asked`, or an invented one
  // (null). Null: fields mean much the same in every kind.
  void (*shape)(Message& message, const Message* asked) = nullptr;
};

[[nodiscard]] Victim::Counters hostile_run(const HostileEngine& engine, base::ByteView script);

// A script drawn from a seed.
[[nodiscard]] std::string hostile_script(std::uint64_t seed);

// The scripts of seeds 1 to `seeds`, one after the other; the sum of what came of them.
[[nodiscard]] Victim::Counters hostile_runs(const HostileEngine& engine, std::uint64_t seeds);

// What happened too rarely in some thousand runs for them to prove anything; empty when all did.
[[nodiscard]] std::string too_rare(const Victim::Counters& sum);

}  // namespace ostraka::protocol::testing
