#include "sim_ports/sim_disk.h"

#include "base/assert.h"

#include <algorithm>
#include <set>
#include <utility>

namespace ostraka::sim_ports {
namespace {

using base::ErrorCode;
using base::Status;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::size_t to_size(std::uint64_t bytes) { return static_cast<std::size_t>(bytes); }

// Puts bytes at an offset, extending with zeroes.
void put(std::string& contents, std::uint64_t offset, base::ByteView bytes) {
  if (contents.size() < offset + bytes.size()) {
    contents.resize(to_size(offset) + bytes.size(), '\0');
  }
  std::copy(bytes.begin(), bytes.end(), contents.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace

SimDisk::~SimDisk() = default;

Status SimDisk::event(const std::string& what) {
  if (!dead_) {
    ++events_;
    dead_ = crash_at_.has_value() && events_ >= *crash_at_;
  }
  if (dead_) {
    return base::fail(ErrorCode::io_error, what + ": the machine has lost power");
  }
  return {};
}

std::uint64_t SimDisk::used_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [path, inode] : current_) {
    sum += inode->current.size();
  }
  return sum;
}

Status SimDisk::grow_allowed(std::uint64_t from, std::uint64_t to) const {
  if (to <= from) {
    return {};
  }
  const std::uint64_t used = used_bytes();
  if (used > capacity_ || to - from > capacity_ - used) {
    return base::fail(ErrorCode::disk_full, "simulated disk");
  }
  return {};
}

Status SimDisk::write(Inode& inode, const std::string& path, std::uint64_t offset,
                      std::span<const base::ByteView> pieces) {
  OSTRAKA_TRY(event("writing " + path));
  if (faults_.fail_writes) {
    return base::fail(ErrorCode::io_error, "writing " + path + ": injected");
  }
  Write change{offset, {}};
  for (const base::ByteView piece : pieces) {
    change.bytes.append(piece);
  }
  OSTRAKA_TRY(grow_allowed(inode.current.size(), offset + change.bytes.size()));
  if (faults_.lose_write_to.has_value() && path.contains(*faults_.lose_write_to)) {
    faults_.lose_write_to.reset();
    return {};
  }
  if (faults_.misdirect_write_to.has_value() && path.contains(faults_.misdirect_write_to->path)) {
    change.offset = faults_.misdirect_write_to->offset;
    faults_.misdirect_write_to.reset();
  }
  const std::string before = change.offset < inode.current.size()
                                 ? inode.current.substr(to_size(change.offset), change.bytes.size())
                                 : std::string();
  inode.replaced = Write{change.offset, before};
  put(inode.current, change.offset, change.bytes);
  inode.sizes.push_back(inode.current.size());
  inode.unsynced.push_back(std::move(change));
  return {};
}

Status SimDisk::sync(Inode& inode, const std::string& path) {
  OSTRAKA_TRY(event("syncing " + path));
  if (faults_.fail_sync_in.has_value() && --*faults_.fail_sync_in == 0) {
    faults_.fail_sync_in.reset();
    inode.unsynced.clear();  // marked clean, never written
    inode.sizes.clear();
    return base::fail(ErrorCode::io_error, "syncing " + path + ": injected");
  }
  for (const Write& change : inode.unsynced) {
    put(inode.durable, change.offset, change.bytes);
  }
  inode.durable.resize(inode.current.size(), '\0');
  inode.unsynced.clear();
  inode.sizes.clear();
  return {};
}

void SimDisk::resize(Inode& inode, std::uint64_t bytes) {
  if (bytes < inode.current.size()) {
    // What is cut reads as zeroes should the file grow again.
    inode.unsynced.push_back(
        Write{bytes, std::string(inode.current.size() - to_size(bytes), '\0')});
  }
  inode.current.resize(to_size(bytes), '\0');
  inode.sizes.push_back(bytes);
}

bool SimDisk::applicable(const Tree& tree, const NameChange& change) {
  if (!change.from.empty() && !tree.contains(change.from)) {
    return false;
  }
  return change.to.empty() || parent_of(change.to) == "." || tree.contains(parent_of(change.to));
}

void SimDisk::apply(Tree& tree, const NameChange& change) {
  if (change.from.empty()) {
    tree[change.to] = change.inode;
    return;
  }
  std::vector<std::pair<std::string, std::shared_ptr<Inode>>> moved;
  for (auto it = tree.lower_bound(change.from); it != tree.end();) {
    const bool inside = it->first.starts_with(change.from + "/");
    if (it->first == change.from || inside) {
      moved.emplace_back(it->first.substr(change.from.size()), it->second);
      it = tree.erase(it);
    } else if (it->first.starts_with(change.from)) {
      ++it;  // a neighbour such as "a-b" sorts between "a" and "a/x"
    } else {
      break;
    }
  }
  if (!change.to.empty()) {
    for (auto& [suffix, inode] : moved) {
      tree[change.to + suffix] = std::move(inode);
    }
  }
}

void SimDisk::change_name(NameChange change) {
  apply(current_, change);
  unsynced_names_.push_back(std::move(change));
}

void SimDisk::sync_folder(const std::string& folder) {
  std::erase_if(unsynced_names_, [&](const NameChange& change) {
    const bool concerns = (!change.from.empty() && parent_of(change.from) == folder) ||
                          (!change.to.empty() && parent_of(change.to) == folder);
    if (!concerns || !applicable(durable_, change)) {
      return false;
    }
    apply(durable_, change);
    return true;
  });
}

void SimDisk::lose_unsynced(Inode& inode, base::Prng& prng) {
  enum class Mode : std::uint8_t { lose, keep, tear };
  const auto mode = static_cast<Mode>(prng.below(3));
  if (inode.unsynced.empty() && inode.sizes.empty()) {
    settle(inode);
    return;
  }
  // The writes that touch each sector, in order: the sector shows some prefix of them.
  std::map<std::uint64_t, std::vector<const Write*>> by_sector;
  for (const Write& change : inode.unsynced) {
    if (change.bytes.empty()) {
      continue;
    }
    const std::uint64_t last = (change.offset + change.bytes.size() - 1) / kSectorBytes;
    for (std::uint64_t sector = change.offset / kSectorBytes; sector <= last; ++sector) {
      by_sector[sector].push_back(&change);
    }
  }
  for (const auto& [sector, writes] : by_sector) {
    const std::size_t kept = mode == Mode::lose   ? 0
                             : mode == Mode::keep ? writes.size()
                                                  : to_size(prng.below(writes.size() + 1));
    for (std::size_t i = 0; i < kept; ++i) {
      const std::uint64_t from = std::max(writes[i]->offset, sector * kSectorBytes);
      const std::uint64_t to =
          std::min(writes[i]->offset + writes[i]->bytes.size(), (sector + 1) * kSectorBytes);
      put(inode.durable, from,
          base::ByteView(writes[i]->bytes)
              .substr(to_size(from - writes[i]->offset), to_size(to - from)));
    }
  }
  // The length may be any that the file had; it is known at once when everything was kept.
  if (!inode.sizes.empty()) {
    const std::size_t choice = mode == Mode::keep   ? inode.sizes.size() - 1
                               : mode == Mode::lose ? inode.sizes.size()
                                                    : to_size(prng.below(inode.sizes.size() + 1));
    if (choice < inode.sizes.size()) {
      inode.durable.resize(to_size(inode.sizes[choice]), '\0');
    }
  }
  settle(inode);
}

void SimDisk::settle(Inode& inode) {
  inode.current = inode.durable;
  inode.unsynced.clear();
  inode.sizes.clear();
  inode.replaced.reset();
}

void SimDisk::crash_process() {
  ++life_;
  locked_ = false;
  dead_ = false;
  crash_at_.reset();
}

void SimDisk::crash_power(base::Prng& prng) {
  crash_process();
  const std::uint64_t mode = prng.below(3);
  for (const NameChange& change : unsynced_names_) {
    const bool kept = mode == 0 || (mode == 1 && prng.chance(1, 2));
    if (kept && applicable(durable_, change)) {
      apply(durable_, change);
    }
  }
  unsynced_names_.clear();
  for (auto& [path, inode] : durable_) {
    lose_unsynced(*inode, prng);
  }
  current_ = durable_;
}

bool SimDisk::rot(const std::string& path, std::uint64_t offset) {
  const auto it = current_.find(path);
  if (it == current_.end() || offset >= it->second->current.size()) {
    return false;
  }
  for (std::string* copy : {&it->second->current, &it->second->durable}) {
    if (offset < copy->size()) {
      char& byte = (*copy)[to_size(offset)];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ 1U);
    }
  }
  return true;
}

std::optional<std::string> SimDisk::contents(const std::string& path) const {
  const auto it = current_.find(path);
  if (it == current_.end()) {
    return std::nullopt;
  }
  return it->second->current;
}

void SimDisk::set_contents(const std::string& path, std::string bytes) {
  auto inode = std::make_shared<Inode>();
  inode->current = inode->durable = std::move(bytes);
  current_[path] = durable_[path] = std::move(inode);
}

std::vector<std::string> SimDisk::paths() const {
  std::vector<std::string> out;
  for (const auto& [path, inode] : current_) {
    if (!inode->folder) {
      out.push_back(path);
    }
  }
  return out;
}

// A handle; fails once its process life is over.
class SimFile final : public port::File {
 public:
  SimFile(SimDisk& disk, std::shared_ptr<SimDisk::Inode> inode, std::string path, bool writable)
      : disk_(disk),
        inode_(std::move(inode)),
        path_(std::move(path)),
        life_(disk.life_),
        writable_(writable) {}

