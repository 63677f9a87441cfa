#include "peer/metrics.h"

#include <array>
#include <string>

namespace ostraka::peer {

void append_peer_metrics(std::span<const PeerConnectionStatus> peers, base::MetricsText& out) {
  const auto each = [&](const base::MetricFamily& family, const auto& value) {
    for (const PeerConnectionStatus& peer : peers) {
      const std::string id = std::to_string(peer.id.value());
      const std::array labels = {base::MetricLabel{"peer", id}};
      out.gauge(family, value(peer), labels);
    }
  };
  each({"ostraka_peer_connected", "1 when both channels to the peer are up."},
       [](const PeerConnectionStatus& peer) { return peer.connected ? 1.0 : 0.0; });
  each({"ostraka_peer_queued_bytes", "Bytes queued for the peer."},
       [](const PeerConnectionStatus& peer) { return static_cast<double>(peer.queued_bytes); });
  each({"ostraka_peer_round_trip_seconds", "The last ping."}, [](const PeerConnectionStatus& peer) {
    return static_cast<double>(peer.round_trip.as_nanoseconds()) / 1e9;
  });
}

}  // namespace ostraka::peer
