#include "lab/web/assets.h"

#include "lab/core/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ostraka::lab {
namespace {

constexpr std::string_view kRunPlace = "<!-- run -->";
constexpr std::string_view kExport = "export ";
constexpr std::string_view kModule = R"(<script type="module" src="static/main.js"></script>)";

void replace(std::string& text, std::string_view what, std::string_view with) {
  if (const std::size_t at = text.find(what); at != std::string::npos) {
    text.replace(at, what.size(), with);
  }
}

// The modules as one: in the order of the list each stands behind what it imports, so that the
// import lines go and `export` goes; names of the top level are unique (tests/browser checks that).
std::string one_module() {
  std::string all;
  for (const Asset& asset : all_assets()) {
    if (!asset.name.ends_with(".js")) {
      continue;
    }
    std::string_view rest = asset.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end);
      if (line.starts_with("import ")) {
        continue;
      }
      if (line.starts_with(kExport)) {
        line.remove_prefix(kExport.size());
      }
      all += line;
    }
  }
  return all;
}

// "</script>" or "<!--" within a text would end or change the element; this is the same text in
// JSON.
std::string in_script(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  }
  return out;
}

}  // namespace

std::string_view content_type_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTypes{{
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".svg", "image/svg+xml"},
  }};
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) {
      return type;
    }
  }
  return "text/plain; charset=utf-8";
}

std::string to_html(const Record& record) {
  std::string page(all_assets().front().text);
  for (const Asset& asset : all_assets().subspan(1)) {
    replace(page, fmt::format(R"(<link rel="stylesheet" href="static/{}">)", asset.name),
            fmt::format("<style>\n{}</style>", asset.text));
  }
  replace(page, kModule, fmt::format("<script type=\"module\">\n{}</script>", one_module()));
  replace(page, kRunPlace,
          fmt::format(R"(<script type="application/json" id="run">{}</script>)",
                      in_script(to_json(record))));
  return page;
}

}  // namespace ostraka::lab
