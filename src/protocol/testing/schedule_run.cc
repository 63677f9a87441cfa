#include "protocol/testing/schedule_run.h"

#include "protocol/testing/cluster.h"

#include <algorithm>

namespace ostraka::protocol::testing {
namespace {

// Beyond, the oldest message is lost.
constexpr std::size_t kPacketsMax = 256;

ClusterOptions options_of(const EngineProbe& engine) {
  ClusterOptions options;
  options.engine = &engine;
  options.voters = 3;
  options.spares = 1;
  options.manual_network = true;
  options.settings.max_message_bytes = 32;
  options.settings.max_in_flight_bytes = 128;
  options.settings.max_in_flight_messages = 4;
  return options;
}

class Run {
 public:
  Run(const EngineProbe& engine, base::ByteView script)
      : in_(script), cluster_(options_of(engine)) {}

  std::optional<std::string> run() {
    cluster_.hold(0, 0, 0);
    cluster_.start();
    while (in_.remaining() > 0 && !cluster_.violation()) {
      act(in_.u8());
      while (cluster_.packets() > kPacketsMax) {
        cluster_.drop_at(0);
      }
    }
    return cluster_.violation();
  }

 private:
  std::uint32_t node() { return 1 + in_.u8() % cluster_.size(); }
  std::uint32_t leader_or(std::uint32_t other) {
    const std::uint32_t leader = cluster_.leader();
    return leader == 0 || other == cluster_.size() ? other : leader;
  }

  void act(unsigned dice) {
    if (dice < 112) {
      message(dice);
    } else if (dice < 160) {
      cluster_.run_for(std::int64_t{in_.u8()} * 200);
    } else if (dice < 168) {
      cluster_.run_for(std::int64_t{in_.u8()} * 8000);
    } else if (dice < 176) {
      cluster_.node_of(node()).disk_held = dice % 2 != 0;
    } else if (dice < 184) {
      cluster_.crash(node());
    } else if (dice < 194) {
      cluster_.restart(node());
    } else if (dice < 210) {
      cluster_.propose(leader_or(node()), dice);
    } else if (dice < 220) {
      cluster_.read(leader_or(node()));
    } else if (dice < 226) {
      cluster_.campaign(node());
    } else if (dice < 232) {
      const std::uint32_t to = node();
      cluster_.transfer(leader_or(node()), to);
    } else if (dice < 240) {
      change(dice);
    } else if (dice < 246) {
      cluster_.compact(node(), dice % 3);
    } else if (dice < 250) {
      const std::uint32_t of = node();
      cluster_.unreachable(of, node());
    } else if (dice < 252) {
      cluster_.step_down(node());
    } else {
      everything();
    }
  }

  void message(unsigned dice) {
    if (cluster_.packets() == 0) {
      return;
    }
    const std::size_t place = in_.u8() % cluster_.packets();
    if (dice < 80) {
      cluster_.deliver_at(place, false);
    } else if (dice < 100) {
      cluster_.deliver_at(place, true);
    } else {
      cluster_.drop_at(place);
    }
  }

  void change(unsigned dice) {
    std::vector<std::uint32_t> voters;
    std::vector<std::uint32_t> learners;
    const unsigned bits = in_.u8();
    for (std::uint32_t id = 1; id <= cluster_.size(); ++id) {
      if ((bits >> id & 1U) != 0) {
        voters.push_back(id);
      } else if ((bits >> id & 16U) != 0) {
        learners.push_back(id);
      }
    }
    cluster_.change(leader_or(node()), make_configuration(voters, learners), dice % 2 != 0);
  }

  // Whatever is under way arrives, in order.
  void everything() {
    for (std::size_t left = cluster_.packets(); left > 0 && cluster_.packets() > 0; --left) {
      cluster_.deliver_at(0, false);
      cluster_.run_for(100);
    }
  }

  base::Reader in_;
  Cluster cluster_;
};

}  // namespace

std::optional<std::string> schedule_run(const EngineProbe& engine, base::ByteView script) {
  return Run(engine, script).run();
}

}  // namespace ostraka::protocol::testing
