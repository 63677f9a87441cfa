#include "node/internal/node_status.h"

#include "base/metrics_text.h"
#include "node/internal/json_text.h"
#include "peer/metrics.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace ostraka::node {

namespace {

using Json = nlohmann::ordered_json;

const char* disk_text(const replica::Status& status) {
  if (status.stopped.has_value()) {
    return "failed";
  }
  return status.disk_full ? "full" : "ok";
}

using base::MetricsText;

// The prefix is written out at each name so that a search for a metric finds it.
void gauge(MetricsText& out, std::string_view name, std::string_view help, double value) {
  out.gauge({name, help}, value);
}

void gauge(MetricsText& out, std::string_view name, std::string_view help, std::uint64_t value) {
  out.gauge({name, help}, static_cast<double>(value));
}

void counter(MetricsText& out, std::string_view name, std::string_view help, std::uint64_t value) {
  out.counter({name, help}, value);
}

void replica_metrics(const NodeFacts& facts, MetricsText& out) {
  const replica::Status& status = *facts.replica;
  const protocol::ProtocolStatus& raft = status.protocol;
  gauge(out, "ostraka_raft_leader", "1 when this node leads the shard", status.leads ? 1.0 : 0.0);
  gauge(out, "ostraka_raft_term", "Current term", raft.term.value());
  gauge(out, "ostraka_raft_commit_index", "Highest index known to be committed",
        raft.commit.value());
  gauge(out, "ostraka_raft_applied_index", "Highest index applied here", status.applied.value());
  gauge(out, "ostraka_raft_last_index", "Last index of the log here", raft.last_index.value());
  gauge(out, "ostraka_raft_lag_entries", "Committed entries not applied here",
        raft.commit >= status.applied ? raft.commit - status.applied : 0);
  gauge(out, "ostraka_raft_lease_valid", "1 when linearizable reads need no message now",
        status.lease_valid ? 1.0 : 0.0);
  gauge(out, "ostraka_disk_full", "1 while the log cannot grow", status.disk_full ? 1.0 : 0.0);
  gauge(out, "ostraka_proposal_bytes", "Commands accepted and not applied", status.proposal_bytes);
  gauge(out, "ostraka_log_cache_bytes", "Log payloads kept in memory", status.log_cache_bytes);
  counter(out, "ostraka_raft_resent_bytes_total", "Entry payload sent to a peer once more",
          raft.resent_bytes);
  for (const protocol::PeerStatus& peer : raft.peers) {
    const std::string id = fmt::format("{}", peer.id.value());
    const base::MetricLabel label{"peer", id};
    out.gauge({"ostraka_raft_peer_match_index", "Highest index known to be durable at a peer"},
              static_cast<double>(peer.match.value()), {&label, 1});
  }
}

void counter_metrics(const NodeFacts& facts, MetricsText& out) {
  if (const auto& replica = facts.replica_counters) {
    counter(out, "ostraka_commands_proposed_total", "Commands accepted by the leader here",
            replica->commands);
    counter(out, "ostraka_entries_proposed_total", "Log entries proposed here",
            replica->entries_proposed);
    counter(out, "ostraka_entries_applied_total", "Log entries applied here",
            replica->entries_applied);
    counter(out, "ostraka_peer_messages_total", "Replication messages sent",
            replica->messages_sent);
    counter(out, "ostraka_peer_messages_dropped_total",
            "Replication messages that could not be sent", replica->messages_dropped);
    counter(out, "ostraka_peer_messages_refused_total",
            "Replication messages received that no correct peer sends", replica->messages_refused);
    for (const auto& [kind, count] : {std::pair{"lease", replica->lease_reads},
                                      {"barrier", replica->barrier_reads},
                                      {"local", replica->local_reads}}) {
      const base::MetricLabel label{"kind", kind};
      out.counter({"ostraka_reads_total", "Reads served by the replica here"}, count, {&label, 1});
    }
    counter(out, "ostraka_refused_total", "Commands and reads refused by the replica",
            replica->refused);
  }
  if (const auto& log = facts.log) {
    counter(out, "ostraka_log_syncs_total", "Durable writes of the log", log->syncs);
    counter(out, "ostraka_log_bytes_written_total", "Bytes written to the log", log->bytes_written);
    gauge(out, "ostraka_log_segments", "Segment files of the log", log->segments);
    gauge(out, "ostraka_log_live_bytes", "Bytes of log segments on disk", log->live_bytes);
    gauge(out, "ostraka_log_queued_bytes", "Appended and not durable", log->queued_bytes);
  }
  if (const auto& store = facts.store) {
    counter(out, "ostraka_checkpoints_total", "Checkpoints of the engine", store->checkpoints);
    counter(out, "ostraka_snapshots_sent_total", "Snapshots sent to peers", store->snapshots_sent);
    counter(out, "ostraka_snapshots_installed_total", "Snapshots installed here",
            store->snapshots_installed);
    gauge(out, "ostraka_engine_memory_bytes", "Written and not flushed",
          store->engine.memory_bytes);
    gauge(out, "ostraka_engine_disk_bytes", "Tables on disk", store->engine.disk_bytes);
    gauge(out, "ostraka_engine_estimated_keys", "Keys, estimated", store->engine.estimated_keys);
  }
}

void router_metrics(const NodeFacts& facts, MetricsText& out) {
  if (const auto& router = facts.router) {
    const router::RouterCounters& counters = router->counters;
    gauge(out, "ostraka_router_calls_in_flight", "Calls of clients of this node",
          router->calls_in_flight);
    gauge(out, "ostraka_router_bytes_in_flight", "Bytes of these calls", router->bytes_in_flight);
    counter(out, "ostraka_router_writes_total", "Write commands of clients of this node",
            counters.writes);
    counter(out, "ostraka_router_reads_total", "Read commands of clients of this node",
            counters.reads);
    counter(out, "ostraka_router_busy_total", "Calls refused at a bound", counters.busy);
    counter(out, "ostraka_router_forwarded_total", "Commands and reads sent to the leader",
            counters.forwarded);
    counter(out, "ostraka_router_served_total", "Commands and reads taken from other nodes",
            counters.served);
    counter(out, "ostraka_router_resends_total", "Unacknowledged suffixes sent again",
            counters.resends);
    counter(out, "ostraka_router_unknown_outcomes_total",
            "Writes that ended with an unknown outcome", counters.unknown_outcomes);
    counter(out, "ostraka_router_deadlines_total", "Calls that ended at their deadline",
            counters.deadlines);
  }
  peer::append_peer_metrics(facts.peers, out);
}

void command_metrics(const gateway::resp::Statistics& redis, MetricsText& out) {
  gauge(out, "ostraka_redis_connections", "Open connections", redis.connections_open);
  counter(out, "ostraka_redis_connections_total", "Connections accepted",
          redis.connections_accepted);
  counter(out, "ostraka_redis_connections_refused_total", "Connections refused at the limit",
          redis.connections_refused);
  counter(out, "ostraka_redis_connections_cut_total", "Connections cut at a limit",
          redis.connections_cut);
  counter(out, "ostraka_redis_error_replies_total", "Replies that are errors", redis.error_replies);
  counter(out, "ostraka_redis_bytes_in_total", "Bytes received from clients", redis.bytes_in);
  counter(out, "ostraka_redis_bytes_out_total", "Bytes sent to clients", redis.bytes_out);
  for (const gateway::resp::CommandSpec& spec : gateway::resp::all_commands()) {
    const auto& command = redis.commands[static_cast<std::size_t>(spec.id)];
    if (command.calls > 0) {
      const base::MetricLabel label{"command", spec.name};
      out.counter({"ostraka_redis_commands_total", "Commands answered"}, command.calls,
                  {&label, 1});
    }
  }
  constexpr std::array kBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                               0.025,  0.05,    0.1,    0.25,  0.5,    1.0,   5.0};
  for (const gateway::resp::CommandSpec& spec : gateway::resp::all_commands()) {
    const auto& command = redis.commands[static_cast<std::size_t>(spec.id)];
    if (command.latency_ns == nullptr) {
      continue;
    }
    const base::Histogram& latency = *command.latency_ns;
    std::array<base::MetricBucket, kBounds.size()> buckets;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
      buckets[i] = {kBounds[i],
                    latency.count_at_or_below(static_cast<std::uint64_t>(kBounds[i] * 1e9))};
    }
    const base::MetricLabel label{"command", spec.name};
    out.histogram(
        {"ostraka_redis_command_seconds", "From the parsed request to the finished reply"}, buckets,
        static_cast<double>(latency.sum()) / 1e9, latency.count(), {&label, 1});
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
  out["engine"] = facts.engine;
  out["reachable"] = true;
  out["leader"] = facts.leader_name;
  out["redis"] = facts.redis_address;
  out["http"] = facts.http_address;
  out["disk_free_bytes"] = facts.free_disk_bytes;
  out["uptime_seconds"] = static_cast<std::uint64_t>(facts.uptime_seconds);
  return to_text(out);
}

