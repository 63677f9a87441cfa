// WATCH: remembers the versions of keys; EXEC guards with them.
#include "codec/result_value.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/job.h"

#include <algorithm>
#include <string>
#include <vector>

namespace ostraka::gateway::resp {
namespace {

class WatchJob final : public Job {
 public:
  JobNext start(JobContext& context, Arguments words) override {
    if (context.client.transaction.active) {
      context.reply.error("ERR WATCH inside MULTI is not allowed");
      return JobNext::done;
    }
    keyspace_ = keyspace_of(context.client.database);
    for (const base::ByteView key : words.subspan(1)) {
      if (!is_watched(context.client, key) && std::ranges::find(keys_, key) == keys_.end()) {
        keys_.emplace_back(key);
      }
    }
    if (context.client.watched.size() + keys_.size() >
        context.server.options.connection.watched_keys_max) {
      context.reply.error("ERR too many watched keys");
      return JobNext::done;
    }
    if (keys_.empty()) {
      context.reply.simple("OK");
      return JobNext::done;
    }
    for (const std::string& key : keys_) {
      context.call.add({.code = codec::OpCode::key_version, .keyspace = keyspace_, .key = key});
    }
    return JobNext::call;
  }

  JobNext resume(JobContext& context, base::ByteView results) override {
    codec::ResultReader reader(results);
    codec::ResultValue version;
    for (std::string& key : keys_) {
      const auto more = reader.next(version);
      if (!more.has_value() || !*more || version.kind != codec::ValueKind::integer) {
        context.reply.error(text::kBadResults);
        return JobNext::done;
      }
      context.client.watched.push_back(
          {.keyspace = keyspace_, .key = std::move(key), .version = version.integer});
    }
    context.reply.simple("OK");
    return JobNext::done;
  }

  // A version that is older than what EXEC compares with would only abort for nothing.
  bool needs_latest() const override { return true; }

 private:
  [[nodiscard]] bool is_watched(const ClientState& client, base::ByteView key) const {
    return std::ranges::any_of(client.watched, [&](const WatchedKey& watched) {
      return watched.keyspace == keyspace_ && watched.key == key;
    });
  }

  model::KeyspaceId keyspace_;
  std::vector<std::string> keys_;
};

}  // namespace

std::unique_ptr<Job> make_watch_job() { return std::make_unique<WatchJob>(); }

}  // namespace ostraka::gateway::resp
