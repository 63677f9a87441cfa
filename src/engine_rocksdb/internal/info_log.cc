#include "engine_rocksdb/internal/info_log.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <string_view>
#include <tuple>
#include <utility>

namespace ostraka::engine_rocksdb {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;
constexpr std::size_t kMessageBytesMax = 2048;  // longer ones are cut

class InfoLog final : public rocksdb::Logger {
 public:
  explicit InfoLog(std::string path) : Logger(rocksdb::WARN_LEVEL), path_(std::move(path)) {
    open();
  }
  InfoLog(const InfoLog&) = delete;
  InfoLog& operator=(const InfoLog&) = delete;
  ~InfoLog() override { close(); }

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    std::array<char, kMessageBytesMax> line;
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    std::size_t size = 0;
    if (gmtime_r(&now, &utc) != nullptr) {
      size = std::strftime(line.data(), line.size(), "%Y-%m-%dT%H:%M:%SZ ", &utc);
    }
    const std::size_t room = line.size() - size - 1;  // one byte for the end of the line
    const int wanted = std::vsnprintf(&line[size], room, format, arguments);
    if (wanted < 0) {
      return;
    }
    size += std::min(static_cast<std::size_t>(wanted), room - 1);
    line[size++] = '\n';
    write({line.data(), size});
  }
  [[nodiscard]] std::size_t GetLogFileSize() const override {
    const std::scoped_lock lock(mutex_);
    return size_;
  }

 private:
  void write(std::string_view line) {
    const std::scoped_lock lock(mutex_);
    if (size_ + line.size() > kFileBytesMax) {
      close();
      // Should this fail, the file grows on: the next message tries again.
      std::ignore = std::rename(path_.c_str(), (path_ + ".old").c_str());
      open();
    }
    if (file_ == nullptr) {
      return;
    }
    // Unbuffered; what a full disk does not take is lost.
    size_ += std::fwrite(line.data(), 1, line.size(), file_);
    std::clearerr(file_);
  }
  void open() {
    file_ = std::fopen(path_.c_str(), "ae");
    size_ = 0;
    if (file_ == nullptr) {
      return;
    }
    std::setvbuf(file_, nullptr, _IONBF, 0);
    if (std::fseek(file_, 0, SEEK_END) == 0 && std::ftell(file_) > 0) {
      size_ = static_cast<std::size_t>(std::ftell(file_));
    }
  }
  void close() {
    if (file_ != nullptr) {
      std::ignore = std::fclose(std::exchange(file_, nullptr));
    }
  }

  const std::string path_;
  mutable std::mutex mutex_;
  std::FILE* file_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace

std::shared_ptr<rocksdb::Logger> make_info_log(std::string path) {
  return std::make_shared<InfoLog>(std::move(path));
}

}  // namespace ostraka::engine_rocksdb
