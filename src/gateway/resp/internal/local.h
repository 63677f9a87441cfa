// Commands that the connected node answers by itself: pure functions of the connection's and the
// server's state.
#pragma once

#include "codec/resp_writer.h"
#include "gateway/resp/command_table.h"
#include "gateway/resp/internal/server_context.h"

#include <string>

namespace ostraka::gateway::resp {

struct LocalContext {
  ServerContext& server;
  ClientState& client;
};

// Writes exactly one reply. The words' number fits the arity.
using LocalFunction = void (*)(LocalContext&, Arguments, codec::RespWriter&);

// connection
void answer_auth(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_echo(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_hello(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_ping(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_quit(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_reset(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_select(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_readonly(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_readwrite(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_unwatch(LocalContext& context, Arguments words, codec::RespWriter& reply);

// CLIENT
void answer_client_getname(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_client_id(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_client_info(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_client_list(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_client_no_evict(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_client_setinfo(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_client_setname(LocalContext& context, Arguments words, codec::RespWriter& reply);

// server
void answer_time(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_wait(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_info(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_config_get(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_config_set(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_config_resetstat(LocalContext& context, Arguments words, codec::RespWriter& reply);

// COMMAND
void answer_command(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_command_count(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_command_docs(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_command_getkeys(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_command_info(LocalContext& context, Arguments words, codec::RespWriter& reply);
void answer_command_list(LocalContext& context, Arguments words, codec::RespWriter& reply);

// Printable, without spaces.
[[nodiscard]] bool is_client_name(base::ByteView name);
[[nodiscard]] std::string describe_client(const ClientState& client, base::Instant now);
// The version of Redis whose answers are given.
inline constexpr std::string_view kRedisVersion = "7.0.15";

}  // namespace ostraka::gateway::resp
