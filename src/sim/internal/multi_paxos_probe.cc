#include "sim/internal/multi_paxos_probe.h"

#include "protocol/multi_paxos/multi_paxos.h"

#include <array>

namespace ostraka::sim::internal {
namespace {

using namespace protocol;

class NoInvariants final : public ClusterInvariants {
 public:
  void observe_started(model::NodeId, const Recovered&) override {}
  void observe_crashed(model::NodeId) override {}
  void observe_wiped(model::NodeId) override {}
  void observe_append(model::NodeId, const Append&, std::span<const std::uint64_t>) override {}
  void observe_append_durable(model::NodeId, AppendToken) override {}
  void observe_install(model::NodeId, const SnapshotMeta&) override {}
  void observe_snapshot_durable(model::NodeId) override {}
  void observe_state(model::NodeId, const ProtocolStatus&, const model::Configuration&) override {}
  void observe_sent(const Message&) override {}
  void observe_applied(model::NodeId, model::LogIndex, model::Term, std::uint64_t) override {}
  void observe_read_asked(model::NodeId, RequestId) override {}
  void observe_read_ready(model::NodeId, RequestId, model::LogIndex) override {}
  void observe_read_failed(model::NodeId, RequestId) override {}
  void observe_lease(model::NodeId, bool) override {}
  [[nodiscard]] std::optional<std::string> check() override { return std::nullopt; }
  [[nodiscard]] model::LogIndex committed() const override { return {}; }
  [[nodiscard]] model::Term committed_term(model::LogIndex) const override { return {}; }
};

constexpr std::array<std::string_view, 8> kKinds = {
    "any", "prepare", "promise", "accept", "accepted", "heartbeat", "heartbeat_ack", "learn"};
constexpr std::array<std::string_view, 1> kMutants = {"none"};

std::unique_ptr<Protocol> make(const ProtocolParts& parts) {
  return std::make_unique<multi_paxos::MultiPaxos>(parts.self, parts.settings, parts.recovered,
                                                   parts.seed);
}

std::unique_ptr<ClusterInvariants> make_invariants() { return std::make_unique<NoInvariants>(); }

std::string render(const Message& message) {
  return std::string(kind_name(multi_paxos_probe(), message.kind));
}

void plant(Protocol&, std::size_t) {}

}  // namespace

const EngineProbe& multi_paxos_probe() {
  static constexpr EngineProbe kProbe{.name = "multi-paxos",
                                      .can = {},
                                      .slots = true,
                                      .make = make,
                                      .make_invariants = make_invariants,
                                      .render = render,
                                      .kinds = kKinds,
                                      .mutants = kMutants,
                                      .plant = plant,
                                      .election_timer = TimerId{1},
                                      .promise_kind = 0};
  return kProbe;
}

}  // namespace ostraka::sim::internal
