#include "replica/internal/reads.h"

#include <algorithm>
#include <utility>

namespace ostraka::replica {

Reads::Reads(const Environment& environment)
    : env_(environment), issue_later_(environment.executor, [this] { issue_barrier(); }) {}

void Reads::linearizable(Read& read) {
  if (!env_.driver.leads()) {
    read.complete(base::fail(env_.driver.leader().is_none() ? base::ErrorCode::no_leader
                                                            : base::ErrorCode::not_leader));
    return;
  }
  if (!admit(read)) {
    return;
  }
  if (is_leased()) {
    ++env_.counters.lease_reads;
    wait_or_serve(read, env_.protocol.commit_index());
    return;
  }
  ++env_.counters.barrier_reads;
  gathering_.reads.push_back(&read);
  issue_later_.post_end_of_turn();
}

// The clock is sampled here, after the request arrived: a cached sample could lie before the moment
// at which another leader was elected.
bool Reads::is_leased() {
  base::Instant now = env_.executor.now();
  if (env_.options.mutant == Mutant::lease_by_cached_clock) {
    now = std::exchange(cached_clock_, now);
  }
  return env_.protocol.lease_covers(now);
}

void Reads::local(Read& read) {
  if (admit(read)) {
    ++env_.counters.local_reads;
    wait_or_serve(read, {});
  }
}

void Reads::remote(model::NodeId from, std::uint64_t ticket) {
  const Remote remote{from, ticket};
  if (!env_.driver.leads()) {
    answer(remote, false, {});
  } else if (is_leased()) {
    answer(remote, true, env_.protocol.commit_index());
  } else {
    gathering_.remotes.push_back(remote);
    issue_later_.post_end_of_turn();
  }
}

bool Reads::cancel(Read& read) {
  std::size_t erased = std::erase(waiting_, &read) + std::erase(gathering_.reads, &read);
  for (Barrier& barrier : barriers_) {
    erased += std::erase(barrier.reads, &read);
  }
  if (erased != 0) {
    waiting_bytes_ -= read.command.size();
  }
  return erased != 0;
}

void Reads::on_barrier_ready(protocol::RequestId id, model::LogIndex index) {
  const auto found = std::find_if(barriers_.begin(), barriers_.end(),
                                  [id](const Barrier& barrier) { return barrier.id == id; });
  if (found == barriers_.end()) {
    return;  // every read of it was cancelled
  }
  const Barrier barrier = std::move(*found);
  barriers_.erase(found);
  for (const Remote& remote : barrier.remotes) {
    answer(remote, true, index);
  }
  for (Read* read : barrier.reads) {
    read->link.wait_for = index;
    waiting_.push_back(read);
  }
  on_progress();
}

bool Reads::on_barrier_failed(protocol::RequestId id, base::ErrorCode code) {
  const auto found = std::find_if(barriers_.begin(), barriers_.end(),
                                  [id](const Barrier& barrier) { return barrier.id == id; });
  if (found == barriers_.end()) {
    return false;
  }
  Barrier barrier = std::move(*found);
  barriers_.erase(found);
  for (const Remote& remote : barrier.remotes) {
    answer(remote, false, {});
  }
  // Detached first: complete() may destroy reads and cancel others of this list.
  barriers_.push_back({protocol::RequestId{}, std::move(barrier.reads), {}});
  while (true) {
    const auto failed = std::find_if(barriers_.begin(), barriers_.end(), [](const Barrier& b) {
      return b.id.is_none() && !b.reads.empty();
    });
    if (failed == barriers_.end()) {
      break;
    }
    Read* read = failed->reads.back();
    failed->reads.pop_back();
    complete(*read, code);
  }
  std::erase_if(barriers_, [](const Barrier& b) { return b.id.is_none(); });
  return true;
}

void Reads::on_progress() {
  // complete() may start, cancel or destroy reads: after each one the search begins anew. Almost
  // always the first one is ready.
  while (env_.driver.can_read()) {
    const model::LogIndex applied = env_.state_machine.applied();
    const auto ready = std::find_if(waiting_.begin(), waiting_.end(), [applied](const Read* read) {
      return read->link.wait_for <= applied;
    });
    if (ready == waiting_.end()) {
      return;
    }
    Read& read = **ready;
    waiting_.erase(ready);
    serve(read);
  }
}

void Reads::fail_all(base::ErrorCode code) {
  for (const Remote& remote : gathering_.remotes) {
    answer(remote, false, {});
  }
  gathering_.remotes.clear();
  std::vector<Read*>& all = waiting_;
  all.insert(all.end(), gathering_.reads.begin(), gathering_.reads.end());
  gathering_.reads.clear();
  for (Barrier& barrier : barriers_) {
    for (const Remote& remote : barrier.remotes) {
      answer(remote, false, {});
    }
    all.insert(all.end(), barrier.reads.begin(), barrier.reads.end());
  }
  barriers_.clear();
  while (!all.empty()) {
    Read* read = all.back();
    all.pop_back();
    complete(*read, code);
  }
}

bool Reads::admit(Read& read) {
  if (waiting_bytes_ + read.command.size() > env_.options.read_bytes_max) {
    ++env_.counters.refused;
    read.complete(base::fail(base::ErrorCode::busy, "reads of the shard"));
    return false;
  }
  waiting_bytes_ += read.command.size();
  return true;
}

void Reads::wait_or_serve(Read& read, model::LogIndex index) {
  if (env_.driver.can_read() && env_.state_machine.applied() >= index) {
    serve(read);
    return;
  }
  read.link.wait_for = index;
  waiting_.push_back(&read);
}

void Reads::serve(Read& read) {
  waiting_bytes_ -= read.command.size();
  // Not a member while it is in use: complete() may lead to another read.
  std::string result = std::exchange(result_, {});
  result.clear();
  const base::Status status = env_.state_machine.read(read.command.view(), result);
  if (status.has_value()) {
    read.complete(base::ByteView(result));
  } else {
    read.complete(base::fail(status.error().code, status.error().context));
  }
  result_ = std::move(result);
}

void Reads::complete(Read& read, base::ErrorCode code) {
  waiting_bytes_ -= read.command.size();
  read.complete(base::fail(code, "read of the shard"));
}

void Reads::answer(const Remote& remote, bool ok, model::LogIndex index) {
  ReadIndexReply reply;
  reply.ticket = remote.ticket;
  reply.ok = ok;
  reply.index = index;
  frame_.clear();
  encode(reply, frame_);
  // A lost answer is asked for again.
  static_cast<void>(env_.peers.send_read_index_reply(env_.shard, remote.from, frame_));
}

void Reads::issue_barrier() {
  if (gathering_.empty()) {
    return;
  }
  gathering_.id = env_.driver.next_request();
  const protocol::RequestId id = gathering_.id;
  barriers_.push_back(std::exchange(gathering_, {}));
  env_.driver.feed(protocol::ReadBarrier{id});
}

}  // namespace ostraka::replica
