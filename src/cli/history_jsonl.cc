#include "cli/history_jsonl.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

namespace ostraka::cli {
namespace {

using check::Function;
using check::Model;
using check::Operation;
using nlohmann::json;

constexpr int kDepthMax = 64;
constexpr double kTimeMax = 9.2e18;

class Parser {
 public:
  explicit Parser(Model model) : model_(model) { history_.values.emplace_back("null"); }

  base::Result<RecordedHistory> parse(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
      ++history_.lines;
      if (line.find_first_not_of(" \t\r") == std::string::npos) {
        continue;
      }
      OSTRAKA_ASSIGN(const json event, object_of(line));
      OSTRAKA_TRY(take(event));
    }
    for (Open& open : done_) {
      if (!open.failed) {
        history_.operations.push_back(std::move(open.operation));
      }
    }
    // No answer by the end of the file: unknown.
    for (auto& [process, open] : open_) {
      history_.operations.push_back(std::move(open.operation));
    }
    return std::move(history_);
  }

 private:
  struct Open {
    Operation operation;
    bool failed = false;
  };

  std::unexpected<base::Error> bad(const std::string& what) const {
    return base::fail(base::ErrorCode::invalid_argument,
                      "line " + std::to_string(history_.lines) + ": " + what);
  }

  // Values are printed recursively: their depth is bounded.
  [[nodiscard]] base::Result<json> object_of(const std::string& line) const {
    bool is_deep = false;
    const auto keep = [&is_deep](int depth, json::parse_event_t, const json&) {
      is_deep = is_deep || depth > kDepthMax;
      return !is_deep;
    };
    json event = json::parse(line, keep, false);
    if (is_deep || !event.is_object()) {
      return bad(is_deep ? "too deep" : "not a JSON object");
    }
    return event;
  }

  base::Status take(const json& event) {
    const auto process = event.find("process");
    const auto type = event.find("type");
    if (process == event.end() || !process->is_number_integer() || type == event.end() ||
        !type->is_string()) {
      return bad("needs an integer \"process\" and a string \"type\"");
    }
    std::int64_t time = static_cast<std::int64_t>(history_.lines);
    if (const auto given = event.find("time"); given != event.end() && !given->is_null()) {
      if (!given->is_number()) {
        return bad("\"time\" is not a number");
      }
      if (given->is_number_float() && !(std::abs(given->get<double>()) < kTimeMax)) {
        return bad("\"time\" is beyond what 64 bits hold");
      }
      time = given->is_number_float() ? static_cast<std::int64_t>(given->get<double>())
                                      : given->get<std::int64_t>();
    }
    const auto id = process->get<std::int64_t>();
    const auto& kind = type->get_ref<const std::string&>();
    if (kind == "invoke") {
      return invoke(id, time, event);
    }
    if (kind == "ok" || kind == "fail" || kind == "info") {
      return complete(id, time, kind, event);
    }
    return bad("type '" + kind + "' is none of invoke, ok, fail, info");
  }

  base::Status invoke(std::int64_t id, std::int64_t time, const json& event) {
    if (open_.contains(id)) {
      return bad("process " + std::to_string(id) + " invokes before its last operation ended");
    }
    Open open;
    Operation& operation = open.operation;
    operation.process = static_cast<std::uint64_t>(id);
    operation.call_time = time;
    operation.unknown = true;
    operation.line = history_.lines;
    if (const auto key = event.find("key"); key != event.end() && !key->is_null()) {
      operation.key = key->is_string() ? key->get<std::string>() : key->dump();
    }
    const auto f = event.find("f");
    const std::string name = f != event.end() && f->is_string() ? f->get<std::string>() : "";
    const json value = event.value("value", json());
    if (name == "read") {
      operation.function = Function::read;
    } else if (name == "add" && model_ == Model::counter) {
      if (!value.is_number_integer()) {
        return bad("add needs an integer value");
      }
      operation.function = Function::add;
      operation.amount = value.get<std::int64_t>();
    } else if (name == "write" && model_ == Model::value) {
      operation.function = Function::write;
      operation.argument = intern(value);
    } else if (name == "cas" && model_ == Model::value) {
      if (!value.is_array() || value.size() != 2) {
        return bad("cas needs a value [old, new]");
      }
      operation.function = Function::compare_and_set;
      operation.expected = intern(value[0]);
      operation.argument = intern(value[1]);
    } else {
      return bad("f '" + name + "' does not belong to this model");
    }
    open_.emplace(id, std::move(open));
    return {};
  }

  base::Status complete(std::int64_t id, std::int64_t time, const std::string& kind,
                        const json& event) {
    const auto found = open_.find(id);
    if (found == open_.end()) {
      return bad("process " + std::to_string(id) + " answers without an invocation");
    }
    Open open = std::move(found->second);
    open_.erase(found);
    Operation& operation = open.operation;
    open.failed = kind == "fail";
    if (kind == "ok") {
      if (time < operation.call_time) {
        return bad("the answer comes before its invocation");
      }
      operation.unknown = false;
      operation.return_time = time;
      OSTRAKA_TRY(take_result(operation, event));
    }
    done_.push_back(std::move(open));
    return {};
  }

  base::Status take_result(Operation& operation, const json& event) {
    const json value = event.value("value", json());
    if (operation.function == Function::read && model_ == Model::counter) {
      if (!value.is_number_integer() && !value.is_null()) {
        return bad("a counter reads an integer");
      }
      operation.amount = value.is_null() ? 0 : value.get<std::int64_t>();
    } else if (operation.function == Function::read) {
      operation.observed = intern(value);
    } else if (operation.function == Function::compare_and_set) {
      const auto result = event.find("result");
      if (result == event.end() || !result->is_boolean()) {
        return bad("the ok of a cas needs \"result\": true or false");
      }
      operation.swapped = result->get<bool>();
    }
    return {};
  }

  check::ValueId intern(const json& value) {
    if (value.is_null()) {
      return check::kAbsent;
    }
    const auto [found, fresh] =
        ids_.emplace(value.dump(), static_cast<check::ValueId>(history_.values.size()));
    if (fresh) {
      history_.values.push_back(found->first);
    }
    return found->second;
  }

  Model model_;
  RecordedHistory history_;
  std::map<std::int64_t, Open> open_;
  std::vector<Open> done_;
  std::map<std::string, check::ValueId> ids_;
};

}  // namespace

base::Result<RecordedHistory> parse_history(const std::string& text, Model model) {
  return Parser(model).parse(text);
}

base::Result<RecordedHistory> read_history(const std::string& path, Model model) {
  if (std::error_code error; std::filesystem::is_directory(path, error)) {
    return base::fail(base::ErrorCode::io_error, "a directory, not a file");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return base::fail(base::ErrorCode::io_error, std::strerror(errno));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return parse_history(text.str(), model);
}

}  // namespace ostraka::cli
