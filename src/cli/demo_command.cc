// demo: a cluster in one go, a data set loaded, the leader killed in the middle, nothing lost.
#include "cli/commands.h"
#include "cli/internal/demo_cluster.h"
#include "cli/internal/demo_data.h"
#include "cli/internal/demo_load.h"
#include "protocol/engines/engines.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

namespace ostraka::cli {

namespace {

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

class DemoCommand final : public Command {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app =
        root.add_subcommand("demo", "Start a cluster, load data, kill the leader, check it all");
    app->add_option("--nodes", nodes_, "Number of nodes (3)")->check(CLI::Range(3, 9));
    app->add_option("--engine", engine_,
                    "Replication engine: " + protocol::engine_names() + " (" + engine_ + ")");
    app->add_flag("--keep", keep_, "Leave the cluster running");
    app->footer(
        "Starts real server processes on free loopback ports, with their data in a temporary\n"
        "folder. Exit codes: 0 everything acknowledged was found on every node, 1 not so.\n"
        "Examples:\n  ostraka demo\n  ostraka demo --nodes 5 --keep\n  ostraka demo --engine "
        "multi-paxos");
    return app;
  }

  int run() override {
    if (protocol::find_engine(engine_) == nullptr) {
      complain("--engine '" + engine_ + "': one of " + protocol::engine_names());
      return kExitUsage;
    }
    std::string folder = (std::filesystem::temp_directory_path() / "ostraka-demo.000000").string();
    // mkdtemp wants six times this letter at the end.
    folder.replace(folder.size() - 6, 6, std::string(6, 'X'));
    if (::mkdtemp(folder.data()) == nullptr) {
      complain("cannot make a temporary folder " + folder);
      return kExitFailed;
    }
    int code = kExitFailed;
    {
      DemoCluster cluster(own_path(), folder, engine_, static_cast<std::size_t>(nodes_), keep_);
      code = tell_story(cluster);
      if (keep_) {
        print_kept(cluster, folder);
      }
    }
    if (!keep_ && code == kExitOk) {
      std::error_code ignored;
      std::filesystem::remove_all(folder, ignored);
    } else if (!keep_) {
      say("data and messages of the servers are left in " + folder);
    }
    return code;
  }

 private:
  int tell_story(DemoCluster& cluster);
  bool start_all(DemoCluster& cluster);
  bool load_and_kill(DemoCluster& cluster, BulkLoader& loader, std::size_t& killed);
  int verify(const DemoCluster& cluster, const BulkLoader& loader, const Probe& probe,
             std::size_t killed);
  static void print_kept(const DemoCluster& cluster, const std::string& folder);

