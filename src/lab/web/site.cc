#include "lab/web/site.h"

#include "lab/core/export.h"
#include "lab/web/api.h"
#include "lab/web/assets.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace ostraka::lab {
namespace {

using gateway::http::Request;
using gateway::http::Responder;
using gateway::http::Response;

// Nothing from other hosts, whatever a page says.
constexpr const char* kPolicy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

Response page(std::string content_type, std::string body) {
  return {.status = 200,
          .content_type = std::move(content_type),
          .body = std::move(body),
          .headers = {{"Cache-Control", "no-store"},
                      {"Content-Security-Policy", kPolicy},
                      {"X-Content-Type-Options", "nosniff"}}};
}

Response problem(const base::Error& error) {
  const nlohmann::ordered_json body{{"error", base::name_of(error.code)}, {"text", error.context}};
  return {
      .status = 400,
      .content_type = "application/json",
      .body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n",
      .headers = {{"Cache-Control", "no-store"}}};
}

base::Result<Response> answer_run(const Catalogue& catalogue, std::string_view text) {
  OSTRAKA_ASSIGN(const Query query, parse_query(text));
  OSTRAKA_ASSIGN(const RunRequest request, request_of(query));
  OSTRAKA_ASSIGN(const Record record, catalogue.run(request));
  const auto form = query.find("form");
  OSTRAKA_ASSIGN(Rendered rendered, render_as(record, form == query.end() ? "json" : form->second));
  Response response = page(std::move(rendered.content_type), std::move(rendered.text));
  if (form != query.end() && form->second == "html") {
    // To be kept: here the policy would forbid the scripts within it.
    response.headers.emplace_back("Content-Disposition",
                                  fmt::format("attachment; filename=\"{}-{}-{}.html\"",
                                              record.protocol, record.scenario, record.seed));
  }
  return response;
}

base::Result<Response> answer_protocol(const Catalogue& catalogue, std::string_view text) {
  OSTRAKA_ASSIGN(const Query query, parse_query(text));
  const auto name = query.find("name");
  if (name == query.end() || query.size() != 1) {
    return base::fail(base::ErrorCode::invalid_argument, "the query must be name=PROTOCOL");
  }
  OSTRAKA_ASSIGN(const Entry entry, catalogue.find(name->second));
  return page("application/json", declaration_json(entry) + "\n");
}

void answer(Responder& responder, const base::Result<Response>& result) {
  responder.respond(result.has_value() ? *result : problem(result.error()));
}

}  // namespace

void add_site(gateway::http::Server& server, const Catalogue& catalogue) {
  server.route("GET", "/", [](const Request&, Responder responder) {
    responder.respond(page("text/html; charset=utf-8", std::string(all_assets().front().text)));
  });
  server.route("GET", "/static/", [](const Request& request, Responder responder) {
    const std::string_view name = request.path.substr(std::string_view("/static/").size());
    const auto assets = all_assets();
    const auto asset = std::ranges::find(assets, name, &Asset::name);
    responder.respond(asset == assets.end()
                          ? Response{.status = 404, .body = "no such file\n"}
                          : page(std::string(content_type_of(name)), std::string(asset->text)));
  });
  server.route("GET", "/api/protocols", [&catalogue](const Request&, Responder responder) {
    responder.respond(page("application/json", catalogue_json(catalogue) + "\n"));
  });
  server.route("GET", "/api/protocol", [&catalogue](const Request& request, Responder responder) {
    answer(responder, answer_protocol(catalogue, request.query));
  });
  server.route("GET", "/api/run", [&catalogue](const Request& request, Responder responder) {
    answer(responder, answer_run(catalogue, request.query));
  });
}

}  // namespace ostraka::lab
