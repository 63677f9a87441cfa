// Version vectors and dotted versions: which of two versions has seen the other.
//
// VersionVector: for each actor, how many of its events are known. As a vector clock it stamps
// events; as a version vector it stamps copies of a value. One entry per actor is too coarse for a
// server that writes for many clients: two clients that overwrite the same version through one
// server get vectors of which one seems to know the other. DottedVersion keeps the one event that
// made a version apart from what its writer had seen, and so tells the two as concurrent.
//
// Sources: Fidge 1988, Mattern 1989 (vector clocks); Parker and others 1983 (version vectors);
// Preguica, Baquero, Almeida, Fonte, Goncalves, "Dotted Version Vectors", 2010.
// Threads: values. Size: one entry per actor that ever acted.
#pragma once

#include "base/strong_id.h"

#include <compare>
#include <cstdint>
#include <map>
#include <string_view>

namespace ostraka::protocol::clock {

// Whoever advances an entry: a process, a server, a client. An actor that lost its memory must
// come back under another name, or it would use counts again.
using ActorId = base::StrongId<struct ActorIdTag, std::uint64_t>;

enum class Causality : std::uint8_t { equal, before, after, concurrent };
[[nodiscard]] std::string_view name_of(Causality relation);

// One event: the actor's counter-th, from 1.
struct Dot {
  ActorId actor;
  std::uint64_t counter = 0;
  friend auto operator<=>(const Dot&, const Dot&) = default;
};

class VersionVector {
 public:
  // The actor's events 1 … count are known; 0 = none.
  [[nodiscard]] std::uint64_t operator[](ActorId actor) const;
  void set(ActorId actor, std::uint64_t count);  // 0 takes the entry away
  // One more event of `actor`.
  Dot advance(ActorId actor);
  // All that either knows: the maximum, entry by entry.
  void merge(const VersionVector& other);
  [[nodiscard]] bool covers(const Dot& dot) const { return (*this)[dot.actor] >= dot.counter; }
  // before: `other` knows all of this one and more.
  [[nodiscard]] Causality compare(const VersionVector& other) const;
  [[nodiscard]] bool empty() const { return counts_.empty(); }
  [[nodiscard]] const std::map<ActorId, std::uint64_t>& entries() const { return counts_; }
  friend bool operator==(const VersionVector&, const VersionVector&) = default;

 private:
  [[nodiscard]] bool knows_all_of(const VersionVector& other) const;
  std::map<ActorId, std::uint64_t> counts_;  // without zeros
};

// A version made by the event `dot`, whose writer had seen `past`.
struct DottedVersion {
  Dot dot;
  VersionVector past;

  // `other`'s writer had seen this version, or one that replaced it.
  [[nodiscard]] bool is_obsoleted_by(const DottedVersion& other) const {
    return other.past.covers(dot);
  }
  [[nodiscard]] Causality compare(const DottedVersion& other) const;
  // Adds the version and all that it has seen to `context`: what a reader of it has seen.
  void add_to(VersionVector& context) const;
  friend bool operator==(const DottedVersion&, const DottedVersion&) = default;
};

}  // namespace ostraka::protocol::clock
