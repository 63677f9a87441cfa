// A record as text: JSON (docs/formats/lab-run.md), ShiViz' log, SVG, lines for a terminal.
//
// Threads: pure functions.
#pragma once

#include "lab/core/catalogue.h"
#include "lab/core/record.h"

#include <cstdint>
#include <string>

namespace ostraka::lab {

// One JSON object, without a line break at its end.
[[nodiscard]] std::string to_json(const Record& record);
// Over the record's JSON: the same run, the same hash.
[[nodiscard]] std::uint64_t hash_of(const Record& record);
// One line an event: {"host":…,"clock":{…},"event":…,…}. Opens in ShiViz with the parser
// (?<event>) of README.md.
[[nodiscard]] std::string to_shiviz(const Record& record);
// A space-time diagram, complete in itself.
[[nodiscard]] std::string to_svg(const Record& record);
// Space-time listing and verdicts.
[[nodiscard]] std::string to_listing(const Record& record);

// {"protocols":[{"name":…,"title":…,"family":…,"summary":…,"scenarios":[…]}]}
[[nodiscard]] std::string catalogue_json(const Catalogue& catalogue);
// Everything that is declared of one protocol, with its page.
[[nodiscard]] std::string declaration_json(const Entry& entry);

}  // namespace ostraka::lab