  base::Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override {
    OSTRAKA_TRY(alive());
    if (disk_.faults_.fail_reads) {
      return base::fail(ErrorCode::io_error, "reading " + path_ + ": injected");
    }
    const std::string* contents = &inode_->current;
    std::string stale;
    std::optional<std::string>& wanted = disk_.faults_.stale_read_of;
    if (wanted.has_value() && path_.contains(*wanted) && inode_->replaced.has_value()) {
      wanted.reset();
      stale = inode_->current;
      put(stale, inode_->replaced->offset, inode_->replaced->bytes);
      contents = &stale;
    }
    if (offset >= contents->size()) {
      return 0;
    }
    return contents->copy(out.data(), out.size(), to_size(offset));
  }

  Status write_at(std::uint64_t offset, std::span<const base::ByteView> pieces) override {
    OSTRAKA_TRY(alive());
    OSTRAKA_TRY(writable());
    return disk_.write(*inode_, path_, offset, pieces);
  }

  Status sync() override {
    OSTRAKA_TRY(alive());
    return disk_.sync(*inode_, path_);
  }

  Status preallocate(std::uint64_t bytes) override {
    OSTRAKA_TRY(alive());
    OSTRAKA_TRY(writable());
    OSTRAKA_TRY(disk_.event("preallocating " + path_));
    OSTRAKA_TRY(disk_.grow_allowed(inode_->current.size(), bytes));
    disk_.resize(*inode_, bytes);
    return {};
  }

