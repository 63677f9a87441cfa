#include "cli/bench_command.h"

#include "cli/commands.h"
#include "cli/internal/numbers.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>
#include <vector>

namespace ostraka::cli {
namespace {

using bench::LoadOptions;
using bench::LoadReport;

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= list.size()) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (end > begin) {
      parts.push_back(list.substr(begin, end - begin));
    }
    begin = end + 1;
  }
  return parts;
}

double ms(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

nlohmann::json to_json(const std::vector<bench::SecondReport>& seconds) {
  nlohmann::json all = nlohmann::json::array();
  for (const bench::SecondReport& second : seconds) {
    all.push_back({{"operations", second.operations},
                   {"busy", second.busy},
                   {"errors", second.errors},
                   {"p50_ms", ms(second.p50)},
                   {"p99_ms", ms(second.p99)},
                   {"p999_ms", ms(second.p999)},
                   {"max_ms", ms(second.max)}});
  }
  return all;
}

nlohmann::json to_json(const LoadReport& report) {
  const base::Histogram& latency = report.latency;
  const double operations = static_cast<double>(std::max<std::uint64_t>(report.operations, 1));
  return {
      {"operations", report.operations},
      {"reads", report.reads},
      {"writes", report.writes},
      {"errors", report.errors},
      {"busy", report.busy},
      {"busy_p99_ms", ms(report.busy_latency.quantile(0.99))},
      {"unsent", report.unsent},
      {"absent", report.absent},
      {"disconnects", report.disconnects},
      {"first_error", report.first_error},
      {"seconds", report.seconds},
      {"throughput", static_cast<double>(report.operations) / std::max(report.seconds, 1e-9)},
      {"mean_ms", latency.mean() / 1e6},
      {"p50_ms", ms(latency.quantile(0.5))},
      {"p99_ms", ms(latency.quantile(0.99))},
      {"p999_ms", ms(latency.quantile(0.999))},
      {"max_ms", ms(latency.max())},
      {"read_p99_ms", ms(report.read_latency.quantile(0.99))},
      {"write_p99_ms", ms(report.write_latency.quantile(0.99))},
      {"longest_write_gap_ms", ms(report.longest_write_gap)},
      {"client_cpu_us_per_op", static_cast<double>(report.client_cpu) / 1e3 / operations},
      {"checked", report.checked},
      {"lost", report.lost},
      {"unchecked", report.unchecked},
      {"per_second", to_json(report.per_second)},
  };
}

void print_table(const LoadReport& report) {
  const nlohmann::json j = to_json(report);
  const auto number = [&j](const char* name) { return j[name].get<double>(); };
  std::printf("throughput   %12.0f /s   (%llu operations in %.1f s, %llu reads, %llu writes)\n",
              number("throughput"), static_cast<unsigned long long>(report.operations),
              report.seconds, static_cast<unsigned long long>(report.reads),
              static_cast<unsigned long long>(report.writes));
  std::printf("latency ms   mean %.3f   p50 %.3f   p99 %.3f   p99.9 %.3f   max %.3f\n",
              number("mean_ms"), number("p50_ms"), number("p99_ms"), number("p999_ms"),
              number("max_ms"));
  std::printf("errors       %llu   busy %llu   unsent %llu   broken connections %llu\n",
              static_cast<unsigned long long>(report.errors),
              static_cast<unsigned long long>(report.busy),
              static_cast<unsigned long long>(report.unsent),
              static_cast<unsigned long long>(report.disconnects));
  if (!report.first_error.empty()) {
    std::printf("first error  %s\n", report.first_error.c_str());
  }
  if (report.writes > 0) {
    std::printf("longest gap between acknowledged writes %.1f ms\n",
                number("longest_write_gap_ms"));
  }
  if (report.checked + report.unchecked > 0) {
    std::printf("read back    %llu acknowledged writes, %llu lost, %llu not answered\n",
                static_cast<unsigned long long>(report.checked),
                static_cast<unsigned long long>(report.lost),
                static_cast<unsigned long long>(report.unchecked));
  }
  std::printf("client       %.2f CPU-microseconds an operation\n", number("client_cpu_us_per_op"));
}

bool choose_endpoints(BenchArguments& arguments) {
  LoadOptions& load = arguments.load;
  const int given = static_cast<int>(!arguments.redis.empty()) +
                    static_cast<int>(!arguments.etcd.empty()) +
                    static_cast<int>(!arguments.zookeeper.empty());
  if (given > 1) {
    return false;
  }
  if (!arguments.etcd.empty()) {
    load.protocol = bench::WireProtocol::etcd;
    load.endpoints = split(arguments.etcd);
  } else if (!arguments.zookeeper.empty()) {
    load.protocol = bench::WireProtocol::zookeeper;
    load.endpoints = split(arguments.zookeeper);
  } else {
    load.endpoints = split(arguments.redis.empty() ? "127.0.0.1:6379" : arguments.redis);
  }
  return true;
}

bool choose_distribution(BenchArguments& arguments) {
  if (arguments.distribution == "uniform") {
    arguments.load.distribution = bench::Distribution::uniform;
  } else if (arguments.distribution == "zipfian") {
    arguments.load.distribution = bench::Distribution::zipfian;
  } else if (arguments.distribution == "sequential") {
    arguments.load.distribution = bench::Distribution::sequential;
  } else {
    return false;
  }
  return true;
}

// "linearizable", or "bounded:500ms".
bool choose_consistency(BenchArguments& arguments) {
  constexpr std::string_view kBounded = "bounded:";
  std::string_view text = arguments.consistency;
  if (text == "linearizable") {
    return true;
  }
  if (!text.starts_with(kBounded) || !text.ends_with("ms")) {
    return false;
  }
  text = text.substr(kBounded.size(), text.size() - kBounded.size() - 2);
  std::uint32_t bound = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), bound);
  arguments.load.stale_ms = bound;
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

