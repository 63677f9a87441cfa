// Counts the allocations of a test program: replaces its global allocator. To be included by one
// file of the program only, called allocation_test.cc: under TSan, which replaces the allocator
// too, such files are not built.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace ostraka::base::testing {

// Since the program began; compare two readings.
inline std::size_t g_allocations = 0;

}  // namespace ostraka::base::testing

void* operator new(std::size_t size) {
  ++ostraka::base::testing::g_allocations;
  if (void* block = std::malloc(size == 0 ? 1 : size); block != nullptr) {
    return block;
  }
  std::abort();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
