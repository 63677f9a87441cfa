// What the viewer asks for, without HTTP around it: a query to a request, a form to a text.
//
// A query is the part of an address behind '?': protocol=NAME&scenario=NAME&seed=N&set=k:v,k:v&
// do=drop p1.a1.accept.1;crash a2 at 50ms, with %XX and + decoded. The viewer's own address has the
// same parts, so that a link holds the whole run.
// Threads: pure functions. Errors: invalid_argument with a text for people.
#pragma once

#include "base/result.h"
#include "lab/core/catalogue.h"

#include <map>
#include <string>
#include <string_view>

namespace ostraka::lab {

using Query = std::map<std::string, std::string, std::less<>>;

// A key that stands twice is an error, so that no half of a link is ignored.
[[nodiscard]] base::Result<Query> parse_query(std::string_view text);
// Requires `protocol`; other keys than those of a run are errors, `form` excepted.
[[nodiscard]] base::Result<RunRequest> request_of(const Query& query);
// The query of a record: what a link to it holds.
[[nodiscard]] std::string query_of(const Record& record);

// A record as a file: by the ending .html, .json, .ndjson (ShiViz), .svg, .txt (listing).
struct Rendered {
  std::string content_type;
  std::string text;
};
[[nodiscard]] base::Result<Rendered> render_as(const Record& record, std::string_view ending);

}  // namespace ostraka::lab
