#include "sim/internal/expiry_workload.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace ostraka::sim::internal {
namespace {

using base::Duration;

// Reads go to the newest keys: older ones are gone for long.
constexpr std::size_t kReadAmong = 60;

std::string milliseconds(Duration span) { return std::to_string(span.as_milliseconds()) + " ms"; }

}  // namespace

ExpiryWorkload::ExpiryWorkload(World& world, ExpiryOptions options)
    : ClientWorkload(world), options_(options) {
  for (std::uint32_t i = 0; i < options_.clients; ++i) {
    clients_.push_back(std::make_unique<Client>(world, "x" + std::to_string(i + 1), prng_.next()));
  }
}

void ExpiryWorkload::start() {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    next(i);
  }
}

void ExpiryWorkload::next(std::size_t client) {
  after_thinking(*clients_[client], options_.think_ms_max, [this, client] {
    if (readable_.empty() || prng_.chance(1, 8)) {
      write(client);
      return;
    }
    const std::size_t among = std::min(kReadAmong, readable_.size());
    read(client, readable_[readable_.size() - 1 - prng_.below(among)]);
  });
}

void ExpiryWorkload::write(std::size_t client) {
  const std::size_t at = keys_.size();
  Key& key = keys_.emplace_back();
  key.name = "expiring" + std::to_string(at);
  key.ttl_ms = prng_.between(options_.ttl_min_ms, options_.ttl_max_ms);
  key.set_called = world_.now();
  ++open_;
  clients_[client]->send({"SET", key.name, "v", "PX", std::to_string(key.ttl_ms)},
                         [this, at, client](const Reply& reply) {
                           --open_;
                           if (reply.outcome == Outcome::ok) {
                             ++ok_;
                             keys_[at].acknowledged = true;
                             keys_[at].set_returned = world_.now();
                             readable_.push_back(at);
                           }
                           next(client);
                         });
}

void ExpiryWorkload::read(std::size_t client, std::size_t at) {
  const bool time_left = prng_.chance(1, 3);
  ++open_;
  clients_[client]->send({time_left ? "PTTL" : "GET", keys_[at].name},
                         [this, at, client, time_left, called = world_.now()](const Reply& reply) {
                           --open_;
                           Key& key = keys_[at];
                           if (reply.outcome == Outcome::ok) {
                             ++ok_;
                             std::int64_t left_ms = 0;
                             if (time_left) {
                               std::from_chars(reply.text.data(),
                                               reply.text.data() + reply.text.size(), left_ms);
                             }
                             if (time_left ? left_ms == -2 : reply.type == '_') {
                               saw_gone(key);
                             } else {
                               saw_present(key, called);
                             }
                             if (time_left && left_ms != -2) {
                               saw_time_left(key, left_ms);
                             }
                           }
                           next(client);
                         });
}

void ExpiryWorkload::saw_gone(Key& key) {
  const Duration lived = world_.now() - key.set_called;
  if (lived < Duration::milliseconds(key.ttl_ms - options_.slack_ms)) {
    violated(key, "was gone " + milliseconds(lived) + " after its SET was called");
  }
  if (!std::exchange(key.seen_gone, true)) {
    key.gone_since = world_.now();
    world_.mark("key_expired");
  }
}

void ExpiryWorkload::saw_present(const Key& key, base::Instant called) {
  if (key.seen_gone && called > key.gone_since) {
    violated(key, "came back " + milliseconds(called - key.gone_since) + " after it was seen gone");
  }
  const Duration age = called - key.set_returned;
  if (age > Duration::milliseconds(key.ttl_ms + options_.late_ms)) {
    violated(key, "was still there " + milliseconds(age) + " after its SET was acknowledged");
  }
}

void ExpiryWorkload::saw_time_left(const Key& key, std::int64_t left_ms) {
  if (left_ms < 0 || left_ms > key.ttl_ms) {
    violated(key, "had a PTTL of " + std::to_string(left_ms));
  }
}

void ExpiryWorkload::violated(const Key& key, const std::string& what) {
  if (verdict_.empty()) {
    verdict_ = "E7: " + key.name + " with PX " + std::to_string(key.ttl_ms) + " " + what;
    world_.fail(verdict_);
  }
}

std::string ExpiryWorkload::judge() {
  // Every key has a deadline: whatever is left stands in the expiry index.
  constexpr std::int64_t kFarMs = std::int64_t{1} << 52;
  for (const std::string& name : world_.names()) {
    node::Node* node = world_.machine(name).node();
    if (!verdict_.empty() || node == nullptr) {
      continue;
    }
    kv::StateMachine& state = node->store()->find(model::ShardId{1})->state_machine();
    if (!state.expired_command(base::WallTime::from_milliseconds(kFarMs), 1).empty()) {
      verdict_ = "E7: at the quiet end an expired key is still on " + name;
    }
  }
  return verdict_;
}

}  // namespace ostraka::sim::internal
