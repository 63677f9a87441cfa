// What a node knows of everybody's entries, what it tells of that in a digest, and which entries it
// sends to one whose digest it has: the two reconciliations as functions of values.
//
// Owners and keys count from 1, versions of an owner too: each change of one of its entries takes
// its next version. Lengths are bytes. Threads: none.
#pragma once

#include "base/prng.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ostraka::lab::reconciliation_detail {

enum class Method : std::uint8_t {  // as the parameter's choices
  precise_oldest,
  precise_newest,
  scuttle_breadth,
  scuttle_depth,
  scuttle_gaps,  // wrong: the newest first, though the digest is a maximum
};

[[nodiscard]] constexpr bool is_precise(Method method) { return method <= Method::precise_newest; }

// A digest's line: the version that is known of an entry, or (key 0) the highest of an owner.
struct Known {
  std::int64_t owner = 0;
  std::int64_t key = 0;
  std::int64_t version = 0;
};

struct Delta {
  std::int64_t owner = 0;
  std::int64_t key = 0;
  std::int64_t version = 0;
  std::int64_t written = 0;  // when, in ms
};

inline constexpr std::int64_t kHeaderBytes = 20;
[[nodiscard]] std::int64_t digest_bytes(Method method, std::size_t lines);
[[nodiscard]] std::int64_t deltas_bytes(std::size_t deltas, std::int64_t value_bytes);

class Store {
 public:
  Store(std::int64_t owners, std::int64_t keys);
  // The owner itself changes an entry.
  Delta update(std::int64_t owner, std::int64_t key, std::int64_t written);
  // False: what is known is as new.
  bool take(const Delta& delta);
  [[nodiscard]] std::int64_t version(std::int64_t owner, std::int64_t key) const;
  [[nodiscard]] std::int64_t highest(std::int64_t owner) const;
  [[nodiscard]] std::vector<Delta> all() const;

  // As many owners as fit into `bytes_max`, at least one, from `first` on.
  [[nodiscard]] std::vector<Known> digest(Method method, std::int64_t first,
                                          std::int64_t bytes_max) const;
  // The same of the owners that `other` names.
  [[nodiscard]] std::vector<Known> answer(Method method, const std::vector<Known>& other) const;
  // What is newer here than that digest says.
  [[nodiscard]] std::vector<Delta> newer_than(const std::vector<Known>& digest) const;
  // The digest tells of something that is newer than here.
  [[nodiscard]] bool lacks(const std::vector<Known>& digest) const;

 private:
  [[nodiscard]] Delta& at(std::int64_t owner, std::int64_t key);
  [[nodiscard]] const Delta& at(std::int64_t owner, std::int64_t key) const;
  void describe(Method method, std::int64_t owner, std::vector<Known>& lines) const;

  std::int64_t owners_;
  std::int64_t keys_;
  std::vector<Delta> entries_;  // by owner, then key; version 0 = not known
};

// The `count` of `deltas` that go first. Ties are drawn.
[[nodiscard]] std::vector<Delta> choose(Method method, std::vector<Delta> deltas, std::size_t count,
                                        base::Prng& prng);

// How many deltas fit into a message.
[[nodiscard]] std::size_t deltas_max(std::int64_t bytes_max, std::int64_t value_bytes);

}  // namespace ostraka::lab::reconciliation_detail