// "5000", or "7000:10,20000:15" with seconds that replace those of --duration.
bool choose_rate(BenchArguments& arguments) {
  LoadOptions& load = arguments.load;
  double seconds = 0;
  for (const std::string& part : split(arguments.rate)) {
    bench::RateStage stage;
    const char* const end = part.data() + part.size();
    auto parsed = std::from_chars(part.data(), end, stage.rate);
    if (parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == ':') {
      parsed = std::from_chars(parsed.ptr + 1, end, stage.seconds);
      if (stage.seconds <= 0) {
        return false;
      }
    }
    if (parsed.ec != std::errc() || parsed.ptr != end || stage.rate < 0) {
      return false;
    }
    seconds += stage.seconds;
    load.stages.push_back(stage);
  }
  if (load.stages.size() == 1 && load.stages.front().rate == 0 && seconds == 0) {
    load.stages.clear();
  }
  const auto timed =
      std::ranges::count_if(load.stages, [](const auto& s) { return s.seconds > 0; });
  if (timed == 0) {
    return load.stages.size() <= 1;
  }
  load.seconds = seconds;
  return static_cast<std::size_t>(timed) == load.stages.size() && load.warmup_seconds == 0 &&
         std::ranges::all_of(load.stages, [](const auto& s) { return s.rate > 0; });
}

}  // namespace

base::Status read_bench_arguments(BenchArguments& arguments) {
  const auto wrong = [](const std::string& what) {
    return base::fail(base::ErrorCode::invalid_argument, what);
  };
  if (!choose_endpoints(arguments)) {
    return wrong("give one of --redis, --etcd, --zookeeper");
  }
  if (!choose_distribution(arguments)) {
    return wrong("--distribution '" + arguments.distribution +
                 "' is unknown; known: uniform, zipfian, sequential");
  }
  if (!choose_consistency(arguments)) {
    return wrong("--consistency '" + arguments.consistency +
                 "' is unknown; known: linearizable, bounded:MILLISECONDSms");
  }
  if (!choose_rate(arguments)) {
    return wrong("--rate '" + arguments.rate +
                 "' is no RATE, nor RATE:SECONDS[,...] without --warmup");
  }
  return {};
}

