#include "crash_disk.h"

#include <algorithm>
#include <utility>

namespace ostraka::engine_test {

std::string normal(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || (!out.empty() && out.back() != '/')) {
      out.push_back(c);
    }
  }
  while (!out.empty() && out.back() == '/') {
    out.pop_back();
  }
  return out;
}

std::string folder_of(std::string_view normal_path) {
  const auto at = normal_path.rfind('/');
  return std::string(at == std::string_view::npos ? "" : normal_path.substr(0, at));
}

std::uint64_t CrashDisk::events() const {
  const std::scoped_lock lock(mutex_);
  return events_;
}

void CrashDisk::cut_power_at(std::uint64_t event) {
  const std::scoped_lock lock(mutex_);
  cut_at_ = event;
}

void CrashDisk::set_write_fault(DiskError fault) {
  const std::scoped_lock lock(mutex_);
  write_fault_ = fault;
}

bool CrashDisk::power_is_off() const {
  const std::scoped_lock lock(mutex_);
  return off_;
}

void CrashDisk::step() {
  if (++events_ != cut_at_ || off_) {
    return;
  }
  off_ = true;
  pending_at_cut_ = pending_.size();
  const auto keep = [](const InodePtr& inode) {
    if (inode != nullptr) {
      inode->at_cut = inode->data;
    }
  };
  for (const auto& [path, inode] : durable_names_) {
    keep(inode);
  }
  for (const NameChange& change : pending_) {
    for (const auto& [path, inode] : change.names) {
      keep(inode);
    }
  }
}

void CrashDisk::apply(Names& names, const NameChange& change) {
  for (const auto& [path, inode] : change.names) {
    if (inode == nullptr) {
      names.erase(path);
    } else {
      names[path] = inode;
    }
  }
}

void CrashDisk::change_names(NameChange change) {
  apply(names_, change);
  pending_.push_back(std::move(change));
}

void CrashDisk::restart(base::Prng& prng) {
  const std::scoped_lock lock(mutex_);
  if (off_) {
    pending_.resize(pending_at_cut_);
  }
  for (auto survivors = prng.below(pending_.size() + 1); const NameChange& change : pending_) {
    if (survivors-- == 0) {
      break;
    }
    apply(durable_names_, change);
  }
  pending_.clear();
  names_ = durable_names_;
  for (auto& [path, inode] : names_) {
    if (inode->at_cut.has_value()) {
      inode->data = *std::exchange(inode->at_cut, std::nullopt);
    }
    if (inode->data.starts_with(inode->durable) && prng.chance(1, 2)) {
      const auto torn = prng.below(inode->data.size() - inode->durable.size() + 1);
      inode->durable = inode->data.substr(0, inode->durable.size() + torn);
    }
    inode->data = inode->durable;
  }
  locks_.clear();
  cut_at_ = 0;
  off_ = false;
  write_fault_ = DiskError::none;
}

DiskError CrashDisk::open(const std::string& path, InodePtr& inode) {
  const std::scoped_lock lock(mutex_);
  const auto found = names_.find(normal(path));
  if (found == names_.end()) {
    return DiskError::not_found;
  }
  inode = found->second;
  return DiskError::none;
}

DiskError CrashDisk::create(const std::string& path, bool exclusive, InodePtr& inode) {
  const std::scoped_lock lock(mutex_);
  step();
  const std::string name = normal(path);
  if (exclusive && names_.contains(name)) {
    return DiskError::exists;
  }
  if (!directories_.contains(folder_of(name))) {
    return DiskError::not_found;
  }
  inode = std::make_shared<Inode>();
  change_names({.names = {{name, inode}}});
  return DiskError::none;
}

DiskError CrashDisk::write(Inode& inode, std::uint64_t offset, std::string_view bytes) {
  const std::scoped_lock lock(mutex_);
  step();
  if (write_fault_ != DiskError::none) {
    return write_fault_;
  }
  if (inode.data.size() < offset + bytes.size()) {
    inode.data.resize(offset + bytes.size());
  }
  inode.data.replace(offset, bytes.size(), bytes);
  return DiskError::none;
}

