#include "port/executor.h"

#include <utility>

namespace ostraka::port {

void Executor::write_durably(unsigned lane, DurableWrite& write, Closure done) {
  run_blocking(
      lane, [&write] { write.status = write.file->write_durably_at(write.offset, write.pieces); },
      std::move(done));
}

}  // namespace ostraka::port
