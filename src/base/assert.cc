#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace ostraka::base {

void assertion_failed(const char* file, int line, const char* expression, std::string_view note) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s (%.*s)\n", file, line, expression,
               static_cast<int>(note.size()), note.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace ostraka::base
