#include "node/internal/node_status.h"

#include "node/internal/metrics_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace ostraka::node {

namespace {

using Json = nlohmann::ordered_json;

const char* disk_text(const replica::Status& status) {
  if (status.stopped.has_value()) {
    return "failed";
  }
  return status.disk_full ? "full" : "ok";
}

void replica_metrics(const NodeFacts& facts, MetricsText& out) {
  const replica::Status& status = *facts.replica;
  const protocol::ProtocolStatus& raft = status.protocol;
  out.gauge("raft_leader", "1 when this node leads the shard",
            std::uint64_t{status.leads ? 1U : 0U});
  out.gauge("raft_term", "Current term", raft.term.value());
  out.gauge("raft_commit_index", "Highest index known to be committed", raft.commit.value());
  out.gauge("raft_applied_index", "Highest index applied here", status.applied.value());
  out.gauge("raft_last_index", "Last index of the log here", raft.last_index.value());
  out.gauge("raft_lag_entries", "Committed entries not applied here",
            raft.commit >= status.applied ? raft.commit - status.applied : 0);
  out.gauge("raft_lease_valid", "1 when linearizable reads need no message now",
            std::uint64_t{status.lease_valid ? 1U : 0U});
  out.gauge("disk_full", "1 while the log cannot grow", std::uint64_t{status.disk_full ? 1U : 0U});
  out.gauge("proposal_bytes", "Commands accepted and not applied",
            std::uint64_t{status.proposal_bytes});
  out.gauge("log_cache_bytes", "Log payloads kept in memory",
            std::uint64_t{status.log_cache_bytes});
  for (const protocol::PeerStatus& peer : raft.peers) {
    const std::string label = fmt::format("peer=\"{}\"", peer.id.value());
    out.gauge("raft_peer_match_index", "Highest index known to be durable at a peer",
              peer.match.value(), label);
  }
}

void counter_metrics(const NodeFacts& facts, MetricsText& out) {
  if (const auto& replica = facts.replica_counters) {
    out.counter("commands_proposed_total", "Commands accepted by the leader here",
                replica->commands);
    out.counter("entries_proposed_total", "Log entries proposed here", replica->entries_proposed);
    out.counter("entries_applied_total", "Log entries applied here", replica->entries_applied);
    out.counter("peer_messages_total", "Replication messages sent", replica->messages_sent);
    out.counter("peer_messages_dropped_total", "Replication messages that could not be sent",
                replica->messages_dropped);
    out.counter("reads_total", "Reads served by the replica here", replica->lease_reads,
                "kind=\"lease\"");
    out.counter("reads_total", "Reads served by the replica here", replica->barrier_reads,
                "kind=\"barrier\"");
    out.counter("reads_total", "Reads served by the replica here", replica->local_reads,
                "kind=\"local\"");
    out.counter("refused_total", "Commands and reads refused by the replica", replica->refused);
  }
  if (const auto& log = facts.log) {
    out.counter("log_syncs_total", "fdatasync calls of the log", log->syncs);
    out.counter("log_bytes_written_total", "Bytes written to the log", log->bytes_written);
    out.gauge("log_segments", "Segment files of the log", log->segments);
    out.gauge("log_live_bytes", "Bytes of log segments on disk", log->live_bytes);
    out.gauge("log_queued_bytes", "Appended and not durable", log->queued_bytes);
  }
  if (const auto& store = facts.store) {
    out.counter("checkpoints_total", "Checkpoints of the engine", store->checkpoints);
    out.counter("snapshots_sent_total", "Snapshots sent to peers", store->snapshots_sent);
    out.counter("snapshots_installed_total", "Snapshots installed here",
                store->snapshots_installed);
    out.gauge("engine_memory_bytes", "Written and not flushed", store->engine.memory_bytes);
    out.gauge("engine_disk_bytes", "Tables on disk", store->engine.disk_bytes);
    out.gauge("engine_estimated_keys", "Keys, estimated", store->engine.estimated_keys);
  }
}

void router_metrics(const NodeFacts& facts, MetricsText& out) {
  if (const auto& router = facts.router) {
    const router::RouterCounters& counters = router->counters;
    out.gauge("router_calls_in_flight", "Calls of clients of this node",
              std::uint64_t{router->calls_in_flight});
    out.gauge("router_bytes_in_flight", "Bytes of these calls",
              std::uint64_t{router->bytes_in_flight});
    out.counter("router_writes_total", "Write commands of clients of this node", counters.writes);
    out.counter("router_reads_total", "Read commands of clients of this node", counters.reads);
    out.counter("router_busy_total", "Calls refused at a bound", counters.busy);
    out.counter("router_forwarded_total", "Commands and reads sent to the leader",
                counters.forwarded);
    out.counter("router_served_total", "Commands and reads taken from other nodes",
                counters.served);
    out.counter("router_resends_total", "Unacknowledged suffixes sent again", counters.resends);
    out.counter("router_unknown_outcomes_total", "Writes that ended with an unknown outcome",
                counters.unknown_outcomes);
    out.counter("router_deadlines_total", "Calls that ended at their deadline",
                counters.deadlines);
  }
  for (const peer::PeerConnectionStatus& peer : facts.peers) {
    const std::string label = fmt::format("peer=\"{}\"", peer.id.value());
    out.gauge("peer_connected", "1 when connected", std::uint64_t{peer.connected ? 1U : 0U},
              label);
  }
  for (const peer::PeerConnectionStatus& peer : facts.peers) {
    const std::string label = fmt::format("peer=\"{}\"", peer.id.value());
    out.gauge("peer_queued_bytes", "Bytes that wait to be sent", std::uint64_t{peer.queued_bytes},
              label);
  }
}

void command_metrics(const gateway::resp::Statistics& redis, MetricsText& out) {
  out.gauge("redis_connections", "Open connections", redis.connections_open);
  out.counter("redis_connections_total", "Connections accepted", redis.connections_accepted);
  out.counter("redis_connections_refused_total", "Connections refused at the limit",
              redis.connections_refused);
  out.counter("redis_connections_cut_total", "Connections cut at a limit",
              redis.connections_cut);
  out.counter("redis_error_replies_total", "Replies that are errors", redis.error_replies);
  out.counter("redis_bytes_in_total", "Bytes received from clients", redis.bytes_in);
  out.counter("redis_bytes_out_total", "Bytes sent to clients", redis.bytes_out);
  const auto label_of = [](const gateway::resp::CommandSpec& spec) {
    return fmt::format("command=\"{}\"", escaped_label(spec.name));
  };
  for (const gateway::resp::CommandSpec& spec : gateway::resp::all_commands()) {
    const auto& command = redis.commands[static_cast<std::size_t>(spec.id)];
    if (command.calls > 0) {
      out.counter("redis_commands_total", "Commands answered", command.calls, label_of(spec));
    }
  }
  constexpr const char* kHelp = "From the parsed request to the finished reply";
  for (const gateway::resp::CommandSpec& spec : gateway::resp::all_commands()) {
    const auto& command = redis.commands[static_cast<std::size_t>(spec.id)];
    if (command.latency_ns == nullptr) {
      continue;
    }
    const base::Histogram& latency = *command.latency_ns;
    const auto seconds = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e9; };
    const std::string label = label_of(spec);
    for (const auto& [text, fraction] :
         {std::pair{"0.5", 0.5}, {"0.99", 0.99}, {"0.999", 0.999}}) {
      out.summary_quantile("redis_command_seconds", kHelp, label, text,
                           seconds(latency.quantile(fraction)));
    }
    out.summary_end("redis_command_seconds", label,
                    seconds(latency.sum()), latency.count());
  }
}

}  // namespace

