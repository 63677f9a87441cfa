#include "node/internal/engine_choice.h"

#include <fmt/format.h>

namespace ostraka::node {
namespace {

std::string name_of(std::uint8_t number) {
  const protocol::Engine* engine = protocol::find_engine(number);
  return engine == nullptr ? fmt::format("number {} (of a later version)", number)
                           : std::string(engine->name);
}

}  // namespace

base::Result<const protocol::Engine*> engine_asked_for(const std::string& asked) {
  const protocol::Engine* engine =
      protocol::find_engine(asked.empty() ? protocol::kDefaultEngine : std::string_view(asked));
  if (engine == nullptr) {
    return base::fail(base::ErrorCode::invalid_argument,
                      fmt::format("--engine '{}': one of {}", asked, protocol::engine_names()));
  }
  return engine;
}

base::Result<const protocol::Engine*> engine_of_directory(std::uint8_t stored,
                                                          const std::string& asked) {
  const protocol::Engine* engine = protocol::find_engine(stored);
  if (engine == nullptr) {
    return base::fail(base::ErrorCode::format_unknown,
                      fmt::format("the data directory was made with the replication engine {}; "
                                  "this program has {}",
                                  name_of(stored), protocol::engine_names()));
  }
  if (!asked.empty() && asked != engine->name) {
    return base::fail(base::ErrorCode::identity_mismatch,
                      fmt::format("the data directory was made with the replication engine {}, "
                                  "--engine says {}: a cluster keeps its engine, leave --engine "
                                  "out",
                                  engine->name, asked));
  }
  return engine;
}

std::string other_engine(const std::string& who, std::uint8_t theirs, std::uint8_t mine) {
  return fmt::format(
      "{} has the replication engine {}, this node {}: a cluster has one; start "
      "this node with --engine {} and an empty data directory",
      who, name_of(theirs), name_of(mine), name_of(theirs));
}

}  // namespace ostraka::node
