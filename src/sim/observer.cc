#include "sim/observer.h"

#include <deque>
#include <utility>

namespace ostraka::sim {

using protocol::Effects;
using protocol::Event;

namespace {

constexpr base::Duration kQuietRetry = base::Duration::milliseconds(20);

}  // namespace

class ObservedProtocol final : public protocol::Protocol {
 public:
  ObservedProtocol(Observer& observer, model::NodeId self,
                   std::unique_ptr<protocol::Protocol> inner)
      : observer_(observer), self_(self), inner_(std::move(inner)) {
    observer_.running_[self_] = inner_.get();
  }
  ~ObservedProtocol() override {
    const auto found = observer_.running_.find(self_);
    if (found != observer_.running_.end() && found->second == inner_.get()) {
      observer_.running_.erase(found);
      observer_.control_.crashed(self_);
    }
  }

  void step(const Event& event, Effects& effects) override {
    protocol::ClusterInvariants& invariants = *observer_.invariants_;
    if (is_withheld(event, effects)) {
      return;
    }
    observer_.dirty_ = true;
    before(event);
    if (observer_.recording_ != nullptr) {
      observer_.recording_->step(self_, event);
    }
    observer_.control_.let_go(self_, durable_, effects);
    const std::size_t let_go_now = effects.send_now.size();
    const std::size_t let_go_later = effects.send_after_durable.size();
    inner_->step(event, effects);
    observer_.control_.keep(self_, let_go_now, let_go_later, effects);
    if (effects.append.present) {
      invariants.observe_append(self_, effects.append, {});
    }
    if (effects.install_snapshot.has_value()) {
      invariants.observe_install(self_, *effects.install_snapshot);
    }
    const protocol::ProtocolStatus status = inner_->status();
    invariants.observe_state(self_, status, inner_->configuration());
    if (status.role == protocol::Role::leader && !observer_.leaders_.contains(status.term)) {
      observer_.leaders_[status.term] = self_;
      ++observer_.elections_;
    }
    observer_.resent_bytes_ += status.resent_bytes - std::exchange(resent_, status.resent_bytes);
    observer_.highest_term_ = std::max(observer_.highest_term_, status.term);
    for (const protocol::Message& message : effects.send_now) {
      sent(message);
    }
    for (const protocol::DelayedMessage& delayed : effects.send_after_durable) {
      delayed_.push_back(delayed);
    }
    release_delayed();
    for (const protocol::ReadReady& read : effects.reads) {
      invariants.observe_read_ready(self_, read.id, read.index);
    }
    for (const protocol::RequestFailed& failed : effects.failed) {
      invariants.observe_read_failed(self_, failed.id);
    }
    if (observer_.recording_ != nullptr) {
      observer_.recording_->stepped(effects, *inner_);
    }
  }

  [[nodiscard]] protocol::ProtocolStatus status() const override { return inner_->status(); }
  [[nodiscard]] const model::Configuration& configuration() const override {
    return inner_->configuration();
  }
  [[nodiscard]] model::Term term_at(model::LogIndex index) const override {
    return inner_->term_at(index);
  }
  [[nodiscard]] model::LogIndex trim_limit() const override { return inner_->trim_limit(); }
  [[nodiscard]] bool keeps_slots() const override { return inner_->keeps_slots(); }
  [[nodiscard]] bool lease_covers(base::Instant now) const override {
    const bool covers = inner_->lease_covers(now);
    if (covers) {
      // A lease read is asked and answered at the same moment, at the commit index.
      const protocol::RequestId id{(std::uint64_t{1} << 63) | ++observer_.lease_reads_};
      observer_.invariants_->observe_read_asked(self_, id);
      observer_.invariants_->observe_read_ready(self_, id, inner_->status().commit);
      observer_.dirty_ = true;
    }
    return covers;
  }
  [[nodiscard]] std::string describe(const protocol::TraceRecord& record) const override {
    return inner_->describe(record);
  }
  void set_applied(model::LogIndex index) { applied_ = index; }

