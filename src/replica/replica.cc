#include "replica/replica.h"

#include "replica/internal/core.h"

#include <utility>

namespace ostraka::replica {

Replica::Replica(Parts parts, const Options& options)
    : impl_(std::make_unique<Impl>(std::move(parts), options)) {}

Replica::~Replica() = default;

void Replica::start() { impl_->start(); }

void Replica::set_sessions(Sessions* sessions) { impl_->set_sessions(sessions); }

void Replica::stop() { impl_->stop(); }

base::Status Replica::submit_commands(model::SessionId session, model::Serial first_serial,
                                      model::Serial acknowledged,
                                      std::span<const base::ByteView> commands) {
  OSTRAKA_TRY(impl_->check_writable(commands, true));
  return impl_->intake().add_commands(session, first_serial, acknowledged, commands);
}

base::Status Replica::register_session(model::SessionId session) {
  OSTRAKA_TRY(impl_->check_writable({}, true));
  return impl_->intake().add_entry(codec::EntryType::register_session, session, {});
}

base::Status Replica::request_state_hash() {
  OSTRAKA_TRY(impl_->check_writable({}, false));
  return impl_->intake().add_entry(codec::EntryType::state_hash, {}, {});
}

void Replica::read(Read& read) { impl_->read(read); }

void Replica::cancel_read(Read& read) {
  if (!impl_->reads().cancel(read)) {
    impl_->stale_reads().cancel(read);
  }
}

void Replica::transfer_leadership(model::NodeId to, OnDone on_done) {
  const protocol::RequestId id = impl_->next_request();
  impl_->request(protocol::TransferLeadership{id, to}, id, std::move(on_done));
}

void Replica::change_membership(std::shared_ptr<const model::Configuration> target, bool joint,
                                OnDone on_done) {
  const protocol::RequestId id = impl_->next_request();
  impl_->request(protocol::ChangeMembership{id, std::move(target), joint}, id, std::move(on_done));
}

void Replica::campaign() { impl_->feed(protocol::Campaign{}); }

void Replica::step_down() { impl_->feed(protocol::StepDown{}); }

void Replica::on_message(protocol::Message& message, std::span<const base::Buffer> payloads) {
  impl_->receive(message, payloads);
}

void Replica::on_read_index_request(model::NodeId from, base::ByteView body) {
  impl_->on_read_index_request(from, body);
}

void Replica::on_read_index_reply(model::NodeId from, base::ByteView body) {
  impl_->on_read_index_reply(from, body);
}

void Replica::on_peer_unreachable(model::NodeId peer) {
  impl_->feed(protocol::PeerUnreachable{peer});
}

void Replica::snapshot_sent(model::NodeId to, model::LogIndex index, bool ok) {
  impl_->feed(protocol::SnapshotSent{to, index, ok});
}

void Replica::snapshot_received(model::NodeId from, model::Term leader_term,
                                const protocol::SnapshotMeta& meta) {
  impl_->feed(protocol::SnapshotReceived{from, leader_term, meta});
}

void Replica::snapshot_installed(const protocol::SnapshotMeta& meta) {
  impl_->snapshot_installed(meta);
}

void Replica::compact_log(model::LogIndex upto) { impl_->compact_log(upto); }

void Replica::fail(base::Error reason) { impl_->fail(std::move(reason)); }

model::LogIndex Replica::write_out() { return impl_->write_out(); }

bool Replica::reload_state() { return impl_->reload_state(); }

void Replica::set_space(Space space) { impl_->set_space(space); }

void Replica::set_write_stalled(bool stalled) { impl_->set_write_stalled(stalled); }

bool Replica::leads() const { return impl_->leads(); }

model::NodeId Replica::leader() const { return impl_->leader(); }

model::LogIndex Replica::applied() const { return impl_->parts().state_machine->applied(); }

bool Replica::disk_full() const { return impl_->disk_full(); }

Status Replica::status() const { return impl_->status(); }

const Counters& Replica::counters() const { return impl_->counters(); }

const protocol::Protocol& Replica::protocol() const { return *impl_->parts().protocol; }

kv::StateMachine& Replica::state_machine() { return *impl_->parts().state_machine; }

base::WallTime Replica::log_time_now() const {
  return impl_->clock().estimate(impl_->sample_clocks());
}

}  // namespace ostraka::replica
