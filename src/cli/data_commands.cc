// get, put, del, scan: over the Redis protocol to any node.
#include "cli/commands.h"
#include "cli/internal/endpoint.h"
#include "cli/internal/numbers.h"
#include "cli/internal/redis_client.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ostraka::cli {

namespace {

// A node answers every command within five seconds.
const base::Duration kLimit = base::Duration::seconds(8);
const EndpointFlag kFlag{.example = "127.0.0.1:6379", .kind = "Redis"};
// The loosest bound that READONLY takes.
constexpr const char* kStaleMilliseconds = "3600000";

// "linearizable", "stale", "bounded:500ms", "bounded:2s": the words of READONLY, or none.
base::Result<std::vector<std::string>> words_of_consistency(const std::string& text) {
  if (text.empty() || text == "linearizable") {
    return std::vector<std::string>{};
  }
  if (text == "stale") {
    return std::vector<std::string>{"READONLY", kStaleMilliseconds};
  }
  std::string_view rest = text;
  if (rest.starts_with("bounded:")) {
    rest.remove_prefix(8);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    const std::string_view unit(end, static_cast<std::size_t>(rest.data() + rest.size() - end));
    if (error == std::errc{} && value <= 3'600'000 && (unit == "ms" || unit == "s")) {
      return std::vector<std::string>{"READONLY",
                                      std::to_string(unit == "s" ? value * 1000 : value)};
    }
  }
  return base::fail(base::ErrorCode::invalid_argument,
                    "--consistency '" + text +
                        "': linearizable, stale, or bounded with a time such as bounded:500ms");
}

int code_of_reply(std::string_view error) {
  if (error.starts_with("UNKNOWN")) {
    return kExitUnknown;
  }
  if (error.starts_with("NOLEADER") || error.starts_with("NOQUORUM")) {
    return kExitUnreachable;
  }
  return kExitFailed;
}

class DataCommand : public Command {
 protected:
  void declare_common(CLI::App& app) {
    app.add_option("--endpoint", endpoint_, "Redis address of any node (127.0.0.1:6379)");
    app.add_option("--password", password_, "Password of the cluster (or OSTRAKA_PASSWORD)")
        ->envname("OSTRAKA_PASSWORD");
    app.add_option("--db", database_, "Database number, 0 to 15 (0)")->check(CLI::Range(0, 15));
  }
  void declare_consistency(CLI::App& app) {
    app.add_option("--consistency", consistency_,
                   "linearizable (default), stale, or bounded:500ms");
  }

  // Connects and sets the session up; on failure prints and gives the exit code.
  int open() {
    const auto words = words_of_consistency(consistency_);
    if (!words.has_value()) {
      complain(words.error().context);
      return kExitUsage;
    }
    if (!is_endpoint(endpoint_, kFlag)) {
      return kExitUsage;
    }
    auto client = RedisClient::connect(endpoint_, password_, kLimit);
    if (!client.has_value()) {
      if (client.error().code == base::ErrorCode::unauthenticated) {
        complain(fmt::format("{}: {}", endpoint_, client.error().context));
        return kExitFailed;
      }
      complain_about(endpoint_, client.error(), kFlag);
      return kExitUnreachable;
    }
    client_ = std::move(*client);
    if (database_ != 0) {
      Reply reply;
      const std::string number = std::to_string(database_);
      if (const int code = call({"SELECT", number}, false, reply); code != kExitOk) {
        return code;
      }
    }
    if (!words->empty()) {
      Reply reply;
      return call({words->front(), words->back()}, false, reply);
    }
    return kExitOk;
  }

  int call(const std::vector<std::string_view>& words, bool writes, Reply& reply) {
    base::Result<Reply> answer = client_.call(words);
    if (!answer.has_value()) {
      complain_about(endpoint_, answer.error(), kFlag);
      // What is no Redis server has done nothing.
      const bool unknown = writes && answer.error().code != base::ErrorCode::malformed;
      return unknown ? kExitUnknown : kExitUnreachable;
    }
    if (answer->is_error()) {
      complain(answer->text);
      return code_of_reply(answer->text);
    }
    reply = std::move(*answer);
    return kExitOk;
  }

  RedisClient client_;

