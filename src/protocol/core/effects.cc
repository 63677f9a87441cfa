#include "protocol/core/effects.h"

namespace ostraka::protocol {

void Append::reset() {
  present = false;
  token = {};
  term = {};
  index = {};
  truncate_from.reset();
  entries.clear();
  configurations.clear();
  hard_state.reset();
}

void Effects::clear() {
  append.reset();
  send_now.clear();
  send_after_durable.clear();
  apply_upto = {};
  timers.clear();
  proposed.clear();
  reads.clear();
  failed.clear();
  done.clear();
  send_snapshot.clear();
  install_snapshot.reset();
  discard_snapshot = false;
  message_refused = false;
  log_lost.reset();
  role_change.reset();
  configuration.reset();
  trace.clear();
}

}  // namespace ostraka::protocol
