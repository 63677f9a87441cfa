// The reactors' part of /metrics (docs/metrics.md).
#pragma once

#include "base/metrics_text.h"
#include "net/reactor.h"

#include <span>

namespace ostraka::net {

// Label `reactor` = position in `reactors`.
void append_reactor_metrics(std::span<const ReactorStats> reactors, base::MetricsText& out);

}  // namespace ostraka::net