  Status truncate(std::uint64_t bytes) override {
    OSTRAKA_TRY(alive());
    OSTRAKA_TRY(writable());
    OSTRAKA_TRY(disk_.event("truncating " + path_));
    disk_.resize(*inode_, bytes);
    return {};
  }

  base::Result<std::uint64_t> size() override {
    OSTRAKA_TRY(alive());
    return inode_->current.size();
  }

 private:
  Status alive() const {
    if (life_ != disk_.life_ || disk_.dead_) {
      return base::fail(ErrorCode::io_error, path_ + ": the process is dead");
    }
    return {};
  }
  Status writable() const {
    if (!writable_) {
      return base::fail(ErrorCode::io_error, path_ + ": opened for reading");
    }
    return {};
  }

  SimDisk& disk_;
  std::shared_ptr<SimDisk::Inode> inode_;  // shared with the tree: an unlinked file lives on
  std::string path_;
  std::uint64_t life_;
  bool writable_;
};

class SimFileSystem final : public port::FileSystem {
 public:
  explicit SimFileSystem(SimDisk& disk) : disk_(disk), life_(disk.life_) {}
  ~SimFileSystem() override {
    if (holds_lock_ && life_ == disk_.life_) {
      disk_.locked_ = false;
    }
  }

  base::Result<std::unique_ptr<port::File>> open(const std::string& path,
                                                 port::OpenMode mode) override {
    OSTRAKA_TRY(check(path));
    const auto it = disk_.current_.find(path);
    const bool found = it != disk_.current_.end();
    if (found && mode == port::OpenMode::create_new) {
      return base::fail(ErrorCode::already_exists, path);
    }
    if (found && it->second->folder) {
      return base::fail(ErrorCode::io_error, path + " is a folder");
    }
    const bool writable = mode != port::OpenMode::read_only;
    if (found) {
      return std::make_unique<SimFile>(disk_, it->second, path, writable);
    }
    if (mode == port::OpenMode::read_only || mode == port::OpenMode::read_write ||
        !folder_exists(parent_of(path))) {
      return base::fail(ErrorCode::not_found, path);
    }
    OSTRAKA_TRY(disk_.event("creating " + path));
    auto inode = std::make_shared<SimDisk::Inode>();
    disk_.change_name({{}, path, inode});
    return std::make_unique<SimFile>(disk_, std::move(inode), path, writable);
  }

