// The protocols that there are, and a run of one of them by name.
//
// Threads: read-only after construction. Errors: invalid_argument for a wrong protocol, scenario,
// parameter, value or intervention, with the nearest names in the text.
#pragma once

#include "base/result.h"
#include "lab/core/declaration.h"
#include "lab/core/record.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ostraka::lab {

struct Entry {
  const Declaration* declaration = nullptr;  // lives as long as the program
  std::string_view page = {};                // Markdown
};

// The whole of a run: the same request gives the same record, on every machine.
struct RunRequest {
  std::string protocol = {};
  std::string scenario = {};  // empty: the first
  std::uint64_t seed = 1;
  std::vector<std::pair<std::string, std::string>> set = {};
  std::vector<std::string> interventions = {};
};

// What one run may grow to; reached, the record ends there and says so.
struct RunLimits {
  std::size_t events = 20'000;
  std::size_t bytes = 16U << 20;  // of texts and fields in the record
};

class Catalogue {
 public:
  explicit Catalogue(std::vector<Entry> entries) : entries_(std::move(entries)) {}
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] base::Result<Entry> find(std::string_view protocol) const;
  [[nodiscard]] base::Result<Record> run(const RunRequest& request, RunLimits limits = {}) const;

 private:
  std::vector<Entry> entries_;
};

// Of one declaration, without a catalogue.
[[nodiscard]] base::Result<Record> run(const Declaration& declaration, const RunRequest& request,
                                       RunLimits limits = {});
[[nodiscard]] base::Result<Scenario> find_scenario(const Declaration& declaration,
                                                   std::string_view name);
// The command that repeats a record.
[[nodiscard]] std::string command_of(const Record& record);

}  // namespace ostraka::lab
