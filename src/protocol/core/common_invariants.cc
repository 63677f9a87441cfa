#include "protocol/core/common_invariants.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol {
namespace {

template <typename Id>
std::string number(Id id) {
  return std::to_string(id.value());
}

}  // namespace

void CommonInvariants::violated(std::string text) {
  if (!violation_) {
    violation_ = std::move(text);
  }
}

void CommonInvariants::note_commit(model::LogIndex commit) {
  commit_seen_ = std::max(commit_seen_, commit);
}

void CommonInvariants::end_lease(model::NodeId node) { services_[node].lease = false; }

void CommonInvariants::end_service(model::NodeId node) { services_.erase(node); }

void CommonInvariants::observe_read_asked(model::NodeId node, RequestId id) {
  services_[node].reads[id] = commit_seen_;
}

void CommonInvariants::observe_read_ready(model::NodeId node, RequestId id, model::LogIndex index) {
  std::map<RequestId, model::LogIndex>& reads = services_[node].reads;
  const auto at = reads.find(id);
  if (at == reads.end()) {
    violated("C1: node " + number(node) + " answers read " + number(id) + " twice or unasked");
    return;
  }
  if (index < at->second) {
    violated("C1: node " + number(node) + " reads at " + number(index) + ", " + number(at->second) +
             " was committed before it was asked");
  }
  reads.erase(at);
}

void CommonInvariants::observe_read_failed(model::NodeId node, RequestId id) {
  services_[node].reads.erase(id);
}

void CommonInvariants::observe_lease(model::NodeId node, bool covers) {
  services_[node].lease = covers;
}

std::optional<std::string> CommonInvariants::check() {
  model::NodeId holder;
  for (auto& [id, service] : services_) {
    if (service.lease && !holder.is_none()) {
      violated("T1: nodes " + number(holder) + " and " + number(id) + " hold a lease at one time");
    }
    if (service.lease) {
      holder = id;
    }
    service.lease = false;
  }
  return violation_;
}

}  // namespace ostraka::protocol
