#include "sim/internal/log_damage.h"

#include "base/bytes.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace ostraka::sim::internal {
namespace {

using base::Duration;

constexpr std::string_view kMagic = "OSTRKWAL";
constexpr std::uint64_t kSector = sim_ports::SimDisk::kSectorBytes;
constexpr std::uint64_t kHeaderBytes = 128;
constexpr std::uint64_t kHeaderUsed = 104;
constexpr std::uint64_t kPayloadBytesAt = 40;

struct Batch {
  std::uint64_t offset = 0;
  std::uint64_t content = 0;  // header and blocks, without padding
  std::uint64_t generation = 0;
  std::uint32_t number = 0;
  std::uint64_t durable_generation = 0;
  std::uint32_t durable_number = 0;
};

struct Segment {
  std::string path;
  std::string bytes;
  std::vector<Batch> batches;

  [[nodiscard]] std::uint64_t end() const {
    return (batches.back().offset + batches.back().content + kSector - 1) / kSector * kSector;
  }
};

std::optional<Batch> batch_at(const std::string& bytes, std::uint64_t offset) {
  if (offset + kHeaderBytes > bytes.size() ||
      base::ByteView(bytes).substr(offset, kMagic.size()) != kMagic ||
      bytes[offset + kMagic.size() + 2] != 0) {
    return std::nullopt;
  }
  base::Reader in(base::ByteView(bytes).substr(offset + 24));
  Batch batch{.offset = offset, .generation = in.u64(), .number = in.u32()};
  const std::uint64_t meta = in.u32();
  batch.content = kHeaderBytes + meta + in.u64();
  static_cast<void>(in.u64());
  static_cast<void>(in.u64());
  batch.durable_generation = in.u64();
  batch.durable_number = in.u32();
  return batch;
}

// The batches of a segment's present life, as far as their headers go.
Segment read_segment(std::string path, std::string bytes) {
  Segment segment{.path = std::move(path), .bytes = std::move(bytes), .batches = {}};
  std::uint64_t offset = 0;
  while (const std::optional<Batch> batch = batch_at(segment.bytes, offset)) {
    if (batch->number != segment.batches.size() ||
        (offset != 0 && batch->generation != segment.batches.front().generation)) {
      break;
    }
    segment.batches.push_back(*batch);
    offset = segment.end();
  }
  return segment;
}

std::optional<Segment> last_segment(const sim_ports::SimDisk& disk) {
  std::optional<Segment> last;
  for (const std::string& path : disk.paths()) {
    if (!path.ends_with(".seg")) {
      continue;
    }
    Segment segment = read_segment(path, disk.contents(path).value_or(std::string()));
    if (!segment.batches.empty() &&
        (!last || segment.batches.front().generation > last->batches.front().generation)) {
      last = std::move(segment);
    }
  }
  return last;
}

// How many batches of the segment a later one states as durable.
std::size_t evidenced(const Segment& segment) {
  const Batch& last = segment.batches.back();
  return last.durable_generation == last.generation ? last.durable_number + std::size_t{1} : 0;
}

void flip(std::string& bytes, std::uint64_t at) { bytes[at] = static_cast<char>(~bytes[at]); }

// The damaged bytes of the file, and the batch that can no longer be read.
std::string damaged(const Segment& segment, const Batch& batch, const std::string& kind,
                    base::Prng& prng) {
  std::string bytes = segment.bytes;
  if (kind == "cut") {
    bytes.resize(batch.offset + prng.below(batch.content));
  } else if (kind == "length") {
    flip(bytes, batch.offset + kPayloadBytesAt + prng.below(8));
  } else {
    const std::uint64_t at = prng.below(batch.content - (kHeaderBytes - kHeaderUsed));
    flip(bytes, batch.offset + (at < kHeaderUsed ? at : at + kHeaderBytes - kHeaderUsed));
  }
  return bytes;
}

void expect_refusal(World& world, const std::string& name, const Segment& segment,
                    const std::string& kind) {
  sim_ports::SimDisk& disk = world.machine(name).disk();
  const std::size_t known = evidenced(segment);
  const Batch batch = segment.batches[kind == "newest" ? known - 1 : world.prng().below(known)];
  disk.set_contents(segment.path, damaged(segment, batch, kind, world.prng()));
  const base::Status started = world.try_start(name);
  if (started.has_value()) {
    world.fail("I-D4: " + name + " starts although acknowledged batches of " + segment.path +
               " are damaged at offset " + std::to_string(batch.offset));
    return;
  }
  const std::string reason = started.error().to_string();
  const std::string where =
      kind == "cut" ? segment.path : segment.path + " at offset " + std::to_string(batch.offset);
  if (reason.find(where) == std::string::npos) {
    world.fail("I-D4: " + name + " does not name " + where + ": " + reason);
  }
  world.mark("damage_refused");
  disk.set_contents(segment.path, segment.bytes);
  world.start(name);
}

void start_thrice(World& world, const std::string& name) {
  world.start(name);
  // What is appended now must survive two more restarts.
  for (const std::int64_t later_ms : {1200, 2400}) {
    world.scheduler().schedule(world.now() + Duration::milliseconds(later_ms), sim_ports::OwnerId{},
                               [&world, name] {
                                 world.crash(name, CrashKind::process);
                                 world.start(name);
                               });
  }
}

// A write that the power cut tore in half: its header is there, its blocks are not.
void expect_cut(World& world, const std::string& name, const Segment& segment) {
  const std::uint64_t end = segment.end();
  if (end + kSector > segment.bytes.size()) {
    return;
  }
  std::string bytes = segment.bytes;
  const Batch& last = segment.batches.back();
  bytes.replace(end, kHeaderBytes, bytes.substr(last.offset, kHeaderBytes));
  bytes[end + 32] = static_cast<char>(bytes[end + 32] + 1);  // the next number: a bad checksum
  world.machine(name).disk().set_contents(segment.path, std::move(bytes));
  world.mark("torn_tail");
  start_thrice(world, name);
}

// The last sector that was written, of an empty batch behind an idle log: nothing is in it.
void expect_kept(World& world, const std::string& name, const Segment& segment) {
  if (segment.batches.back().content == kHeaderBytes) {
    std::string bytes = segment.bytes;
    bytes.replace(segment.end() - kSector, kSector, kSector, '\0');
    world.machine(name).disk().set_contents(segment.path, std::move(bytes));
    world.mark("last_sector_zeroed");
  }
  start_thrice(world, name);
}

}  // namespace

base::Status damage_log(World& world, const std::string& name, const std::string& kind) {
  static const std::set<std::string> known{"middle", "newest", "length", "cut", "tail", "zero"};
  if (!known.contains(kind)) {
    return base::fail(base::ErrorCode::invalid_argument, "unknown damage '" + kind + "'");
  }
  if (!world.machine(name).is_running()) {
    return {};
  }
  world.crash(name, CrashKind::process);
  const std::optional<Segment> segment = last_segment(world.machine(name).disk());
  if (!segment || evidenced(*segment) == 0 || evidenced(*segment) > segment->batches.size()) {
    world.start(name);
  } else if (kind == "tail") {
    expect_cut(world, name, *segment);
  } else if (kind == "zero") {
    expect_kept(world, name, *segment);
  } else {
    expect_refusal(world, name, *segment, kind);
  }
  return {};
}

}  // namespace ostraka::sim::internal
