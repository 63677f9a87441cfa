// From the words of a request to what runs it.
#include "base/assert.h"
#include "gateway/resp/internal/connection.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/transaction_plan.h"

#include <algorithm>
#include <utility>

namespace ostraka::gateway::resp {
namespace {

// How much of an unknown command is repeated to the client.
constexpr std::size_t kQuotedBytesMax = 128;

// Redis prints words up to their first zero byte.
base::ByteView printed(base::ByteView word, std::size_t bytes_max) {
  return word.substr(0, std::min(word.find('\0'), bytes_max));
}

std::string unknown_command(Arguments words) {
  std::string text = "ERR unknown command '";
  text.append(printed(words[0], kQuotedBytesMax)).append("', with args beginning with: ");
  std::string quoted;
  for (const base::ByteView word : words.subspan(1)) {
    if (quoted.size() >= kQuotedBytesMax) {
      break;
    }
    quoted.append("'").append(printed(word, kQuotedBytesMax - quoted.size())).append("' ");
  }
  return text + quoted;
}

std::string unknown_subcommand(const CommandSpec& container, base::ByteView name) {
  std::string upper(container.name);
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  return "ERR unknown subcommand '" + std::string(printed(name, kQuotedBytesMax)) + "'. Try " +
         upper + " HELP.";
}

// Commands that are carried out between MULTI and EXEC instead of being queued.
bool is_immediate(CommandId id) {
  return id == CommandId::multi || id == CommandId::exec || id == CommandId::discard ||
         id == CommandId::watch || id == CommandId::quit || id == CommandId::reset;
}

}  // namespace

void Connection::dispatch(Arguments words) {
  ++client_.commands;
  if (server_.draining) {
    refused_ = true;
    reject(nullptr,
           error_reply({base::ErrorCode::shutting_down, "nothing was done, ask another node"},
                       Effect::may_write));
    return;
  }
  const CommandSpec* spec = look_up(words);
  if (spec == nullptr || !accepts(*spec, words)) {
    return;
  }
  client_.last_command = spec->id;
  if (client_.transaction.active && !is_immediate(spec->id)) {
    queue(*spec, words);
  } else {
    execute(*spec, words);
  }
}

// Null: refused, answered.
const CommandSpec* Connection::look_up(Arguments words) {
  const CommandSpec* spec = find_command(words[0]);
  if (spec == nullptr || is_subcommand(*spec)) {
    ++server_.statistics.unknown_commands;
    reject(nullptr, unknown_command(words));
    return nullptr;
  }
  if (is_container(*spec) && words.size() > 1) {
    const CommandSpec* subcommand = find_subcommand(*spec, words[1]);
    if (subcommand == nullptr) {
      ++server_.statistics.unknown_commands;
      reject(nullptr, unknown_subcommand(*spec, words[1]));
    }
    return subcommand;
  }
  return spec;
}

bool Connection::accepts(const CommandSpec& spec, Arguments words) {
  if (!arity_matches(spec, words.size())) {
    reject(&spec, wrong_arity(spec.name));
    return false;
  }
  if (!client_.authenticated && !is_allowed_unauthenticated(spec.id)) {
    reject(&spec, text::kNoAuth);
    return false;
  }
  const KeyPositions keys = key_positions(spec, words.size());
  if (keys.first != 0) {
    const std::size_t bytes_max = server_.options.connection.key_bytes_max;
    for (std::size_t i = keys.first; i <= keys.last; i += keys.step) {
      if (words[i].size() > bytes_max) {
        reject(&spec, "ERR a key is longer than " + std::to_string(bytes_max) + " bytes");
        return false;
      }
    }
  }
  return true;
}

// Refused before execution: a transaction that was being queued cannot run any more.
void Connection::reject(const CommandSpec* spec, std::string_view error) {
  if (client_.transaction.active) {
    client_.transaction.dirty = true;
  }
  std::string reply;
  codec::RespWriter writer(reply, client_.protocol);
  if (spec != nullptr) {
    ++server_.statistics.of(spec->id).rejected;
  }
  if (spec != nullptr && spec->id == CommandId::exec) {
    client_.transaction.clear();
    client_.watched.clear();
    error.remove_prefix(error.starts_with("ERR ") ? 4 : 0);
    writer.error("EXECABORT Transaction discarded because of: " + std::string(error));
  } else {
    writer.error(error);
  }
  server_.statistics.count_error(reply);
  if (pipeline_.empty()) {
    out_.append(reply);
    return;
  }
  Slot& slot = pipeline_.push(*this);
  ++server_.statistics.commands_in_flight;
  slot.reply = std::move(reply);
  slot.done = true;
}

void Connection::execute(const CommandSpec& spec, Arguments words) {
  const Handler& handler = handler_of(spec.id);
  if (spec.id == CommandId::multi) {
    multi(spec);
  } else if (spec.id == CommandId::exec) {
    exec(spec);
  } else if (spec.id == CommandId::discard) {
    discard(spec);
  } else if (handler.local != nullptr) {
    execute_local(spec, handler.local, words);
  } else if (handler.job != nullptr) {
    execute_job(spec, handler.job(), words);
  } else if (handler.encode != nullptr) {
    execute_plan(spec, handler.encode, words);
  } else {
    OSTRAKA_UNREACHABLE("every command has a handler");
  }
}

void Connection::execute_local(const CommandSpec& spec, LocalFunction function, Arguments words) {
  const base::Instant started = server_.executor.now();
  LocalContext context{.server = server_, .client = client_};
  if (pipeline_.empty()) {
    const std::size_t start = out_.size();
    codec::RespWriter reply(out_, client_.protocol);
    function(context, words, reply);
    account(spec.id, started, std::string_view(out_).substr(start));
  } else {
    Slot& slot = pipeline_.push(*this);
    ++server_.statistics.commands_in_flight;
    codec::RespWriter reply(slot.reply, client_.protocol);
    function(context, words, reply);
    account(spec.id, started, slot.reply);
    slot.done = true;
  }
  parser_.set_unauthenticated(!client_.authenticated);
}

void Connection::execute_plan(const CommandSpec& spec, EncodeFunction encode, Arguments words) {
  const base::Instant started = server_.executor.now();
  Plan plan(builder_);
  if (!encode(make_encode_context(server_, client_, spec.id), words, plan)) {
    answer_error(spec, plan.error());
    return;
  }
  Slot& slot = pipeline_.push(*this);
  ++server_.statistics.commands_in_flight;
  slot.id = spec.id;
  slot.protocol = client_.protocol;
  slot.render = plan.render();
  slot.operations = plan.operations();
  slot.started = started;
  const bool read_only = builder_.is_read_only();
  submit(slot, builder_.take(), read_only);
}

void Connection::execute_job(const CommandSpec& spec, std::unique_ptr<Job> job, Arguments words) {
  Slot& slot = pipeline_.push(*this);
  ++server_.statistics.commands_in_flight;
  slot.id = spec.id;
  slot.protocol = client_.protocol;
  slot.started = server_.executor.now();
  running_.job = std::move(job);
  running_.slot = &slot;
  running_.deadline = slot.started + server_.options.call_deadline;
  codec::RespWriter reply(slot.reply, slot.protocol);
  JobContext context{.server = server_, .client = client_, .call = builder_, .reply = reply};
  run_job(running_.job->start(context, words));
}

void Connection::submit(Slot& slot, std::string command, bool read_only) {
  slot.command = base::Buffer::take(std::move(command));
  slot.read_only = read_only;
  slot.consistency = client_.consistency;
  slot.deadline = slot.started + server_.options.call_deadline;
  session_->submit(slot);
}

// A finished reply of a command that was executed.
void Connection::answer(const CommandSpec& spec, std::string_view encoded_reply) {
  account(spec.id, server_.executor.now(), encoded_reply);
  if (pipeline_.empty()) {
    out_.append(encoded_reply);
    return;
  }
  Slot& slot = pipeline_.push(*this);
  ++server_.statistics.commands_in_flight;
  slot.reply = encoded_reply;
  slot.done = true;
}

void Connection::answer_error(const CommandSpec& spec, std::string_view error) {
  std::string reply;
  codec::RespWriter(reply, client_.protocol).error(error);
  answer(spec, reply);
}

}  // namespace ostraka::gateway::resp
