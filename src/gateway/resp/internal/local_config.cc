#include "base/glob.h"
#include "codec/resp_number.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/local.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

namespace ostraka::gateway::resp {
namespace {

using codec::RespWriter;

using ReadSetting = std::string (*)(const ServerContext&);
// False: the text is not a value of the setting.
using WriteSetting = bool (*)(Options&, std::int64_t);

struct Setting {
  std::string_view name;
  ReadSetting read;
  WriteSetting write;  // null: fixed
};

std::string number(std::uint64_t value) { return fmt::format("{}", value); }

bool write_clients_max(Options& options, std::int64_t value) {
  if (value < 1 || value > std::numeric_limits<std::int32_t>::max()) {
    return false;
  }
  options.clients_max = static_cast<std::uint32_t>(value);
  return true;
}

bool write_idle_max(Options& options, std::int64_t value) {
  if (value < 0 || value > std::numeric_limits<std::int32_t>::max()) {
    return false;
  }
  options.idle_max = base::Duration::seconds(value);
  return true;
}

bool write_staleness_max(Options& options, std::int64_t value) {
  if (value < 0 || value > std::numeric_limits<std::int32_t>::max()) {
    return false;
  }
  options.readonly_staleness_max = base::Duration::milliseconds(value);
  return true;
}

// Names that clients read, with the value that says how this server behaves. Sorted.
constexpr Setting kSettings[] = {
    {"appendfsync", [](const ServerContext&) { return std::string("always"); }, nullptr},
    {"appendonly", [](const ServerContext&) { return std::string("yes"); }, nullptr},
    {"cluster-enabled", [](const ServerContext&) { return std::string("no"); }, nullptr},
    {"databases", [](const ServerContext&) { return number(kDatabases); }, nullptr},
    {"maxclients", [](const ServerContext& s) { return number(s.options.clients_max); },
     write_clients_max},
    {"maxmemory", [](const ServerContext&) { return std::string("0"); }, nullptr},
    {"maxmemory-policy", [](const ServerContext&) { return std::string("noeviction"); }, nullptr},
    {"notify-keyspace-events", [](const ServerContext&) { return std::string(); }, nullptr},
    {"ostraka-readonly-staleness-ms",
     [](const ServerContext& s) {
       return fmt::format("{}", s.options.readonly_staleness_max.as_milliseconds());
     },
     write_staleness_max},
    {"port", [](const ServerContext& s) { return s.address.substr(s.address.rfind(':') + 1); },
     nullptr},
    {"proto-max-bulk-len",
     [](const ServerContext& s) { return number(s.options.connection.requests.bulk_bytes_max); },
     nullptr},
    {"save", [](const ServerContext&) { return std::string(); }, nullptr},
    {"timeout",
     [](const ServerContext& s) {
       return fmt::format("{}", s.options.idle_max.as_milliseconds() / 1000);
     },
     write_idle_max},
};

const Setting* find_setting(base::ByteView name) {
  for (const Setting& setting : kSettings) {
    if (equals_ignoring_case(setting.name, name)) {
      return &setting;
    }
  }
  return nullptr;
}

// Empty when the value was taken, else the reason.
std::string apply_setting(ServerContext& server, const Setting& setting, base::ByteView value) {
  // Writing what is there already is harmless, and clients do it.
  if (setting.read(server) == value) {
    return {};
  }
  if (setting.write == nullptr) {
    return "can't set immutable config";
  }
  const auto parsed = codec::parse_resp_integer(value);
  if (!parsed || !setting.write(server.options, *parsed)) {
    return "argument couldn't be parsed into an integer or is out of range";
  }
  return {};
}

}  // namespace

void answer_config_get(LocalContext& context, Arguments words, RespWriter& reply) {
  struct Found {
    std::string_view name;  // without a pattern: as it was asked for
    const Setting* setting;
  };
  std::vector<Found> found;
  for (const Setting& setting : kSettings) {
    for (const base::ByteView asked : words.subspan(2)) {
      if (base::glob_matches(asked, setting.name, base::LetterCase::ignored)) {
        const bool is_pattern = asked.find_first_of("*?[") != base::ByteView::npos;
        found.push_back({.name = is_pattern ? setting.name : asked, .setting = &setting});
        break;
      }
    }
  }
  reply.map(found.size());
  for (const Found& each : found) {
    reply.bulk(each.name);
    reply.bulk(each.setting->read(context.server));
  }
}

void answer_config_set(LocalContext& context, Arguments words, RespWriter& reply) {
  if (words.size() % 2 != 0) {
    reply.error(text::kSyntax);
    return;
  }
  for (std::size_t i = 2; i < words.size(); i += 2) {
    if (find_setting(words[i]) == nullptr) {
      reply.error(
          fmt::format("ERR Unknown option or number of arguments for CONFIG SET - '{}'", words[i]));
      return;
    }
  }
  // All or nothing.
  const Options before = context.server.options;
  for (std::size_t i = 2; i < words.size(); i += 2) {
    const std::string error = apply_setting(context.server, *find_setting(words[i]), words[i + 1]);
    if (!error.empty()) {
      context.server.options = before;
      reply.error(fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}",
                              words[i], error));
      return;
    }
  }
  reply.simple("OK");
}

void answer_config_resetstat(LocalContext& context, Arguments /*words*/, RespWriter& reply) {
  context.server.statistics.reset();
  reply.simple("OK");
}

}  // namespace ostraka::gateway::resp
