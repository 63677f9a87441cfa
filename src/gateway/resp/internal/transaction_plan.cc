#include "gateway/resp/internal/transaction_plan.h"

#include "gateway/resp/internal/handlers.h"

#include <utility>

namespace ostraka::gateway::resp {

EncodeContext make_encode_context(ServerContext& server, const ClientState& client, CommandId id) {
  return {.command = id,
          .keyspace = keyspace_of(client.database),
          .now_ms = server.router.log_time_now().as_milliseconds(),
          .random = id == CommandId::randomkey ? server.prng.next() : 0,
          .value_bytes_max = server.options.connection.requests.bulk_bytes_max};
}

std::vector<base::ByteView> views_of(const QueuedCommand& queued) {
  return {queued.words.begin(), queued.words.end()};
}

std::uint32_t add_watch_guards(const std::vector<WatchedKey>& watched,
                               codec::CommandBuilder& builder) {
  for (const WatchedKey& key : watched) {
    builder.add({.code = codec::OpCode::check_version,
                 .keyspace = key.keyspace,
                 .number = key.version,
                 .key = key.key});
  }
  return static_cast<std::uint32_t>(watched.size());
}

TransactionPart plan_part(ServerContext& server, ClientState& client, const QueuedCommand& queued,
                          codec::CommandBuilder& builder) {
  const std::vector<base::ByteView> words = views_of(queued);
  const Handler& handler = handler_of(queued.id);
  TransactionPart part{.id = queued.id, .protocol = client.protocol};
  codec::RespWriter reply(part.reply, part.protocol);
  if (handler.local != nullptr) {
    LocalContext context{.server = server, .client = client};
    handler.local(context, words, reply);
    return part;
  }
  Plan plan(builder);
  if (!handler.encode(make_encode_context(server, client, queued.id), words, plan)) {
    reply.error(plan.error());
    return part;
  }
  part.render = plan.render();
  part.operations = plan.operations();
  return part;
}

ExecOutcome render_transaction(const TransactionParts& transaction, base::ByteView results,
                               codec::RespWriter& reply, Statistics& statistics) {
  codec::ResultReader reader(results);
  codec::ResultValue guard;
  for (std::uint32_t i = 0; i < transaction.guards; ++i) {
    const auto more = reader.next(guard);
    if (!more.has_value() || !*more) {
      return ExecOutcome::malformed;
    }
    if (guard.kind == codec::ValueKind::aborted) {
      reply.null_array();
      return ExecOutcome::aborted;
    }
  }
  reply.array(transaction.parts.size());
  for (const TransactionPart& part : transaction.parts) {
    // What is known already: answered locally, refused, or computed before.
    const std::size_t start = reply.out().size();
    reply.out().append(part.reply);
    if (part.operations > 0) {
      codec::RespWriter writer(reply.out(), part.protocol);
      if (!render_reply(part.render, part.operations, reader, writer)) {
        return ExecOutcome::malformed;
      }
    }
    statistics.count_error(std::string_view(reply.out()).substr(start));
  }
  return ExecOutcome::done;
}

}  // namespace ostraka::gateway::resp
