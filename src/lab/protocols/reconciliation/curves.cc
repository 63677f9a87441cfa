#include "lab/protocols/reconciliation/curves.h"

#include "base/prng.h"
#include "lab/protocols/reconciliation/node.h"

#include <array>
#include <string>
#include <utility>

namespace ostraka::lab::reconciliation_detail {
namespace {

constexpr std::uint64_t kSamples = 4;  // of each curve that is computed
constexpr std::array<std::pair<Method, const char*>, 4> kMethods{
    {{Method::precise_oldest, "precise, oldest first"},
     {Method::precise_newest, "precise, newest first"},
     {Method::scuttle_breadth, "Scuttlebutt, breadth"},
     {Method::scuttle_depth, "Scuttlebutt, depth"}}};

struct Round {
  double stale = 0;
  double bytes = 0;
};

// Entries that a node knows an older version of than their owner.
std::int64_t stale_of(const Views& views) {
  std::int64_t stale = 0;
  for (const auto& view : views) {
    for (std::size_t owner = 0; owner < view.size(); ++owner) {
      for (std::size_t key = 0; key < view[owner].size(); ++key) {
        stale += view[owner][key] < views[owner][owner][key] ? 1 : 0;
      }
    }
  }
  return stale;
}

// The same load in rounds: everybody changes entries, then one after the other meets a partner.
class Model {
 public:
  Model(const Plan& plan, std::uint64_t seed)
      : plan_(plan),
        prng_(seed),
        stores_(static_cast<std::size_t>(plan.nodes), Store(plan.nodes, plan.keys)) {}

  Round play(std::int64_t number) {
    Round round;
    for (std::int64_t i = 1; number <= plan_.busy && i <= plan_.writers; ++i) {
      for (std::int64_t k = 0; k < plan_.updates; ++k) {
        of(i).update(i, prng_.between(1, plan_.keys), number);
      }
    }
    for (std::int64_t i = 1; i <= plan_.nodes; ++i) {
      const std::int64_t drawn = prng_.between(1, plan_.nodes - 1);
      meet(of(i), of(drawn < i ? drawn : drawn + 1), round);
    }
    round.stale = static_cast<double>(stale());
    return round;
  }

 private:
  Store& of(std::int64_t node) { return stores_.at(static_cast<std::size_t>(node - 1)); }

  void meet(Store& one, Store& other, Round& round) {
    const std::vector<Known> digest =
        one.digest(plan_.method, prng_.between(1, plan_.nodes), plan_.bytes_max);
    round.bytes += static_cast<double>(digest_bytes(plan_.method, digest.size()));
    const bool is_asked = other.lacks(digest);
    const std::vector<Known> answer = other.answer(plan_.method, digest);
    send(other, digest, one, round);
    if (is_asked) {
      round.bytes += static_cast<double>(digest_bytes(plan_.method, answer.size()));
      send(one, answer, other, round);
    }
  }

  void send(const Store& from, const std::vector<Known>& digest, Store& to, Round& round) {
    const std::vector<Delta> sent = choose(plan_.method, from.newer_than(digest),
                                           deltas_max(plan_.bytes_max, plan_.value_bytes), prng_);
    for (const Delta& each : sent) {
      to.take(each);
    }
    if (!sent.empty()) {
      round.bytes += static_cast<double>(deltas_bytes(sent.size(), plan_.value_bytes));
    }
  }

  [[nodiscard]] std::int64_t stale() const {
    Views views = no_views(plan_.nodes, plan_.keys);
    for (std::size_t node = 0; node < views.size(); ++node) {
      for (const Delta& each : stores_[node].all()) {
        views[node][static_cast<std::size_t>(each.owner - 1)]
             [static_cast<std::size_t>(each.key - 1)] = each.version;
      }
    }
    return stale_of(views);
  }

  Plan plan_;
  base::Prng prng_;
  std::vector<Store> stores_;
};

std::vector<Round> rounds_of(const Plan& plan, const Record& record) {
  std::vector<Round> rounds(static_cast<std::size_t>(plan.rounds + 1));
  const auto number = [&](base::Instant at) {
    const std::int64_t round =
        (at - base::Instant()).as_nanoseconds() / plan.interval.as_nanoseconds();
    return static_cast<std::size_t>(std::min(round, plan.rounds));
  };
  Views views = no_views(plan.nodes, plan.keys);
  std::size_t next = 0;
  for (std::size_t round = 0; round < rounds.size(); ++round) {
    for (; next < record.events.size() && number(record.events[next].at) <= round; ++next) {
      follow(record.events[next], views);
    }
    rounds[round].stale = static_cast<double>(stale_of(views));
  }
  for (const RecordMessage& message : record.messages) {
    rounds[number(message.sent)].bytes += static_cast<double>(bytes_of(plan, message.fields));
  }
  return rounds;
}

Plot plot_of(std::string name, std::string title, std::string unit, double Round::* value,
             const std::vector<std::pair<std::string, std::vector<Round>>>& curves) {
  Plot plot{.name = std::move(name),
            .title = std::move(title),
            .x_label = "round",
            .y_label = std::move(unit)};
  for (const auto& [series, rounds] : curves) {
    plot.series.push_back({.name = series});
    for (std::size_t i = 0; i < rounds.size(); ++i) {
      plot.series.back().points.emplace_back(static_cast<double>(i), rounds[i].*value);
    }
  }
  return plot;
}

}  // namespace

Views no_views(std::int64_t nodes, std::int64_t keys) {
  const auto count = static_cast<std::size_t>(nodes);
  return Views(count,
               std::vector(count, std::vector<std::int64_t>(static_cast<std::size_t>(keys), 0)));
}

void follow(const RecordEvent& event, Views& views) {
  if (event.kind != EventKind::output) {
    return;
  }
  auto& view = views.at(event.process.value() - 1);
  if (event.topic == "recovers") {
    for (auto& owner : view) {
      owner.assign(owner.size(), 0);
    }
  }
  for (const Delta& each : deltas_from(event.fields.list("deltas"))) {
    view.at(static_cast<std::size_t>(each.owner - 1)).at(static_cast<std::size_t>(each.key - 1)) =
        each.version;
  }
}

void plot(const RunContext& context, const Record& record, std::vector<Plot>& plots) {
  Plan plan(context.parameters);
  std::vector<std::pair<std::string, std::vector<Round>>> curves{
      {"this run", rounds_of(plan, record)}};
  for (const auto& [method, name] : kMethods) {
    plan.method = method;
    std::vector<Round> mean(static_cast<std::size_t>(plan.rounds + 1));
    for (std::uint64_t sample = 0; sample < kSamples; ++sample) {
      Model model(plan, context.seed * kSamples + sample);
      for (std::int64_t i = 1; i <= plan.rounds; ++i) {
        const Round round = model.play(i);
        mean[static_cast<std::size_t>(i)].stale += round.stale / kSamples;
        mean[static_cast<std::size_t>(i)].bytes += round.bytes / kSamples;
      }
    }
    curves.emplace_back(name, std::move(mean));
  }
  plots.push_back(plot_of("stale",
                          "Entries that are stale somewhere, against the methods in ideal rounds",
                          "stale entries", &Round::stale, curves));
  plots.push_back(
      plot_of("bytes", "Bytes that were sent in a round", "bytes", &Round::bytes, curves));
}

}  // namespace ostraka::lab::reconciliation_detail