std::string role_text(const replica::Status& status) {
  switch (status.protocol.role) {
    case protocol::Role::learner:
      return "learner";
    case protocol::Role::follower:
      return "follower";
    case protocol::Role::pre_candidate:
    case protocol::Role::candidate:
      return "candidate";
    case protocol::Role::leader:
      return "leader";
  }
  return "unknown";
}

std::string local_status_json(const NodeFacts& facts) {
  Json out{{"name", facts.name}, {"id", facts.id.value()}};
  if (facts.replica.has_value()) {
    const replica::Status& status = *facts.replica;
    out["role"] = role_text(status);
    out["term"] = status.protocol.term.value();
    out["commit"] = status.protocol.commit.value();
    out["applied"] = status.applied.value();
    out["lag"] = 0;
    out["lease"] = status.lease_valid;
    out["disk"] = disk_text(status);
  }
  out["version"] = facts.version;
  out["reachable"] = true;
  out["leader"] = facts.leader_name;
  out["redis"] = facts.redis_address;
  out["http"] = facts.http_address;
  out["disk_free_bytes"] = facts.free_disk_bytes;
  out["uptime_seconds"] = static_cast<std::uint64_t>(facts.uptime_seconds);
  return out.dump();
}

std::string cluster_status_json(const std::string& leader,
                                const std::vector<NodeAnswer>& answers) {
  Json nodes = Json::array();
  std::uint64_t commit = 0;
  for (const NodeAnswer& answer : answers) {
    Json node = answer.json.has_value() ? Json::parse(*answer.json, nullptr, false) : Json();
    if (!node.is_object()) {
      node = Json{{"name", answer.member.name},
                  {"id", answer.member.id.value()},
                  {"role", "unknown"},
                  {"term", nullptr},
                  {"commit", nullptr},
                  {"applied", nullptr},
                  {"lag", nullptr},
                  {"lease", false},
                  {"disk", "unknown"},
                  {"version", nullptr},
                  {"reachable", false}};
    }
    node["peer"] = answer.member.peer_address;
    node["voter"] = !answer.learner;
    commit = std::max(commit, node.value("/commit"_json_pointer, std::uint64_t{0}));
    nodes.push_back(std::move(node));
  }
  for (Json& node : nodes) {
    if (node["applied"].is_number_unsigned()) {
      const auto applied = node["applied"].get<std::uint64_t>();
      node["lag"] = commit > applied ? commit - applied : 0;
    }
  }
  Json out{{"leader", leader.empty() ? Json(nullptr) : Json(leader)},
           {"nodes", std::move(nodes)}};
  return out.dump();
}

std::string metrics_page(const NodeFacts& facts) {
  MetricsText out;
  out.gauge("build_info", "1; the version is in the label", std::uint64_t{1},
            fmt::format("version=\"{}\",node=\"{}\"", escaped_label(facts.version),
                        escaped_label(facts.name)));
  out.gauge("uptime_seconds", "Since the start of the node", facts.uptime_seconds);
  if (facts.replica.has_value()) {
    replica_metrics(facts, out);
  }
  counter_metrics(facts, out);
  router_metrics(facts, out);
  if (facts.redis != nullptr) {
    command_metrics(*facts.redis, out);
  }
  out.gauge("disk_free_bytes", "Free on the file system of the data directory",
            facts.free_disk_bytes);
  out.gauge("process_resident_bytes", "Resident memory", facts.process.resident_bytes);
  out.counter("process_cpu_seconds_total", "User and system time",
              facts.process.cpu_user_seconds + facts.process.cpu_system_seconds);
  out.gauge("process_open_files", "Open file descriptors", facts.process.open_files);
  out.gauge("process_threads", "Threads", facts.process.threads);
  return out.text();
}

}  // namespace ostraka::node