int run_bench(BenchArguments arguments) {
  if (const base::Status status = read_bench_arguments(arguments); !status.has_value()) {
    complain("bench: " + status.error().context);
    return kExitUsage;
  }
  const base::Result<LoadReport> report = bench::run_load(arguments.load);
  if (!report.has_value()) {
    complain("bench: " + report.error().to_string());
    return report.error().code == base::ErrorCode::connection_refused ? kExitUnreachable
                                                                      : kExitUsage;
  }
  if (arguments.json) {
    std::printf("%s\n", to_json(*report).dump().c_str());
  } else {
    print_table(*report);
  }
  if (report->operations == 0) {
    complain("bench: nothing was answered; are these the right addresses?");
  }
  const bool good = report->errors == 0 && report->lost == 0 && report->unchecked == 0;
  return report->operations > 0 && good ? kExitOk : kExitFailed;
}

namespace {

class BenchCommand final : public Command {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("bench", "Generate load and report throughput and latency");
    bench::LoadOptions& load = arguments_.load;
    app->add_option("--redis", arguments_.redis, "HOST:PORT[,...] (default 127.0.0.1:6379)");
    app->add_option("--etcd", arguments_.etcd, "Load an etcd cluster instead: HOST:PORT[,...]");
    app->add_option("--zookeeper", arguments_.zookeeper, "Load ZooKeeper instead: HOST:PORT[,...]");
    app->add_option("--clients", load.clients, "Connections")
        ->check(above_zero())
        ->capture_default_str();
    app->add_option("--pipeline", load.pipeline, "Requests in flight on each connection")
        ->check(above_zero())
        ->capture_default_str();
    app->add_option("--value-size", load.value_bytes, "Bytes of a value")
        ->check(zero_or_more())
        ->capture_default_str();
    app->add_option("--keys", load.keys, "Number of keys")
        ->check(above_zero())
        ->capture_default_str();
    app->add_option("--read-ratio", load.read_ratio, "Share of reads, 0 to 1")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app->add_option("--distribution", arguments_.distribution, "uniform, zipfian or sequential")
        ->capture_default_str();
    app->add_option("--duration", load.seconds, "Seconds that are measured")
        ->check(above_zero())
        ->capture_default_str();
    app->add_option("--warmup", load.warmup_seconds, "Seconds before that")
        ->check(zero_or_more())
        ->capture_default_str();
    app->add_option("--rate", arguments_.rate,
                    "Open loop: operations a second in all, or RATE:SECONDS[,...] one after the "
                    "other; 0 = as fast as answers come");
    app->add_option("--backlog", load.backlog_seconds,
                    "Seconds after which what is due and found no room is given up, unsent")
        ->check(zero_or_more())
        ->capture_default_str();
    app->add_option("--seed", load.seed, "Of keys and of the mix")
        ->check(zero_or_more())
        ->capture_default_str();
    app->add_option("--password", load.password, "AUTH");
    app->add_option("--consistency", arguments_.consistency,
                    "Of reads: linearizable, or bounded:500ms (READONLY; etcd and ZooKeeper: what "
                    "the member has)")
        ->capture_default_str();
    app->add_flag("--load", load.load_keys, "Write every key once, in order, and stop");
    app->add_flag("--check-writes", load.check_writes,
                  "Write only new keys and read every acknowledged one back in the end");
    app->add_flag("--json", arguments_.json, "Print the report as JSON");
    app->footer(
        "Keys have 16 bytes. With --rate requests are due at fixed times and latency counts from "
        "the due time (no coordinated omission).\n"
        "Examples:\n"
        "  ostraka bench --clients 64 --duration 10\n"
        "  ostraka bench --redis 127.0.0.1:6379,127.0.0.1:6380 --read-ratio 0.5 --distribution "
        "zipfian --rate 20000 --json\n"
        "  ostraka bench --rate 7000:10,20000:10,7000:20 --pipeline 256\n"
        "Exit codes: 0 done, 1 errors occurred, 2 usage, 3 nobody answers.");
    return app;
  }
  int run() override { return run_bench(arguments_); }

 private:
  BenchArguments arguments_;
};

}  // namespace

std::unique_ptr<Command> make_bench_command() { return std::make_unique<BenchCommand>(); }

}  // namespace ostraka::cli
