// A disk in memory that loses what was not synced when its power is cut.
//
// File contents become durable by sync, names by syncing their folder. Folders are durable when
// made. At a power cut a random part of what was not synced survives anyway: some leading bytes of
// an unsynced tail, some of the oldest unsynced name changes. One model for both engines: see
// rocks_disk.h and port_disk.h. Thread-safe.
#pragma once

#include "base/prng.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ostraka::engine_test {

enum class DiskError : std::uint8_t { none, not_found, exists, io, no_space };

struct Inode {
  std::string data;
  std::string durable;
  std::optional<std::string> at_cut;  // the data when the power went
};
using InodePtr = std::shared_ptr<Inode>;

class CrashDisk {
 public:
  // Mutating operations so far: a power cut names one of them.
  [[nodiscard]] std::uint64_t events() const;
  // The power goes just before the event with this number: the process, which is about to be gone,
  // sees nothing of it, but nothing that it does from there on reaches the disk. Zero = never.
  void cut_power_at(std::uint64_t event);
  [[nodiscard]] bool power_is_off() const;
  // Every write and sync of a file fails with this until it is set to none.
  void set_write_fault(DiskError fault);
  // After a power cut, or instead of one: only what is durable is left, and the power is back.
  void restart(base::Prng& prng);

  DiskError open(const std::string& path, InodePtr& inode);
  DiskError create(const std::string& path, bool exclusive, InodePtr& inode);
  DiskError write(Inode& inode, std::uint64_t offset, std::string_view bytes);
  DiskError append(Inode& inode, std::string_view bytes);
  DiskError truncate(Inode& inode, std::uint64_t size);
  DiskError sync(Inode& inode);
  DiskError read(Inode& inode, std::uint64_t offset, std::size_t size, std::string& out);
  [[nodiscard]] std::uint64_t size(Inode& inode);
  DiskError remove(const std::string& path);
  DiskError rename(const std::string& from, const std::string& to);
  DiskError link(const std::string& from, const std::string& to);
  DiskError make_directory(const std::string& path);
  DiskError remove_directory(const std::string& path);
  DiskError sync_directory(const std::string& path);
  [[nodiscard]] bool is_directory(const std::string& path);
  [[nodiscard]] bool exists(const std::string& path);
  [[nodiscard]] std::vector<std::string> list(const std::string& folder);
  // False when it is held. Restarting drops all locks.
  bool lock(const std::string& path);
  void unlock(const std::string& path);

 private:
  using Names = std::map<std::string, InodePtr>;
  // One atomic change of names: null inode = the name goes.
  struct NameChange {
    std::vector<std::pair<std::string, InodePtr>> names;
  };

  // Require the mutex. step() counts an event.
  void step();
  void change_names(NameChange change);
  static void apply(Names& names, const NameChange& change);

  mutable std::mutex mutex_;
  std::uint64_t events_ = 0;
  std::uint64_t cut_at_ = 0;
  bool off_ = false;
  std::size_t pending_at_cut_ = 0;
  DiskError write_fault_ = DiskError::none;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> pending_;
  std::set<std::string> directories_ = {""};
  std::set<std::string> locks_;
};

// "a//b/" -> "a/b"; the folder of "a/b" is "a".
[[nodiscard]] std::string normal(std::string_view path);
[[nodiscard]] std::string folder_of(std::string_view normal_path);

}  // namespace ostraka::engine_test
