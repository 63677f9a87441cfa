// What every engine does, whatever its messages: one suite, which each engine's own test
// instantiates, so that a difference between engines is a failure or is written down.
//
//   class Conformance : public ::testing::TestWithParam<protocol::testing::ConformanceCase> {};
//   TEST_P(Conformance, Holds) {
//     const protocol::testing::Verdict verdict = GetParam().run(probe());
//     for (const std::string& failure : verdict.failures) {
//       ADD_FAILURE() << failure;
//     }
//     if (!verdict.missing.empty()) {
//       GTEST_SKIP() << "the engine has no " << verdict.missing;
//     }
//   }
//   INSTANTIATE_TEST_SUITE_P(Raft, Conformance,
//                            ::testing::ValuesIn(protocol::testing::conformance_cases()),
//                            [](const auto& tested) { return std::string(tested.param.name); });
//
// What Capabilities say an engine lacks counts as skipped, by name; but asking for it must be
// answered with `unsupported`, and what it does not have must not show.
#pragma once

#include "protocol/core/engine_probe.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ostraka::protocol::testing {

struct Verdict {
  std::vector<std::string> failures;  // empty = passed
  std::string missing;                // what the engine does not have
};

struct ConformanceCase {
  std::string_view name;
  Verdict (*run)(const EngineProbe& engine) = nullptr;
};

[[nodiscard]] std::span<const ConformanceCase> conformance_cases();

}  // namespace ostraka::protocol::testing
