// status, leader, member: over HTTP to any node.
#include "cli/commands.h"
#include "cli/internal/endpoint.h"
#include "cli/internal/http_client.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

namespace ostraka::cli {

namespace {

using Json = nlohmann::ordered_json;

const base::Duration kLimit = base::Duration::seconds(15);
const EndpointFlag kFlag{.example = "127.0.0.1:8379", .kind = "HTTP"};

struct Endpoint {
  std::string address = "127.0.0.1:8379";
  std::string password;
  bool json = false;

  void declare(CLI::App& app) {
    app.add_option("--endpoint", address, "HTTP address of any node (127.0.0.1:8379)");
    app.add_option("--password", password, "Password of the cluster (or OSTRAKA_PASSWORD)")
        ->envname("OSTRAKA_PASSWORD");
    app.add_flag("--json", json, "Print JSON");
  }
};

std::string cell(const Json& row, const char* key) {
  const auto at = row.find(key);
  if (at == row.end() || at->is_null()) {
    return "-";
  }
  if (at->is_boolean()) {
    return at->get<bool>() ? "yes" : "no";
  }
  return at->is_string() ? at->get<std::string>() : at->dump();
}

// Prints the error and gives its exit code, or fills `out`.
int ask(const Endpoint& endpoint, HttpCall call, Json& out) {
  if (!is_endpoint(endpoint.address, kFlag)) {
    return kExitUsage;
  }
  call.password = endpoint.password;
  const base::Result<HttpAnswer> answer = http_call(endpoint.address, call, kLimit);
  if (!answer.has_value()) {
    const base::ErrorCode code = answer.error().code;
    const bool unsent = code == base::ErrorCode::connection_refused ||
                        code == base::ErrorCode::invalid_argument ||
                        code == base::ErrorCode::malformed;
    complain_about(endpoint.address, answer.error(), kFlag);
    return unsent || call.method == "GET" ? kExitUnreachable : kExitUnknown;
  }
  out = Json::parse(answer->body, nullptr, /*allow_exceptions=*/false);
  if (!out.is_object()) {
    complain_about(endpoint.address, {base::ErrorCode::malformed, {}}, kFlag);
    return kExitFailed;
  }
  if (answer->status != 200) {
    const std::string code = cell(out, "error");
    complain(cell(out, "text"));
    if (code == "no_leader" || code == "no_quorum" || code == "connection_refused") {
      return kExitUnreachable;
    }
    const bool unknown =
        code == "unknown_outcome" || code == "deadline_exceeded" || code == "connection_closed";
    return unknown ? kExitUnknown : kExitFailed;
  }
  return kExitOk;
}

void print_table(const Json& rows, const std::vector<const char*>& columns) {
  std::vector<std::size_t> widths;
  for (const char* column : columns) {
    std::size_t width = std::string_view(column).size();
    for (const Json& row : rows) {
      width = std::max(width, cell(row, column).size());
    }
    widths.push_back(width);
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    fmt::print("{:<{}}  ", columns[i], widths[i]);
  }
  fmt::print("\n");
  for (const Json& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      fmt::print("{:<{}}  ", cell(row, columns[i]), widths[i]);
    }
    fmt::print("\n");
  }
}

class StatusCommand final : public Command {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("status", "Show the nodes of a cluster");
    endpoint_.declare(*app);
    app->footer(
        "Exit codes: 0 answered, 3 no server answered.\n"
        "Examples:\n  ostraka status\n  ostraka status --endpoint 127.0.0.1:8401 --json");
    return app;
  }
  int run() override {
    Json status;
    if (const int code = ask(endpoint_, {.path = "/status"}, status); code != kExitOk) {
      return code;
    }
    if (endpoint_.json) {
      fmt::print("{}\n", status.dump());
      return kExitOk;
    }
    fmt::print("leader: {}\nengine: {}\n", cell(status, "leader"), cell(status, "engine"));
    print_table(status["nodes"], {"name", "role", "term", "commit", "applied", "lag", "lease",
                                  "disk", "version", "reachable", "redis", "http", "peer"});
    return kExitOk;
  }

