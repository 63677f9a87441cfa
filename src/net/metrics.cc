#include "net/metrics.h"

#include <array>
#include <string>

namespace ostraka::net {
namespace {

double seconds(base::Duration duration) {
  return static_cast<double>(duration.as_nanoseconds()) / 1e9;
}

}  // namespace

void append_reactor_metrics(std::span<const ReactorStats> reactors, base::MetricsText& out) {
  const auto each = [&](const auto& append) {
    for (std::size_t i = 0; i < reactors.size(); ++i) {
      const std::string name = std::to_string(i);
      const std::array labels = {base::MetricLabel{"reactor", name}};
      append(reactors[i], labels);
    }
  };
  each([&](const ReactorStats& r, const auto& labels) {
    out.counter({"ostraka_reactor_turns_total", "Turns of the event loop."}, r.turns, labels);
  });
  each([&](const ReactorStats& r, const auto& labels) {
    out.counter({"ostraka_reactor_slow_turns_total", "Turns longer than 1 ms."}, r.slow_turns,
                labels);
  });
  each([&](const ReactorStats& r, const auto& labels) {
    out.gauge({"ostraka_reactor_longest_turn_seconds", "The longest turn since the start."},
              seconds(r.longest_turn), labels);
  });
  each([&](const ReactorStats& r, const auto& labels) {
    out.counter({"ostraka_reactor_busy_seconds_total", "Time in turns, without waiting."},
                seconds(r.busy), labels);
  });
  each([&](const ReactorStats& r, const auto& labels) {
    out.counter({"ostraka_reactor_ring_writes_total", "Durable writes handed to io_uring."},
                r.ring_writes, labels);
  });
}

}  // namespace ostraka::net
