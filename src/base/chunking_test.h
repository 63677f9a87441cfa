// What fuzz targets of incremental readers share: the same bytes in pieces of any size must be
// understood alike.
#pragma once

#include "base/assert.h"
#include "base/bytes.h"

#include <cstddef>
#include <string>

namespace ostraka::base::testing {

// Feeds `input` in pieces of `step` bytes and returns everything that was understood, as text.
// `take` takes complete units from the front of its view, appends their text to the story and
// returns false when the stream cannot go on. What it leaves comes again, with more behind it;
// it may leave at most `held_max` bytes.
template <typename Take>
std::string story_of(ByteView input, std::size_t step, std::size_t held_max, Take take) {
  std::string story;
  std::string held;
  for (std::size_t at = 0; at < input.size(); at += step) {
    held += input.substr(at, step);
    ByteView in = held;
    if (!take(in, story)) {
      return story;
    }
    held.erase(0, held.size() - in.size());
    OSTRAKA_ASSERT(held.size() <= held_max, "what waits for more is bounded");
  }
  return story + " and " + std::to_string(held.size()) + " bytes";
}

// `story(step)` for the whole input at once, byte by byte and in pieces of `step`.
template <typename Story>
void expect_same_in_pieces(std::size_t size, std::size_t step, Story story) {
  const std::string whole = story(size + 1);
  OSTRAKA_ASSERT(story(1) == whole, "byte by byte");
  OSTRAKA_ASSERT(story(step) == whole, "in pieces");
}

}  // namespace ostraka::base::testing
