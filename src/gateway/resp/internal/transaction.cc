// MULTI, EXEC, DISCARD: a transaction is one command of the router, so one entry of the log.
#include "gateway/resp/internal/connection.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/transaction_plan.h"

#include <algorithm>
#include <utility>

namespace ostraka::gateway::resp {

void Connection::multi(const CommandSpec& spec) {
  if (client_.transaction.active) {
    answer_error(spec, "ERR MULTI calls can not be nested");
    return;
  }
  client_.transaction.active = true;
  answer(spec, "+OK\r\n");
}

void Connection::discard(const CommandSpec& spec) {
  if (!client_.transaction.active) {
    answer_error(spec, "ERR DISCARD without MULTI");
    return;
  }
  client_.transaction.clear();
  client_.watched.clear();
  answer(spec, "+OK\r\n");
}

void Connection::queue(const CommandSpec& spec, Arguments words) {
  const Handler& handler = handler_of(spec.id);
  if (handler.encode == nullptr && handler.local == nullptr && !handler.is_computed) {
    reject(&spec, "ERR Command not allowed inside a transaction");
    return;
  }
  QueuedCommand queued{.id = spec.id, .words = {}};
  std::size_t bytes = 0;
  for (const base::ByteView word : words) {
    bytes += word.size() + sizeof(std::string);
    queued.words.emplace_back(word);
  }
  TransactionState& transaction = client_.transaction;
  if (transaction.bytes + bytes > server_.options.connection.transaction_bytes_max) {
    reject(&spec, "ERR the transaction is too large");
    return;
  }
  transaction.bytes += bytes;
  transaction.queue.push_back(std::move(queued));
  answer(spec, "+QUEUED\r\n");
}

void Connection::exec(const CommandSpec& spec) {
  TransactionState& transaction = client_.transaction;
  if (!transaction.active) {
    answer_error(spec, "ERR EXEC without MULTI");
    return;
  }
  if (transaction.dirty) {
    transaction.clear();
    client_.watched.clear();
    answer_error(spec, text::kExecAbort);
    return;
  }
  transaction.active = false;
  // Local commands too: SELECT must not have happened when the transaction did not.
  const bool takes_steps = std::ranges::any_of(transaction.queue, [](const QueuedCommand& queued) {
    const Handler& handler = handler_of(queued.id);
    return handler.is_computed || handler.local != nullptr;
  });
  if (takes_steps) {
    execute_job(spec, make_computed_exec_job(), {});
    return;
  }
  const std::vector<QueuedCommand> queue = std::exchange(transaction.queue, {});
  transaction.clear();
  submit_transaction(spec, queue);
}

void Connection::submit_transaction(const CommandSpec& spec,
                                    const std::vector<QueuedCommand>& queue) {
  const base::Instant started = server_.executor.now();
  auto parts = std::make_unique<TransactionParts>();
  parts->guards = add_watch_guards(client_.watched, builder_);
  client_.watched.clear();
  for (const QueuedCommand& queued : queue) {
    parts->parts.push_back(plan_part(server_, client_, queued, builder_));
  }
  if (builder_.operation_count() == 0) {
    std::string reply;
    codec::RespWriter writer(reply, client_.protocol);
    static_cast<void>(render_transaction(*parts, {}, writer, server_.statistics));
    answer(spec, reply);
    return;
  }
  Slot& slot = pipeline_.push(*this);
  ++server_.statistics.commands_in_flight;
  slot.id = spec.id;
  slot.protocol = client_.protocol;
  slot.started = started;
  slot.transaction = std::move(parts);
  const bool read_only = builder_.is_read_only();
  submit(slot, builder_.take(), read_only);
}

}  // namespace ostraka::gateway::resp
