#include "node/node.h"

#include "node/internal/node_impl.h"

namespace ostraka::node {

Node::Node(Environment environment, Options options, NodeListener& listener)
    : impl_(std::make_unique<Impl>(std::move(environment), std::move(options), listener)) {}

Node::~Node() = default;

base::Status Node::start() { return impl_->start(); }

void Node::stop(std::move_only_function<void()> on_stopped) { impl_->stop(std::move(on_stopped)); }

model::NodeId Node::id() const { return impl_->identity().node; }

model::ClusterId Node::cluster() const { return impl_->identity().cluster; }

router::NodeRouter* Node::router() { return impl_->parts().router.get(); }

store::Store* Node::store() { return impl_->parts().store.get(); }

Addresses Node::addresses() const { return impl_->addresses(); }

}  // namespace ostraka::node
