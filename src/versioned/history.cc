#include "versioned/history.h"

#include "base/assert.h"

#include <utility>

namespace ostraka::versioned {
namespace {

constexpr port::Family kFamily = port::Family::history;
// The kinds of rows, behind the keyspace and generation.
constexpr char kCollected = 'c';
constexpr char kIndex = 'i';
constexpr char kRow = 'v';

std::string with_prefix(KeyPrefix prefix, char kind) {
  std::string out;
  append_prefix(out, prefix);
  out.push_back(kind);
  return out;
}

// The exclusive end of everything that begins with `prefix`. The last byte is a kind or a stream
// number that is not all ones.
std::string end_of(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') {
    prefix.pop_back();
  }
  if (!prefix.empty()) {
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1U);
  }
  return prefix;
}

struct Row {
  std::string user_key;
  Version version;
};

base::Result<Row> decode_row(base::ByteView behind_prefix) {
  Row row;
  if (!take_terminated(behind_prefix, row.user_key) || behind_prefix.size() != kVersionBytes) {
    return base::fail(base::ErrorCode::corruption, "version row key");
  }
  row.version = inverted(read_version(behind_prefix.data()));
  return row;
}

}  // namespace

void append_terminated(std::string& out, base::ByteView bytes) {
  for (const char byte : bytes) {
    out.push_back(byte);
    if (byte == '\0') {
      out.push_back('\xff');
    }
  }
  out.append("\0\x01", 2);
}

bool take_terminated(base::ByteView& in, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '\0') {
      out.push_back(in[i]);
      continue;
    }
    if (++i == in.size()) {
      return false;
    }
    if (in[i] == '\x01') {
      in.remove_prefix(i + 1);
      return true;
    }
    if (in[i] != '\xff') {
      return false;
    }
    out.push_back('\0');
  }
  return false;
}

History::History(port::Engine& engine, KeyPrefix prefix, std::uint64_t stream)
    : engine_(engine),
      rows_(with_prefix(prefix, kRow)),
      index_(with_prefix(prefix, kIndex)),
      collected_key_(with_prefix(prefix, kCollected)) {
  char raw[8];
  put_u64_be(raw, stream);
  index_.append(raw, sizeof raw);
  collected_key_.append(raw, sizeof raw);
}

std::string History::row_key(base::ByteView user_key, Version version) const {
  std::string out = rows_;
  append_terminated(out, user_key);
  append_version(out, inverted(version));
  return out;
}

std::string History::index_key(base::ByteView user_key, Version version) const {
  std::string out = index_;
  append_version(out, version);
  out.append(user_key);
  return out;
}

void History::record(port::WriteBatch& batch, base::ByteView user_key, const RecordHeader& header,
                     base::ByteView value) {
  OSTRAKA_ASSERT(header.version > Version::min(), "version zero stands for none");
  std::string encoded;
  append_record(encoded, header, value);
  batch.put(kFamily, row_key(user_key, header.version), encoded);
  batch.put(kFamily, index_key(user_key, header.version), header.tombstone ? "r" : "p");
}

base::Result<Version> History::collected() {
  std::string raw;
  OSTRAKA_ASSIGN(const bool present, engine_.get(kFamily, collected_key_, raw));
  if (!present) {
    return Version::min();
  }
  if (raw.size() != kVersionBytes) {
    return base::fail(base::ErrorCode::corruption, "collected version");
  }
  return read_version(raw.data());
}

base::Status History::check_readable(Version at) {
  OSTRAKA_ASSIGN(const Version lowest, collected());
  if (at < lowest) {
    return base::fail(base::ErrorCode::snapshot_required, "this version was collected");
  }
  return {};
}

base::Result<bool> History::read_at(base::ByteView user_key, Version at, std::string& raw,
                                    Record& found, const port::EngineSnapshot* snapshot) {
  OSTRAKA_TRY(check_readable(at));
  const auto it = engine_.iterate({.family = kFamily,
                                   .lower = row_key(user_key, at),
                                   .upper = row_key(user_key, Version::min())},
                                  snapshot);
  it->seek_first();
  OSTRAKA_TRY(it->status());
  if (!it->valid()) {
    return false;
  }
  raw.assign(it->value());
  OSTRAKA_ASSIGN(found, decode_record(raw));
  return !found.header.tombstone;
}

base::Result<std::vector<Change>> History::changes_since(const Position& after, std::size_t max) {
  OSTRAKA_TRY(check_readable(after.version));
  std::string from = index_;
  if (!after.user_key.has_value()) {
    if (after.version == Version::max()) {
      return std::vector<Change>{};
    }
    append_version(from, next(after.version));
  } else {
    append_version(from, after.version);
    from.append(*after.user_key).push_back('\0');
  }
  std::vector<Change> changes;
  const auto it =
      engine_.iterate({.family = kFamily, .lower = std::move(from), .upper = end_of(index_)});
  for (it->seek_first(); it->valid() && changes.size() < max; it->next()) {
    const base::ByteView row = it->key().substr(index_.size());
    if (row.size() < kVersionBytes) {
      return base::fail(base::ErrorCode::corruption, "version index key");
    }
    changes.push_back({.version = read_version(row.data()),
                       .user_key = std::string(row.substr(kVersionBytes)),
                       .removed = it->value() == "r"});
  }
  OSTRAKA_TRY(it->status());
  return changes;
}

base::Result<bool> History::collect_below(Version bound, std::size_t max_rows, std::string& cursor,
                                          port::WriteBatch& batch) {
  OSTRAKA_ASSIGN(const Version before, collected());
  if (bound > before) {
    std::string raw;
    append_version(raw, bound);
    batch.put(kFamily, collected_key_, raw);
  }
  const auto it = engine_.iterate({.family = kFamily, .lower = rows_, .upper = end_of(rows_)});
  std::string current;  // the key whose rows are being seen, newest first
  bool any = false;
  bool covered = false;  // a row at or before the bound was seen: what follows is invisible
  std::size_t seen = 0;
  for (it->seek(cursor.empty() ? base::ByteView(rows_) : base::ByteView(cursor)); it->valid();
       it->next()) {
    OSTRAKA_ASSIGN(const Row row, decode_row(it->key().substr(rows_.size())));
    if (!any || row.user_key != current) {
      // Only between keys: a key's rows are judged together.
      if (seen >= max_rows) {
        cursor.assign(it->key());
        return false;
      }
      current = row.user_key;
      any = true;
      covered = false;
    }
    ++seen;
    if (row.version > bound) {
      continue;
    }
    OSTRAKA_ASSIGN(const Record record, decode_record(it->value()));
    // The newest row at or before the bound is what a reader at the bound sees, unless it says that
    // there is nothing.
    if (covered || record.header.tombstone) {
      batch.remove(kFamily, it->key());
      batch.remove(kFamily, index_key(row.user_key, row.version));
    }
    covered = true;
  }
  OSTRAKA_TRY(it->status());
  cursor.clear();
  return true;
}

}  // namespace ostraka::versioned
