// lab: protocols to play with, on a terminal, into files and in a browser.
#include "cli/commands.h"
#include "cli/internal/files.h"
#include "cli/internal/numbers.h"
#include "gateway/http/server.h"
#include "lab/core/export.h"
#include "lab/protocols/all.h"
#include "lab/web/api.h"
#include "lab/web/site.h"
#include "net/network.h"
#include "net/reactor.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::cli {
namespace {

constexpr const char* kDefaultAddress = "127.0.0.1:8380";  // loopback only

void print_list() {
  std::string_view family;
  for (const lab::Entry& entry : lab::all_protocols().entries()) {
    const lab::Declaration& it = *entry.declaration;
    if (it.family != family) {
      fmt::print("{}{}\n", family.empty() ? "" : "\n", it.family);
      family = it.family;
    }
    fmt::print("  {:<22} {}\n", it.name, it.summary);
    for (const lab::Scenario& scenario : it.scenarios) {
      fmt::print("    {:<26} {:<15} {}\n", scenario.name, name_of(scenario.kind), scenario.title);
    }
  }
}

void print_parameters(std::span<const lab::Parameter> parameters) {
  for (const lab::Parameter& each : parameters) {
    std::string range =
        fmt::format("{} to {}{}{}", each.min, each.max, each.unit.empty() ? "" : " ", each.unit);
    std::string value = fmt::format("{}", each.value);
    if (!each.choices.empty()) {
      range = fmt::format("{}", fmt::join(each.choices, ", "));
      value = each.choices.at(static_cast<std::size_t>(each.value));
    }
    fmt::print("  {:<16} {:<12} {} ({})\n", each.name, value, each.doc, range);
  }
}

void print_entry(const lab::Entry& entry) {
  const lab::Declaration& it = *entry.declaration;
  fmt::print("{}\n", entry.page);
  fmt::print("Parameters (--set NAME=VALUE)\n");
  print_parameters(it.parameters);
  fmt::print("\nParameters of every protocol\n");
  print_parameters(lab::common_parameters());
  for (const auto& [name, value] : it.defaults) {
    fmt::print("  {:<16} {:<12} in this protocol\n", name, value);
  }
  fmt::print("\nProperties\n");
  for (const lab::Property& each : it.properties) {
    fmt::print("  {:<16} {:<12} {}\n", each.name, name_of(each.kind), each.doc);
  }
  fmt::print("\nScenarios\n");
  for (const lab::Scenario& each : it.scenarios) {
    fmt::print("  {:<26} {:<15} {}\n", each.name, name_of(each.kind), each.title);
    for (const auto& [name, verdict] : each.expect) {
      fmt::print("  {:<26} {:<15} expects {} to be {}\n", "", "", name, name_of(verdict));
    }
  }
}

// Of a run as written every verdict must be the scenario's; of a changed one none may be worse than
// a violation that the scenario promises.
bool is_good(const lab::Record& record) {
  if (record.is_as_written()) {
    return record.is_as_expected();
  }
  return std::ranges::none_of(record.properties, [](const lab::Judgement& each) {
    return each.verdict == lab::Verdict::violated && each.expected != lab::Verdict::violated;
  });
}

struct RunArguments {
  std::string protocol;
  std::string scenario;
  std::uint64_t seed = 1;
  std::vector<std::string> set;
  std::vector<std::string> interventions;
  std::string out;
};

int run_one(const RunArguments& arguments) {
  lab::RunRequest request{.protocol = arguments.protocol,
                          .scenario = arguments.scenario,
                          .seed = arguments.seed,
                          .set = {},
                          .interventions = arguments.interventions};
  for (const std::string& each : arguments.set) {
    const std::size_t equals = each.find('=');
    if (equals == std::string::npos) {
      complain(fmt::format("--set {}: must be NAME=VALUE", each));
      return kExitUsage;
    }
    request.set.emplace_back(each.substr(0, equals), each.substr(equals + 1));
  }
  const auto record = lab::all_protocols().run(request);
  if (!record.has_value()) {
    complain("lab: " + record.error().context);
    return kExitUsage;
  }
  if (arguments.out.empty()) {
    fmt::print("{}\nas a picture: 'ostraka lab serve', then http://{}/?{}\n",
               lab::to_listing(*record), kDefaultAddress, lab::query_of(*record));
  } else if (const int code = write_record(*record, arguments.out, "--out"); code != kExitOk) {
    return code;
  }
  return is_good(*record) ? kExitOk : kExitFailed;
}

int serve(const std::string& address) {
  net::Reactor reactor;
  const std::unique_ptr<port::Network> network = net::make_network(reactor);
  // A link holds all interventions of a run.
  gateway::http::Server server(reactor, *network, {.limits = {.head_bytes_max = 64U << 10}});
  lab::add_site(server, lab::all_protocols());
  if (const base::Status started = server.start(address); !started.has_value()) {
    complain(fmt::format("--http {}: {}", address, started.error().to_string()));
    return kExitFailed;
  }
  reactor.on_termination([&](int) {
    server.stop();
    reactor.stop();
  });
  fmt::print("the laboratory is at http://{}/ (end it with Ctrl-C)\n", server.address());
  std::fflush(stdout);
  reactor.run();
  return kExitOk;
}

class LabCommand final : public Command {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app =
        root.add_subcommand("lab", "Protocols to play with: run, drawn, broken, judged");
    app->require_subcommand(1);
    app->footer(
        "Examples:\n"
        "  ostraka lab list\n"
        "  ostraka lab run basic_paxos --scenario duel\n"
        "  ostraka lab run basic_paxos --do 'drop p1.a2.accept.1' --do 'crash a1 at 25ms'\n"
        "  ostraka lab serve");
    list_ = app->add_subcommand("list", "The protocols and their scenarios");
    list_->footer("Example: ostraka lab list");
    show_ = app->add_subcommand("show", "The page, parameters, properties, scenarios of one");
    show_->add_option("name", run_.protocol, "A protocol of 'lab list'")->required();
    show_->footer("Example: ostraka lab show basic_paxos");
    declare_run(*app);
    serve_ = app->add_subcommand("serve", "Open the laboratory for a browser");
    serve_->add_option("--http", address_, "HOST:PORT to listen on; no password guards it")
        ->capture_default_str();
    serve_->footer("Example: ostraka lab serve --http 127.0.0.1:8380");
    return app;
  }

