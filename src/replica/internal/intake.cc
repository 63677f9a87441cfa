#include "replica/internal/intake.h"

#include "base/assert.h"

#include <algorithm>
#include <utility>

namespace ostraka::replica {
namespace {

// Header, length of a command: never more.
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kCommandBytes = 10;
constexpr std::size_t kFreeKept = 8;

std::size_t encoded_size(std::span<const base::ByteView> commands) {
  std::size_t bytes = 0;
  for (const base::ByteView command : commands) {
    bytes += command.size() + kCommandBytes;
  }
  return bytes;
}

}  // namespace

Intake::Intake(const Environment& environment)
    : env_(environment),
      flush_later_(environment.executor, [this] { flush_when_due(); }),
      gather_over_(environment.executor.make_timer([this] { flush(); })) {}

base::Status Intake::add_commands(model::SessionId session, model::Serial first_serial,
                                  model::Serial acknowledged,
                                  std::span<const base::ByteView> commands) {
  OSTRAKA_ASSERT(!commands.empty(), "nothing to propose");
  OSTRAKA_ASSERT(!session.is_none() && !first_serial.is_none(), "commands belong to a session");
  const std::size_t size = encoded_size(commands);
  if (size > env_.options.proposal_bytes_max) {
    return base::fail(base::ErrorCode::too_large, "commands of one request");
  }
  if (bytes() + size > env_.options.proposal_bytes_max) {
    return base::fail(base::ErrorCode::busy, "proposals of the shard");
  }
  const auto known = taken_.find(session);
  if (known != taken_.end() && first_serial > known->second.accepted.next()) {
    return base::fail(base::ErrorCode::sequence_gap, "an earlier command was not proposed");
  }
  Open* open = nullptr;
  model::Serial serial = first_serial;
  for (const base::ByteView command : commands) {
    if (open == nullptr || open->bytes.size() + command.size() > env_.options.entry_bytes_max) {
      open = find_open(session, serial, command.size());
    }
    if (open == nullptr) {
      codec::EntryHeader header;
      header.session = session;
      header.first_serial = serial;
      header.acknowledged = acknowledged;
      open = &open_entry(header);
    }
    open->builder.add_command(command);
    ++open->header.command_count;
    serial = serial.next();
  }
  open_bytes_ += size;
  open_commands_ += commands.size();
  model::Serial& accepted = taken_[session].accepted;
  accepted = std::max(accepted, serial.prev());
  env_.counters.commands += commands.size();
  flush_later_.post_end_of_turn();
  return {};
}

base::Status Intake::add_entry(codec::EntryType type, model::SessionId session,
                               base::ByteView command) {
  if (bytes() + command.size() > env_.options.proposal_bytes_max) {
    return base::fail(base::ErrorCode::busy, "proposals of the shard");
  }
  codec::EntryHeader header;
  header.type = type;
  if (env_.options.mutant == Mutant::propose_unknown_entries &&
      type == codec::EntryType::state_hash) {
    constexpr std::uint8_t kUnknownType = 255;
    // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): this is the planted bug
    header.type = static_cast<codec::EntryType>(kUnknownType);
  }
  header.session = session;
  Open& open = open_entry(header);
  hurry_ = true;
  if (!command.empty()) {
    open.builder.add_command(command);
    ++open.header.command_count;
  }
  open_bytes_ += command.size() + kCommandBytes;
  flush_later_.post_end_of_turn();
  return {};
}

void Intake::end_leadership(base::ErrorCode code) {
  taken_.clear();
  logged_.clear();
  logged_bytes_ = 0;
  logged_commands_ = 0;
  for (const std::unique_ptr<Open>& open : open_) {
    refuse(*open, code);
  }
  open_.clear();
  stop_gathering();
  tell_refusals();
}

void Intake::on_applied(model::LogIndex index) {
  while (!logged_.empty() && logged_.front().index <= index) {
    logged_bytes_ -= logged_.front().bytes;
    logged_commands_ -= logged_.front().commands;
    logged_.pop();
  }
  if (!open_.empty()) {
    flush_later_.post_end_of_turn();
  }
}

Intake::Open& Intake::open_entry(const codec::EntryHeader& header) {
  std::unique_ptr<Open> open;
  if (free_.empty()) {
    open = std::make_unique<Open>();
  } else {
    open = std::move(free_.back());
    free_.pop_back();
  }
  open->header = header;
  open->header.command_count = 0;
  open->header.log_time = env_.clock.next(env_.driver.sample_clocks());
  open->bytes.clear();
  open->bytes.reserve(size_hint_ + kHeaderBytes);
  open->builder.begin(open->header);
  open_.push_back(std::move(open));
  return *open_.back();
}

// The session's newest open entry, if the serial continues it and the bytes fit.
Intake::Open* Intake::find_open(model::SessionId session, model::Serial next_serial,
                                std::size_t more_bytes) {
  for (auto it = open_.rbegin(); it != open_.rend(); ++it) {
    Open& open = **it;
    if (open.header.session != session || open.header.type != codec::EntryType::commands) {
      continue;
    }
    const bool continues = open.header.first_serial + open.header.command_count == next_serial;
    const bool fits = open.bytes.size() + more_bytes <= env_.options.entry_bytes_max;
    return continues && fits ? &open : nullptr;
  }
  return nullptr;
}

void Intake::flush_when_due() {
  if (hurry_ || open_commands_ >= logged_commands_ ||
      open_bytes_ >= env_.options.gather_bytes_max) {
    flush();
  } else if (!gathering_) {
    gathering_ = true;
    gather_over_->arm(env_.executor.now() + env_.options.gather_max);
  }
}

void Intake::stop_gathering() {
  open_bytes_ = 0;
  open_commands_ = 0;
  hurry_ = false;
  if (gathering_) {
    gathering_ = false;
    gather_over_->disarm();
  }
}

void Intake::flush() {
  OSTRAKA_ASSERT(flushing_.empty(), "one flush at a time");
  std::swap(open_, flushing_);
  stop_gathering();
  for (const std::unique_ptr<Open>& open : flushing_) {
    propose(*open);
  }
  for (std::unique_ptr<Open>& open : flushing_) {
    if (free_.size() < kFreeKept) {
      free_.push_back(std::move(open));
    }
  }
  flushing_.clear();
  tell_refusals();
}

void Intake::propose(Open& open) {
  const bool commands =
      !open.header.session.is_none() && open.header.type == codec::EntryType::commands;
  if (commands) {
    const auto known = taken_.find(open.header.session);
    if (known == taken_.end()) {
      refuse(open, base::ErrorCode::not_leader);  // leadership ended in this flush
      return;
    }
    if (open.header.first_serial > known->second.accepted.next()) {
      refuse(open, base::ErrorCode::sequence_gap);  // one before it was refused in this flush
      return;
    }
  }
  open.builder.finish();
  const std::size_t size = open.bytes.size();
  size_hint_ = size;
  const base::Result<model::LogIndex> index =
      env_.driver.propose(base::Buffer::take(std::move(open.bytes)));
  open.bytes = {};
  if (!index.has_value()) {
    refuse(open, index.error().code);
    return;
  }
  if (const auto known = taken_.find(open.header.session); commands && known != taken_.end()) {
    model::Serial& proposed = known->second.proposed;
    proposed = std::max(proposed, open.header.first_serial + (open.header.command_count - 1));
  }
  ++env_.counters.entries_proposed;
  Logged& logged = logged_.push();
  logged.index = *index;
  logged.bytes = size;
  logged.commands = open.header.command_count;
  logged_bytes_ += size;
  logged_commands_ += logged.commands;
}

void Intake::refuse(const Open& open, base::ErrorCode code) {
  ++env_.counters.refused;
  if (open.header.session.is_none()) {
    return;  // background work tries again
  }
  if (open.header.type == codec::EntryType::commands) {
    // What is in the log stays: a command that is sent twice may be refused the second time.
    const auto known = taken_.find(open.header.session);
    if (known != taken_.end()) {
      model::Serial& accepted = known->second.accepted;
      accepted =
          std::max(known->second.proposed, std::min(accepted, open.header.first_serial.prev()));
    }
  }
  refusals_.push_back(
      {open.header.session, open.header.first_serial, open.header.command_count, code});
}

void Intake::tell_refusals() {
  std::vector<Refusal> refusals;
  std::swap(refusals, refusals_);
  if (sessions_ == nullptr) {
    return;
  }
  for (const Refusal& refusal : refusals) {
    sessions_->on_refused(env_.shard, refusal.session, refusal.first_serial, refusal.count,
                          refusal.code);
  }
}

}  // namespace ostraka::replica
