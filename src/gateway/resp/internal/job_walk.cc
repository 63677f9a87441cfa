// KEYS and DBSIZE: walk through a whole keyspace, one bounded call after the other. They see every
// key that was there all the time; keys that come or go meanwhile may or may not be seen.
#include "codec/result_value.h"
#include "gateway/resp/internal/encoders.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/job.h"

#include <string>

namespace ostraka::gateway::resp {
namespace {

using codec::ResultReader;
using codec::ResultValue;
using codec::ValueKind;

constexpr std::int64_t kKeysPerCall = 1000;

bool next(ResultReader& results, ResultValue& value) {
  const auto more = results.next(value);
  return more.has_value() && *more;
}

class KeysJob final : public Job {
 public:
  JobNext start(JobContext& context, Arguments words) override {
    keyspace_ = keyspace_of(context.client.database);
    pattern_ = words[1];
    return ask(context, {});
  }

  JobNext resume(JobContext& context, base::ByteView results) override {
    ResultReader reader(results);
    ResultValue page;
    ResultValue continuation;
    ResultValue keys;
    bool fits = next(reader, page) && page.kind == ValueKind::array && page.integer == 2 &&
                next(reader, continuation) && next(reader, keys) && keys.kind == ValueKind::array;
    codec::RespWriter listed(listed_, context.reply.protocol());
    for (std::int64_t i = 0; fits && i < keys.integer; ++i) {
      ResultValue key;
      fits = next(reader, key) && key.kind == ValueKind::bytes;
      listed.bulk(key.bytes);
      ++count_;
    }
    if (!fits) {
      context.reply.error(text::kBadResults);
      return JobNext::done;
    }
    if (listed_.size() > context.server.options.connection.output_hard_bytes) {
      context.reply.error("ERR the reply is larger than a client may be sent, use SCAN");
      return JobNext::done;
    }
    if (continuation.kind == ValueKind::bytes) {
      return ask(context, continuation.bytes);
    }
    context.reply.array(count_);
    context.reply.out().append(listed_);
    return JobNext::done;
  }

 private:
  JobNext ask(JobContext& context, base::ByteView from) {
    codec::Operation scan = keys_operation(keyspace_, pattern_, kKeysPerCall);
    scan.key = from;
    context.call.add(scan);
    return JobNext::call;
  }

  model::KeyspaceId keyspace_;
  std::string pattern_;
  std::string listed_;
  std::size_t count_ = 0;
};

class DbsizeJob final : public Job {
 public:
  JobNext start(JobContext& context, Arguments /*words*/) override {
    keyspace_ = keyspace_of(context.client.database);
    return ask(context, {});
  }

  JobNext resume(JobContext& context, base::ByteView results) override {
    ResultReader reader(results);
    ResultValue value;
    ResultValue continuation;
    bool fits = next(reader, value);
    if (fits && value.kind == ValueKind::array) {
      fits = value.integer == 2 && next(reader, continuation) &&
             continuation.kind == ValueKind::bytes && next(reader, value);
    }
    if (!fits || value.kind != ValueKind::integer) {
      context.reply.error(text::kBadResults);
      return JobNext::done;
    }
    total_ += value.integer;
    if (continuation.kind == ValueKind::bytes) {
      return ask(context, continuation.bytes);
    }
    context.reply.integer(total_);
    return JobNext::done;
  }

 private:
  JobNext ask(JobContext& context, base::ByteView from) {
    context.call.add({.code = codec::OpCode::count, .keyspace = keyspace_, .key = from});
    return JobNext::call;
  }

  model::KeyspaceId keyspace_;
  std::int64_t total_ = 0;
};

}  // namespace

std::unique_ptr<Job> make_keys_job() { return std::make_unique<KeysJob>(); }
std::unique_ptr<Job> make_dbsize_job() { return std::make_unique<DbsizeJob>(); }

}  // namespace ostraka::gateway::resp
