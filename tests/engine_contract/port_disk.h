// port::FileSystem on a CrashDisk.
#pragma once

#include "crash_disk.h"
#include "port/file_system.h"

#include <memory>
#include <string>
#include <vector>

namespace ostraka::engine_test {

class PortDisk : public port::FileSystem {
 public:
  explicit PortDisk(CrashDisk& disk) : disk_(disk) {}
  [[nodiscard]] base::Result<std::unique_ptr<port::File>> open(const std::string& path,
                                                               port::OpenMode mode) override;
  [[nodiscard]] base::Result<bool> exists(const std::string& path) override;
  [[nodiscard]] base::Result<std::vector<std::string>> list(const std::string& folder) override;
  [[nodiscard]] base::Status make_directory(const std::string& path) override;
  [[nodiscard]] base::Status rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] base::Status remove(const std::string& path) override;
  [[nodiscard]] base::Status remove_tree(const std::string& path) override;
  [[nodiscard]] base::Status sync_directory(const std::string& folder) override;
  [[nodiscard]] base::Status lock() override;
  [[nodiscard]] base::Result<std::uint64_t> free_bytes() override;
  [[nodiscard]] std::string root() const override { return {}; }

 private:
  CrashDisk& disk_;
};

}  // namespace ostraka::engine_test
