#include "sim/internal/pipeline_workload.h"

#include <algorithm>
#include <utility>

namespace ostraka::sim::internal {

using base::Duration;

PipelineWorkload::PipelineWorkload(World& world, PipelineOptions options)
    : ClientWorkload(world), options_(options), lanes_(options.clients) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].client = std::make_unique<Client>(world, "p" + std::to_string(i + 1), prng_.next());
    lanes_[i].key = "list" + std::to_string(i + 1) + ".0";
  }
}

void PipelineWorkload::start() {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    next(i);
  }
}

void PipelineWorkload::next(std::size_t at) {
  if (stopped_) {
    return;
  }
  Lane& lane = lanes_[at];
  // After an unknown outcome a new list begins: on the old one a later number could come in front
  // of a late one only through
  // another connection, which keeps no order with the first.
  if (lane.last_unknown != 0 || lane.sent > 400) {
    ++lane.generation;
    lane.key = "list" + std::to_string(at + 1) + "." + std::to_string(lane.generation);
    lane.sent = 0;
    lane.acknowledged.clear();
    lane.last_unknown = 0;
  }
  for (std::uint32_t i = 0; i < options_.depth; ++i) {
    const std::uint32_t number = ++lane.sent;
    ++open_;
    lane.client->send({"APPEND", lane.key, std::to_string(number) + ","},
                      [this, at, number](const Reply& reply) {
                        --open_;
                        Lane& mine = lanes_[at];
                        if (reply.outcome == Outcome::ok) {
                          ++ok_;
                          mine.acknowledged.push_back(number);
                        } else if (reply.outcome == Outcome::unknown) {
                          mine.last_unknown = number;
                          world_.mark("pipeline_unknown");
                        }
                      });
  }
  read_back(at, false);
}

void PipelineWorkload::read_back(std::size_t at, bool final_read) {
  ++open_;
  lanes_[at].client->send({"GET", lanes_[at].key}, [this, at, final_read](const Reply& reply) {
    --open_;
    Lane& lane = lanes_[at];
    if (reply.outcome == Outcome::ok) {
      judge_value(lane, reply.type == '_' ? std::string() : reply.text);
    } else if (final_read) {
      world_.fail("the final read of " + lane.key + " got no answer: " + reply.text);
    }
    if (!final_read && !stopped_) {
      lane.client->executor().run_at(world_.now() + Duration::milliseconds(prng_.between(1, 30)),
                                     [this, at] { next(at); });
    }
  });
}

// Numbers must rise; every acknowledged one must be there. (A number that failed for certain may be
// missing.)
void PipelineWorkload::judge_value(const Lane& lane, const std::string& value) {
  std::vector<std::uint32_t> numbers;
  std::uint32_t number = 0;
  for (const char c : value) {
    if (c == ',') {
      numbers.push_back(number);
      number = 0;
    } else {
      number = number * 10 + static_cast<std::uint32_t>(c - '0');
    }
  }
  const bool rising =
      std::ranges::adjacent_find(numbers, std::ranges::greater_equal{}) == numbers.end();
  const bool complete = std::ranges::includes(numbers, lane.acknowledged);
  if ((!rising || !complete) && verdict_.empty()) {
    verdict_ = "E6: " + lane.key +
               (rising ? " lost an acknowledged append: " : " is out of order: ") +
               value.substr(0, 300);
  }
}

void PipelineWorkload::read_final_state() {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    read_back(i, true);
  }
}

}  // namespace ostraka::sim::internal
