#include "kv/internal/sessions.h"

#include "base/assert.h"
#include "kv/internal/stored.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace ostraka::kv {
namespace {

constexpr std::uint8_t kFormatVersion = 1;
// Records are deleted by ranges of at least this many.
constexpr std::size_t kForgetBatch = 64;

struct RecordHeader {
  std::int64_t active_ms = 0;
  std::uint64_t floor = 0;
  std::uint32_t replies = 0;
};
// version, active_ms, floor, replies
constexpr std::size_t kHeaderBytes = 1 + 8 + 8 + 4;

base::Result<RecordHeader> read_header(base::Reader& in) {
  const std::uint8_t version = in.u8();
  const RecordHeader header{.active_ms = in.i64(), .floor = in.u64(), .replies = in.u32()};
  if (!in.ok()) {
    return base::fail(base::ErrorCode::corruption, "session record");
  }
  if (version != kFormatVersion) {
    return base::fail(base::ErrorCode::format_unknown, "session record");
  }
  return header;
}

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

}  // namespace

base::Status Sessions::load() {
  heads_.clear();
  memory_.clear();
  next_expiry_ms_ = std::numeric_limits<std::int64_t>::min();
  const auto it = core_.engine.iterate({.family = port::Family::session,
                                        .lower = shard_begin(core_.shard),
                                        .upper = shard_end(core_.shard)});
  for (it->seek_first(); it->valid(); it->next()) {
    OSTRAKA_TRY(load_record(it->key(), it->value()));
  }
  return it->status();
}

base::Status Sessions::load_record(base::ByteView key, base::ByteView value) {
  if (key.size() != kSessionKeyBytes) {
    return base::fail(base::ErrorCode::corruption, "session key");
  }
  const model::SessionId id(versioned::get_u64_be(key.data() + kShardBytes));
  const std::uint64_t serial = versioned::get_u64_be(key.data() + kShardBytes + 8);
  base::Reader in(value);
  OSTRAKA_ASSIGN(const RecordHeader header, read_header(in));
  SessionHead& head = heads_[id];
  head.floor = std::max(head.floor, header.floor);
  head.active_ms = std::max(head.active_ms, header.active_ms);
  if (serial != 0) {
    if (header.replies == 0) {
      return base::fail(base::ErrorCode::corruption, "session record without replies");
    }
    head.last = serial + header.replies - 1;
    head.records.push_back(serial);
  }
  return {};
}

SessionHead* Sessions::find(model::SessionId id, std::uint64_t first_serial) {
  const auto found = heads_.find(id);
  if (found != heads_.end()) {
    return &found->second;
  }
  if (core_.options.mutant == Mutant::memory_only_dedup && first_serial != 0) {
    SessionHead& head = heads_[id];
    head.last = first_serial - 1;
    head.floor = head.last;
    head.active_ms = core_.applied.log_time.as_milliseconds();
    return &head;
  }
  return nullptr;
}

void Sessions::add(model::SessionId id) {
  auto found = heads_.find(id);
  if (found == heads_.end()) {
    if (!heads_.empty() && heads_.size() >= core_.limits.sessions_max) {
      end(std::ranges::min_element(heads_, {},
                                   [](const auto& session) { return session.second.active_ms; }));
    }
    found = heads_.try_emplace(id).first;
  }
  std::string record;
  open_record(record);
  close_record(id, found->second, 0, record);
}

void Sessions::expire() {
  const std::int64_t now = core_.applied.log_time.as_milliseconds();
  if (now < next_expiry_ms_) {
    return;
  }
  next_expiry_ms_ = std::numeric_limits<std::int64_t>::max();
  for (auto session = heads_.begin(); session != heads_.end();) {
    const auto here = session++;
    const std::int64_t expiry = saturating_add(here->second.active_ms, core_.limits.expiry_ms);
    if (expiry <= now) {
      end(here);
    } else {
      next_expiry_ms_ = std::min(next_expiry_ms_, expiry);
    }
  }
}

bool Sessions::has_expired(std::int64_t log_time_ms) const {
  return log_time_ms >= next_expiry_ms_ &&
         std::ranges::any_of(heads_, [this, log_time_ms](const auto& session) {
           return saturating_add(session.second.active_ms, core_.limits.expiry_ms) <= log_time_ms;
         });
}

void Sessions::end(std::map<model::SessionId, SessionHead>::iterator session) {
  const model::SessionId id = session->first;
  session_key(key_, core_.shard, id, 0);
  session_key(upper_, core_.shard, id, std::numeric_limits<std::uint64_t>::max());
  core_.batch->remove_range(port::Family::session, key_, upper_);
  std::erase_if(memory_, [id](const auto& record) { return record.first.first == id; });
  heads_.erase(session);
}

void Sessions::open_record(std::string& arena) {
  record_offset_ = arena.size();
  record_replies_ = 0;
  arena.append(kHeaderBytes, '\0');
}