  int run() override {
    if (list_->parsed()) {
      print_list();
      return kExitOk;
    }
    if (serve_->parsed()) {
      return serve(address_);
    }
    if (!show_->parsed()) {
      return run_one(run_);
    }
    const auto entry = lab::all_protocols().find(run_.protocol);
    if (!entry.has_value()) {
      complain("lab: " + entry.error().context);
      return kExitUsage;
    }
    print_entry(*entry);
    return kExitOk;
  }

 private:
  void declare_run(CLI::App& app) {
    CLI::App* run = app.add_subcommand("run", "Run one scenario and judge it");
    run->add_option("name", run_.protocol, "A protocol of 'lab list'")->required();
    run->add_option("--scenario", run_.scenario, "One of its scenarios; the first if absent");
    run->add_option("--seed", run_.seed, "The same seed gives the same run")
        ->check(zero_or_more())
        ->capture_default_str();
    run->add_option("--set", run_.set, "NAME=VALUE, a parameter; may be repeated")
        ->allow_extra_args(false);
    run->add_option("--do", run_.interventions, "An intervention; may be repeated")
        ->allow_extra_args(false);
    run->add_option("--out", run_.out,
                    "Write the run to a file instead of the terminal: .html (opens in a browser), "
                    ".json, .ndjson (ShiViz), .svg, .txt");
    run->footer(
        "Interventions, times since the start:\n"
        "  drop MESSAGE | delay MESSAGE 50ms | duplicate MESSAGE [50ms]\n"
        "  crash PROCESS at 120ms | restart PROCESS at 300ms | pause PROCESS at 120ms for 50ms\n"
        "  partition p1,a1|a2,a3 at 120ms until 300ms\n"
        "MESSAGE is SENDER.RECEIVER.KIND.NUMBER, the number counted from 1: p1.a2.accept.1\n"
        "Example: ostraka lab run basic_paxos --scenario duel --do 'crash p1 at 200ms'\n"
        "Exit codes: 0 every verdict is the scenario's, 1 one is not (of a run changed by --set or "
        "--do:\na property is violated that the scenario does not expect to be), 2 wrong names or "
        "values.");
  }

  RunArguments run_;
  std::string address_ = kDefaultAddress;
  CLI::App* list_ = nullptr;
  CLI::App* show_ = nullptr;
  CLI::App* serve_ = nullptr;
};

}  // namespace

std::unique_ptr<Command> make_lab_command() { return std::make_unique<LabCommand>(); }

}  // namespace ostraka::cli
