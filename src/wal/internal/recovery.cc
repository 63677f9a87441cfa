#include "wal/internal/recovery.h"

#include "wal/internal/segment_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace ostraka::wal {
namespace {

using base::ErrorCode;
using base::Result;
using base::Status;

constexpr std::string_view kSuffix = ".seg";

// The number in a segment's file name, or nothing for other files.
std::optional<std::uint64_t> number_of(std::string_view name) {
  if (name.size() <= kSuffix.size() || !name.ends_with(kSuffix)) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(0, name.size() - kSuffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  if (error != std::errc{} || end != digits.end()) {
    return std::nullopt;
  }
  return number;
}

// A file with what its first batch says.
struct Candidate {
  std::shared_ptr<SegmentFile> file;
  codec::BatchHeader first;

  [[nodiscard]] SegmentSource source() const { return {*file->reader, file->path, file->bytes}; }
};

// Where reading a segment ended.
struct WalkEnd {
  std::uint32_t batches = 0;
  std::uint64_t offset = 0;
  std::uint64_t last_batch = 0;  // where the last one begins
  std::uint64_t floor = 0;
  bool last_empty = true;
  BatchState reason = BatchState::none;
};

class Recovery {
 public:
  Recovery(port::FileSystem& files, const std::string& folder, const StreamFormat& format)
      : files_(files), folder_(folder), format_(format) {}

  Result<RecoveredStream> run() {
    OSTRAKA_TRY(open_files());
    OSTRAKA_TRY(find_last());
    if (last_ != candidates_.end()) {
      OSTRAKA_TRY(read_last());
      // Before the links: damage may hide the floor that ends them, and must be told by its place.
      OSTRAKA_TRY(judge());
      OSTRAKA_TRY(follow_links());
    }
    OSTRAKA_TRY(judge());
    OSTRAKA_TRY(replay());
    give_back_files();
    return std::move(out_);
  }

 private:
  using Candidates = std::map<std::uint64_t, Candidate>;  // by generation

  [[nodiscard]] bool cuts_always() const {
    return format_.mutant == Mutant::stop_at_first_bad_record_always;
  }

  Status open_files() {
    OSTRAKA_ASSIGN(const std::vector<std::string> names, files_.list(folder_));
    for (const std::string& name : names) {
      if (name.ends_with(kUnfinishedSuffix)) {
        OSTRAKA_TRY(files_.remove(folder_ + "/" + name));
        continue;
      }
      const std::optional<std::uint64_t> number = number_of(name);
      if (!number.has_value()) {
        continue;
      }
      out_.next_file_number = std::max(out_.next_file_number, *number + 1);
      auto file = std::make_shared<SegmentFile>();
      file->path = folder_ + "/" + name;
      OSTRAKA_ASSIGN(file->reader, files_.open(file->path, port::OpenMode::read_only));
      OSTRAKA_ASSIGN(file->bytes, file->reader->size());
      if (file->bytes < codec::kLogSectorBytes && !cuts_always()) {
        return base::fail(
            ErrorCode::corruption,
            fmt::format("{} at offset {}: the file has lost its end", file->path, file->bytes));
      }
      OSTRAKA_TRY(classify(std::move(file)));
    }
    return {};
  }

  // By the header at offset 0 alone: a segment, or a file whose headers are only evidence.
  Status classify(std::shared_ptr<SegmentFile> file) {
    Candidate candidate{std::move(file), {}};
    std::string bytes(codec::kBatchHeaderBytes, '\0');
    OSTRAKA_ASSIGN(const std::size_t count, candidate.file->reader->read_at(0, bytes));
    bytes.resize(count);
    const Result<codec::BatchHeader> header = codec::read_batch_header(bytes, format_.seeding());
    if (!header.has_value() && header.error().code == ErrorCode::format_unknown) {
      return base::fail(ErrorCode::format_unknown, candidate.file->path);
    }
    if (header.has_value() &&
        (header->identity != format_.identity || header->stream != format_.stream)) {
      return base::fail(ErrorCode::identity_mismatch,
                        candidate.file->path + " belongs to another log");
    }
    if (header.has_value() && header->kind == codec::BatchKind::spare) {
      out_.free.push_back({candidate.file->path, candidate.file->bytes});
      return {};
    }
    if (!header.has_value() || header->position.number != 0) {
      return set_aside(candidate);
    }
    candidate.first = *header;
    const std::uint64_t generation = header->position.generation;
    const std::string path = candidate.file->path;
    evidence_.take(*header);
    if (!candidates_.emplace(generation, std::move(candidate)).second) {
      return base::fail(
          ErrorCode::corruption,
          fmt::format("{} at offset 0: a second segment of generation {}", path, generation));
    }
    return {};
  }

  // No usable batch 0: the file does not belong to the chain, its headers may still testify.
  Status set_aside(const Candidate& candidate) {
    Evidence own;
    OSTRAKA_TRY(scan_evidence(candidate.source(), format_, 0, own));
    evidence_.durable_upto = std::max(evidence_.durable_upto, own.durable_upto);
    evidence_.generation_max = std::max(evidence_.generation_max, own.generation_max);
    aside_.emplace(own.generation_max, candidate.file->path);
    out_.free.push_back({candidate.file->path, candidate.file->bytes});
    return {};
  }

  // The highest generation whose batch 0 is whole.
  Status find_last() {
    while (!candidates_.empty()) {
      last_ = std::prev(candidates_.end());
      LoadedBatch batch;
      OSTRAKA_ASSIGN(const BatchState state, load_batch(last_->second.source(), format_, 0, batch));
      if (state == BatchState::valid) {
        return {};
      }
      OSTRAKA_TRY(set_aside(last_->second));
      candidates_.erase(last_);
    }
    last_ = candidates_.end();
    return {};
  }

  // Reads batches from the start of a segment until `limit` or one that is not valid.
  Result<WalkEnd> walk(const Candidate& candidate, std::uint32_t limit) {
    WalkEnd end;
    while (end.batches < limit) {
      OSTRAKA_ASSIGN(const BatchState state,
                     load_batch(candidate.source(), format_, end.offset, batch_));
      end.reason = state;
      if (state != BatchState::valid || !is_expected(candidate, end)) {
        if (state == BatchState::valid) {
          end.reason = BatchState::none;  // of a former life
        }
        break;
      }
      evidence_.take(batch_.header);
      end.floor = std::max(end.floor, batch_.header.floor);
      end.last_empty = batch_.records.empty();
      end.last_batch = end.offset;
      end.offset += batch_.header.total_bytes();
      ++end.batches;
    }
    return end;
  }

  [[nodiscard]] bool is_expected(const Candidate& candidate, const WalkEnd& end) const {
    const bool same_life = format_.mutant == Mutant::no_generation ||
                           batch_.header.position.generation == candidate.first.position.generation;
    return same_life && batch_.header.position.number == end.batches;
  }

  void add_to_chain(const Candidate& candidate, std::uint32_t batches, std::uint64_t end) {
    out_.chain.push_back(Segment{candidate.file, candidate.first.position.generation,
                                 candidate.first.previous_generation,
                                 candidate.first.previous_batches, batches, end});
  }

  Status read_last() {
    const Candidate& last = last_->second;
    OSTRAKA_ASSIGN(last_end_, walk(last, UINT32_MAX));
    OSTRAKA_TRY(scan_evidence(last.source(), format_, last_end_.offset, evidence_));
    add_to_chain(last, last_end_.batches, last_end_.offset);
    out_.last_batch = last_end_.last_batch;
    const std::uint64_t full = last.first.segment_sectors * codec::kLogSectorBytes;
    const bool cannot_see_next =
        last_end_.offset + codec::kLogSectorBytes > last.file->bytes && last_end_.offset < full;
    if (last.file->bytes < full && (cannot_see_next || last_end_.reason == BatchState::beyond) &&
        !cuts_always()) {
      return base::fail(ErrorCode::corruption,
                        fmt::format("{} at offset {}: the file has lost its end", last.file->path,
                                    last_end_.offset));
    }
    return {};
  }

  // From the last segment down to the floor; the chain becomes oldest first.
  Status follow_links() {
    std::uint64_t generation = last_->second.first.previous_generation;
    std::uint32_t batches = last_->second.first.previous_batches;
    while (generation != 0 && generation >= last_end_.floor) {
      const auto found = candidates_.find(generation);
      if (found == candidates_.end()) {
        if (cuts_always()) {
          break;
        }
        return missing(generation);
      }
      OSTRAKA_ASSIGN(const WalkEnd end, walk(found->second, batches));
      if (end.batches < batches && !cuts_always()) {
        return base::fail(ErrorCode::corruption,
                          fmt::format("{} at offset {}: batch {} of {} is damaged",
                                      found->second.file->path, end.offset, end.batches, batches));
      }
      add_to_chain(found->second, end.batches, end.offset);
      generation = found->second.first.previous_generation;
      batches = found->second.first.previous_batches;
    }
    std::reverse(out_.chain.begin(), out_.chain.end());
    return {};
  }

  Status missing(std::uint64_t generation) const {
    const auto aside = aside_.find(generation);
    if (aside != aside_.end()) {
      return base::fail(ErrorCode::corruption,
                        fmt::format("{} at offset 0: the first batch of segment {} is damaged",
                                    aside->second, generation));
    }
    return base::fail(
        ErrorCode::corruption,
        fmt::format("{}: the segment of generation {} is missing", folder_, generation));
  }

  // Does anything testify to more than was read?
  Status judge() {
    out_.next_generation = evidence_.generation_max + 1;
    out_.sealed = last_end_.last_empty;
    codec::BatchPosition read;
    if (!out_.chain.empty()) {
      read = {out_.chain.back().generation, out_.chain.back().batches - 1};
    }
    if (evidence_.durable_upto <= read || cuts_always()) {
      return {};
    }
    if (out_.chain.empty() || evidence_.durable_upto.generation != read.generation) {
      return missing(evidence_.durable_upto.generation);
    }
    return base::fail(
        ErrorCode::corruption,
        fmt::format("{} at offset {}: batch {} is damaged, and up to batch {} was durable",
                    out_.chain.back().file->path, last_end_.offset, last_end_.batches,
                    evidence_.durable_upto.number));
  }

  Status replay() {
    for (const Segment& segment : out_.chain) {
      const SegmentSource source{*segment.file->reader, segment.file->path, segment.file->bytes};
      std::uint64_t offset = 0;
      for (std::uint32_t i = 0; i < segment.batches; ++i) {
        OSTRAKA_ASSIGN(const BatchState state, load_batch(source, format_, offset, batch_));
        if (state != BatchState::valid) {
          return base::fail(ErrorCode::corruption,
                            fmt::format("{} at offset {}: changed while it was read",
                                        segment.file->path, offset));
        }
        std::uint64_t payload_offset = offset + codec::kBatchHeaderBytes;
        for (const codec::LogRecord& record : batch_.records) {
          const auto shard =
              out_.shards.try_emplace(record.shard, ShardLog(record.shard, *out_.live)).first;
          apply_record(record, segment.generation, payload_offset, shard->second);
        }
        offset += batch_.header.total_bytes();
      }
    }
    return {};
  }

  // Segments below the floor are free.
  void give_back_files() {
    for (const auto& [generation, candidate] : candidates_) {
      const bool used =
          std::any_of(out_.chain.begin(), out_.chain.end(),
                      [&](const Segment& segment) { return segment.file == candidate.file; });
      if (!used) {
        out_.free.push_back({candidate.file->path, candidate.file->bytes});
      }
    }
  }

  port::FileSystem& files_;
  const std::string& folder_;
  const StreamFormat& format_;
  RecoveredStream out_;
  Candidates candidates_;
  Candidates::iterator last_ = candidates_.end();
  WalkEnd last_end_;
  Evidence evidence_;
  std::map<std::uint64_t, std::string> aside_;  // highest generation claimed inside -> file
  LoadedBatch batch_;
};

}  // namespace

std::string segment_name(std::uint64_t number) { return fmt::format("{:08}.seg", number); }

void apply_record(const codec::LogRecord& record, std::uint64_t generation,
                  std::uint64_t& payload_offset, ShardLog& shard) {
  switch (record.type) {
    case codec::LogRecordType::write:
      if (record.truncate_from.has_value()) {
        shard.truncate_from(*record.truncate_from);
      }
      break;
    case codec::LogRecordType::reset:
      shard.reset(record.start, record.start_term);
      break;
    case codec::LogRecordType::compact:
    case codec::LogRecordType::state:
      shard.compact(record.start, record.start_term);
      break;
    case codec::LogRecordType::copy:
      break;
  }
  for (const codec::LogRecordEntry& entry : record.entries) {
    shard.put({entry.meta, entry.checksum, generation, payload_offset});
    payload_offset += entry.meta.payload_bytes;
  }
  if (record.hard_state.has_value()) {
    shard.set_hard_state(*record.hard_state);
  }
}

base::Result<RecoveredStream> recover_stream(port::FileSystem& files, const std::string& folder,
                                             const StreamFormat& format) {
  return Recovery(files, folder, format).run();
}

}  // namespace ostraka::wal
