#include "protocol/core/message.h"

#include <utility>

namespace ostraka::protocol {

void Message::reset() {
  std::vector<EntryMeta> kept_entries = std::move(entries);
  std::vector<ConfigurationAt> kept_configurations = std::move(configurations);
  kept_entries.clear();
  kept_configurations.clear();
  *this = Message{};
  entries = std::move(kept_entries);
  configurations = std::move(kept_configurations);
}

}  // namespace ostraka::protocol
