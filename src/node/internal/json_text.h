// JSON with what peers said in it. A peer is authenticated, not right: its texts may be any bytes,
// its objects of any depth, and neither may end this process.
//
// Threads: pure functions.
#pragma once

#include "base/bytes.h"

#include <nlohmann/json.hpp>

#include <string>

namespace ostraka::node {

// On one line. Bytes that are no UTF-8 are shown as U+FFFD; the library would throw. Requires a
// value that is not deep.
[[nodiscard]] inline std::string to_text(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// An object of scalars: deeper values are left out, so that nobody walks them recursively.
// Discarded when the text is no JSON.
[[nodiscard]] inline nlohmann::ordered_json parse_flat(base::ByteView text) {
  using Json = nlohmann::ordered_json;
  const auto keep = [](int depth, Json::parse_event_t event, const Json&) {
    const bool begins =
        event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    return !begins || depth == 0;
  };
  return Json::parse(text, keep, /*allow_exceptions=*/false);
}

}  // namespace ostraka::node
