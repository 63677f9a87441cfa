#include "lab/web/api.h"

#include "lab/core/export.h"
#include "lab/web/assets.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace ostraka::lab {
namespace {

std::unexpected<base::Error> wrong(std::string text) {
  return base::fail(base::ErrorCode::invalid_argument, std::move(text));
}

std::optional<unsigned> hex_of(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<unsigned>(c - '0');
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? std::optional(static_cast<unsigned>(lower - 'a') + 10)
                                      : std::nullopt;
}

base::Result<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const auto high = i + 1 < text.size() ? hex_of(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_of(text[i + 2]) : std::nullopt;
    if (!high || !low) {
      return wrong(fmt::format("'{}' has a % without two hexadecimal digits behind it", text));
    }
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

std::string encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || std::string_view("-_.~:,;|").contains(c);
    out += is_plain ? std::string(1, c)
                    : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) {
      parts.emplace_back(text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

base::Status put(const std::string& key, const std::string& value, RunRequest& request) {
  if (key == "protocol") {
    request.protocol = value;
  } else if (key == "scenario") {
    request.scenario = value;
  } else if (key == "seed") {
    const auto [end, problem] =
        std::from_chars(value.data(), value.data() + value.size(), request.seed);
    if (problem != std::errc() || end != value.data() + value.size()) {
      return wrong(fmt::format("seed is '{}', but must be a number from 0", value));
    }
  } else if (key == "set") {
    for (const std::string& each : split(value, ',')) {
      const std::size_t colon = each.find(':');
      if (colon == std::string::npos) {
        return wrong(fmt::format("set has '{}', but must be name:value,name:value", each));
      }
      request.set.emplace_back(each.substr(0, colon), each.substr(colon + 1));
    }
  } else if (key == "do") {
    request.interventions = split(value, ';');
  } else if (key != "form") {
    const std::array<std::string, 6> known{"protocol", "scenario", "seed", "set", "do", "form"};
    return wrong(unknown_name("part of the query", key, known));
  }
  return {};
}

}  // namespace

base::Result<Query> parse_query(std::string_view text) {
  Query query;
  for (const std::string& part : split(text, '&')) {
    const std::size_t equals = std::min(part.find('='), part.size());
    OSTRAKA_ASSIGN(std::string key, decode(std::string_view(part).substr(0, equals)));
    OSTRAKA_ASSIGN(std::string value,
                   decode(std::string_view(part).substr(std::min(equals + 1, part.size()))));
    if (!query.emplace(key, std::move(value)).second) {
      return wrong(fmt::format("{} stands twice in the query", key));
    }
  }
  return query;
}

base::Result<RunRequest> request_of(const Query& query) {
  RunRequest request;
  for (const auto& [key, value] : query) {
    OSTRAKA_TRY(put(key, value, request));
  }
  if (request.protocol.empty()) {
    return wrong("protocol=NAME is missing");
  }
  return request;
}

std::string query_of(const Record& record) {
  std::string query = fmt::format("protocol={}&scenario={}&seed={}", encode(record.protocol),
                                  encode(record.scenario), record.seed);
  std::string set;
  for (const auto& [name, value] : record.set) {
    set += fmt::format("{}{}:{}", set.empty() ? "" : ",", name, value);
  }
  std::string interventions;
  for (const RecordIntervention& each : record.interventions) {
    if (!each.by_scenario) {
      interventions += (interventions.empty() ? "" : ";") + each.text;
    }
  }
  query += set.empty() ? "" : "&set=" + encode(set);
  query += interventions.empty() ? "" : "&do=" + encode(interventions);
  return query;
}

base::Result<Rendered> render_as(const Record& record, std::string_view ending) {
  if (ending == "json") {
    return Rendered{"application/json", to_json(record) + "\n"};
  }
  if (ending == "html") {
    return Rendered{"text/html; charset=utf-8", to_html(record)};
  }
  if (ending == "ndjson") {
    return Rendered{"application/x-ndjson", to_shiviz(record)};
  }
  if (ending == "svg") {
    return Rendered{"image/svg+xml", to_svg(record)};
  }
  if (ending == "txt") {
    return Rendered{"text/plain; charset=utf-8", to_listing(record)};
  }
  const std::array<std::string, 5> known{"html", "json", "ndjson", "svg", "txt"};
  return wrong(unknown_name("form of a run", ending, known));
}

}  // namespace ostraka::lab
