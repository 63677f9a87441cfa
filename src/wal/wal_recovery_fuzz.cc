// Recovery on hostile disks (faults.md F4). An input whose first byte is odd is the raw content of
// segment files; otherwise it is a list of changes to a valid log.
//
// Checked: recovery ends with an answer; what it gives is a prefix of what was written; every batch
// that a later one declares durable is either there or recovery refuses; a second start gives the
// same answer.
#include "base/bytes.h"
#include "sim_ports/sim_disk.h"
#include "sim_ports/sim_executor.h"
#include "sim_ports/sim_scheduler.h"
#include "wal/wal.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace ostraka;

constexpr model::ShardId kShard{1};
constexpr std::uint64_t kRecords = 40;
constexpr std::uint64_t kSealedRecords = 39;  // the last one is not evidence yet

using Image = std::map<std::string, std::string>;

wal::Options options() {
  wal::Options out;
  out.identity = 7;
  out.segment_bytes = 8U << 10;
  out.initial_segment_bytes = 4U << 10;
  out.slack_segments = 1000;
  out.seal_after = base::Duration::seconds(3600);
  return out;
}

struct Listener final : port::DurableListener {
  void on_durable(std::uint64_t cookie) override { durable = cookie; }
  void on_space(bool) override {}
  std::uint64_t durable = 0;
};

std::string payload(std::uint64_t index) { return "record " + std::to_string(index); }

Image make_valid_log() {
  sim_ports::SimDisk disk;
  sim_ports::SimScheduler scheduler;
  sim_ports::SimClock clock;
  auto files = disk.open_process();
  sim_ports::SimExecutor executor(scheduler, clock, 1);
  auto log = wal::Wal::open(*files, executor, options(), {});
  Listener listener;
  (*log)->attach(kShard, listener);
  for (std::uint64_t i = 1; i <= kRecords; ++i) {
    port::LogWrite write;
    const std::string bytes = payload(i);
    protocol::EntryMeta meta;
    meta.index = model::LogIndex{i};
    meta.term = model::Term{1};
    meta.payload_bytes = static_cast<std::uint32_t>(bytes.size());
    write.entries.push_back({meta, base::Buffer::copy(bytes)});
    (*log)->append(kShard, i, std::move(write));
    while (listener.durable < i) {
      scheduler.step();
    }
  }
  Image image;
  for (const std::string& path : disk.paths()) {
    image[path] = disk.contents(path).value();
  }
  return image;
}

// The number of records found, or nothing when refused.
std::optional<std::uint64_t> open_log(sim_ports::SimDisk& disk, bool must_be_ours) {
  sim_ports::SimScheduler scheduler;
  sim_ports::SimClock clock;
  auto files = disk.open_process();
  sim_ports::SimExecutor executor(scheduler, clock, 1);
  auto log = wal::Wal::open(*files, executor, options(), {});
  if (!log.has_value()) {
    return std::nullopt;
  }
  const auto found = (*log)->take_recovered(kShard);
  if (!found.has_value()) {
    std::abort();  // recovery has verified every payload
  }
  for (std::size_t i = 0; i < found->entries.size() && must_be_ours; ++i) {
    if (found->entries[i].payload.view() != payload(i + 1)) {
      std::abort();  // neither refused nor a prefix
    }
  }
  return found->entries.size();
}

void load(sim_ports::SimDisk& disk, const Image& image) {
  auto files = disk.open_process();
  if (!files->make_directory("wal/0").has_value() || !files->sync_directory(".").has_value() ||
      !files->sync_directory("wal").has_value()) {
    std::abort();
  }
  for (const auto& [path, bytes] : image) {
    disk.set_contents(path, bytes);
  }
}

void check(const Image& image, bool from_valid) {
  sim_ports::SimDisk disk;
  load(disk, image);
  const std::optional<std::uint64_t> first = open_log(disk, from_valid);
  disk.crash_process();
  const std::optional<std::uint64_t> second = open_log(disk, from_valid);
  if (first != second) {
    std::abort();  // an answer that changes is none
  }
}

// Changes of 6 bytes each: file, position (3), kind, value. Returns whether only bytes changed.
bool mutate(Image& image, base::Reader& in) {
  bool only_bytes = true;
  while (in.remaining() >= 6) {
    auto file = image.begin();
    std::advance(file, in.u8() % image.size());
    const std::size_t low = in.u16();
    const std::size_t position = low | (static_cast<std::size_t>(in.u8()) << 16U);
    const std::uint8_t kind = in.u8() % 8;
    const char value = static_cast<char>(in.u8());
    std::string& bytes = file->second;
    if (bytes.empty()) {
      continue;
    }
    const std::size_t at = position % bytes.size();
    if (kind < 6) {
      bytes[at] = value;
    } else if (kind == 6) {
      const std::size_t sector = at / 512 * 512;
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(sector),
                  std::min<std::size_t>(512, bytes.size() - sector), '\0');
    } else {
      bytes.resize(at);
      only_bytes = false;
    }
  }
  return only_bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Image kValid = make_valid_log();
  std::string input(data, data + size);
  if (input.empty()) {
    check(kValid, true);
    return 0;
  }
  if (input[0] % 2 != 0) {
    const std::size_t half = 1 + (input.size() - 1) / 2;
    check({{"wal/0/00000001.seg", input.substr(1, half - 1)},
           {"wal/0/00000002.seg", input.substr(half)}},
          false);
    return 0;
  }
  Image image = kValid;
  base::Reader in(base::ByteView(input).substr(1));
  const bool one_change = in.remaining() < 12;
  const bool only_bytes = mutate(image, in);
  check(image, true);
  if (one_change && only_bytes) {
    // One change alone cannot remove what is declared durable elsewhere.
    sim_ports::SimDisk disk;
    load(disk, image);
    const std::optional<std::uint64_t> found = open_log(disk, true);
    if (found.has_value() && *found < kSealedRecords) {
      std::abort();
    }
  }
  return 0;
}
