// A message of a production engine as one of the laboratory, and back. Nothing is lost on the way:
// fields that are zero are left out, payloads go with their entries.
//
// Threads: pure functions. Configuration entries do not occur: the laboratory changes no
// membership.
#pragma once

#include "lab/core/process.h"
#include "lab/protocols/engine/spec.h"
#include "protocol/core/message.h"

#include <map>
#include <string>
#include <utility>

namespace ostraka::lab::engine {

// By place and term: a place may be written again at another one.
using Payloads = std::map<std::pair<model::LogIndex, model::Term>, std::string>;

// A number, or "round.node".
[[nodiscard]] std::string name_of_term(const Spec& spec, model::Term term);

[[nodiscard]] Message to_lab(const Spec& spec, const protocol::Message& message,
                             const Payloads& payloads);
// Adds the payloads of its entries to `payloads`.
[[nodiscard]] protocol::Message from_lab(const Spec& spec, ProcessId from, ProcessId to,
                                         const Message& message, Payloads& payloads);

}  // namespace ostraka::lab::engine
