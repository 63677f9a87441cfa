#include "kv/internal/applier.h"

#include "base/assert.h"
#include "codec/configuration.h"
#include "codec/result_value.h"
#include "kv/internal/state_hash.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace ostraka::kv {
namespace {

// Memory that stays with the applier between batches.
constexpr std::size_t kArenaKept = std::size_t{4} << 20;

}  // namespace

base::Status Applier::apply(std::span<const port::LogEntry> entries, ApplyListener& listener) {
  OSTRAKA_TRY(core_.check_epoch());
  if (!core_.is_writing()) {
    OSTRAKA_TRY(core_.settle());
  }
  OSTRAKA_TRY(make_room());  // nothing new while the engine does not take what waits
  for (const port::LogEntry& entry : entries) {
    OSTRAKA_TRY(apply_one(entry, listener));
    if (core_.waiting_bytes() > core_.options.write_behind_bytes) {
      deliver(listener);
      OSTRAKA_TRY(make_room());
    }
  }
  deliver(listener);
  return {};
}

// The reactor waits for the engine when as much again has come meanwhile.
base::Status Applier::make_room() {
  const std::size_t limit = core_.options.write_behind_bytes;
  if (core_.waiting_bytes() <= limit) {
    return {};
  }
  if (limit == 0) {
    return core_.write();
  }
  if (core_.is_writing() && core_.waiting_bytes() <= 2 * limit) {
    return {};
  }
  OSTRAKA_TRY(core_.settle());
  core_.begin_write();
  return core_.is_writing() ? base::Status() : core_.settle();
}

base::Status Applier::apply_one(const port::LogEntry& entry, ApplyListener& listener) {
  OSTRAKA_ASSERT(entry.meta.index == core_.applied.index.next(), "entries come in index order");
  switch (entry.meta.kind) {
    case protocol::EntryKind::noop:
      break;
    case protocol::EntryKind::configuration:
      OSTRAKA_TRY(apply_configuration(entry));
      break;
    case protocol::EntryKind::data:
      return apply_data(entry, listener);
  }
  note_applied(entry);
  return {};
}

void Applier::note_applied(const port::LogEntry& entry) {
  core_.applied.index = entry.meta.index;
  core_.applied.term = entry.meta.term;
}

base::Status Applier::apply_configuration(const port::LogEntry& entry) {
  OSTRAKA_ASSIGN(auto decoded, codec::decode_configuration(entry.payload.view()));
  core_.set_configuration(std::make_shared<const model::Configuration>(std::move(decoded)),
                          entry.meta.index, entry.payload.view());
  return {};
}

base::Status Applier::apply_data(const port::LogEntry& entry, ApplyListener& listener) {
  codec::EntryReader reader(entry.payload.view());
  const base::Result<codec::EntryHeader> decoded = reader.header();
  if (core_.options.mutant == Mutant::skip_unknown_entries && !decoded.has_value() &&
      decoded.error().code == base::ErrorCode::format_unknown) {
    note_applied(entry);
    return {};
  }
  OSTRAKA_ASSIGN(const codec::EntryHeader header, decoded);
  const auto session = sessions_.all().find(header.session);
  if (session != sessions_.all().end() && header.first_serial.value() <= session->second.last) {
    // Stored replies are read from the engine.
    deliver(listener);
    OSTRAKA_TRY(core_.write());
  }
  core_.applied.log_time = std::max(core_.applied.log_time, header.log_time);
  sessions_.expire();
  core_.pending.begin_entry();
  switch (header.type) {
    case codec::EntryType::commands:
      OSTRAKA_TRY(apply_commands(header, reader, entry.meta.index));
      break;
    case codec::EntryType::register_session:
      if (!header.session.is_none()) {
        sessions_.add(header.session);
        reply_.clear();
        codec::ResultWriter(reply_).ok();
        arena_.append(reply_);
        tell_reply(header.session, header.first_serial);
      }
      break;
    case codec::EntryType::advance_time:
    case codec::EntryType::state_hash:
      break;
  }
  note_applied(entry);
  return header.type == codec::EntryType::state_hash ? tell_hash(entry.meta.index, listener)
                                                     : base::Status();
}

base::Status Applier::tell_hash(model::LogIndex index, ApplyListener& listener) {
  const base::Status written = core_.write();
  if (!written.has_value()) {
    // This replica has nothing to compare while its engine stalls.
    return written.error().code == base::ErrorCode::busy ? base::Status() : written;
  }
  OSTRAKA_ASSIGN(const std::uint64_t hash, hash_state(core_, sessions_));
  listener.on_state_hash(index, hash);
  return {};
}

