// A message of a production engine as one of the laboratory, and back. Nothing is lost on the way:
// fields that are zero are left out, payloads go with their entries.
//
// Threads: pure functions.
#pragma once

#include "lab/core/process.h"
#include "lab/protocols/engine/spec.h"
#include "protocol/core/message.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace ostraka::lab::engine {

// By place and term: a place may be written again at another one.
using Payloads = std::map<std::pair<model::LogIndex, model::Term>, std::string>;

// What a configuration entry holds: "(voters 1 2 4)", joint "(voters 1 2 4 with 1 2 3)".
[[nodiscard]] std::string text_of(const model::Configuration& configuration);
[[nodiscard]] std::shared_ptr<const model::Configuration> configuration_in(std::string_view text);
[[nodiscard]] model::Member member(std::uint32_t node);

// A number, or "round.node".
[[nodiscard]] std::string name_of_term(const Spec& spec, model::Term term);

[[nodiscard]] Message to_lab(const Spec& spec, const protocol::Message& message,
                             const Payloads& payloads);
// Adds the payloads of its entries to `payloads`.
[[nodiscard]] protocol::Message from_lab(const Spec& spec, ProcessId from, ProcessId to,
                                         const Message& message, Payloads& payloads);

}  // namespace ostraka::lab::engine
