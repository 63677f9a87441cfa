#include "server/flags.h"

#include "net/address.h"
#include "protocol/engines/engines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace ostraka::server {

namespace {

base::Error bad(std::string context) {
  return {base::ErrorCode::invalid_argument, std::move(context)};
}

base::Status check_address(const char* flag, const std::string& address) {
  if (!node::is_valid_address(address)) {
    return std::unexpected(
        bad(fmt::format("--{} '{}' is no HOST:PORT (example: 127.0.0.1:6379)", flag, address)));
  }
  return {};
}

bool is_loopback(const std::string& address) {
  const base::Result<net::Address> parsed = net::parse_address(address);
  return parsed.has_value() && net::is_loopback(*parsed);
}

bool is_any(const std::string& address) {
  return address.starts_with("0.0.0.0:") || address.starts_with("[::]:") ||
         address.starts_with("*:") || address.starts_with(":");
}

// Listening beyond this machine without secrets is refused.
base::Status check_exposure(const Settings& settings) {
  if (settings.insecure) {
    return {};
  }
  for (const auto& [flag, address] :
       {std::pair{"redis", &settings.redis}, {"http", &settings.http}, {"peer", &settings.peer}}) {
    if (is_loopback(*address)) {
      continue;
    }
    if (settings.requirepass.empty() || settings.peer_secret_file.empty()) {
      return std::unexpected(bad(fmt::format(
          "--{} {} can be reached from other machines: give --requirepass and --peer-secret, or "
          "say --insecure",
          flag, *address)));
    }
  }
  return {};
}

std::vector<std::string_view> names_of(const std::vector<node::InitialMember>& members) {
  std::vector<std::string_view> names;
  names.reserve(members.size());
  for (const node::InitialMember& member : members) {
    names.push_back(member.name);
  }
  return names;
}

// Three listeners cannot share an address.
base::Status check_distinct(const Settings& settings) {
  const std::array all{std::pair{"peer", &settings.peer}, std::pair{"redis", &settings.redis},
                       std::pair{"http", &settings.http}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (*all[i].second == *all[j].second && !all[i].second->ends_with(":0")) {
        return std::unexpected(
            bad(fmt::format("--{} and --{} are both {}: each needs a port of its own", all[i].first,
                            all[j].first, *all[i].second)));
      }
    }
  }
  return {};
}

base::Status settle_membership(const Flags& flags, Settings& out) {
  if (flags.cluster.has_value() && flags.join.has_value()) {
    return std::unexpected(
        bad("--cluster and --join exclude each other: --cluster names the "
            "initial members, --join enters a running cluster"));
  }
  if (!node::is_valid_name(out.name)) {
    return std::unexpected(bad(fmt::format(
        "--name '{}': letters, digits, '.', '_' and '-', at most 64 of them", out.name)));
  }
  if (flags.cluster.has_value()) {
    OSTRAKA_ASSIGN(out.cluster, node::parse_cluster(*flags.cluster));
    if (!flags.name.has_value() && out.cluster.size() > 1) {
      return std::unexpected(bad("--cluster needs --name: which of the members is this one?"));
    }
    if (!flags.name.has_value()) {
      out.name = out.cluster.front().name;
    }
    const model::NodeId id = node::id_of(out.cluster, out.name);
    if (id.is_none()) {
      return std::unexpected(bad(fmt::format("--name {} is not among the members of --cluster ({})",
                                             out.name, fmt::join(names_of(out.cluster), ", "))));
    }
    const std::string& own = out.cluster[id.value() - 1].address;
    out.peer = flags.peer.value_or(own);
    out.advertise = flags.advertise.value_or(own);
    if (out.advertise != own) {
      return std::unexpected(
          bad(fmt::format("--advertise {} contradicts --cluster, where {} is at {}", out.advertise,
                          out.name, own)));
    }
  }
  if (flags.join.has_value()) {
    out.join = *flags.join;
    OSTRAKA_TRY(check_address("join", out.join));
    if (!flags.name.has_value()) {
      return std::unexpected(bad("--join needs --name: a name that no member has"));
    }
  }
  return {};
}

}  // namespace

Flags merge(const Flags& given, const Flags& otherwise) {
  Flags out = otherwise;
  const auto take = [](auto& to, const auto& from) {
    if (from.has_value()) {
      to = from;
    }
  };
  take(out.name, given.name);
  take(out.data_dir, given.data_dir);
  take(out.peer, given.peer);
  take(out.advertise, given.advertise);
  take(out.cluster, given.cluster);
  take(out.engine, given.engine);
  take(out.join, given.join);
  take(out.redis, given.redis);
  take(out.http, given.http);
  take(out.reactors, given.reactors);
  take(out.requirepass, given.requirepass);
  take(out.peer_secret, given.peer_secret);
  take(out.insecure, given.insecure);
  take(out.log_level, given.log_level);
  take(out.log_io, given.log_io);
  return out;
}

base::Result<Settings> settle(const Flags& flags) {
  Settings out{.name = flags.name.value_or("n1"),
               .data_dir = flags.data_dir.value_or("./ostraka.data"),
               .peer = flags.peer.value_or("127.0.0.1:7379"),
               .advertise = flags.advertise.value_or(""),
               .cluster = {},
               .engine = flags.engine.value_or(""),
               .join = {},
               .redis = flags.redis.value_or("127.0.0.1:6379"),
               .http = flags.http.value_or("127.0.0.1:8379"),
               .requirepass = flags.requirepass.value_or(""),
               .peer_secret_file = flags.peer_secret.value_or(""),
               .log_level = flags.log_level.value_or("info"),
               .log_io = flags.log_io.value_or("auto"),
               .insecure = flags.insecure.value_or(false)};
  OSTRAKA_TRY(settle_membership(flags, out));
  OSTRAKA_TRY(check_address("peer", out.peer));
  OSTRAKA_TRY(check_address("redis", out.redis));
  OSTRAKA_TRY(check_address("http", out.http));
  if (!out.advertise.empty()) {
    OSTRAKA_TRY(check_address("advertise", out.advertise));
  } else if (is_any(out.peer) && (!out.cluster.empty() || !out.join.empty())) {
    return std::unexpected(bad(fmt::format(
        "--peer {} listens everywhere: say with --advertise where the peers reach this node",
        out.peer)));
  }
  if (flags.engine.has_value() && protocol::find_engine(out.engine) == nullptr) {
    return std::unexpected(
        bad(fmt::format("--engine '{}': one of {}", out.engine, protocol::engine_names())));
  }
  if (out.data_dir.empty()) {
    return std::unexpected(bad("--data-dir is empty"));
  }
  if (flags.reactors.has_value() && *flags.reactors != 1) {
    return std::unexpected(bad(fmt::format(
        "--reactors {}: this version runs one reactor; say --reactors 1 or leave it out",
        *flags.reactors)));
  }
  constexpr std::array<std::string_view, 5> kLevels{"debug", "info", "warning", "error", "off"};
  if (std::ranges::find(kLevels, out.log_level) == kLevels.end()) {
    return std::unexpected(bad(
        fmt::format("--log-level '{}': one of debug, info, warning, error, off", out.log_level)));
  }
  if (out.log_io != "auto" && out.log_io != "thread") {
    return std::unexpected(bad(fmt::format("--log-io '{}': one of auto, thread", out.log_io)));
  }
  OSTRAKA_TRY(check_distinct(out));
  OSTRAKA_TRY(check_exposure(out));
  return out;
}

}  // namespace ostraka::server
