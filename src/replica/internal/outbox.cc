#include "replica/internal/outbox.h"

#include <algorithm>
#include <utility>

namespace ostraka::replica {
namespace {

// Fits the payload to the entry of the message. False: another entry has taken its place.
bool take_payload(protocol::EntryMeta& meta, const port::LogEntry& entry,
                  std::vector<base::Buffer>& payloads) {
  if (entry.meta.index != meta.index || entry.meta.term != meta.term) {
    return false;
  }
  // A protocol does not know the encoded size of a configuration.
  meta.payload_bytes = static_cast<std::uint32_t>(entry.payload.size());
  payloads.push_back(entry.payload);
  return true;
}

}  // namespace

void Outbox::send(protocol::Message& message) {
  if (message.entries.empty() && !message.behind_entries) {
    transmit(message, {});
    return;
  }
  const auto found = waiting_.find(message.to);
  const bool must_wait = found != waiting_.end() && !found->second.messages.empty();
  if (!must_wait) {
    payloads_.clear();
    const Attached attached = attach(message, payloads_);
    if (attached == Attached::complete) {
      transmit(message, payloads_);
      return;
    }
    if (attached == Attached::overwritten) {
      ++env_.counters.messages_dropped;
      return;
    }
  }
  Waiting& waiting = waiting_[message.to];
  if (waiting.messages.size() >= env_.waiting_max) {
    ++env_.counters.messages_dropped;
    return;
  }
  waiting.messages.push() = message;
  pump(message.to, waiting);
}

void Outbox::hold(const protocol::DelayedMessage& delayed) {
  const protocol::AppendToken behind =
      held_.empty() ? delayed.token : held_[held_.size() - 1].token;
  protocol::DelayedMessage& place = held_.push();
  place = delayed;
  // Waiting longer than asked is always safe; it keeps one queue.
  place.token = std::max(place.token, behind);
  release(released_);
}

void Outbox::release(protocol::AppendToken token) {
  released_ = std::max(released_, token);
  while (!held_.empty() && held_.front().token <= released_) {
    send(held_.front().message);
    held_.pop();
  }
}

void Outbox::drop_waiting() {
  held_.clear();
  for (auto& [peer, waiting] : waiting_) {
    env_.counters.messages_dropped += waiting.messages.size();
    waiting.messages.clear();
    waiting.payloads.clear();
  }
}

Outbox::Attached Outbox::attach(protocol::Message& message, std::vector<base::Buffer>& payloads) {
  for (std::size_t i = payloads.size(); i < message.entries.size(); ++i) {
    const port::LogEntry* entry = env_.cache.find(message.entries[i].index);
    if (entry == nullptr) {
      return Attached::missing;
    }
    if (!take_payload(message.entries[i], *entry, payloads)) {
      return Attached::overwritten;
    }
  }
  return Attached::complete;
}

void Outbox::transmit(const protocol::Message& message, std::span<const base::Buffer> payloads) {
  if (env_.peers.send(env_.shard, message, payloads)) {
    ++env_.counters.messages_sent;
  } else {
    ++env_.counters.messages_dropped;
  }
}

void Outbox::pump(model::NodeId peer, Waiting& waiting) {
  while (!waiting.reading && !waiting.messages.empty()) {
    protocol::Message& message = waiting.messages.front();
    const Attached attached = attach(message, waiting.payloads);
    if (attached == Attached::missing) {
      read_front(peer, waiting);
      return;
    }
    if (attached == Attached::complete) {
      transmit(message, waiting.payloads);
    } else {
      ++env_.counters.messages_dropped;
    }
    waiting.messages.pop();
    waiting.payloads.clear();
  }
}

void Outbox::read_front(model::NodeId peer, Waiting& waiting) {
  const std::vector<protocol::EntryMeta>& entries = waiting.messages.front().entries;
  const std::size_t have = waiting.payloads.size();
  // Up to the first entry that is cached, or that does not follow in the log.
  std::size_t end = have + 1;
  while (end < entries.size() && entries[end].index == entries[end - 1].index.next() &&
         env_.cache.find(entries[end].index) == nullptr) {
    ++end;
  }
  std::size_t bytes = 0;
  for (std::size_t i = have; i < end; ++i) {
    bytes += entries[i].payload_bytes;
  }
  waiting.reading = true;
  ++env_.counters.log_reads;
  env_.log.read(
      env_.shard, entries[have].index, entries[end - 1].index.next(),
      std::max<std::size_t>(bytes, 1),
      [this, peer, alive = guard_.token()](base::Result<std::vector<port::LogEntry>> read) {
        if (*alive) {
          on_read(peer, std::move(read));
        }
      });
}

void Outbox::on_read(model::NodeId peer, base::Result<std::vector<port::LogEntry>> entries) {
  Waiting& waiting = waiting_[peer];
  waiting.reading = false;
  if (waiting.messages.empty()) {
    return;  // dropped meanwhile
  }
  protocol::Message& message = waiting.messages.front();
  bool usable = entries.has_value() && !entries->empty();
  if (usable) {
    for (const port::LogEntry& entry : *entries) {
      const std::size_t next = waiting.payloads.size();
      if (next == message.entries.size()) {
        break;
      }
      usable = take_payload(message.entries[next], entry, waiting.payloads);
      if (!usable) {
        break;
      }
    }
  }
  if (!usable) {
    // Compacted or overwritten: the protocol will notice and send something else.
    ++env_.counters.messages_dropped;
    waiting.messages.pop();
    waiting.payloads.clear();
  }
  pump(peer, waiting);
}

}  // namespace ostraka::replica
