// Real server processes of the demo: this executable, started again, on free loopback ports.
//
// Threads: start, kill and stop from the thread that made it (the servers end with that thread
// unless they are to be kept).
#pragma once

#include "base/result.h"

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace ostraka::cli {

struct DemoNode {
  std::string name;
  std::string folder;
  std::string peer;
  std::string redis;
  std::string http;
  pid_t process = -1;  // -1: not running
};

class DemoCluster {
 public:
  // `engine`: of replication, by name.
  DemoCluster(std::string executable, std::string folder, std::string engine, std::size_t nodes,
              bool keep);
  ~DemoCluster();  // stops what runs, unless it is to be kept
  DemoCluster(const DemoCluster&) = delete;
  DemoCluster& operator=(const DemoCluster&) = delete;

  // Starts the node and waits for its line "ready to serve". Errors: io_error.
  [[nodiscard]] base::Status start(std::size_t index);
  // SIGKILL, and waits for the end.
  void kill(std::size_t index);
  // SIGTERM; true when it ended cleanly in time.
  bool stop(std::size_t index);
  [[nodiscard]] const std::vector<DemoNode>& nodes() const { return nodes_; }
  // The index of the node that leads, from any node's /status, or size() when there is none.
  [[nodiscard]] std::size_t find_leader() const;
  // Waits until every node is reachable, follows one leader and has applied what it committed; says
  // every two seconds how many do.
  [[nodiscard]] bool wait_until_whole(int seconds,
                                      const std::function<void(const std::string&)>& say) const;

 private:
  [[nodiscard]] std::string member_list() const;
  // How many nodes are, as the leader sees them.
  [[nodiscard]] std::size_t count_whole() const;

  std::string executable_;
  std::string engine_;
  std::vector<DemoNode> nodes_;
  bool keep_;
};

}  // namespace ostraka::cli