DiskError CrashDisk::append(Inode& inode, std::string_view bytes) {
  return write(inode, size(inode), bytes);
}

DiskError CrashDisk::truncate(Inode& inode, std::uint64_t size) {
  const std::scoped_lock lock(mutex_);
  step();
  inode.data.resize(size);
  return DiskError::none;
}

DiskError CrashDisk::sync(Inode& inode) {
  const std::scoped_lock lock(mutex_);
  step();
  if (write_fault_ != DiskError::none) {
    return write_fault_;
  }
  if (!off_) {
    inode.durable = inode.data;
  }
  return DiskError::none;
}

DiskError CrashDisk::read(Inode& inode, std::uint64_t offset, std::size_t size, std::string& out) {
  const std::scoped_lock lock(mutex_);
  out.clear();
  if (offset < inode.data.size()) {
    out = inode.data.substr(offset, size);
  }
  return DiskError::none;
}

std::uint64_t CrashDisk::size(Inode& inode) {
  const std::scoped_lock lock(mutex_);
  return inode.data.size();
}

DiskError CrashDisk::remove(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  step();
  const std::string name = normal(path);
  if (!names_.contains(name)) {
    return DiskError::not_found;
  }
  change_names({.names = {{name, nullptr}}});
  return DiskError::none;
}

DiskError CrashDisk::rename(const std::string& from, const std::string& to) {
  const std::scoped_lock lock(mutex_);
  step();
  const auto found = names_.find(normal(from));
  if (found == names_.end()) {
    return DiskError::not_found;
  }
  const InodePtr inode = found->second;
  change_names({.names = {{normal(from), nullptr}, {normal(to), inode}}});
  return DiskError::none;
}

DiskError CrashDisk::link(const std::string& from, const std::string& to) {
  const std::scoped_lock lock(mutex_);
  step();
  const auto found = names_.find(normal(from));
  if (found == names_.end()) {
    return DiskError::not_found;
  }
  if (names_.contains(normal(to))) {
    return DiskError::exists;
  }
  const InodePtr inode = found->second;
  change_names({.names = {{normal(to), inode}}});
  return DiskError::none;
}

DiskError CrashDisk::make_directory(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  step();
  for (std::string name = normal(path); !name.empty(); name = folder_of(name)) {
    directories_.insert(name);
  }
  return DiskError::none;
}

DiskError CrashDisk::remove_directory(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  directories_.erase(normal(path));
  return DiskError::none;
}

DiskError CrashDisk::sync_directory(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  step();
  if (off_) {
    return DiskError::none;
  }
  const std::string folder = normal(path);
  std::erase_if(pending_, [&](const NameChange& change) {
    const bool here = std::ranges::any_of(
        change.names, [&](const auto& name) { return folder_of(name.first) == folder; });
    if (here) {
      apply(durable_names_, change);
    }
    return here;
  });
  return DiskError::none;
}

bool CrashDisk::is_directory(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  return directories_.contains(normal(path));
}

bool CrashDisk::exists(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  return names_.contains(normal(path)) || directories_.contains(normal(path));
}

std::vector<std::string> CrashDisk::list(const std::string& folder) {
  const std::scoped_lock lock(mutex_);
  const std::string parent = normal(folder);
  std::set<std::string> found;
  const auto add = [&](const std::string& path) {
    if (!path.empty() && folder_of(path) == parent) {
      found.insert(path.substr(parent.empty() ? 0 : parent.size() + 1));
    }
  };
  for (const auto& [path, inode] : names_) {
    add(path);
  }
  for (const std::string& path : directories_) {
    add(path);
  }
  return {found.begin(), found.end()};
}

bool CrashDisk::lock(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  return locks_.insert(normal(path)).second;
}

void CrashDisk::unlock(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  locks_.erase(normal(path));
}

}  // namespace ostraka::engine_test
