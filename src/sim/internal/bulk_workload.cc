#include "sim/internal/bulk_workload.h"

#include <utility>

namespace ostraka::sim::internal {

BulkWorkload::BulkWorkload(World& world, BulkOptions options)
    : ClientWorkload(world), options_(options), lanes_(options.clients) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].client = std::make_unique<Client>(world, "b" + std::to_string(i + 1), prng_.next());
    if (options_.node != 0) {
      lanes_[i].client->prefer("n" + std::to_string(options_.node));
    }
    for (std::uint32_t key = 0; key < options_.keys; ++key) {
      lanes_[i].keys.push_back({"bulk" + std::to_string(i) + "." + std::to_string(key)});
    }
  }
}

void BulkWorkload::start() {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    next(i);
  }
}

void BulkWorkload::next(std::size_t at) {
  after_thinking(*lanes_[at].client, options_.think_ms_max, [this, at] { write(at); });
}

void BulkWorkload::write(std::size_t at) {
  Lane& lane = lanes_[at];
  const std::size_t number = prng_.below(lane.keys.size());
  ++open_;
  lane.client->send({"SET", lane.keys[number].name,
                     std::string(static_cast<std::size_t>(options_.value_bytes), 'v')},
                    [this, at, number](const Reply& reply) {
                      --open_;
                      if (reply.outcome == Outcome::ok) {
                        ++ok_;
                        world_.mark("bulk_written");
                        lanes_[at].keys[number].written = true;
                      }
                      next(at);
                    });
}

void BulkWorkload::read_final_state() {
  for (Lane& lane : lanes_) {
    for (const Key& key : lane.keys) {
      if (!key.written) {
        continue;
      }
      ++open_;
      lane.client->send({"STRLEN", key.name}, [this, &key](const Reply& reply) {
        --open_;
        if (reply.outcome != Outcome::ok || reply.text != std::to_string(options_.value_bytes)) {
          verdict_ = "E9: " + key.name + " was acknowledged, and now STRLEN says " + reply.text;
        }
      });
    }
  }
}

}  // namespace ostraka::sim::internal
