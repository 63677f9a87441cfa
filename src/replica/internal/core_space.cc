// Full and nearly full disks: who is told, what is refused.
#include "codec/operation.h"
#include "replica/internal/core.h"

#include <algorithm>
#include <utility>

namespace ostraka::replica {

// Removals are taken inside the reserve, as long as this disk has one: the followers may be out of
// it, and then the entry waits. A session is needed for them, too.
base::Status Replica::Impl::check_writable(std::span<const base::ByteView> commands,
                                           bool into_reserve) {
  base::ErrorCode code{};
  if (flags_.stopped) {
    code = base::ErrorCode::shutting_down;
  } else if (error_.has_value()) {
    code = error_->code;
  } else if (!leads()) {
    code = leader().is_none() ? base::ErrorCode::no_leader : base::ErrorCode::not_leader;
  } else if (!work_.is_ready()) {
    code = base::ErrorCode::no_leader;  // a moment later there is one
  } else if ((flags_.disk_full || work_.is_quorum_full()) &&
             !(into_reserve && has_reserve() &&
               std::ranges::all_of(commands, codec::only_removes))) {
    code = base::ErrorCode::disk_full;
  } else if (flags_.write_stalled) {
    code = base::ErrorCode::busy;
  } else {
    return {};
  }
  ++counters_.refused;
  return base::fail(code, "write to the shard");
}

bool Replica::Impl::has_reserve() const {
  return !flags_.log_full && !flags_.engine_full && space_ != Space::out &&
         options_.mutant != Mutant::no_removals_when_full;
}

void Replica::Impl::on_space(bool full) {
  flags_.log_full = full;
  settle_disk_full();
}

void Replica::Impl::set_space(Space space) {
  space_ = space;
  settle_disk_full();
}

void Replica::Impl::settle_disk_full() {
  const bool stuck = flags_.disk_full && options_.mutant == Mutant::full_for_ever;
  const bool full = flags_.log_full || flags_.engine_full || space_ != Space::enough || stuck;
  if (full == std::exchange(flags_.disk_full, full) || rare_.disk_full_timer == nullptr) {
    return;
  }
  if (full) {
    rare_.disk_full_timer->arm(parts_.executor.now() + options_.disk_full_step_down);
  } else {
    rare_.disk_full_timer->disarm();
  }
  feed(protocol::DiskSpace{full});
}

// A leader that cannot store entries any more gives way to one that can, if a quorum can. Else it
// stays: nobody could open a term, and here linearizable reads go on.
void Replica::Impl::hand_over_full() {
  if (leads()) {
    if (const model::NodeId heir = work_.heir_with_space(); !heir.is_none()) {
      feed(protocol::TransferLeadership{next_request(), heir});
    }
  }
  rare_.disk_full_timer->arm(parts_.executor.now() + options_.disk_full_step_down);
}

}  // namespace ostraka::replica
