// The peers' part of /metrics (docs/metrics.md).
#pragma once

#include "base/metrics_text.h"
#include "peer/transport.h"

#include <span>

namespace ostraka::peer {

void append_peer_metrics(std::span<const PeerConnectionStatus> peers, base::MetricsText& out);

}  // namespace ostraka::peer