 private:
  void before(const Event& event) {
    protocol::ClusterInvariants& invariants = *observer_.invariants_;
    if (const auto* durable = std::get_if<protocol::Durable>(&event.body)) {
      invariants.observe_append_durable(self_, durable->token);
      durable_ = std::max(durable_, durable->token);
    } else if (const auto* installed = std::get_if<protocol::SnapshotInstalled>(&event.body)) {
      invariants.observe_snapshot_durable(self_);
      applied_ = std::max(applied_, installed->meta.index);
      ++observer_.snapshots_installed_;
    } else if (const auto* barrier = std::get_if<protocol::ReadBarrier>(&event.body)) {
      invariants.observe_read_asked(self_, barrier->id);
    } else if (const auto* applied = std::get_if<protocol::Applied>(&event.body)) {
      note_applied(applied->index);
    }
  }

  // The entries of this node's state machine; their content is compared by state hashes. Before the
  // step, in which a leader may go on from there.
  void note_applied(model::LogIndex upto) {
    for (; applied_ < upto; applied_ = applied_.next()) {
      const model::Term term = inner_->term_at(applied_.next());
      if (!term.is_none()) {
        observer_.invariants_->observe_applied(self_, applied_.next(), term, 0);
      }
    }
  }

  // A schedule may keep a node from standing for election by itself: the timer is put off. Where an
  // election is a common search, a node that takes part in one goes on.
  [[nodiscard]] bool is_withheld(const Event& event, Effects& effects) const {
    const auto* fired = std::get_if<protocol::TimerFired>(&event.body);
    if (fired == nullptr || fired->id != observer_.engine_.election_timer ||
        !observer_.control_.is_quiet(self_) ||
        (observer_.engine_.elects_best && inner_->status().role == protocol::Role::pre_candidate)) {
      return false;
    }
    effects.timers.push_back({fired->id, event.now + kQuietRetry});
    return true;
  }

  void sent(const protocol::Message& message) {
    if (observer_.watches_sent_) {
      observer_.invariants_->observe_sent(message);
    }
    observer_.control_.note_sent(message);
    if (observer_.recording_ != nullptr) {
      observer_.recording_->sent(message);
    }
  }

  void release_delayed() {
    while (!delayed_.empty() && delayed_.front().token <= durable_) {
      sent(delayed_.front().message);
      delayed_.pop_front();
    }
  }

  Observer& observer_;
  model::NodeId self_;
  std::unique_ptr<protocol::Protocol> inner_;
  std::deque<protocol::DelayedMessage> delayed_;
  protocol::AppendToken durable_;
  model::LogIndex applied_;
  std::uint64_t resent_ = 0;  // as the instance said last
};

store::ProtocolFactory Observer::factory() {
  return [this](const store::ProtocolParts& parts) -> std::unique_ptr<protocol::Protocol> {
    std::unique_ptr<protocol::Protocol> inner = engine_.make(parts);
    engine_.plant(*inner, mutant_);
    invariants_->observe_started(parts.self, parts.recovered);
    auto observed = std::make_unique<ObservedProtocol>(*this, parts.self, std::move(inner));
    observed->set_applied(parts.recovered.applied);
    return observed;
  };
}

std::optional<std::string> Observer::check(const Clocks& clocks) {
  if (!dirty_) {
    return std::nullopt;
  }
  dirty_ = false;
  for (const auto& [node, protocol] : running_) {
    invariants_->observe_lease(node, protocol->lease_covers(clocks(node)));
  }
  return invariants_->check();
}

void Observer::plant(std::size_t mutant, bool unwatched) {
  mutant_ = mutant;
  watches_sent_ = !unwatched || mutant == 0;
  for (const auto& [node, protocol] : running_) {
    engine_.plant(*protocol, mutant);
  }
}

const protocol::Protocol* Observer::protocol(model::NodeId node) const {
  const auto found = running_.find(node);
  return found == running_.end() ? nullptr : found->second;
}

void Observer::crashed(model::NodeId node) {
  running_.erase(node);
  control_.crashed(node);
  if (recording_ != nullptr) {
    recording_->crashed(node);
  }
  invariants_->observe_crashed(node);
}

}  // namespace ostraka::sim