 private:
  std::string endpoint_ = "127.0.0.1:6379";
  std::string password_;
  std::string consistency_;
  unsigned database_ = 0;
};

constexpr const char* kCodes =
    "Exit codes: 0 done, 1 failed or absent, 2 wrong flags, 3 no server, leader or quorum,\n"
    "4 unknown outcome.\n";

class GetCommand final : public DataCommand {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("get", "Read a key");
    app->add_option("key", key_, "The key")->required();
    declare_common(*app);
    declare_consistency(*app);
    app->footer(std::string(kCodes) +
                "Examples:\n  ostraka get greeting\n"
                "  ostraka get greeting --endpoint 127.0.0.1:6402 --consistency bounded:500ms");
    return app;
  }
  int run() override {
    Reply reply;
    if (const int code = open(); code != kExitOk) {
      return code;
    }
    if (const int code = call({"GET", key_}, false, reply); code != kExitOk) {
      return code;
    }
    if (reply.kind == Reply::Kind::nil) {
      complain("no such key");
      return kExitFailed;
    }
    fmt::print("{}\n", reply.text);
    return kExitOk;
  }

 private:
  std::string key_;
};

class PutCommand final : public DataCommand {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("put", "Write a key");
    app->add_option("key", key_, "The key")->required();
    app->add_option("value", value_, "The value")->required();
    app->add_option("--expire-ms", expire_ms_, "The key goes after so many milliseconds")
        ->check(above_zero());
    declare_common(*app);
    app->footer(std::string(kCodes) +
                "Example: ostraka put greeting hello --endpoint 127.0.0.1:6401");
    return app;
  }
  int run() override {
    if (const int code = open(); code != kExitOk) {
      return code;
    }
    std::vector<std::string_view> words{"SET", key_, value_};
    const std::string expire = std::to_string(expire_ms_);
    if (expire_ms_ > 0) {
      words.insert(words.end(), {"PX", expire});
    }
    Reply reply;
    const int code = call(words, true, reply);
    if (code == kExitOk) {
      fmt::print("OK\n");
    }
    return code;
  }

 private:
  std::string key_;
  std::string value_;
  std::uint64_t expire_ms_ = 0;
};

class DelCommand final : public DataCommand {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("del", "Remove keys; prints how many there were");
    app->add_option("keys", keys_, "The keys")->required();
    declare_common(*app);
    app->footer(std::string(kCodes) + "Example: ostraka del greeting farewell");
    return app;
  }
  int run() override {
    if (const int code = open(); code != kExitOk) {
      return code;
    }
    std::vector<std::string_view> words{"DEL"};
    words.insert(words.end(), keys_.begin(), keys_.end());
    Reply reply;
    const int code = call(words, true, reply);
    if (code == kExitOk) {
      fmt::print("{}\n", reply.integer);
    }
    return code;
  }

 private:
  std::vector<std::string> keys_;
};

class ScanCommand final : public DataCommand {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("scan", "List keys, each once");
    app->add_option("pattern", pattern_, "Glob pattern (*)");
    app->add_option("--limit", limit_, "At most so many keys")->check(above_zero());
    app->add_flag("--values", values_, "Print the values too, behind a tab");
    declare_common(*app);
    declare_consistency(*app);
    app->footer(std::string(kCodes) +
                "Examples:\n  ostraka scan 'user:*' --limit 100\n  ostraka scan --values");
    return app;
  }
  int run() override {
    if (const int code = open(); code != kExitOk) {
      return code;
    }
    std::string cursor = "0";
    std::uint64_t printed = 0;
    do {
      Reply page;
      const int code = call({"SCAN", cursor, "MATCH", pattern_, "COUNT", "1000"}, false, page);
      if (code != kExitOk) {
        return code;
      }
      if (page.items.size() != 2) {
        complain("the answer to SCAN is no page");
        return kExitFailed;
      }
      cursor = page.items[0].text;
      for (const Reply& key : page.items[1].items) {
        if (!seen_.insert(key.text).second) {
          continue;
        }
        if (const int printing = print(key.text); printing != kExitOk) {
          return printing;
        }
        if (++printed == limit_) {
          return kExitOk;
        }
      }
    } while (cursor != "0");
    return kExitOk;
  }

 private:
  int print(const std::string& key) {
    if (!values_) {
      fmt::print("{}\n", key);
      return kExitOk;
    }
    Reply value;
    const int code = call({"GET", key}, false, value);
    if (code == kExitOk && value.kind != Reply::Kind::nil) {
      fmt::print("{}\t{}\n", key, value.text);
    }
    return code;
  }

  std::string pattern_ = "*";
  std::uint64_t limit_ = 0;
  bool values_ = false;
  std::set<std::string> seen_;
};

}  // namespace

std::unique_ptr<Command> make_get_command() { return std::make_unique<GetCommand>(); }
std::unique_ptr<Command> make_put_command() { return std::make_unique<PutCommand>(); }
std::unique_ptr<Command> make_del_command() { return std::make_unique<DelCommand>(); }
std::unique_ptr<Command> make_scan_command() { return std::make_unique<ScanCommand>(); }

}  // namespace ostraka::cli