void Sessions::add_reply(std::string& arena, base::ByteView reply) {
  base::Writer(arena).bytes(reply);
  ++record_replies_;
}

// A record's replies are those of the serials up to head.last.
void Sessions::close_record(model::SessionId id, SessionHead& head, std::uint64_t acknowledged,
                            std::string& arena) {
  const std::uint64_t kept = core_.limits.replies_kept_max;
  head.floor = std::max(
      {head.floor, std::min(acknowledged, head.last), head.last > kept ? head.last - kept : 0});
  head.active_ms = core_.applied.log_time.as_milliseconds();
  next_expiry_ms_ =
      std::min(next_expiry_ms_, saturating_add(head.active_ms, core_.limits.expiry_ms));
  key_.clear();
  base::Writer header(key_);
  header.u8(kFormatVersion);
  header.i64(head.active_ms);
  header.u64(head.floor);
  header.u32(record_replies_);
  OSTRAKA_ASSERT(key_.size() == kHeaderBytes, "the header has a fixed size");
  std::memcpy(arena.data() + record_offset_, key_.data(), key_.size());
  const base::ByteView record = base::ByteView(arena).substr(record_offset_);
  if (record_replies_ == 0) {
    put(id, 0, record);
    return;
  }
  const std::uint64_t first = head.last - record_replies_ + 1;
  put(id, first, record);
  head.records.push_back(first);
  forget(id, head);
}

void Sessions::put(model::SessionId id, std::uint64_t serial, base::ByteView record) {
  if (core_.options.mutant == Mutant::memory_only_dedup) {
    memory_[{id, serial}] = std::string(record);
    return;
  }
  session_key(key_, core_.shard, id, serial);
  core_.batch->put(port::Family::session, key_, record);
}

// Deletes records all of whose replies are forgotten.
void Sessions::forget(model::SessionId id, SessionHead& head) {
  if (head.records.size() <= kForgetBatch || head.records[kForgetBatch] > head.floor + 1) {
    return;
  }
  const auto keep_from =
      std::prev(std::ranges::upper_bound(head.records, head.floor + 1), 1) - head.records.begin();
  const std::uint64_t first = head.records.front();
  head.records.erase(head.records.begin(), head.records.begin() + keep_from);
  const std::uint64_t keep = head.records.front();
  if (core_.options.mutant == Mutant::memory_only_dedup) {
    memory_.erase(memory_.lower_bound({id, first}), memory_.lower_bound({id, keep}));
    return;
  }
  session_key(key_, core_.shard, id, first);
  session_key(upper_, core_.shard, id, keep);
  core_.batch->remove_range(port::Family::session, key_, upper_);
}

base::Status Sessions::get(model::SessionId id, std::uint64_t first, std::string& record) {
  if (core_.options.mutant == Mutant::memory_only_dedup) {
    record = memory_[{id, first}];
    return {};
  }
  session_key(key_, core_.shard, id, first);
  OSTRAKA_ASSIGN(const bool present, core_.engine.get(port::Family::session, key_, record));
  if (!present) {
    return base::fail(base::ErrorCode::corruption, "a stored reply is missing");
  }
  return {};
}

base::Result<bool> Sessions::stored_reply(model::SessionId id, const SessionHead& head,
                                          std::uint64_t serial, std::string& reply) {
  if (serial <= head.floor) {
    return false;
  }
  const auto behind = std::ranges::upper_bound(head.records, serial);
  if (behind == head.records.begin()) {
    return base::fail(base::ErrorCode::corruption, "a stored reply is missing");
  }
  const std::uint64_t first = *std::prev(behind);
  std::string record;
  OSTRAKA_TRY(get(id, first, record));
  base::Reader in(record);
  OSTRAKA_TRY(read_header(in));
  for (std::uint64_t skipped = first; skipped < serial; ++skipped) {
    static_cast<void>(in.bytes());
  }
  reply.assign(in.bytes());
  if (!in.ok()) {
    return base::fail(base::ErrorCode::corruption, "session record");
  }
  return true;
}

base::Status Sessions::visit_replies(model::SessionId id, const SessionHead& head,
                                     const std::function<void(base::ByteView)>& visit) {
  std::string record;
  for (std::size_t i = 0; i < head.records.size(); ++i) {
    const bool newest = i + 1 == head.records.size();
    const std::uint64_t last = newest ? head.last : head.records[i + 1] - 1;
    if (last <= head.floor) {
      continue;
    }
    OSTRAKA_TRY(get(id, head.records[i], record));
    base::Reader in(record);
    OSTRAKA_TRY(read_header(in));
    for (std::uint64_t serial = head.records[i]; serial <= last; ++serial) {
      const base::ByteView reply = in.bytes();
      if (serial > head.floor) {
        visit(reply);
      }
    }
    if (!in.finished()) {
      return base::fail(base::ErrorCode::corruption, "session record");
    }
  }
  return {};
}

}  // namespace ostraka::kv
