#include "lab/protocols/gossip/sweep.h"

#include "base/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

namespace ostraka::lab::gossip_detail {
namespace {

constexpr std::array<const char*, 3> kNames{"push", "pull", "push-pull"};
constexpr std::uint32_t kNodesMax = 256;
constexpr std::uint64_t kSamples = 8;
constexpr int kRoundsMax = 1000;

struct Letter {
  std::uint32_t from;
  std::uint32_t to;
  Message message;
};

// All nodes of one run, whose messages arrive at the end of the round.
class Rounds {
 public:
  Rounds(const Parameters& parameters, std::uint32_t count, std::uint64_t seed) {
    base::Prng seeds(seed);
    for (std::uint32_t id = 1; id <= count; ++id) {
      nodes_.push_back(std::make_unique<Node>(
          Birth{.self = ProcessId{id}, .seed = seeds.next(), .now = {}, .storage = &nothing_},
          parameters));
    }
    step(1, Input{.kind = "update", .fields = {}});
  }

  Reach play() {
    Reach reach;
    while (informed_ < nodes_.size()) {
      OSTRAKA_ASSERT(reach.rounds < kRoundsMax, "anti-entropy reaches everyone");
      reach.rounds += 1;
      for (std::uint32_t id = 1; id <= nodes_.size(); ++id) {
        step(id, TimerFired{"round"});
      }
      // Questions first: an answer tells what was known when the round began.
      deliver(questions_, reach);
      deliver(updates_, reach);
    }
    return reach;
  }

 private:
  void deliver(std::vector<Letter>& letters, Reach& reach) {
    for (const Letter& each : std::exchange(letters, {})) {
      reach.bytes +=
          static_cast<double>(kHeaderBytes + (each.message.kind == "update" ? kSweepBytes : 0));
      step(each.to, Received{.from = ProcessId{each.from}, .message = &each.message});
    }
  }

  template <typename Body>
  void step(std::uint32_t id, Body body) {
    effects_.begin(WriteToken{1});
    nodes_[id - 1]->step({.now = base::Instant(), .body = std::move(body)}, effects_);
    for (const Effect& effect : effects_.items()) {
      if (const auto* send = std::get_if<Send>(&effect.body)) {
        auto& letters = send->message.kind == "pull" ? questions_ : updates_;
        letters.push_back({.from = id, .to = send->to.value(), .message = send->message});
      } else if (std::holds_alternative<Output>(effect.body)) {
        ++informed_;
      }
    }
  }

  Storage nothing_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<Letter> questions_;
  std::vector<Letter> updates_;
  Effects effects_;
  std::size_t informed_ = 0;
};

Plot::Series theory(std::string name, double (*rounds)(double)) {
  Plot::Series series{.name = std::move(name)};
  for (std::uint32_t nodes = 2; nodes <= kNodesMax; nodes *= 2) {
    series.points.emplace_back(std::log2(nodes), rounds(nodes));
  }
  return series;
}

std::vector<Plot> make_sweep(const std::vector<Parameter>& declared) {
  Plot rounds{.name = "rounds_by_nodes",
              .title = "Rounds of anti-entropy until all of n nodes know, against theory",
              .x_label = "log₂ n (2 to 256 nodes)",
              .y_label = "rounds"};
  Plot bytes{.name = "bytes_by_nodes",
             .title = fmt::format("Bytes a node until then, of an update of {} bytes", kSweepBytes),
             .x_label = "log₂ n (2 to 256 nodes)",
             .y_label = "bytes"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    rounds.series.push_back({.name = kNames.at(i)});
    bytes.series.push_back({.name = kNames.at(i)});
    for (std::uint32_t nodes = 2; nodes <= kNodesMax; nodes *= 2) {
      const Reach found = reach(declared, static_cast<Exchange>(i), nodes, kSamples);
      rounds.series.back().points.emplace_back(std::log2(nodes), found.rounds);
      bytes.series.back().points.emplace_back(std::log2(nodes), found.bytes / nodes);
    }
  }
  rounds.series.push_back(
      theory("theory, push: log₂ n + ln n", [](double n) { return std::log2(n) + std::log(n); }));
  rounds.series.push_back(theory("theory, push-pull: log₃ n + log₂ ln n", [](double n) {
    return std::log(n) / std::log(3) + std::max(0.0, std::log2(std::log(n)));
  }));
  return {std::move(rounds), std::move(bytes)};
}

}  // namespace

Reach reach(std::vector<Parameter> declared, Exchange exchange, std::uint32_t nodes,
            std::uint64_t samples) {
  const auto set = [&declared](std::string_view name, std::int64_t value) {
    std::ranges::find(declared, name, &Parameter::name)->value = value;
  };
  set("method", static_cast<std::int64_t>(Method::anti_entropy));
  set("exchange", static_cast<std::int64_t>(exchange));
  set("nodes", nodes);  // more than a picture has room for
  set("rounds", kRoundsMax);
  const Parameters parameters(std::move(declared));
  Reach mean;
  for (std::uint64_t seed = 1; seed <= samples; ++seed) {
    const Reach one = Rounds(parameters, nodes, seed).play();
    mean.rounds += one.rounds / static_cast<double>(samples);
    mean.bytes += one.bytes / static_cast<double>(samples);
  }
  return mean;
}

const std::vector<Plot>& sweep(const std::vector<Parameter>& declared) {
  static const std::vector<Plot> kSweep = make_sweep(declared);
  return kSweep;
}

}  // namespace ostraka::lab::gossip_detail
