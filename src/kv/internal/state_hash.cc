#include "kv/internal/state_hash.h"

#include "base/hash.h"
#include "codec/configuration.h"
#include "kv/internal/stored.h"
#include "versioned/record.h"

#include <string>

namespace ostraka::kv {
namespace {

// One after the other: the hash so far seeds the next.
class Chain {
 public:
  // What `piece` holds, which is emptied.
  void add(std::string& piece) {
    value_ = base::hash64(piece, value_);
    piece.clear();
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

base::Status add_keys(Core& core, Chain& chain) {
  port::FamilyRange range{.family = port::Family::data, .lower = {}, .upper = {}};
  versioned::append_prefix(range.lower, {.keyspace = core.options.keyspace_first});
  versioned::append_prefix_end(
      range.upper, {.keyspace = core.options.keyspace_last, .generation = ~std::uint32_t{0}});
  const auto it = core.engine.iterate(range);
  std::string piece;
  for (it->seek_first(); it->valid(); it->next()) {
    OSTRAKA_ASSIGN(const versioned::StoredKey key, versioned::decode_key(it->key()));
    OSTRAKA_ASSIGN(const versioned::Record record, versioned::decode_record(it->value()));
    if (key.prefix.generation != core.keyspaces.generation(key.prefix.keyspace) ||
        core.expired(record.header.deadline_ms)) {
      continue;
    }
    base::Writer writer(piece);
    writer.u32(key.prefix.keyspace.value());
    writer.u64(record.header.version.high);
    writer.i64(record.header.deadline_ms);
    writer.bytes(key.user_key);
    writer.bytes(record.value);
    chain.add(piece);
  }
  return it->status();
}

base::Status add_sessions(Sessions& sessions, Chain& chain) {
  std::string piece;
  for (const auto& [id, head] : sessions.all()) {
    base::Writer writer(piece);
    writer.u64(id.value());
    writer.u64(head.last);
    writer.u64(head.floor);
    writer.i64(head.active_ms);
    chain.add(piece);
    OSTRAKA_TRY(sessions.visit_replies(id, head, [&](base::ByteView reply) {
      writer.bytes(reply);
      chain.add(piece);
    }));
  }
  return {};
}

}  // namespace

base::Result<std::uint64_t> hash_state(Core& core, Sessions& sessions) {
  Chain chain;
  std::string piece;
  base::Writer writer(piece);
  writer.u64(core.applied.index.value());
  writer.u64(core.applied.term.value());
  writer.i64(core.applied.log_time.as_milliseconds());
  writer.u64(core.applied.configuration_index.value());
  if (core.applied.configuration != nullptr) {
    codec::encode_configuration(*core.applied.configuration, piece);
  }
  chain.add(piece);
  OSTRAKA_TRY(add_keys(core, chain));
  OSTRAKA_TRY(add_sessions(sessions, chain));
  return chain.value();
}

}  // namespace ostraka::kv
