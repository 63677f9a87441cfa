#include "cli/check_command.h"

#include "check/linearizability.h"
#include "cli/commands.h"
#include "cli/history_jsonl.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdio>

namespace ostraka::cli {
namespace {

using check::Function;
using check::Operation;

std::string describe(const Operation& operation, check::Model model,
                     const std::vector<std::string>& values) {
  std::string text = "line " + std::to_string(operation.line) + ": process " +
                     std::to_string(operation.process) + " ";
  const auto value = [&values](check::ValueId id) { return values.at(id); };
  switch (operation.function) {
    case Function::read:
      text += "read " + (model == check::Model::counter ? std::to_string(operation.amount)
                                                        : value(operation.observed));
      break;
    case Function::write:
      text += "wrote " + value(operation.argument);
      break;
    case Function::compare_and_set:
      text += "cas " + value(operation.expected) + " -> " + value(operation.argument) +
              (operation.unknown   ? ""
               : operation.swapped ? " (true)"
                                   : " (false)");
      break;
    case Function::add:
      text += "added " + std::to_string(operation.amount);
      break;
  }
  text += " [" + std::to_string(operation.call_time) + " .. " +
          (operation.unknown ? "unknown" : std::to_string(operation.return_time)) + "]";
  return text;
}

void print_json(const check::Report& report, const RecordedHistory& history, check::Model model) {
  nlohmann::json out{{"valid", report.verdict == check::Verdict::valid},
                     {"operations", history.operations.size()},
                     {"steps", report.steps}};
  if (report.verdict != check::Verdict::valid) {
    out["decided"] = report.verdict == check::Verdict::invalid;
    out["key"] = report.key;
    for (const Operation& operation : report.window) {
      out["window"].push_back(describe(operation, model, history.values));
    }
  }
  std::printf("%s\n", out.dump().c_str());
}

}  // namespace

int run_check(const CheckArguments& arguments) {
  if (arguments.level != "linearizable") {
    complain("check: --level '" + arguments.level + "' is unknown; known: linearizable");
    return kExitUsage;
  }
  if (arguments.model != "register" && arguments.model != "kv" && arguments.model != "counter") {
    complain("check: --model '" + arguments.model + "' is unknown; known: register, kv, counter");
    return kExitUsage;
  }
  const check::Model model =
      arguments.model == "counter" ? check::Model::counter : check::Model::value;
  const base::Result<RecordedHistory> history = read_history(arguments.file, model);
  if (!history.has_value()) {
    complain("check: " + arguments.file + ": " + history.error().context);
    return kExitUsage;
  }
  const check::Report report = check::check_linearizable(model, history->operations);
  const bool valid = report.verdict == check::Verdict::valid;
  if (arguments.json) {
    print_json(report, *history, model);
    return valid ? 0 : 1;
  }
  if (valid) {
    std::printf("valid: %zu operations are linearizable (%llu steps)\n", history->operations.size(),
                static_cast<unsigned long long>(report.steps));
    return 0;
  }
  std::printf("%s: key '%s'\n",
              report.verdict == check::Verdict::invalid
                  ? "invalid: no order explains these operations"
                  : "undecided: the search ran out of its budget (counts as a failure)",
              report.key.c_str());
  for (const Operation& operation : report.window) {
    std::printf("  %s\n", describe(operation, model, history->values).c_str());
  }
  return 1;
}

namespace {

class CheckCommand final : public Command {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("check", "Judge a recorded history of client operations");
    app->add_option("--model", arguments_.model, "register, kv or counter")->capture_default_str();
    app->add_option("--level", arguments_.level, "linearizable")->capture_default_str();
    app->add_flag("--json", arguments_.json, "Print the verdict as JSON");
    app->add_option("file", arguments_.file, "The history, one JSON object a line")->required();
    app->footer(
        "One JSON object a line: {\"process\":0,\"type\":\"invoke|ok|fail|info\","
        "\"f\":\"read|write|cas|add\",\"key\":\"k\",\"value\":...,\"time\":nanoseconds}\n"
        "  value: read null, then what was read (null = absent); write the value; cas [old,new], "
        "its "
        "ok carries \"result\":true|false; add the amount.\n"
        "  fail = certainly not done; info or no answer = unknown; without time the order of the "
        "file "
        "counts.\n"
        "Exit codes: 0 valid, 1 invalid (with the smallest window found that fails), 2 bad input.\n"
        "Example: ostraka check --model register --level linearizable history.jsonl");
    return app;
  }
  int run() override { return run_check(arguments_); }

 private:
  CheckArguments arguments_;
};

}  // namespace

std::unique_ptr<Command> make_check_command() { return std::make_unique<CheckCommand>(); }

}  // namespace ostraka::cli
