#include "node/internal/http_routes.h"

#include "node/internal/json_text.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <utility>

namespace ostraka::node {

namespace {

using gateway::http::Request;
using gateway::http::Responder;
using gateway::http::Response;
using Json = nlohmann::ordered_json;

constexpr const char* kJson = "application/json";

void respond_error(Responder& responder, int status, const std::string& code,
                   const std::string& text) {
  responder.respond({.status = status,
                     .content_type = kJson,
                     .body = to_text(Json{{"error", code}, {"text", text}}) + "\n"});
}

void respond_error(Responder& responder, const base::Error& error) {
  respond_error(responder, codec::http_status_of(error.code),
                std::string(base::name_of(error.code)), error.to_string());
}

// Compares without telling by its duration where the first difference is.
bool is_authorised(const Request& request, const std::string& password) {
  if (password.empty()) {
    return true;
  }
  const std::string expected = "Bearer " + password;
  const std::string_view given = request.header("Authorization");
  unsigned difference = given.size() == expected.size() ? 0U : 1U;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const char other = i < given.size() ? given[i] : '\0';
    difference |= static_cast<unsigned char>(expected[i] ^ other);
  }
  return difference == 0;
}

// Answers with the text of the administrative request when it is done.
Admin::OnReply replying(Responder responder) {
  return [responder = std::move(responder)](base::Result<std::string> result) mutable {
    if (result.has_value()) {
      responder.respond({.status = 200, .content_type = kJson, .body = *result + "\n"});
    } else {
      respond_error(responder, result.error());
    }
  };
}

std::string member_of(const Json& body, const char* key) {
  const auto at = body.find(key);
  return at != body.end() && at->is_string() ? at->get<std::string>() : std::string();
}

void handle_admin(Node::Impl& node, AdminOp op, const Request& request, Responder responder) {
  if (!is_authorised(request, node.options().redis.password)) {
    respond_error(responder, 401, "unauthenticated",
                  "send 'Authorization: Bearer' with the password of --requirepass");
    return;
  }
  AdminRequest admin{.id = 0, .op = op};
  if (op != AdminOp::members) {
    const Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
    const char* key = op == AdminOp::transfer ? "to" : "name";
    if (body.is_object()) {
      admin.name = member_of(body, key);
      admin.address = member_of(body, "address");
    }
    if (admin.name.empty()) {
      respond_error(responder, 400, "invalid_argument",
                    std::string("the body must be an object with a string '") + key + "'");
      return;
    }
  }
  node.parts().admin->execute(std::move(admin), replying(std::move(responder)));
}

}  // namespace

void add_routes(gateway::http::Server& server, Node::Impl& node) {
  gateway::http::add_standard_routes(
      server, {.ready = [&node] { return node.is_ready(); },
               .metrics = [&node](base::MetricsText& out) { node.append_metrics(out); },
               .status_json = nullptr});
  server.route("GET", "/status", [&node](const Request&, Responder responder) {
    node.cluster_status([to = std::move(responder)](const std::string& json) mutable {
      to.respond({.status = 200, .content_type = kJson, .body = json + "\n"});
    });
  });
  struct Route {
    const char* method;
    const char* path;
    AdminOp op;
  };
  for (const Route& route : {Route{"GET", "/admin/members", AdminOp::members},
                             Route{"POST", "/admin/leader/transfer", AdminOp::transfer},
                             Route{"POST", "/admin/member/add", AdminOp::member_add},
                             Route{"POST", "/admin/member/promote", AdminOp::member_promote},
                             Route{"POST", "/admin/member/remove", AdminOp::member_remove}}) {
    server.route(route.method, route.path,
                 [&node, op = route.op](const Request& request, Responder responder) {
                   handle_admin(node, op, request, std::move(responder));
                 });
  }
}

}  // namespace ostraka::node
