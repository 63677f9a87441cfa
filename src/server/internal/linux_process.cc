#include "server/internal/linux_process.h"

#include "net/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

namespace ostraka::server {

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::uint64_t count_entries(const char* folder) {
  DIR* directory = ::opendir(folder);
  if (directory == nullptr) {
    return 0;
  }
  std::uint64_t count = 0;
  while (const dirent* entry = ::readdir(directory)) {
    count += entry->d_name[0] != '.' ? 1U : 0U;
  }
  ::closedir(directory);
  return count;
}

}  // namespace

std::uint64_t raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 0;
  }
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

node::ProcessUsage LinuxProcess::sample() {
  node::ProcessUsage usage;
  usage.process_id = static_cast<std::uint64_t>(::getpid());
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  if (statm >> total_pages >> resident_pages) {
    usage.resident_bytes = resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    usage.cpu_user_seconds = seconds(used.ru_utime);
    usage.cpu_system_seconds = seconds(used.ru_stime);
  }
  usage.open_files = count_entries("/proc/self/fd");
  usage.threads = count_entries("/proc/self/task");
  return usage;
}

void LinuxProcess::append_metrics(base::MetricsText& out) {
  net::append_reactor_metrics({&reactor_.stats(), 1}, out);
}

}  // namespace ostraka::server
