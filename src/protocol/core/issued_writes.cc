#include "protocol/core/issued_writes.h"

#include <utility>

namespace ostraka::protocol {

std::vector<IssuedWrite> IssuedWrites::take_durable(AppendToken token) {
  std::vector<IssuedWrite> durable;
  for (auto write = writes_.begin(); write != writes_.end();) {
    if (write->snapshot || write->append.token > token) {
      ++write;
      continue;
    }
    durable.push_back(std::move(*write));
    write = writes_.erase(write);
  }
  return durable;
}

std::vector<IssuedWrite> IssuedWrites::take_through_snapshot() {
  std::vector<IssuedWrite> durable;
  while (!writes_.empty() && (durable.empty() || !durable.back().snapshot)) {
    durable.push_back(std::move(writes_.front()));
    writes_.pop_front();
  }
  return durable;
}

}  // namespace ostraka::protocol
