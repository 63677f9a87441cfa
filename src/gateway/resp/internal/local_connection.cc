#include "codec/resp_number.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/local.h"

#include <algorithm>

namespace ostraka::gateway::resp {
namespace {

using codec::RespProtocol;
using codec::RespWriter;

constexpr std::string_view kDefaultUser = "default";

// Takes the same time wherever the texts differ; only the length of `given` shows.
bool equals_in_constant_time(base::ByteView secret, base::ByteView given) {
  unsigned difference = secret.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |= static_cast<unsigned char>(expected) ^ static_cast<unsigned char>(given[i]);
  }
  return difference == 0;
}

bool is_valid_login(const Options& options, base::ByteView user, base::ByteView password) {
  const bool password_fits =
      options.password.empty() || equals_in_constant_time(options.password, password);
  return password_fits && user == kDefaultUser;
}

struct HelloOptions {
  RespProtocol protocol = RespProtocol::resp2;
  bool has_login = false;
  base::ByteView user = {};
  base::ByteView password = {};
  bool has_name = false;
  base::ByteView name = {};
};

// Empty when the words are fine, else the error.
std::string read_hello(Arguments words, HelloOptions& options) {
  if (words.size() >= 2) {
    const auto version = codec::parse_resp_integer(words[1]);
    if (!version) {
      return "ERR Protocol version is not an integer or out of range";
    }
    if (*version != 2 && *version != 3) {
      return "NOPROTO unsupported protocol version";
    }
    options.protocol = *version == 3 ? RespProtocol::resp3 : RespProtocol::resp2;
  }
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::size_t left = words.size() - 1 - i;
    if (equals_ignoring_case(words[i], "auth") && left >= 2) {
      options.has_login = true;
      options.user = words[i + 1];
      options.password = words[i + 2];
      i += 2;
    } else if (equals_ignoring_case(words[i], "setname") && left >= 1) {
      options.has_name = true;
      options.name = words[i + 1];
      ++i;
    } else {
      return "ERR Syntax error in HELLO option '" + std::string(words[i]) + "'";
    }
  }
  return {};
}

void write_greeting(const ClientState& client, RespWriter& reply) {
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(kRedisVersion);
  reply.bulk("proto");
  reply.integer(static_cast<std::int64_t>(client.protocol));
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(client.id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");  // every node takes writes
  reply.bulk("modules");
  reply.array(0);
}

}  // namespace

void answer_auth(LocalContext& context, Arguments words, RespWriter& reply) {
  if (words.size() > 3) {
    reply.error(text::kSyntax);
    return;
  }
  if (words.size() == 2 && context.server.options.password.empty()) {
    reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
    return;
  }
  const base::ByteView user = words.size() == 3 ? words[1] : kDefaultUser;
  if (!is_valid_login(context.server.options, user, words.back())) {
    reply.error(text::kWrongPass);
    return;
  }
  context.client.authenticated = true;
  reply.simple("OK");
}

void answer_echo(LocalContext& /*context*/, Arguments words, RespWriter& reply) {
  reply.bulk(words[1]);
}

void answer_hello(LocalContext& context, Arguments words, RespWriter& reply) {
  ClientState& client = context.client;
  HelloOptions options{.protocol = client.protocol};
  const std::string error = read_hello(words, options);
  if (!error.empty()) {
    reply.error(error);
    return;
  }
  if (options.has_login) {
    if (!is_valid_login(context.server.options, options.user, options.password)) {
      reply.error(text::kWrongPass);
      return;
    }
    client.authenticated = true;
  }
  if (!client.authenticated) {
    reply.error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the "
        "RESP protocol version at the same time");
    return;
  }
  if (options.has_name && !is_client_name(options.name)) {
    reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
    return;
  }
  if (options.has_name) {
    client.name = options.name;
  }
  client.protocol = options.protocol;
  RespWriter greeting(reply.out(), client.protocol);
  write_greeting(client, greeting);
}

void answer_ping(LocalContext& /*context*/, Arguments words, RespWriter& reply) {
  if (words.size() > 2) {
    reply.error(wrong_arity("ping"));
  } else if (words.size() == 2) {
    reply.bulk(words[1]);
  } else {
    reply.simple("PONG");
  }
}

void answer_quit(LocalContext& context, Arguments /*words*/, RespWriter& reply) {
  context.client.close_after_reply = true;
  reply.simple("OK");
}

void answer_reset(LocalContext& context, Arguments /*words*/, RespWriter& reply) {
  context.client.reset(context.server.options.password.empty());
  RespWriter(reply.out(), context.client.protocol).simple("RESET");
}

void answer_select(LocalContext& context, Arguments words, RespWriter& reply) {
  const auto database = codec::parse_resp_integer(words[1]);
  if (!database) {
    reply.error(text::kNotInteger);
  } else if (*database < 0 || *database >= kDatabases) {
    reply.error(text::kDatabase);
  } else {
    context.client.database = static_cast<std::uint32_t>(*database);
    reply.simple("OK");
  }
}

void answer_readonly(LocalContext& context, Arguments words, RespWriter& reply) {
  base::Duration bound = context.server.options.readonly_staleness_max;
  if (words.size() > 2) {
    reply.error(wrong_arity("readonly"));
    return;
  }
  if (words.size() == 2) {
    constexpr std::int64_t kMillisecondsMax = 3'600'000;
    const auto milliseconds = codec::parse_resp_integer(words[1]);
    if (!milliseconds || *milliseconds < 0 || *milliseconds > kMillisecondsMax) {
      reply.error(text::kNotInteger);
      return;
    }
    bound = base::Duration::milliseconds(*milliseconds);
  }
  context.client.consistency = {.kind = router::ConsistencyKind::bounded_staleness,
                                .max_staleness = bound};
  reply.simple("OK");
}

void answer_readwrite(LocalContext& context, Arguments /*words*/, RespWriter& reply) {
  context.client.consistency = {};
  reply.simple("OK");
}

void answer_unwatch(LocalContext& context, Arguments /*words*/, RespWriter& reply) {
  context.client.watched.clear();
  reply.simple("OK");
}

void answer_time(LocalContext& context, Arguments /*words*/, RespWriter& reply) {
  const std::int64_t now = context.server.router.log_time_now().as_milliseconds();
  reply.array(2);
  reply.bulk_integer(now / 1000);
  reply.bulk_integer(now % 1000 * 1000);
}

void answer_wait(LocalContext& context, Arguments words, RespWriter& reply) {
  const auto replicas = codec::parse_resp_integer(words[1]);
  const auto timeout = codec::parse_resp_integer(words[2]);
  if (!replicas) {
    reply.error(text::kNotInteger);
  } else if (!timeout) {
    reply.error("ERR timeout is not an integer or out of range");
  } else if (*timeout < 0) {
    reply.error("ERR timeout is negative");
  } else {
    // Replies leave in order, so every earlier write of this connection is acknowledged by now.
    reply.integer(context.server.info.facts().acknowledging_replicas);
  }
}

}  // namespace ostraka::gateway::resp
