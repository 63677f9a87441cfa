#include "kv/internal/glob.h"

#include <algorithm>

namespace ostraka::kv {
namespace {

unsigned char at(base::ByteView bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// Whether `byte` is in the class that begins behind '[' at `p`; `p` moves behind the ']'.
bool class_matches(base::ByteView pattern, std::size_t& p, unsigned char byte) {
  const bool negated = p < pattern.size() && pattern[p] == '^';
  p += negated ? 1 : 0;
  bool found = false;
  while (p < pattern.size() && pattern[p] != ']') {
    if (pattern[p] == '\\' && p + 1 < pattern.size()) {
      found = found || at(pattern, p + 1) == byte;
      p += 2;
    } else if (p + 2 < pattern.size() && pattern[p + 1] == '-') {
      const auto [low, high] = std::minmax(at(pattern, p), at(pattern, p + 2));
      found = found || (low <= byte && byte <= high);
      p += 3;
    } else {
      found = found || at(pattern, p) == byte;
      ++p;
    }
  }
  p += p < pattern.size() ? 1 : 0;
  return found != negated;
}

// Whether the one-byte element at `p` matches; `p` moves behind it. Requires that it is not '*'.
bool element_matches(base::ByteView pattern, std::size_t& p, unsigned char byte) {
  switch (pattern[p]) {
    case '?':
      ++p;
      return true;
    case '[':
      ++p;
      return class_matches(pattern, p, byte);
    case '\\':
      p += p + 1 < pattern.size() ? 1 : 0;
      break;
    default:
      break;
  }
  return at(pattern, p++) == byte;
}

}  // namespace

bool glob_matches(base::ByteView pattern, base::ByteView text) {
  std::size_t p = 0;
  std::size_t t = 0;
  // Behind the last '*' seen, and where in the text what it swallows ends. Only the last one needs
  // to be tried again: an earlier one that swallowed less found a match up to here already.
  std::size_t star_p = base::ByteView::npos;
  std::size_t star_t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star_p = ++p;
      star_t = t;
      continue;
    }
    if (p < pattern.size() && element_matches(pattern, p, at(text, t))) {
      ++t;
      continue;
    }
    if (star_p == base::ByteView::npos) {
      return false;
    }
    p = star_p;
    t = ++star_t;
  }
  while (p < pattern.size() && pattern[p] == '*') {
    ++p;
  }
  return p == pattern.size();
}

}  // namespace ostraka::kv
