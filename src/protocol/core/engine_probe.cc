#include "protocol/core/engine_probe.h"

#include <algorithm>

namespace ostraka::protocol {
namespace {

// 0 when it is not there.
std::size_t place_of(std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? 0 : static_cast<std::size_t>(found - names.begin());
}

}  // namespace

std::string_view kind_name(const EngineProbe& engine, std::uint8_t kind) {
  return kind < engine.kinds.size() ? engine.kinds[kind] : "?";
}

std::uint8_t kind_named(const EngineProbe& engine, std::string_view name) {
  return static_cast<std::uint8_t>(place_of(engine.kinds, name));
}

std::size_t mutant_named(const EngineProbe& engine, std::string_view name) {
  return place_of(engine.mutants, name);
}

}  // namespace ostraka::protocol
