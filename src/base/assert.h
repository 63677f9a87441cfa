// Assertions that stay on in every build, release included.
//
// A broken invariant is a programming error: the process prints one line and aborts, because going
// on could lose data. Never use these for input that comes from outside (clients, peers, disks):
// that gets an Error.
#pragma once

#include <string_view>

namespace ostraka::base {

// Prints "file:line: assertion failed: expression (note)" to standard error and aborts. Never
// returns.
[[noreturn]] void assertion_failed(const char* file, int line, const char* expression,
                                   std::string_view note);

}  // namespace ostraka::base

// Aborts when `condition` is false. `note` (a string view) says what it means for the reader of a
// crash report.
#define OSTRAKA_ASSERT(condition, note) \
  (static_cast<bool>(condition)         \
       ? static_cast<void>(0)           \
       : ::ostraka::base::assertion_failed(__FILE__, __LINE__, #condition, (note)))

// Marks code that cannot be reached.
#define OSTRAKA_UNREACHABLE(note) \
  ::ostraka::base::assertion_failed(__FILE__, __LINE__, "unreachable", (note))
