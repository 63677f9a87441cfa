#include "gateway/resp/internal/local.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace ostraka::gateway::resp {
namespace {

using codec::RespWriter;

struct InfoInput {
  ServerContext& server;
  ServerFacts facts;
};

using Out = std::back_insert_iterator<std::string>;

void write_server(const InfoInput& in, Out out) {
  const std::string& address = in.server.address;
  const std::uint64_t uptime = in.facts.uptime_seconds;
  fmt::format_to(out,
                 "redis_version:{}\r\nredis_mode:standalone\r\nos:Linux\r\narch_bits:64\r\n"
                 "process_id:{}\r\nrun_id:{}\r\ntcp_port:{}\r\nuptime_in_seconds:{}\r\n"
                 "uptime_in_days:{}\r\nexecutable:{}\r\nconfig_file:{}\r\n",
                 kRedisVersion, in.facts.process_id, in.facts.run_id,
                 address.substr(address.rfind(':') + 1), uptime, uptime / 86'400,
                 in.facts.executable, in.facts.config_file);
  fmt::format_to(out, "ostraka_version:{}\r\n", in.facts.version);
}

void write_clients(const InfoInput& in, Out out) {
  fmt::format_to(out,
                 "connected_clients:{}\r\ncluster_connections:0\r\nmaxclients:{}\r\n"
                 "blocked_clients:0\r\ncommands_in_flight:{}\r\n",
                 in.server.statistics.connections_open, in.server.options.clients_max,
                 in.server.statistics.commands_in_flight);
}

void write_memory(const InfoInput& in, Out out) {
  fmt::format_to(out,
                 "used_memory:{}\r\nused_memory_rss:{}\r\nused_memory_human:{:.2f}M\r\n"
                 "maxmemory:0\r\nmaxmemory_policy:noeviction\r\n",
                 in.facts.memory_bytes, in.facts.memory_bytes,
                 static_cast<double>(in.facts.memory_bytes) / 1'048'576.0);
}

void write_persistence(const InfoInput& /*in*/, Out out) {
  fmt::format_to(out,
                 "loading:0\r\nrdb_bgsave_in_progress:0\r\nrdb_last_bgsave_status:ok\r\n"
                 "aof_enabled:1\r\naof_rewrite_in_progress:0\r\naof_last_write_status:ok\r\n");
}

void write_stats(const InfoInput& in, Out out) {
  const Statistics& s = in.server.statistics;
  fmt::format_to(out,
                 "total_connections_received:{}\r\ntotal_commands_processed:{}\r\n"
                 "total_net_input_bytes:{}\r\ntotal_net_output_bytes:{}\r\n"
                 "rejected_connections:{}\r\ntotal_error_replies:{}\r\n",
                 s.connections_accepted, s.calls(), s.bytes_in, s.bytes_out, s.connections_refused,
                 s.error_replies);
}

void write_replication(const InfoInput& in, Out out) {
  fmt::format_to(out,
                 "role:master\r\nconnected_slaves:{}\r\nmaster_replid:{}\r\n"
                 "ostraka_node:{}\r\nostraka_role:{}\r\nostraka_leader:{}\r\nostraka_nodes:{}\r\n",
                 in.facts.nodes - 1, in.facts.run_id, in.facts.node_name, in.facts.role,
                 in.facts.leader_name, in.facts.nodes);
}

void write_cpu(const InfoInput& in, Out out) {
  fmt::format_to(out, "used_cpu_sys:{:.6f}\r\nused_cpu_user:{:.6f}\r\n",
                 in.facts.cpu_system_seconds, in.facts.cpu_user_seconds);
}

void write_modules(const InfoInput& /*in*/, Out /*out*/) {}

void write_errorstats(const InfoInput& in, Out out) {
  for (const auto& [prefix, count] : in.server.statistics.errors_by_prefix) {
    fmt::format_to(out, "errorstat_{}:count={}\r\n", prefix, count);
  }
}

void write_commandstats(const InfoInput& in, Out out) {
  for (const CommandSpec& spec : all_commands()) {
    const CommandStatistics& command = in.server.statistics.of(spec.id);
    if (command.calls == 0 && command.rejected == 0) {
      continue;
    }
    const double microseconds = command.latency_ns == nullptr
                                    ? 0.0
                                    : static_cast<double>(command.latency_ns->sum()) / 1000.0;
    const double each =
        command.calls == 0 ? 0.0 : microseconds / static_cast<double>(command.calls);
    fmt::format_to(out,
                   "cmdstat_{}:calls={},usec={:.0f},usec_per_call={:.2f},rejected_calls={},"
                   "failed_calls={}\r\n",
                   spec.name, command.calls, microseconds, each, command.rejected, command.failed);
  }
}

void write_latencystats(const InfoInput& in, Out out) {
  for (const CommandSpec& spec : all_commands()) {
    const CommandStatistics& command = in.server.statistics.of(spec.id);
    if (command.latency_ns == nullptr) {
      continue;
    }
    const auto microseconds = [&](double quantile) {
      return static_cast<double>(command.latency_ns->quantile(quantile)) / 1000.0;
    };
    fmt::format_to(out, "latency_percentiles_usec_{}:p50={:.3f},p99={:.3f},p99.9={:.3f}\r\n",
                   spec.name, microseconds(0.5), microseconds(0.99), microseconds(0.999));
  }
}

void write_cluster(const InfoInput& /*in*/, Out out) {
  fmt::format_to(out, "cluster_enabled:0\r\n");
}

void write_keyspace(const InfoInput& in, Out out) {
  for (std::uint32_t database = 0; database < kDatabases; ++database) {
    const auto keys = in.server.info.keys_of(database);
    if (keys && *keys > 0) {
      fmt::format_to(out, "db{}:keys={},expires=0,avg_ttl=0\r\n", database, *keys);
    }
  }
}

struct Section {
  std::string_view name;   // as it is asked for
  std::string_view title;  // as it is shown
  void (*write)(const InfoInput&, Out);
  bool by_default;
};

constexpr Section kSections[] = {
    {"server", "Server", write_server, true},
    {"clients", "Clients", write_clients, true},
    {"memory", "Memory", write_memory, true},
    {"persistence", "Persistence", write_persistence, true},
    {"stats", "Stats", write_stats, true},
    {"replication", "Replication", write_replication, true},
    {"cpu", "CPU", write_cpu, true},
    {"modules", "Modules", write_modules, true},
    {"commandstats", "Commandstats", write_commandstats, false},
    {"errorstats", "Errorstats", write_errorstats, true},
    {"latencystats", "Latencystats", write_latencystats, false},
    {"cluster", "Cluster", write_cluster, true},
    {"keyspace", "Keyspace", write_keyspace, true},
};

bool is_wanted(const Section& section, Arguments names) {
  if (names.empty()) {
    return section.by_default;
  }
  return std::ranges::any_of(names, [&](base::ByteView name) {
    return equals_ignoring_case(name, section.name) || equals_ignoring_case(name, "all") ||
           equals_ignoring_case(name, "everything") ||
           (section.by_default && equals_ignoring_case(name, "default"));
  });
}

}  // namespace

void answer_info(LocalContext& context, Arguments words, RespWriter& reply) {
  const InfoInput input{.server = context.server, .facts = context.server.info.facts()};
  std::string info;
  for (const Section& section : kSections) {
    if (is_wanted(section, words.subspan(1))) {
      fmt::format_to(std::back_inserter(info), "{}# {}\r\n", info.empty() ? "" : "\r\n",
                     section.title);
      section.write(input, std::back_inserter(info));
    }
  }
  reply.verbatim(info);
}

}  // namespace ostraka::gateway::resp
