// SCAN: one page of keys in their order, and a cursor that every node can go on from
// (scan_cursor.h).
#include "base/glob.h"
#include "codec/resp_number.h"
#include "codec/result_value.h"
#include "gateway/resp/internal/errors.h"
#include "gateway/resp/internal/job.h"
#include "gateway/resp/internal/scan_cursor.h"

#include <algorithm>
#include <string>

namespace ostraka::gateway::resp {
namespace {

using codec::ResultReader;
using codec::ResultValue;
using codec::ValueKind;

// Where anchors are stored, beyond every database.
constexpr model::KeyspaceId kCursorKeyspace = model::KeyspaceId(0xffff'0001U);
constexpr std::int64_t kDefaultCount = 10;
constexpr std::uint32_t kProbesMax = 16;

std::string anchor_key(std::uint32_t number) {
  std::string key;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    key.push_back(static_cast<char>((number >> shift) & 0xffU));
  }
  return key;
}

bool next(ResultReader& results, ResultValue& value) {
  const auto more = results.next(value);
  return more.has_value() && *more;
}

class ScanJob final : public Job {
 public:
  JobNext start(JobContext& context, Arguments words) override {
    keyspace_ = keyspace_of(context.client.database);
    const auto number = codec::parse_resp_unsigned(words[1]);
    const auto cursor = number ? decode_cursor(*number) : std::nullopt;
    if (!cursor) {
      return fail(context, "ERR invalid cursor");
    }
    if (!read_options(context, words)) {
      return JobNext::done;
    }
    from_ = cursor->tail;
    if (!cursor->anchor) {
      return ask_page(context);
    }
    anchor_number_ = *cursor->anchor;
    if (const std::string* known = context.server.cursors.find(anchor_number_); known != nullptr) {
      anchor_ = *known;
      from_.insert(0, anchor_);
      return ask_page(context);
    }
    phase_ = Phase::resolving;
    context.call.add({.code = codec::OpCode::get,
                      .keyspace = kCursorKeyspace,
                      .key = anchor_key(anchor_number_)});
    return JobNext::call;
  }

  JobNext resume(JobContext& context, base::ByteView results) override {
    ResultReader reader(results);
    switch (phase_) {
      case Phase::resolving:
        return resolve(context, reader);
      case Phase::paging:
        return take_page(context, reader);
      case Phase::storing:
        break;
    }
    return stored(context, reader);
  }

  // A cursor just handed out by another node must be found.
  bool needs_latest() const override { return phase_ == Phase::resolving; }

 private:
  enum class Phase : std::uint8_t { resolving, paging, storing };

  static JobNext fail(JobContext& context, std::string_view error) {
    context.reply.error(error);
    return JobNext::done;
  }

  // False: answered.
  bool read_options(JobContext& context, Arguments words) {
    for (std::size_t i = 2; i < words.size(); i += 2) {
      if (i + 1 == words.size()) {
        context.reply.error(text::kSyntax);
        return false;
      }
      const base::ByteView value = words[i + 1];
      if (equals_ignoring_case(words[i], "match")) {
        pattern_ = value;
        has_pattern_ = true;
      } else if (equals_ignoring_case(words[i], "type")) {
        no_type_fits_ = !equals_ignoring_case(value, "string");
      } else if (equals_ignoring_case(words[i], "count")) {
        const auto count = codec::parse_resp_integer(value);
        if (!count || *count < 1) {
          context.reply.error(count ? text::kSyntax : text::kNotInteger);
          return false;
        }
        count_ = std::min<std::int64_t>(*count, context.server.options.scan_keys_max);
      } else {
        context.reply.error(text::kSyntax);
        return false;
      }
    }
    return true;
  }

  JobNext resolve(JobContext& context, ResultReader& results) {
    ResultValue anchor;
    if (!next(results, anchor)) {
      return fail(context, text::kBadResults);
    }
    if (anchor.kind != ValueKind::bytes) {
      return fail(context, "ERR invalid cursor: it has expired or was never given; start at 0");
    }
    anchor_ = anchor.bytes;
    from_.insert(0, anchor_);
    // Known to live for now; how long is unknown, so it is stored again before it is handed out.
    context.server.cursors.put(anchor_number_, anchor_, {});
    return ask_page(context);
  }

  JobNext ask_page(JobContext& context) {
    phase_ = Phase::paging;
    context.call.add(
        {.code = codec::OpCode::scan, .keyspace = keyspace_, .number = count_, .key = from_});
    return JobNext::call;
  }

