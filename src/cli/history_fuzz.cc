// `ostraka check` on arbitrary files: an answer or an error that names the line.
#include "base/assert.h"
#include "cli/history_jsonl.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace ostraka;

void parse(const std::string& text, check::Model model) {
  const auto history = cli::parse_history(text, model);
  if (!history.has_value()) {
    OSTRAKA_ASSERT(history.error().context.starts_with("line "), "the line is named");
    return;
  }
  OSTRAKA_ASSERT(history->operations.size() <= history->lines, "one operation takes a line");
  for (const check::Operation& operation : history->operations) {
    OSTRAKA_ASSERT(operation.argument < history->values.size() &&
                       operation.expected < history->values.size() &&
                       operation.observed < history->values.size(),
                   "values are known");
    OSTRAKA_ASSERT(operation.unknown || operation.call_time <= operation.return_time,
                   "answers come behind their invocations");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  parse(text, check::Model::value);
  parse(text, check::Model::counter);
  return 0;
}
