// A simulated disk with the crash semantics of a machine: what was not synced may be lost.
//
// Process crash: everything written stays. Power loss: per 512-byte sector, any prefix of the
// writes since the file's last sync may have reached the disk; directory changes since the last
// sync of their folder are kept or undone one by one, as far as they make sense without each other.
// The SimDisk outlives processes; handles of an earlier process fail. Everything random comes from
// the generator handed in. Threads: one.
#pragma once

#include "base/bytes.h"
#include "base/prng.h"
#include "base/result.h"
#include "base/time.h"
#include "port/file_system.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::sim_ports {

struct SimDiskFaults {
  bool fail_reads = false;   // EIO
  bool fail_writes = false;  // EIO
  // This sync (1 = the next one) fails; what it should have made durable never becomes so, although
  // it can still be read.
  std::optional<std::uint64_t> fail_sync_in;
  // The next write to a path that contains this is acknowledged and does nothing.
  std::optional<std::string> lose_write_to;
  // The next write to a path that contains `path` goes to `offset` of the same file instead.
  struct Misdirect {
    std::string path;
    std::uint64_t offset = 0;
  };
  std::optional<Misdirect> misdirect_write_to;
  // The next read of a path that contains this sees the file without its last write.
  std::optional<std::string> stale_read_of;
  // Every job on this disk takes so much longer; the world adds it to what blocking jobs cost.
  base::Duration extra_latency;
};

class SimDisk {
 public:
  static constexpr std::uint64_t kUnlimited = UINT64_MAX;
  static constexpr std::size_t kSectorBytes = 512;

  explicit SimDisk(std::uint64_t capacity_bytes = kUnlimited) : capacity_(capacity_bytes) {}
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;
  ~SimDisk();

  // The file system as a new process sees it. An earlier process must have crashed or ended.
  [[nodiscard]] std::unique_ptr<port::FileSystem> open_process();

  // Ends every process: its handles fail from now on, its lock is free. Contents stay.
  void crash_process();
  // As crash_process, and what was not synced is kept, lost or torn by `prng`.
  void crash_power(base::Prng& prng);

  // Bytes that all files together may have; falls below what is stored without harm.
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  [[nodiscard]] std::uint64_t used_bytes() const;
  SimDiskFaults& faults() { return faults_; }
  // Flips the lowest bit of one byte, on the disk and in the cache. False: no such byte.
  bool rot(const std::string& path, std::uint64_t offset);

  // Changes asked of the disk so far (writes, syncs, creations, renames, removals, folder syncs).
  [[nodiscard]] std::uint64_t events() const { return events_; }
  // Event number `event` (counted as events() does; 1 = the first ever) and everything after it
  // fails without effect, until the next crash call.
  void crash_at_event(std::uint64_t event) { crash_at_ = event; }
  [[nodiscard]] bool is_dead() const { return dead_; }

  // Direct access for tests: a file's contents as a process would read them.
  [[nodiscard]] std::optional<std::string> contents(const std::string& path) const;
  void set_contents(const std::string& path, std::string bytes);  // durable at once
  [[nodiscard]] std::vector<std::string> paths() const;

 private:
  friend class SimFile;
  friend class SimFileSystem;

  struct Write {
    std::uint64_t offset;
    std::string bytes;
  };
  struct Inode {
    bool folder = false;
    std::string current;
    std::string durable;
    std::vector<Write> unsynced;
    std::vector<std::uint64_t> sizes;  // each size since the last sync
    std::optional<Write> replaced;     // what the last write covered
  };
  using Tree = std::map<std::string, std::shared_ptr<Inode>>;
  struct NameChange {
    std::string from;              // removed name; empty for a creation
    std::string to;                // made name; empty for a removal
    std::shared_ptr<Inode> inode;  // what `to` names
  };

  // Counts an event; an error when the machine is dead.
  [[nodiscard]] base::Status event(const std::string& what);
  [[nodiscard]] base::Status grow_allowed(std::uint64_t from, std::uint64_t to) const;
  [[nodiscard]] base::Status write(Inode& inode, const std::string& path, std::uint64_t offset,
                                   std::span<const base::ByteView> pieces);
  [[nodiscard]] base::Status sync(Inode& inode, const std::string& path);
  void resize(Inode& inode, std::uint64_t bytes);
  void change_name(NameChange change);
  void sync_folder(const std::string& folder);
  static void apply(Tree& tree, const NameChange& change);
  static bool applicable(const Tree& tree, const NameChange& change);
  static void lose_unsynced(Inode& inode, base::Prng& prng);
  static void settle(Inode& inode);

  std::uint64_t capacity_;
  SimDiskFaults faults_;
  Tree current_;
  Tree durable_;
  std::vector<NameChange> unsynced_names_;
  std::uint64_t events_ = 0;
  std::optional<std::uint64_t> crash_at_;
  bool dead_ = false;
  bool locked_ = false;
  std::uint64_t life_ = 1;  // handles of another life fail
};

}  // namespace ostraka::sim_ports
