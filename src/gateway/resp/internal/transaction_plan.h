// A queued transaction as one command: guards of watched keys, then the operations of its parts;
// and its results as EXEC's reply.
#pragma once

#include "codec/operation.h"
#include "codec/resp_writer.h"
#include "gateway/resp/internal/client_state.h"
#include "gateway/resp/internal/pipeline.h"
#include "gateway/resp/internal/server_context.h"

#include <vector>

namespace ostraka::gateway::resp {

[[nodiscard]] EncodeContext make_encode_context(ServerContext& server, const ClientState& client,
                                                CommandId id);
[[nodiscard]] std::vector<base::ByteView> views_of(const QueuedCommand& queued);

// One check_version for each key; returns how many.
std::uint32_t add_watch_guards(const std::vector<WatchedKey>& watched,
                               codec::CommandBuilder& builder);
// Carries a local command out, or adds the operations of any other; in the latter case the reply is
// made when the results are there.
[[nodiscard]] TransactionPart plan_part(ServerContext& server, ClientState& client,
                                        const QueuedCommand& queued,
                                        codec::CommandBuilder& builder);

enum class ExecOutcome : std::uint8_t { done, aborted, malformed };
// Writes EXEC's reply: an array, or null when a guard did not hold. `malformed`: nothing promised
// of the reply. Errors within the array are counted.
[[nodiscard]] ExecOutcome render_transaction(const TransactionParts& transaction,
                                             base::ByteView results, codec::RespWriter& reply,
                                             Statistics& statistics);

}  // namespace ostraka::gateway::resp