 private:
  Endpoint endpoint_;
};

class LeaderCommand final : public Command {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("leader", "Leadership");
    CLI::App* transfer = app->add_subcommand("transfer", "Hand leadership to a node");
    transfer->add_option("--to", to_, "Name of a voter")->required();
    transfer->footer("Example: ostraka leader transfer --to n2 --endpoint 127.0.0.1:8401");
    endpoint_.declare(*transfer);
    app->require_subcommand(1);
    app->footer(
        "Exit codes: 0 done, 1 refused, 3 no server or leader, 4 unknown.\n"
        "Example: ostraka leader transfer --to n2 --endpoint 127.0.0.1:8401");
    return app;
  }
  int run() override {
    Json answer;
    const int code =
        ask(endpoint_,
            {.method = "POST", .path = "/admin/leader/transfer", .body = Json{{"to", to_}}.dump()},
            answer);
    if (code == kExitOk) {
      fmt::print("{}\n", endpoint_.json ? answer.dump() : "leader: " + cell(answer, "leader"));
    }
    return code;
  }

 private:
  Endpoint endpoint_;
  std::string to_;
};

class MemberCommand final : public Command {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("member", "Members of the cluster");
    app->require_subcommand(1);
    list_ = app->add_subcommand("list", "Show voters and learners");
    add_ = app->add_subcommand("add", "Admit a node as a learner; then start it with --join");
    promote_ = app->add_subcommand("promote", "Make a learner a voter");
    remove_ = app->add_subcommand("remove", "Remove a member for good");
    for (CLI::App* each : {list_, add_, promote_, remove_}) {
      endpoint_.declare(*each);
    }
    list_->footer("Example: ostraka member list --endpoint 127.0.0.1:8401");
    add_->footer("Example: ostraka member add n4 --peer 10.0.0.4:7379");
    promote_->footer("Example: ostraka member promote n4");
    remove_->footer("Example: ostraka member remove n1");
    for (CLI::App* each : {add_, promote_, remove_}) {
      each->add_option("name,--name", name_, "Name of the node")->required();
    }
    add_->add_option("--peer,--address", address_, "HOST:PORT where its peers reach it")
        ->required();
    app->footer(
        "Exit codes: 0 done, 1 refused, 3 no server or leader, 4 unknown.\n"
        "Examples:\n  ostraka member list\n"
        "  ostraka member add n4 --peer 10.0.0.4:7379\n"
        "  ostraka member promote n4\n  ostraka member remove n1");
    return app;
  }
  int run() override {
    HttpCall call{.method = "POST", .path = {}, .body = Json{{"name", name_}}.dump()};
    if (list_->parsed()) {
      call = {.method = "GET", .path = "/admin/members"};
    } else if (add_->parsed()) {
      call.path = "/admin/member/add";
      call.body = Json{{"name", name_}, {"address", address_}}.dump();
    } else {
      call.path = promote_->parsed() ? "/admin/member/promote" : "/admin/member/remove";
    }
    Json answer;
    if (const int code = ask(endpoint_, std::move(call), answer); code != kExitOk) {
      return code;
    }
    if (endpoint_.json) {
      fmt::print("{}\n", answer.dump());
    } else {
      print_table(answer["members"], {"name", "id", "role", "address"});
    }
    return kExitOk;
  }

 private:
  Endpoint endpoint_;
  std::string name_;
  std::string address_;
  CLI::App* list_ = nullptr;
  CLI::App* add_ = nullptr;
  CLI::App* promote_ = nullptr;
  CLI::App* remove_ = nullptr;
};

}  // namespace

std::unique_ptr<Command> make_status_command() { return std::make_unique<StatusCommand>(); }
std::unique_ptr<Command> make_leader_command() { return std::make_unique<LeaderCommand>(); }
std::unique_ptr<Command> make_member_command() { return std::make_unique<MemberCommand>(); }

}  // namespace ostraka::cli
