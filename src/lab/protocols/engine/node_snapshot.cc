// Snapshots of a node: in place of entries that its log no longer has, and for a follower that
// needs them. The whole state travels in one message.
#include "lab/protocols/engine/node_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ostraka::lab::engine {
namespace {

constexpr const char* kStored = "snapshot";
const base::Duration kPatience = base::Duration::milliseconds(500);  // until it counts as lost

std::uint64_t number_of(const Value& value) { return static_cast<std::uint64_t>(value.integer()); }

Fields fields_of(const List& stored) {
  return {{"index", stored.at(0)},
          {"log_term", stored.at(1)},
          {"voters", stored.at(2)},
          {"values", stored.at(3)},
          {"requests", stored.at(4)}};
}

List stored_of(const Fields& fields) {
  return {fields["index"], fields["log_term"], fields["voters"], fields["values"],
          fields["requests"]};
}

protocol::SnapshotMeta meta_of(const Fields& fields) {
  return {.index = model::LogIndex{number_of(fields["index"])},
          .term = model::Term{number_of(fields["log_term"])},
          .configuration = configuration_in(fields.text("voters"))};
}

}  // namespace

Fields NodeProcess::snapshot() const {
  List requests;
  for (const std::string& each : done_) {
    requests.emplace_back(each);
  }
  return {{"index", applied_.value()},
          {"log_term", engine_->term_at(applied_).value()},
          {"voters", text_of(*configuration_)},
          {"values", state_},
          {"requests", std::move(requests)}};
}

void NodeProcess::adopt(const Fields& fields) {
  const protocol::SnapshotMeta meta = meta_of(fields);
  applied_ = meta.index;
  compacted_ = meta.index;
  configuration_ = meta.configuration;
  state_ = fields.list("values");
  done_.clear();
  for (const Value& each : fields.list("requests")) {
    done_.insert(each.text());
  }
}

void NodeProcess::recover_snapshot(const Storage& storage, protocol::Recovered& recovered) {
  if (const auto stored = storage.find(kStored); stored != storage.end()) {
    const Fields fields = fields_of(stored->second.list());
    adopt(fields);
    recovered.snapshot = meta_of(fields);
    recovered.applied = applied_;
  }
}

// The entries leave the disk with the write of the snapshot, and the log when that is durable.
void NodeProcess::compact(Effects& out) {
  const bool is_due = options_.keep != 0 && !compacting_ && !installing_ &&
                      applied_.value() - compacted_.value() >= options_.keep &&
                      engine_->trim_limit() >= applied_;
  if (!is_due) {
    return;
  }
  out.at(options_.spec->snapshot_step);
  out.note("snapshot",
           fmt::format("writes a snapshot in place of its log up to entry {}", applied_.value()));
  out.write(kStored, stored_of(snapshot()));
  for (auto it = log_.begin(); it != log_.end() && it->first <= applied_; ++it) {
    out.erase(key_of(it->first));
  }
  compacting_ = {.lab = out.token(), .meta = {.index = applied_, .term = {}, .configuration = {}}};
}

void NodeProcess::forget(model::LogIndex upto) {
  while (!log_.empty() && log_.begin()->first <= upto) {
    payloads_.erase({log_.begin()->first, log_.begin()->second.term});
    log_.erase(log_.begin());
  }
}

void NodeProcess::finish_snapshots(WriteToken token, base::Instant now, Effects& out) {
  if (compacting_ && compacting_->lab <= token) {
    compacted_ = std::exchange(compacting_, std::nullopt)->meta.index;
    forget(compacted_);
    drive(protocol::LogCompacted{compacted_}, now, out);
  }
  if (!installing_ || installing_->lab > token) {
    return;
  }
  const protocol::SnapshotMeta meta = std::exchange(installing_, std::nullopt)->meta;
  options_.watch->invariants->observe_snapshot_durable(node_);
  if (!engine_->keeps_slots()) {
    for (const auto& [index, entry] : log_) {
      out.erase(key_of(index));
    }
    log_.clear();
    payloads_.clear();
  }
  forget(meta.index);
  adopt(staged_);
  requests_.erase(requests_.begin(), requests_.upper_bound(meta.index));
  out.at(options_.spec->snapshot_step);
  out.output("installed", {{"index", meta.index.value()}},
             fmt::format("has the snapshot up to entry {}", meta.index.value()));
  out.send(staged_from_, "snapshot_done", {{"index", meta.index.value()}, {"ok", 1}});
  drive(protocol::SnapshotInstalled{meta}, now, out);
}

void NodeProcess::take_snapshots(base::Instant now, Effects& out) {
  out.at(options_.spec->snapshot_step);
  for (const protocol::SendSnapshot& wanted : effects_.send_snapshot) {
    Fields fields{{"term", engine_->status().term.value()}};
    for (const auto& [name, value] : snapshot()) {
      fields.set(name, value);
    }
    out.send(ProcessId{wanted.to.value()}, "snapshot", std::move(fields));
    sending_[wanted.to] = applied_;
    out.arm(kSnapshotTimer, now + kPatience);
  }
  if (effects_.discard_snapshot) {
    out.send(staged_from_, "snapshot_done", {{"index", 0}, {"ok", 0}});
  }
  if (effects_.install_snapshot) {
    const protocol::SnapshotMeta& meta = *effects_.install_snapshot;
    options_.watch->invariants->observe_install(node_, meta);
    out.write(kStored, stored_of(staged_));
    for (const auto& [index, entry] : log_) {
      if (index <= meta.index || !engine_->keeps_slots()) {
        out.erase(key_of(index));
      }
    }
    installing_ = {.lab = out.token(), .meta = meta};
  }
}

void NodeProcess::on_snapshot(ProcessId from, const Message& message, base::Instant now,
                              Effects& out) {
  const Fields& fields = message.fields;
  const model::NodeId peer{from.value()};
  if (message.kind == "snapshot_done") {
    if (const auto sent = sending_.extract(peer); !sent.empty()) {
      drive(
          protocol::SnapshotSent{
              .to = peer, .index = sent.mapped(), .ok = fields.integer("ok") != 0},
          now, out);
    }
    return;
  }
  if (installing_) {
    return;  // one at a time; the sender asks again
  }
  staged_from_ = from;
  staged_ = fields;
  drive(protocol::SnapshotReceived{.from = peer,
                                   .leader_term = model::Term{number_of(fields["term"])},
                                   .meta = meta_of(fields)},
        now, out);
}

void NodeProcess::give_up_snapshots(base::Instant now, Effects& out) {
  for (const auto& [to, index] : std::exchange(sending_, {})) {
    drive(protocol::SnapshotSent{.to = to, .index = index, .ok = false}, now, out);
  }
}

}  // namespace ostraka::lab::engine
