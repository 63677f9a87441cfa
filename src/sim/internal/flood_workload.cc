#include "sim/internal/flood_workload.h"

#include <charconv>

namespace ostraka::sim::internal {

using base::Duration;

namespace {

constexpr std::int64_t kTickMs = 5;

}  // namespace

FloodWorkload::FloodWorkload(World& world, FloodOptions options)
    : ClientWorkload(world),
      options_(options),
      lanes_(options.clients),
      spike_from_(world.now() + Duration::milliseconds(options.spike_ms)),
      spike_until_(world.now() + Duration::milliseconds(options.until_ms)) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].client = std::make_unique<Client>(world, "f" + std::to_string(i + 1), prng_.next());
    lanes_[i].client->prefer(world.names()[i % world.names().size()]);
    lanes_[i].key = "flood" + std::to_string(i + 1);
  }
}

void FloodWorkload::start() {
  world_.scheduler().schedule(world_.now() + Duration::milliseconds(options_.start_ms),
                              sim_ports::OwnerId{}, [this] { tick(); });
  world_.scheduler().schedule(spike_until_, sim_ports::OwnerId{}, [this] { judge_spike(); });
}

void FloodWorkload::tick() {
  if (stopped_) {
    return;
  }
  const base::Instant now = world_.now();
  const bool spike = now >= spike_from_ && now < spike_until_;
  for (due_ += (spike ? options_.spike_rate : options_.rate) * kTickMs; due_ >= 1000;
       due_ -= 1000) {
    write(lanes_[next_lane_]);
    next_lane_ = (next_lane_ + 1) % lanes_.size();
  }
  world_.scheduler().schedule(now + Duration::milliseconds(kTickMs), sim_ports::OwnerId{},
                              [this] { tick(); });
}

void FloodWorkload::write(Lane& lane) {
  ++open_;
  const std::uint64_t number = ++lane.sent;
  std::string value = std::to_string(number);
  value.resize(static_cast<std::size_t>(options_.value_bytes), ' ');
  lane.client->send({"SET", lane.key, value},
                    [this, &lane, number, sent = world_.now()](const Reply& reply) {
                      on_reply(lane, number, sent, reply);
                    });
}

void FloodWorkload::on_reply(Lane& lane, std::uint64_t number, base::Instant sent,
                             const Reply& reply) {
  --open_;
  const base::Instant now = world_.now();
  const bool spike = now >= spike_from_ && now < spike_until_;
  if (reply.outcome == Outcome::ok) {
    ++ok_;
    lane.acknowledged = number;
    spike_ok_ += spike ? 1 : 0;
  } else if (reply.outcome == Outcome::unknown) {
    lane.unknown = true;
  } else if (reply.text.starts_with("BUSY")) {
    spike_busy_ += spike ? 1 : 0;
    world_.mark("told_busy");
  }
  if (stopped_) {
    return;
  }
  const bool calm =
      sent < spike_from_ || sent >= spike_until_ + Duration::milliseconds(options_.back_ms);
  const Duration bound = Duration::milliseconds(calm ? options_.calm_wait_ms : options_.wait_ms);
  if (now - sent > bound) {
    world_.fail("overload: an answer took " + std::to_string((now - sent).as_milliseconds()) +
                " ms " + (calm ? "in calm" : "in the spike"));
  } else if (calm && reply.outcome != Outcome::ok) {
    world_.fail("overload: a write in calm was answered with " + reply.text);
  }
}

void FloodWorkload::judge_spike() {
  if (spike_ok_ < options_.done_min) {
    world_.fail("overload: only " + std::to_string(spike_ok_) + " writes were done in the spike");
  } else if (spike_busy_ == 0) {
    world_.fail("overload: nobody was told BUSY");
  }
}

void FloodWorkload::judge_value(const Lane& lane, const Reply& reply) {
  std::uint64_t number = 0;
  std::from_chars(reply.text.data(), reply.text.data() + reply.text.size(), number);
  if (reply.outcome != Outcome::ok) {
    world_.fail("the final read of " + lane.key + " got no answer: " + reply.text);
  } else if (!lane.unknown && number != lane.acknowledged) {
    verdict_ = "overload: " + lane.key + " is " + std::to_string(number) + ", but " +
               std::to_string(lane.acknowledged) + " was acknowledged last";
  }
}

void FloodWorkload::read_final_state() {
  for (Lane& lane : lanes_) {
    ++open_;
    lane.client->send({"GET", lane.key}, [this, &lane](const Reply& reply) {
      --open_;
      judge_value(lane, reply);
    });
  }
}

}  // namespace ostraka::sim::internal