std::string cluster_status_json(const std::string& leader, const std::vector<NodeAnswer>& answers) {
  Json nodes = Json::array();
  Json engine;
  std::uint64_t commit = 0;
  for (const NodeAnswer& answer : answers) {
    Json node = answer.json.has_value() ? parse_flat(*answer.json) : Json();
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
    if (node["commit"].is_number_unsigned()) {
      commit = std::max(commit, node["commit"].get<std::uint64_t>());
    }
    if (const auto told = node.find("engine"); engine.is_null() && told != node.end()) {
      engine = *told;
    }
    nodes.push_back(std::move(node));
  }
  for (Json& node : nodes) {
    if (node["applied"].is_number_unsigned()) {
      const auto applied = node["applied"].get<std::uint64_t>();
      node["lag"] = commit > applied ? commit - applied : 0;
    }
  }
  Json out{{"leader", leader.empty() ? Json(nullptr) : Json(leader)},
           {"engine", std::move(engine)},
           {"nodes", std::move(nodes)}};
  return to_text(out);
}

void add_metrics(const NodeFacts& facts, base::MetricsText& out) {
  const std::array<base::MetricLabel, 2> labels{{{"version", facts.version}, {"node", facts.name}}};
  out.gauge({"ostraka_build_info", "1; version and node are in the labels"}, 1.0, labels);
  gauge(out, "ostraka_uptime_seconds", "Since the start of the node", facts.uptime_seconds);
  if (facts.replica.has_value()) {
    replica_metrics(facts, out);
  }
  counter_metrics(facts, out);
  router_metrics(facts, out);
  if (facts.redis != nullptr) {
    command_metrics(*facts.redis, out);
  }
  gauge(out, "ostraka_disk_free_bytes", "Free on the file system of the data directory",
        facts.free_disk_bytes);
  gauge(out, "ostraka_process_resident_bytes", "Resident memory", facts.process.resident_bytes);
  out.counter({"ostraka_process_cpu_seconds_total", "User and system time"},
              facts.process.cpu_user_seconds + facts.process.cpu_system_seconds);
  gauge(out, "ostraka_process_open_files", "Open file descriptors", facts.process.open_files);
  gauge(out, "ostraka_process_threads", "Threads", facts.process.threads);
}

}  // namespace ostraka::node