  std::string engine_{protocol::kDefaultEngine};
  int nodes_ = 3;
  bool keep_ = false;
};

bool DemoCommand::start_all(DemoCluster& cluster) {
  if (cluster.nodes().empty()) {
    complain("no free ports on 127.0.0.1");
    return false;
  }
  for (std::size_t i = 0; i < cluster.nodes().size(); ++i) {
    if (const base::Status started = cluster.start(i); !started.has_value()) {
      complain(started.error().context);
      return false;
    }
    const DemoNode& node = cluster.nodes()[i];
    say(fmt::format("  {} started: redis {}, http {}, process {}", node.name, node.redis, node.http,
                    node.process));
  }
  if (!cluster.wait_until_whole(20, say)) {
    complain("the nodes did not elect a leader within 20 s");
    return false;
  }
  say(fmt::format("  leader: {}", cluster.nodes()[cluster.find_leader()].name));
  return true;
}

bool DemoCommand::load_and_kill(DemoCluster& cluster, BulkLoader& loader, std::size_t& killed) {
  bool loaded = false;
  std::jthread loading([&] { loaded = loader.run(kDemoRecords); });
  std::uint32_t told = 0;
  std::uint32_t count = 0;
  while (loader.wait_for_more_than(count)) {
    count = loader.acknowledged();
    if (count >= told + kDemoRecords / 10) {
      told = count - count % (kDemoRecords / 10);
      say(fmt::format("  {:>6} of {} records acknowledged", count, kDemoRecords));
    }
    if (killed == cluster.nodes().size() && count >= kDemoRecords * 2 / 5) {
      const std::size_t leader = cluster.find_leader();
      if (leader < cluster.nodes().size()) {
        say(fmt::format("  kill -9 {} (the leader, process {})", cluster.nodes()[leader].name,
                        cluster.nodes()[leader].process));
        cluster.kill(leader);
        killed = leader;
      }
    }
  }
  loading.join();
  if (!loaded) {
    complain("a batch was not acknowledged within a minute");
  } else if (killed == cluster.nodes().size()) {
    complain("the load was over before the leader could be killed");
    return false;
  }
  return loaded;
}

int DemoCommand::tell_story(DemoCluster& cluster) {
  const bool stock = has_redis_cli();
  say(fmt::format("1. Starting {} nodes, replication engine {}", nodes_, engine_));
  if (!start_all(cluster)) {
    return kExitFailed;
  }
  say(fmt::format("2. Loading {} records with {}, killing the leader in the middle", kDemoRecords,
                  stock ? "redis-cli --pipe" : "the built-in client (redis-cli is not installed)"));
  BulkLoader loader(cluster.nodes(), stock);
  Probe probe(cluster.nodes());
  std::jthread probing([&] { probe.run(); });
  std::size_t killed = cluster.nodes().size();
  const bool loaded = load_and_kill(cluster, loader, killed);
  probe.stop();
  probing.join();
  if (!loaded) {
    return kExitFailed;
  }
  const std::size_t leader = cluster.find_leader();
  say(fmt::format("3. {} records acknowledged; leader now: {}; starting {} again",
                  loader.acknowledged(),
                  leader < cluster.nodes().size() ? cluster.nodes()[leader].name : "none",
                  cluster.nodes()[killed].name));
  if (const base::Status started = cluster.start(killed); !started.has_value()) {
    complain(started.error().context);
    return kExitFailed;
  }
  if (!cluster.wait_until_whole(60, say)) {
    complain("the restarted node did not catch up within 60 s");
    return kExitFailed;
  }
  say("4. Reading every acknowledged record on every node");
  return verify(cluster, loader, probe, killed);
}

int DemoCommand::verify(const DemoCluster& cluster, const BulkLoader& loader, const Probe& probe,
                        std::size_t killed) {
  bool all_found = true;
  std::string rows;
  const std::size_t leader = cluster.find_leader();
  for (std::size_t i = 0; i < cluster.nodes().size(); ++i) {
    const DemoNode& node = cluster.nodes()[i];
    const CheckResult linear =
        check_node(node, loader.acknowledged(), probe.acknowledged(), /*own_copy=*/false);
    const CheckResult own =
        check_node(node, loader.acknowledged(), probe.acknowledged(), /*own_copy=*/true);
    const bool found = linear.found == linear.expected && own.found == own.expected;
    all_found = all_found && found;
    rows += fmt::format("  {:<5} {:<20} {:>8}/{:<8} {:>8}/{:<8} {}\n", node.name,
                        i == killed   ? "killed, restarted"
                        : i == leader ? "leader"
                                      : "follower",
                        linear.found, linear.expected, own.found, own.expected,
                        !found ? "LOST " + linear.problem + own.problem : "ok");
    say(fmt::format("  {} read", node.name));
  }
  say("\n  What was verified");
  say(fmt::format("  {:<40} {:>10}", "records acknowledged to the loader", loader.acknowledged()));
  say(fmt::format("  {:<40} {:>10}", "single writes acknowledged meanwhile", probe.acknowledged()));
  say(fmt::format("  {:<40} {:>10}", "batches sent again after the kill",
                  loader.repeated_batches()));
  say(fmt::format("  {:<40} {:>7.0f} ms", "longest gap between acknowledged writes",
                  probe.longest_gap_ms()));
  say(fmt::format("\n  {:<5} {:<20} {:>17} {:>17}", "node", "", "linearizable", "own copy"));
  fmt::print("{}", rows);
  say(all_found ? "\nEvery acknowledged write is there, with the right value, on every node."
                : "\nACKNOWLEDGED WRITES ARE MISSING.");
  return all_found ? kExitOk : kExitFailed;
}

void DemoCommand::print_kept(const DemoCluster& cluster, const std::string& folder) {
  std::string processes;
  for (const DemoNode& node : cluster.nodes()) {
    if (node.process > 0) {
      say(fmt::format("  {} is running: redis-cli -p {}   ostraka status --endpoint {}", node.name,
                      node.redis.substr(node.redis.rfind(':') + 1), node.http));
      processes += fmt::format(" {}", node.process);
    }
  }
  say("  data: " + folder + "   stop with: kill" + processes);
}

}  // namespace

std::unique_ptr<Command> make_demo_command() { return std::make_unique<DemoCommand>(); }

}  // namespace ostraka::cli