  base::Result<bool> exists(const std::string& path) override {
    OSTRAKA_TRY(check(path));
    return path == "." || disk_.current_.contains(path);
  }

  base::Result<std::vector<std::string>> list(const std::string& folder) override {
    OSTRAKA_TRY(check(folder));
    if (!folder_exists(folder)) {
      return base::fail(ErrorCode::not_found, folder);
    }
    std::vector<std::string> names;
    for (const auto& [path, inode] : disk_.current_) {
      if (parent_of(path) == folder) {
        names.push_back(folder == "." ? path : path.substr(folder.size() + 1));
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Status make_directory(const std::string& path) override {
    OSTRAKA_TRY(check(path));
    for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
      const std::string part = path.substr(0, end);
      if (!folder_exists(part)) {
        OSTRAKA_TRY(disk_.event("creating " + part));
        auto inode = std::make_shared<SimDisk::Inode>();
        inode->folder = true;
        disk_.change_name({{}, part, std::move(inode)});
      }
      if (end == std::string::npos) {
        return {};
      }
    }
  }

  Status rename(const std::string& from, const std::string& to) override {
    OSTRAKA_TRY(check(from));
    OSTRAKA_TRY(check(to));
    const auto it = disk_.current_.find(from);
    if (it == disk_.current_.end() || !folder_exists(parent_of(to))) {
      return base::fail(ErrorCode::not_found, from);
    }
    OSTRAKA_TRY(disk_.event("renaming " + from));
    disk_.change_name({from, to, it->second});
    return {};
  }

  Status remove(const std::string& path) override {
    OSTRAKA_TRY(check(path));
    const auto it = disk_.current_.find(path);
    if (it == disk_.current_.end()) {
      return base::fail(ErrorCode::not_found, path);
    }
    if (it->second->folder) {
      return base::fail(ErrorCode::io_error, path + " is a folder");
    }
    OSTRAKA_TRY(disk_.event("removing " + path));
    disk_.change_name({path, {}, {}});
    return {};
  }

  Status remove_tree(const std::string& path) override {
    OSTRAKA_TRY(check(path));
    if (!disk_.current_.contains(path)) {
      return {};
    }
    OSTRAKA_TRY(disk_.event("removing " + path));
    disk_.change_name({path, {}, {}});
    return {};
  }

  Status sync_directory(const std::string& folder) override {
    OSTRAKA_TRY(check(folder));
    if (!folder_exists(folder)) {
      return base::fail(ErrorCode::not_found, folder);
    }
    OSTRAKA_TRY(disk_.event("syncing folder " + folder));
    disk_.sync_folder(folder);
    return {};
  }

  Status lock() override {
    OSTRAKA_TRY(check("."));
    if (disk_.locked_ && !holds_lock_) {
      return base::fail(ErrorCode::busy, "another process uses the data directory");
    }
    disk_.locked_ = holds_lock_ = true;
    return {};
  }

  base::Result<std::uint64_t> free_bytes() override {
    OSTRAKA_TRY(check("."));
    const std::uint64_t used = disk_.used_bytes();
    return used > disk_.capacity_ ? 0 : disk_.capacity_ - used;
  }

  std::string root() const override { return {}; }

 private:
  [[nodiscard]] bool folder_exists(const std::string& folder) const {
    const auto it = disk_.current_.find(folder);
    return folder == "." || (it != disk_.current_.end() && it->second->folder);
  }

  Status check(const std::string& path) const {
    if (life_ != disk_.life_ || disk_.dead_) {
      return base::fail(ErrorCode::io_error, path + ": the process is dead");
    }
    const bool outside = path.empty() || path.front() == '/' || path == ".." ||
                         path.starts_with("../") || path.contains("/../") || path.ends_with("/..");
    if (outside) {
      return base::fail(ErrorCode::invalid_argument, "path " + path);
    }
    return {};
  }

  SimDisk& disk_;
  std::uint64_t life_;
  bool holds_lock_ = false;
};

std::unique_ptr<port::FileSystem> SimDisk::open_process() {
  return std::make_unique<SimFileSystem>(*this);
}

}  // namespace ostraka::sim_ports
