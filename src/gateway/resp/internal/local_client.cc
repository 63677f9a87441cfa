#include "codec/resp_number.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/local.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace ostraka::gateway::resp {
namespace {

using codec::RespWriter;

std::string flags_text(const ClientState& client) {
  std::string flags;
  if (client.transaction.active) {
    flags.push_back('x');
  }
  if (client.consistency.kind != router::ConsistencyKind::linearizable) {
    flags.push_back('r');
  }
  if (client.close_after_reply) {
    flags.push_back('c');
  }
  if (client.no_evict) {
    flags.push_back('e');
  }
  return flags.empty() ? "N" : flags;
}

struct ListFilter {
  bool by_id = false;
  bool none = false;  // a type that no client has
  std::vector<std::uint64_t> ids;
};

// Empty when the words are fine, else the error.
std::string read_list_filter(Arguments words, ListFilter& filter) {
  if (words.size() == 2) {
    return {};
  }
  if (words.size() == 4 && equals_ignoring_case(words[2], "type")) {
    for (const std::string_view other : {"master", "replica", "slave", "pubsub"}) {
      filter.none = filter.none || equals_ignoring_case(words[3], other);
    }
    if (filter.none || equals_ignoring_case(words[3], "normal")) {
      return {};
    }
    return "ERR Unknown client type '" + std::string(words[3]) + "'";
  }
  if (words.size() > 3 && equals_ignoring_case(words[2], "id")) {
    filter.by_id = true;
    for (const base::ByteView word : words.subspan(3)) {
      const auto id = codec::parse_resp_integer(word);
      if (!id) {
        return "ERR Invalid client ID";
      }
      filter.ids.push_back(static_cast<std::uint64_t>(*id));
    }
    return {};
  }
  return std::string(text::kSyntax);
}

}  // namespace

bool is_client_name(base::ByteView name) {
  return std::ranges::all_of(name, [](char c) { return c >= '!' && c <= '~'; });
}

std::string describe_client(const ClientState& client, base::Instant now) {
  const auto seconds = [now](base::Instant since) {
    return (now - since).as_milliseconds() / 1000;
  };
  const auto queued =
      client.transaction.active ? static_cast<std::int64_t>(client.transaction.queue.size()) : -1;
  std::string line = fmt::format(
      "id={} addr={} laddr={} fd=0 name={} age={} idle={} flags={} db={} sub=0 psub=0 ssub=0 "
      "multi={}",
      client.id, client.address, client.local_address, client.name, seconds(client.connected_at),
      seconds(client.last_active), flags_text(client), client.database, queued);
  line += fmt::format(
      " qbuf=0 qbuf-free=0 argv-mem=0 multi-mem={} rbs=0 rbp=0 obl=0 oll=0 omem={} tot-mem={} "
      "events=r cmd={} user=default redir=-1 resp={} lib-name={} lib-ver={}",
      client.transaction.bytes, client.output_pending,
      client.output_pending + client.transaction.bytes, spec_of(client.last_command).name,
      static_cast<int>(client.protocol), client.library_name, client.library_version);
  return line;
}

void answer_client_getname(LocalContext& context, Arguments /*words*/, RespWriter& reply) {
  if (context.client.name.empty()) {
    reply.null();
  } else {
    reply.bulk(context.client.name);
  }
}

void answer_client_id(LocalContext& context, Arguments /*words*/, RespWriter& reply) {
  reply.integer(static_cast<std::int64_t>(context.client.id));
}

void answer_client_info(LocalContext& context, Arguments /*words*/, RespWriter& reply) {
  reply.verbatim(describe_client(context.client, context.server.executor.now()) + "\n");
}

void answer_client_list(LocalContext& context, Arguments words, RespWriter& reply) {
  ListFilter filter;
  const std::string error = read_list_filter(words, filter);
  if (!error.empty()) {
    reply.error(error);
    return;
  }
  std::string lines;
  const base::Instant now = context.server.executor.now();
  context.server.visit_clients([&](const ClientState& client) {
    const bool wanted =
        !filter.none &&
        (!filter.by_id || std::ranges::find(filter.ids, client.id) != filter.ids.end());
    if (wanted) {
      lines += describe_client(client, now) + "\n";
    }
  });
  reply.verbatim(lines);
}

void answer_client_no_evict(LocalContext& context, Arguments words, RespWriter& reply) {
  const bool on = equals_ignoring_case(words[2], "on");
  if (!on && !equals_ignoring_case(words[2], "off")) {
    reply.error(text::kSyntax);
    return;
  }
  context.client.no_evict = on;
  reply.simple("OK");
}

void answer_client_setinfo(LocalContext& context, Arguments words, RespWriter& reply) {
  if (!is_client_name(words[3])) {
    reply.error(
        fmt::format("ERR {} cannot contain spaces, newlines or special characters.", words[2]));
  } else if (equals_ignoring_case(words[2], "lib-name")) {
    context.client.library_name = words[3];
    reply.simple("OK");
  } else if (equals_ignoring_case(words[2], "lib-ver")) {
    context.client.library_version = words[3];
    reply.simple("OK");
  } else {
    reply.error(fmt::format("ERR Unrecognized option '{}'", words[2]));
  }
}

void answer_client_setname(LocalContext& context, Arguments words, RespWriter& reply) {
  if (!is_client_name(words[2])) {
    reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
    return;
  }
  context.client.name = words[2];
  reply.simple("OK");
}

}  // namespace ostraka::gateway::resp
