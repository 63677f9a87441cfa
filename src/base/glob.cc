#include "base/glob.h"

#include <utility>

namespace ostraka::base {
namespace {

unsigned char folded(char c, LetterCase letters) {
  const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return static_cast<unsigned char>(letters == LetterCase::ignored ? lower : c);
}

// Matches one byte against the class that begins at pattern[at] == '['; leaves `at` behind it. A
// class without end reaches to the end of the pattern.
bool class_matches(ByteView pattern, std::size_t& at, char c, LetterCase letters) {
  ++at;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  at += negated ? 1 : 0;
  const unsigned char wanted = folded(c, letters);
  bool matched = false;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      ++at;
      matched = matched || folded(pattern[at], letters) == wanted;
      ++at;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      unsigned char low = folded(pattern[at], letters);
      unsigned char high = folded(pattern[at + 2], letters);
      if (low > high) {
        std::swap(low, high);
      }
      matched = matched || (wanted >= low && wanted <= high);
      at += 3;
    } else {
      matched = matched || folded(pattern[at], letters) == wanted;
      ++at;
    }
  }
  at += at < pattern.size() ? 1 : 0;
  return matched != negated;
}

// Matches one byte against one element that is not '*'; leaves `at` behind the element.
bool element_matches(ByteView pattern, std::size_t& at, char c, LetterCase letters) {
  if (pattern[at] == '?') {
    ++at;
    return true;
  }
  if (pattern[at] == '[') {
    return class_matches(pattern, at, c, letters);
  }
  if (pattern[at] == '\\' && at + 1 < pattern.size()) {
    ++at;
  }
  return folded(pattern[at++], letters) == folded(c, letters);
}

}  // namespace

// On a mismatch only the last '*' takes one byte more: earlier ones need no second try.
bool glob_matches(ByteView pattern, ByteView text, LetterCase letters) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = ByteView::npos;
  std::size_t star_in = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      star_in = in;
      continue;
    }
    if (at < pattern.size() && element_matches(pattern, at, text[in], letters)) {
      ++in;
      continue;
    }
    if (star == ByteView::npos) {
      return false;
    }
    at = star;
    in = ++star_in;
  }
  while (at < pattern.size() && pattern[at] == '*') {
    ++at;
  }
  return at == pattern.size();
}

}  // namespace ostraka::base
