#include "sim/internal/topologies.h"

#include "sim/faults.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::sim::internal {
namespace {

using Names = std::vector<std::string>;

// What was so when the topology had settled.
struct Settled {
  std::uint64_t elections = 0;
  model::Term highest_term;
  std::uint64_t acknowledged = 0;
};

void shuffle(Names& names, base::Prng& prng) {
  for (std::size_t i = names.size(); i > 1; --i) {
    std::swap(names[i - 1], names[prng.below(i)]);
  }
}

// Each direction of each link of the node is cut or not; if none is, all are.
void edge_off(World& world, const std::string& node, const Names& all) {
  bool any = false;
  for (const std::string& other : all) {
    if (other == node) {
      continue;
    }
    for (const auto& [from, to] : {std::pair{node, other}, std::pair{other, node}}) {
      if (world.prng().chance(1, 2)) {
        static_cast<void>(carry_out(world, {"cut_one_way", from, to}));
        any = true;
      }
    }
  }
  if (!any) {
    static_cast<void>(carry_out(world, {"isolate", node}));
  }
}

void draw(World& world) {
  world.heal_all();
  base::Prng& prng = world.prng();
  Names names = world.names();
  const std::size_t minority = 1 + prng.below((names.size() - 1) / 2);
  shuffle(names, prng);
  for (std::size_t i = 0; i < minority; ++i) {
    edge_off(world, names[i], names);
  }
  if (prng.chance(1, 3)) {
    static_cast<void>(carry_out(world, {"bounce", names[0]}));
  }
}

void settle(World& world, Settled& settled, std::uint64_t writes) {
  if (world.leader().empty()) {
    world.fail("I-L1: a majority is connected and has no leader");
  }
  settled.elections = world.observer().elections();
  settled.highest_term = world.observer().highest_term();
  settled.acknowledged = writes;
}

void judge(World& world, const Settled& settled, std::uint64_t writes) {
  if (world.observer().elections() != settled.elections) {
    world.fail("I-L1: a leader whom a majority hears was disturbed");
  } else if (world.observer().highest_term() != settled.highest_term) {
    world.fail("I-L1: the term grows though a majority has its leader");
  } else if (writes == settled.acknowledged) {
    world.fail("I-L1: a majority is connected and acknowledges no write");
  }
}

}  // namespace

void schedule_topologies(World& world, const Topologies& topologies,
                         const std::function<std::uint64_t()>& writes) {
  const auto settled = std::make_shared<Settled>();
  const auto later = [&world](base::Instant when, port::Closure what) {
    world.scheduler().schedule(when, sim_ports::OwnerId{}, std::move(what));
  };
  const base::Instant end = base::Instant{} + topologies.until;
  for (base::Instant at = base::Instant{} + topologies.from; at < end; at = at + topologies.every) {
    later(at, [&world] { draw(world); });
    later(at + topologies.settle, [&world, settled, writes] { settle(world, *settled, writes()); });
    later(at + topologies.every - base::Duration::milliseconds(1),
          [&world, settled, writes] { judge(world, *settled, writes()); });
  }
}

}  // namespace ostraka::sim::internal
