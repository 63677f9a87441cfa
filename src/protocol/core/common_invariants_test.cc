#include "protocol/core/common_invariants.h"

#include <gtest/gtest.h>

#include <span>

namespace ostraka::protocol {
namespace {

constexpr model::NodeId kOne{1};
constexpr model::NodeId kTwo{2};

// An engine without rules of its own: every node reports what the test says.
class Plain final : public CommonInvariants {
 public:
  void observe_started(model::NodeId node, const Recovered&) override { end_service(node); }
  void observe_crashed(model::NodeId node) override { end_service(node); }
  void observe_wiped(model::NodeId node) override { end_service(node); }
  void observe_append(model::NodeId, const Append&, std::span<const std::uint64_t>) override {}
  void observe_append_durable(model::NodeId, AppendToken) override {}
  void observe_install(model::NodeId, const SnapshotMeta&) override {}
  void observe_snapshot_durable(model::NodeId) override {}
  void observe_state(model::NodeId node, const ProtocolStatus& status,
                     const model::Configuration&) override {
    note_commit(status.commit);
    if (status.role != Role::leader) {
      end_lease(node);
    }
  }
  void observe_sent(const Message&) override {}
  void observe_applied(model::NodeId, model::LogIndex, model::Term, std::uint64_t) override {}
  [[nodiscard]] model::LogIndex committed() const override { return {}; }
  [[nodiscard]] model::Term committed_term(model::LogIndex) const override { return {}; }

  void commit(model::NodeId node, std::uint64_t index, Role role = Role::follower) {
    ProtocolStatus status;
    status.role = role;
    status.commit = model::LogIndex{index};
    observe_state(node, status, {});
  }
};

TEST(CommonInvariants, AReadSeesWhatAnyNodeHadCommittedWhenItWasAsked) {
  Plain plain;
  plain.commit(kOne, 5);
  plain.observe_read_asked(kTwo, RequestId{7});
  plain.commit(kOne, 6);
  plain.observe_read_ready(kTwo, RequestId{7}, model::LogIndex{5});
  EXPECT_EQ(plain.check(), std::nullopt);
  plain.observe_read_asked(kTwo, RequestId{8});
  plain.observe_read_ready(kTwo, RequestId{8}, model::LogIndex{5});
  EXPECT_EQ(plain.check(), "C1: node 2 reads at 5, 6 was committed before it was asked");
}

TEST(CommonInvariants, AReadHasOneAnswer) {
  Plain plain;
  plain.observe_read_asked(kOne, RequestId{7});
  plain.observe_read_failed(kOne, RequestId{7});
  EXPECT_EQ(plain.check(), std::nullopt);
  plain.observe_read_ready(kOne, RequestId{7}, model::LogIndex{1});
  EXPECT_EQ(plain.check(), "C1: node 1 answers read 7 twice or unasked");
  // The first violation, for ever.
  plain.observe_read_ready(kOne, RequestId{8}, model::LogIndex{1});
  EXPECT_EQ(plain.check(), "C1: node 1 answers read 7 twice or unasked");
}

TEST(CommonInvariants, OneLeaseAtOneTime) {
  Plain plain;
  plain.observe_lease(kOne, true);
  EXPECT_EQ(plain.check(), std::nullopt);
  plain.observe_lease(kTwo, true);  // another time
  EXPECT_EQ(plain.check(), std::nullopt);
  plain.observe_lease(kOne, true);
  plain.commit(kOne, 1);  // it does not lead any more
  plain.observe_lease(kTwo, true);
  EXPECT_EQ(plain.check(), std::nullopt);
  plain.observe_lease(kOne, true);
  plain.observe_lease(kTwo, true);
  EXPECT_EQ(plain.check(), "T1: nodes 1 and 2 hold a lease at one time");
}

TEST(CommonInvariants, ACrashEndsReadsAndLease) {
  Plain plain;
  plain.observe_lease(kOne, true);
  plain.observe_read_asked(kOne, RequestId{7});
  plain.observe_crashed(kOne);
  plain.observe_lease(kTwo, true);
  EXPECT_EQ(plain.check(), std::nullopt);
  plain.observe_read_ready(kOne, RequestId{7}, model::LogIndex{1});
  EXPECT_EQ(plain.check(), "C1: node 1 answers read 7 twice or unasked");
}

}  // namespace
}  // namespace ostraka::protocol
