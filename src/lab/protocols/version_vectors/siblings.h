// The values that one server keeps side by side under one key, by four ways of stamping them.
//
// Threads: none. Size: grows with the writes that nobody has merged; bounding it is the point.
#pragma once

#include "lab/core/value.h"
#include "protocol/clock/version_vector.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::lab::versions {

using protocol::clock::ActorId;
using protocol::clock::VersionVector;

// A vector as a flat list: actor, count, actor, count …
[[nodiscard]] List to_list(const VersionVector& vector);
[[nodiscard]] VersionVector vector_from(const List& list);

class Siblings {
 public:
  Siblings() = default;
  Siblings(const Siblings&) = delete;
  Siblings& operator=(const Siblings&) = delete;
  virtual ~Siblings() = default;
  // A write that comes to server `self` from a client that has seen `context`, at `now_us` by the
  // server's clock.
  virtual void put(const std::string& value, const VersionVector& context, ActorId self,
                   std::int64_t now_us) = 0;
  // What another server keeps, as its export_all() gave it.
  virtual void merge(const List& other) = 0;
  [[nodiscard]] virtual List export_all() const = 0;
  // What a reader of all values has seen.
  [[nodiscard]] virtual VersionVector context() const = 0;
  [[nodiscard]] virtual std::vector<std::string> values() const = 0;  // in a fixed order
};

enum class Stamping : std::uint8_t {
  dotted,             // a dot for the write, a vector for what its writer had seen
  vector_per_value,   // a vector each, the server's entry raised: forgets concurrent writes
  vector_per_server,  // one vector over all values: a stale context multiplies siblings
  last_write,         // a time stamp; the latest wins
};

[[nodiscard]] std::unique_ptr<Siblings> make_siblings(Stamping stamping);

}  // namespace ostraka::lab::versions
