// EXEC, step by step, of a transaction with commands that compute from what they read (INCRBYFLOAT,
// MSETNX) or that change the connection (SELECT): reads the keys and their versions, computes,
// writes everything as one command under the guard that nothing of it has changed, and tries again
// when something has. When it does not run, the chosen database stays as it was.
#include "base/assert.h"
#include "codec/resp_number.h"
#include "codec/result_value.h"
#include "gateway/resp/internal/encoders.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/float_text.h"
#include "gateway/resp/internal/handlers.h"
#include "gateway/resp/internal/job.h"
#include "gateway/resp/internal/transaction_plan.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::gateway::resp {
namespace {

using codec::ResultReader;
using codec::ResultValue;
using codec::ValueKind;

using KeyName = std::pair<model::KeyspaceId, std::string>;

// What a key holds at a point of the transaction.
struct KeyState {
  enum class Kind : std::uint8_t { absent, present, unknown };
  Kind kind = Kind::absent;
  std::string value = {};
};

constexpr std::string_view kDependent =
    "EXECABORT Transaction discarded: INCRBYFLOAT and MSETNX must not follow, on the same key, a "
    "command of the same transaction whose result is only known when it runs.";

class ComputedExecJob final : public Job {
 public:
  JobNext start(JobContext& context, Arguments /*words*/) override {
    queue_ = std::exchange(context.client.transaction.queue, {});
    context.client.transaction.clear();
    watched_ = std::exchange(context.client.watched, {});
    database_ = context.client.database;
    collect_keys();
    return ask(context);
  }

  void abandoned(JobContext& context) override { context.client.database = database_; }

  JobNext resume(JobContext& context, base::ByteView results) override {
    if (writing_) {
      return finish(context, results);
    }
    ResultReader reader(results);
    return compute(context, reader);
  }

  bool needs_latest() const override { return true; }

 private:
  // The keys of computing commands, with the databases that SELECT chooses on the way.
  void collect_keys() {
    std::uint32_t database = database_;
    for (const QueuedCommand& queued : queue_) {
      if (queued.id == CommandId::select) {
        const auto chosen = codec::parse_resp_integer(queued.words[1]);
        if (chosen && *chosen >= 0 && *chosen < kDatabases) {
          database = static_cast<std::uint32_t>(*chosen);
        }
      } else if (handler_of(queued.id).is_computed) {
        const KeyPositions keys = key_positions(spec_of(queued.id), queued.words.size());
        for (std::size_t i = keys.first; i <= keys.last; i += keys.step) {
          versions_.try_emplace({keyspace_of(database), queued.words[i]});
        }
      }
    }
  }

  JobNext ask(JobContext& context) {
    writing_ = false;
    for (const WatchedKey& watched : watched_) {
      context.call.add(
          {.code = codec::OpCode::key_version, .keyspace = watched.keyspace, .key = watched.key});
    }
    for (const auto& [name, version] : versions_) {
      context.call.add(
          {.code = codec::OpCode::key_version, .keyspace = name.first, .key = name.second});
      context.call.add({.code = codec::OpCode::get, .keyspace = name.first, .key = name.second});
    }
    if (context.call.operation_count() > 0) {
      return JobNext::call;
    }
    ResultReader nothing({});
    return compute(context, nothing);
  }

  enum class Read : std::uint8_t { fine, watched_changed, malformed };

  Read take_values(ResultReader& results) {
    ResultValue version;
    ResultValue value;
    const auto next = [&results](ResultValue& into) {
      const auto more = results.next(into);
      return more.has_value() && *more;
    };
    for (const WatchedKey& watched : watched_) {
      if (!next(version)) {
        return Read::malformed;
      }
      if (version.integer != watched.version) {
        return Read::watched_changed;
      }
    }
    states_.clear();
    everything_unknown_ = false;
    for (auto& [name, known_version] : versions_) {
      if (!next(version) || !next(value)) {
        return Read::malformed;
      }
      known_version = version.integer;
      const bool present = value.kind == ValueKind::bytes;
      states_[name] = {.kind = present ? KeyState::Kind::present : KeyState::Kind::absent,
                       .value = std::string(value.bytes)};
    }
    return Read::fine;
  }

  JobNext compute(JobContext& context, ResultReader& results) {
    switch (take_values(results)) {
      case Read::malformed:
        context.reply.error(text::kBadResults);
        return JobNext::done;
      case Read::watched_changed:
        context.client.database = database_;
        context.reply.null_array();
        return JobNext::done;
      case Read::fine:
        break;
    }
    parts_ = {};
    parts_.guards = add_watch_guards(watched_, context.call);
    for (const auto& [name, version] : versions_) {
      context.call.add({.code = codec::OpCode::check_version,
                        .keyspace = name.first,
                        .number = version,
                        .key = name.second});
      ++parts_.guards;
    }
    context.client.database = database_;
    for (const QueuedCommand& queued : queue_) {
      if (!add_part(context, queued)) {
        static_cast<void>(context.call.take());
        context.client.database = database_;
        context.reply.error(kDependent);
        return JobNext::done;
      }
    }
    writing_ = true;
    return context.call.operation_count() > 0 ? JobNext::call : finish(context, {});
  }

  JobNext finish(JobContext& context, base::ByteView results) {
    std::string reply;
    codec::RespWriter writer(reply, context.reply.protocol());
    switch (render_transaction(parts_, results, writer, context.server.statistics)) {
      case ExecOutcome::done:
        context.reply.out().append(reply);
        break;
      case ExecOutcome::malformed:
        context.reply.error(text::kBadResults);
        break;
      case ExecOutcome::aborted:
        // A watched key, or one of ours? Reading again tells.
        if (++attempts_ < context.server.options.attempts_max) {
          return ask(context);
        }
        context.reply.error(text::kKeptChanging);
        break;
    }
    return JobNext::done;
  }

