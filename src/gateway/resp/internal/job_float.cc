// INCRBYFLOAT: reads, computes here, and writes the text under the guard that the key has not
// changed; the log never carries a computation with fractions.
#include "codec/result_value.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/float_text.h"
#include "gateway/resp/internal/job.h"

#include <string>

namespace ostraka::gateway::resp {
namespace {

using codec::ResultReader;
using codec::ResultValue;
using codec::ValueKind;

class IncrbyfloatJob final : public Job {
 public:
  JobNext start(JobContext& context, Arguments words) override {
    keyspace_ = keyspace_of(context.client.database);
    key_ = words[1];
    const auto increment = parse_float(words[2]);
    if (!increment) {
      context.reply.error(text::kNotFloat);
      return JobNext::done;
    }
    increment_ = *increment;
    return ask(context);
  }

  JobNext resume(JobContext& context, base::ByteView results) override {
    ResultReader reader(results);
    return writing_ ? finish(context, reader) : compute(context, reader);
  }

  bool needs_latest() const override { return true; }

 private:
  JobNext ask(JobContext& context) {
    writing_ = false;
    context.call.add({.code = codec::OpCode::key_version, .keyspace = keyspace_, .key = key_});
    context.call.add({.code = codec::OpCode::get, .keyspace = keyspace_, .key = key_});
    return JobNext::call;
  }

  JobNext compute(JobContext& context, ResultReader& results) {
    ResultValue version;
    ResultValue value;
    const auto first = results.next(version);
    const auto second = results.next(value);
    if (!first.has_value() || !*first || !second.has_value() || !*second ||
        version.kind != ValueKind::integer) {
      context.reply.error(text::kBadResults);
      return JobNext::done;
    }
    const auto base = value.kind == ValueKind::bytes ? parse_float(value.bytes)
                                                     : std::optional<long double>(0.0L);
    if (!base) {
      context.reply.error(text::kNotFloat);
      return JobNext::done;
    }
    const auto sum = add_floats(*base, increment_);
    if (!sum) {
      context.reply.error(text::kNotFinite);
      return JobNext::done;
    }
    sum_ = *sum;
    writing_ = true;
    context.call.add({.code = codec::OpCode::check_version,
                      .keyspace = keyspace_,
                      .number = version.integer,
                      .key = key_});
    context.call.add({.code = codec::OpCode::set,
                      .keyspace = keyspace_,
                      .flags = codec::kSetKeepDeadline,
                      .key = key_,
                      .value = sum_});
    return JobNext::call;
  }

  JobNext finish(JobContext& context, ResultReader& results) {
    ResultValue guard;
    const auto more = results.next(guard);
    if (!more.has_value() || !*more) {
      context.reply.error(text::kBadResults);
    } else if (guard.kind != ValueKind::aborted) {
      context.reply.bulk(sum_);
    } else if (++attempts_ < context.server.options.attempts_max) {
      return ask(context);
    } else {
      context.reply.error(text::kKeptChanging);
    }
    return JobNext::done;
  }

  model::KeyspaceId keyspace_;
  std::string key_;
  long double increment_ = 0;
  std::string sum_;
  bool writing_ = false;
  std::uint32_t attempts_ = 0;
};

}  // namespace

std::unique_ptr<Job> make_incrbyfloat_job() { return std::make_unique<IncrbyfloatJob>(); }

}  // namespace ostraka::gateway::resp
