#include "sim/internal/bulk_workload.h"

#include <algorithm>
#include <utility>

namespace ostraka::sim::internal {

BulkWorkload::BulkWorkload(World& world, BulkOptions options)
    : ClientWorkload(world), options_(options), lanes_(options.clients) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].client = std::make_unique<Client>(world, "b" + std::to_string(i + 1), prng_.next());
    if (options_.spread) {
      lanes_[i].client->prefer(world.names()[i % world.names().size()]);
    } else if (options_.node != 0) {
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
  if (options_.until_ms != 0) {
    world_.scheduler().schedule(base::Instant{} + base::Duration::milliseconds(options_.until_ms),
                                sim_ports::OwnerId{}, [this] { judge_goodput(); });
  }
}

// The links are not limited for long any more: from here on the clients take their time.
void BulkWorkload::judge_goodput() {
  options_.think_ms_max = std::max<std::int64_t>(options_.think_ms_max, 1000);
  if (ok_ < options_.done_min) {
    world_.fail("E9: only " + std::to_string(ok_) + " operations were done");
  } else if (!failed_.empty()) {
    world_.fail("E9: an operation that the links carry failed: " + failed_);
  }
}

void BulkWorkload::next(std::size_t at) {
  after_thinking(*lanes_[at].client, options_.think_ms_max, [this, at] { operate(at); });
}

void BulkWorkload::operate(std::size_t at) {
  const std::size_t key = prng_.below(lanes_[at].keys.size());
  const bool reads = options_.get_percent != 0 && prng_.chance(options_.get_percent, 100);
  if (reads && lanes_[at].keys[key].written) {
    read(at, key);
  } else {
    write(at, key);
  }
}

bool BulkWorkload::is_done(const Reply& reply) {
  --open_;
  if (reply.outcome == Outcome::ok) {
    ++ok_;
    return true;
  }
  if (failed_.empty()) {
    failed_ = reply.text;
  }
  return false;
}

void BulkWorkload::write(std::size_t at, std::size_t key) {
  ++open_;
  lanes_[at].client->send({"SET", lanes_[at].keys[key].name,
                           std::string(static_cast<std::size_t>(options_.value_bytes), 'v')},
                          [this, at, key](const Reply& reply) {
                            if (is_done(reply)) {
                              world_.mark("bulk_written");
                              lanes_[at].keys[key].written = true;
                            }
                            next(at);
                          });
}

void BulkWorkload::read(std::size_t at, std::size_t key) {
  ++open_;
  lanes_[at].client->send({"GET", lanes_[at].keys[key].name}, [this, at](const Reply& reply) {
    if (is_done(reply)) {
      world_.mark("bulk_read");
      if (reply.text.size() != static_cast<std::size_t>(options_.value_bytes)) {
        world_.fail("E9: a value was acknowledged, and read with " +
                    std::to_string(reply.text.size()) + " bytes");
      }
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