  // False: a computing command depends on what is not known yet.
  bool add_part(JobContext& context, const QueuedCommand& queued) {
    const model::KeyspaceId keyspace = keyspace_of(context.client.database);
    if (queued.id == CommandId::incrbyfloat) {
      return add_float(context, keyspace, queued);
    }
    if (queued.id == CommandId::msetnx) {
      return add_msetnx(context, keyspace, queued);
    }
    parts_.parts.push_back(plan_part(context.server, context.client, queued, context.call));
    if (parts_.parts.back().operations > 0 && is_write(queued.id)) {
      note_write(keyspace, queued);
    }
    return true;
  }

  bool add_float(JobContext& context, model::KeyspaceId keyspace, const QueuedCommand& queued) {
    KeyState& state = states_[{keyspace, queued.words[1]}];
    if (everything_unknown_ || state.kind == KeyState::Kind::unknown) {
      return false;
    }
    TransactionPart& part = add_known_part(context, queued.id);
    codec::RespWriter reply(part.reply, part.protocol);
    const auto base = state.kind == KeyState::Kind::present ? parse_float(state.value)
                                                            : std::optional<long double>(0.0L);
    const auto increment = parse_float(queued.words[2]);
    if (!base || !increment) {
      reply.error(text::kNotFloat);
      return true;
    }
    const auto sum = add_floats(*base, *increment);
    if (!sum) {
      reply.error(text::kNotFinite);
      return true;
    }
    context.call.add({.code = codec::OpCode::set,
                      .keyspace = keyspace,
                      .flags = codec::kSetKeepDeadline,
                      .key = queued.words[1],
                      .value = *sum});
    part.operations = 1;
    reply.bulk(*sum);
    state = {.kind = KeyState::Kind::present, .value = *sum};
    return true;
  }

  bool add_msetnx(JobContext& context, model::KeyspaceId keyspace, const QueuedCommand& queued) {
    bool any_present = false;
    for (std::size_t i = 1; i < queued.words.size(); i += 2) {
      const KeyState& state = states_[{keyspace, queued.words[i]}];
      if (everything_unknown_ || state.kind == KeyState::Kind::unknown) {
        return false;
      }
      any_present = any_present || state.kind == KeyState::Kind::present;
    }
    TransactionPart& part = add_known_part(context, queued.id);
    codec::RespWriter reply(part.reply, part.protocol);
    const bool has_pairs = queued.words.size() % 2 == 1;
    if (!has_pairs) {
      reply.error(wrong_arity("msetnx"));
    } else if (any_present) {
      reply.integer(0);
    } else {
      Plan plan(context.call);
      const EncodeContext encode = make_encode_context(context.server, context.client, queued.id);
      const bool encoded = encode_mset(encode, views_of(queued), plan);
      OSTRAKA_ASSERT(encoded, "the words are pairs");
      part.operations = plan.operations();
      reply.integer(1);
      note_values(keyspace, queued, 1, 2);
    }
    return true;
  }

  TransactionPart& add_known_part(JobContext& context, CommandId id) {
    parts_.parts.push_back(
        {.id = id, .protocol = context.client.protocol, .render = Render::fixed});
    return parts_.parts.back();
  }

  // Keys at first, first + step … get the value `offset` behind them.
  void note_values(model::KeyspaceId keyspace, const QueuedCommand& queued, std::size_t offset,
                   std::size_t step) {
    for (std::size_t i = 1; i + offset < queued.words.size(); i += step) {
      states_[{keyspace, queued.words[i]}] = {.kind = KeyState::Kind::present,
                                              .value = queued.words[i + offset]};
    }
  }

  void note_write(model::KeyspaceId keyspace, const QueuedCommand& queued) {
    const CommandId id = queued.id;
    const std::size_t words = queued.words.size();
    if (id == CommandId::mset) {
      note_values(keyspace, queued, 1, 2);
      return;
    }
    if (id == CommandId::getset || (id == CommandId::set && words == 3)) {
      note_values(keyspace, queued, 1, words);
      return;
    }
    if (id == CommandId::setex || id == CommandId::psetex) {
      note_values(keyspace, queued, 2, words);
      return;
    }
    // COPY may write into another database.
    everything_unknown_ = everything_unknown_ || id == CommandId::copy ||
                          id == CommandId::flushdb || id == CommandId::flushall;
    const bool removes = id == CommandId::del || id == CommandId::unlink || id == CommandId::getdel;
    const KeyState after{.kind = removes ? KeyState::Kind::absent : KeyState::Kind::unknown};
    const KeyPositions keys = key_positions(spec_of(queued.id), words);
    for (std::size_t i = keys.first; keys.first != 0 && i <= keys.last; i += keys.step) {
      states_[{keyspace, queued.words[i]}] = after;
    }
  }

  std::vector<QueuedCommand> queue_;
  std::vector<WatchedKey> watched_;
  std::uint32_t database_ = 0;
  std::map<KeyName, std::int64_t> versions_;
  std::map<KeyName, KeyState> states_;
  bool everything_unknown_ = false;
  TransactionParts parts_;
  bool writing_ = false;
  std::uint32_t attempts_ = 0;
};

}  // namespace

std::unique_ptr<Job> make_computed_exec_job() { return std::make_unique<ComputedExecJob>(); }

}  // namespace ostraka::gateway::resp
