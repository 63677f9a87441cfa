#include "server/flags.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <string_view>

namespace ostraka::server {

namespace {

class Table {
 public:
  Table(const toml::table& table, const std::string& file) : table_(table), file_(file) {}

  void text(std::string_view key, std::optional<std::string>& out) {
    take(key, "a string", [&out](const toml::node& node) {
      out = node.value_exact<std::string>();
      return out.has_value();
    });
  }
  void number(std::string_view key, std::optional<std::int64_t>& out) {
    take(key, "a number", [&out](const toml::node& node) {
      out = node.value_exact<std::int64_t>();
      return out.has_value();
    });
  }
  void flag(std::string_view key, std::optional<bool>& out) {
    take(key, "true or false", [&out](const toml::node& node) {
      out = node.value_exact<bool>();
      return out.has_value();
    });
  }
  // The first key that nothing asked for is an error as well.
  [[nodiscard]] std::string problem() const {
    if (!problem_.empty()) {
      return problem_;
    }
    for (const auto& [key, node] : table_) {
      bool known = false;
      for (const std::string_view each : known_) {
        known = known || each == key.str();
      }
      if (!known) {
        return fmt::format("{}:{}: unknown key '{}' (the keys are the names of the flags)", file_,
                           node.source().begin.line, key.str());
      }
    }
    return {};
  }

 private:
  template <typename Take>
  void take(std::string_view key, const char* expected, const Take& take_value) {
    known_.push_back(key);
    const toml::node* node = table_.get(key);
    if (node != nullptr && !take_value(*node) && problem_.empty()) {
      problem_ =
          fmt::format("{}:{}: '{}' must be {}", file_, node->source().begin.line, key, expected);
    }
  }

  const toml::table& table_;
  const std::string& file_;
  std::vector<std::string_view> known_;
  std::string problem_;
};

base::Result<Flags> flags_of(const toml::table& parsed, const std::string& file_name) {
  Flags out;
  Table table(parsed, file_name);
  table.text("name", out.name);
  table.text("data-dir", out.data_dir);
  table.text("peer", out.peer);
  table.text("advertise", out.advertise);
  table.text("cluster", out.cluster);
  table.text("engine", out.engine);
  table.text("join", out.join);
  table.text("redis", out.redis);
  table.text("http", out.http);
  table.number("reactors", out.reactors);
  table.text("requirepass", out.requirepass);
  table.text("peer-secret", out.peer_secret);
  table.flag("insecure", out.insecure);
  table.text("log-level", out.log_level);
  table.text("log-io", out.log_io);
  if (std::string problem = table.problem(); !problem.empty()) {
    return base::fail(base::ErrorCode::invalid_argument, std::move(problem));
  }
  return out;
}

}  // namespace

base::Result<Flags> parse_config(const std::string& text, const std::string& file_name) {
  try {
    return flags_of(toml::parse(text, file_name), file_name);
  } catch (const toml::parse_error& error) {
    return base::fail(
        base::ErrorCode::invalid_argument,
        fmt::format("{}:{}: {}", file_name, error.source().begin.line, error.description()));
  }
}

}  // namespace ostraka::server
