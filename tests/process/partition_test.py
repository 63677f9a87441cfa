"""Partitions between real servers, each in a network namespace: packets dropped or answered with a
reset, in both directions or in one, around the leader or one follower. Clients reach every node all
the time. The history stays linearizable, the cluster recovers after each, no descriptor leaks."""

import itertools
import os
import sys
import threading
import time

from harness import Cluster
from namespaces import Network, enter
from workload import Load, seconds, seeded

RECOVERY = 8.0     # seconds to go on after healing: ten times the longest election timeout
DESCRIPTORS = 16   # more than before, once the load is gone: a leak


def isolate(leader, others):
    return [(leader, o) for o in others] + [(o, leader) for o in others]


# Each: the leader and the others -> what is cut, as (sender, receiver).
TOPOLOGIES = {
    "leader alone": isolate,
    "leader only sends": lambda leader, others: [(o, leader) for o in others],
    "leader only receives": lambda leader, others: [(leader, o) for o in others],
    "leader and one follower apart": lambda leader, others: [(leader, others[0]),
                                                             (others[0], leader)],
    "a follower alone": lambda leader, others: isolate(others[0], [leader, others[1]]),
    "a follower only receives": lambda leader, others: [(others[0], leader),
                                                        (others[0], others[1])],
    "all apart": lambda leader, others: isolate(leader, others) + [(others[0], others[1]),
                                                                   (others[1], others[0])],
}


def descriptors(node):
    return len(os.listdir(f"/proc/{node.process.pid}/fd"))


def one_node_each():
    """Each client thread keeps to a node, so that every node has clients at every moment: a node
    that nobody hears holds its clients until their deadline, and at times would hold all."""
    numbers, places = itertools.count(), {}

    def pick(_rng, nodes):
        me = threading.get_ident()
        if me not in places:
            places[me] = next(numbers)
        return nodes[places[me] % len(nodes)]

    return pick


def strike(cluster, network, load, how, reset, duration):
    leader = cluster.wait_for_leader()
    number = cluster.nodes.index(leader)
    others = [i for i in range(len(cluster.nodes)) if i != number]
    before = load.acknowledged
    for sender, receiver in TOPOLOGIES[how](number, others):
        network.cut(sender, receiver, reset)
    time.sleep(duration)
    during = load.acknowledged - before
    network.heal()
    recovered = load.wait_for_progress(30, within=RECOVERY)
    whole = time.monotonic()
    cluster.wait_until_whole(RECOVERY)
    print(f"  {leader.name} leads; {how}, {'reset' if reset else 'drop'}: {during} acknowledged "
          f"during {duration:.1f} s; going on {recovered:.2f} s, whole "
          f"{recovered + time.monotonic() - whole:.2f} s after healing", flush=True)
    if how != "all apart":
        assert during > 0, f"nothing was done in {duration} s although a majority was connected"


def make_cluster(network):
    cluster = Cluster(3)
    members = ",".join(f"{node.name}={host}:{node.peer}"
                       for node, host in zip(cluster.nodes, network.hosts))
    for node, host, prefix in zip(cluster.nodes, network.hosts, network.prefixes):
        node.host, node.prefix = host, prefix
        node.flags = ["--insecure", "--peer", f"{host}:{node.peer}", "--cluster", members]
    return cluster


def main():
    enter(network=True, tools=("ip", "nft"))
    rng = seeded()
    network = Network(3)
    with make_cluster(network) as cluster:
        cluster.start_all()
        cluster.wait_for_leader()
        cluster.wait_until_whole()
        before = [descriptors(node) for node in cluster.nodes]
        with Load(cluster, rng, threads=6, pick=one_node_each(), pause=0.005) as load:
            load.wait_for_progress(50)
            end = time.monotonic() + seconds(14)
            plan = [(how, False) for how in TOPOLOGIES] + [("leader alone", True)]
            rng.shuffle(plan)
            number = 0
            while number < len(plan) or time.monotonic() < end:
                how, reset = plan[number % len(plan)]
                if number >= len(plan):
                    reset = rng.random() < 0.5
                strike(cluster, network, load, how, reset, rng.uniform(1.8, 2.6))
                number += 1
        load.judge()
        after = [descriptors(node) for node in cluster.nodes]
        print(f"  descriptors before {before}, after {after}", flush=True)
        assert all(b <= a + DESCRIPTORS for a, b in zip(before, after)), "descriptors leak"
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