base::Status Applier::apply_commands(const codec::EntryHeader& header, codec::EntryReader& reader,
                                     model::LogIndex index) {
  if (!header.session.is_none()) {
    SessionHead* head = sessions_.find(header.session, header.first_serial.value());
    if (head == nullptr) {
      tell_all(header, base::ErrorCode::session_expired);
      return {};
    }
    return apply_in_session(header, *head, reader, index);
  }
  base::ByteView command;
  for (std::uint64_t i = 0;; ++i) {
    OSTRAKA_ASSIGN(const bool more, reader.next(command));
    if (!more) {
      return {};
    }
    OSTRAKA_TRY(execute(command, index));
    arena_.append(reply_);
    tell_reply(header.session, header.first_serial + i);
  }
}

base::Status Applier::apply_in_session(const codec::EntryHeader& header, SessionHead& head,
                                       codec::EntryReader& reader, model::LogIndex index) {
  const bool gap = header.first_serial.value() > head.last + 1;
  if (gap) {
    tell_all(header, base::ErrorCode::sequence_gap);
  }
  // Replies that are told again come first in the arena: the record is one piece.
  base::ByteView command;
  bool open = false;
  for (std::uint64_t i = 0; !gap; ++i) {
    OSTRAKA_ASSIGN(const bool more, reader.next(command));
    if (!more) {
      break;
    }
    const model::Serial serial = header.first_serial + i;
    if (serial.value() <= head.last) {
      OSTRAKA_TRY(tell_again(header, head, serial));
      continue;
    }
    if (!open) {
      sessions_.open_record(arena_);
      open = true;
    }
    OSTRAKA_TRY(execute(command, index));
    sessions_.add_reply(arena_, reply_);
    head.last = serial.value();
    tell_reply(header.session, serial);
  }
  if (!open) {
    sessions_.open_record(arena_);
  }
  sessions_.close_record(header.session, head, header.acknowledged.value(), arena_);
  return {};
}

base::Status Applier::execute(base::ByteView command, model::LogIndex index) {
  reply_.clear();
  decoded_.clear();
  codec::CommandReader reader(command);
  codec::Operation operation;
  for (;;) {
    const auto more = reader.next(operation);
    if (!more.has_value()) {
      if (more.error().code == base::ErrorCode::malformed) {
        return {};
      }
      return base::fail(more.error().code, more.error().context);
    }
    if (!*more) {
      break;
    }
    decoded_.push_back(operation);
  }
  codec::ResultWriter out(reply_);
  return operations_.execute(decoded_, index, out);
}

base::Status Applier::tell_again(const codec::EntryHeader& header, const SessionHead& head,
                                 model::Serial serial) {
  OSTRAKA_ASSIGN(const bool known,
                 sessions_.stored_reply(header.session, head, serial.value(), reply_));
  if (!known) {
    told_.push_back(
        {.session = header.session, .serial = serial, .error = base::ErrorCode::unknown_outcome});
    return {};
  }
  arena_.append(reply_);
  tell_reply(header.session, serial);
  return {};
}

void Applier::tell_all(const codec::EntryHeader& header, base::ErrorCode error) {
  for (std::uint64_t i = 0; i < header.command_count; ++i) {
    told_.push_back({.session = header.session, .serial = header.first_serial + i, .error = error});
  }
}

void Applier::tell_reply(model::SessionId session, model::Serial serial) {
  Told told{.session = session, .serial = serial, .error = {}};
  if (reply_.empty()) {
    told.error = base::ErrorCode::malformed;
  }
  told.offset = arena_.size() - reply_.size();
  told.size = reply_.size();
  told_.push_back(told);
}

void Applier::deliver(ApplyListener& listener) {
  for (const Told& told : told_) {
    if (told.error.has_value()) {
      listener.on_result(told.session, told.serial, base::fail(*told.error));
    } else {
      listener.on_result(told.session, told.serial,
                         base::ByteView(arena_).substr(told.offset, told.size));
    }
  }
  drop();
}

void Applier::drop() {
  told_.clear();
  arena_.clear();
  if (arena_.capacity() > kArenaKept) {
    arena_.shrink_to_fit();
  }
  if (reply_.capacity() > kArenaKept) {
    reply_.clear();
    reply_.shrink_to_fit();
  }
}

}  // namespace ostraka::kv