  JobNext take_page(JobContext& context, ResultReader& results) {
    ResultValue page;
    ResultValue continuation;
    ResultValue keys;
    bool fits = next(results, page) && page.kind == ValueKind::array && page.integer == 2 &&
                next(results, continuation) && next(results, keys) && keys.kind == ValueKind::array;
    codec::RespWriter listed(listed_, context.reply.protocol());
    base::ByteView last = from_;
    for (std::int64_t i = 0; fits && i < keys.integer; ++i) {
      ResultValue key;
      fits = next(results, key) && key.kind == ValueKind::bytes && key.bytes >= last;
      last = key.bytes;
      if (!no_type_fits_ && (!has_pattern_ || base::glob_matches(pattern_, key.bytes))) {
        listed.bulk(key.bytes);
        ++found_;
      }
    }
    if (!fits) {
      return fail(context, text::kBadResults);
    }
    if (continuation.kind != ValueKind::bytes) {
      return finish(context, 0);
    }
    if (last >= continuation.bytes) {
      return fail(context, text::kBadResults);
    }
    separator_ = separator_of(last, continuation.bytes);
    return hand_out(context);
  }

  // Gives the separator a cursor: short ones have one, long ones need an anchor that is stored.
  JobNext hand_out(JobContext& context) {
    if (separator_.size() <= kDirectBytesMax) {
      return finish(context, encode_direct(separator_));
    }
    const bool same_anchor = !anchor_.empty() && separator_.starts_with(anchor_) &&
                             separator_.size() > anchor_.size() &&
                             separator_.size() - anchor_.size() <= kTailBytesMax;
    if (!same_anchor) {
      anchor_ = anchor_of(separator_);
    }
    const base::Duration lifetime = context.server.options.cursor_lifetime;
    const std::int64_t now = context.server.router.log_time_now().as_milliseconds();
    const auto known = context.server.cursors.number_of(
        anchor_, base::WallTime::from_milliseconds(now + lifetime.as_milliseconds() / 2));
    if (known) {
      return finish(context,
                    encode_anchored(*known, base::ByteView(separator_).substr(anchor_.size())));
    }
    phase_ = Phase::storing;
    lives_until_ = now + lifetime.as_milliseconds();
    return store(context);
  }

  // Takes the number if it is free; if it is taken, keeps what it has alive.
  JobNext store(JobContext& context) {
    anchor_number_ = anchor_number(anchor_, probe_);
    const std::string key = anchor_key(anchor_number_);
    context.call.add({.code = codec::OpCode::set,
                      .keyspace = kCursorKeyspace,
                      .flags = codec::kSetIfAbsent | codec::kSetGet,
                      .deadline_ms = lives_until_,
                      .key = key,
                      .value = anchor_});
    context.call.add({.code = codec::OpCode::expire_at,
                      .keyspace = kCursorKeyspace,
                      .flags = codec::kExpireIfGreater,
                      .deadline_ms = lives_until_,
                      .key = key});
    return JobNext::call;
  }

  JobNext stored(JobContext& context, ResultReader& results) {
    ResultValue before;
    if (!next(results, before) || before.kind == ValueKind::failure) {
      return fail(context, text::kBadResults);
    }
    if (before.kind == ValueKind::bytes && before.bytes != anchor_) {
      if (++probe_ == kProbesMax) {
        return fail(context, "BUSY too many SCAN cursors are open, try again");
      }
      return store(context);
    }
    context.server.cursors.put(anchor_number_, anchor_,
                               base::WallTime::from_milliseconds(lives_until_));
    return finish(context, encode_anchored(anchor_number_,
                                           base::ByteView(separator_).substr(anchor_.size())));
  }

  JobNext finish(JobContext& context, std::uint64_t cursor) {
    context.reply.array(2);
    context.reply.bulk(std::to_string(cursor));
    context.reply.array(found_);
    context.reply.out().append(listed_);
    return JobNext::done;
  }

  Phase phase_ = Phase::paging;
  model::KeyspaceId keyspace_;
  bool has_pattern_ = false;
  std::string pattern_;
  bool no_type_fits_ = false;
  std::int64_t count_ = kDefaultCount;
  std::string from_;    // the page's first possible key
  std::string anchor_;  // of the cursor that was given, then of the one that is handed out
  std::uint32_t anchor_number_ = 0;
  std::uint32_t probe_ = 0;
  std::int64_t lives_until_ = 0;
  std::string separator_;
  std::string listed_;
  std::size_t found_ = 0;
};

}  // namespace

std::unique_ptr<Job> make_scan_job() { return std::make_unique<ScanJob>(); }

}  // namespace ostraka::gateway::resp
