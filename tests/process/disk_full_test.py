"""Every node has a small file system for all its data. It is filled to the end: writes are refused
with DISKFULL, reads go on, no process ends; when the file systems grow, writes work again without a
restart, and nothing acknowledged is lost, also after a restart. log_full_test.py fills the log
alone."""

import hashlib
import random
import sys
import time

from harness import Cluster, RedisError, wait_until
from namespaces import enter, mount_tmpfs, resize_tmpfs
from workload import Load, seeded

SMALL, LARGE = 150, 400  # MB; a segment of the log is 64 MB
VALUE = 256 << 10


def value_of(name):
    return random.Random(name).randbytes(VALUE)


def write_values(cluster, names, acknowledged, until):
    """Writes large values until `until(error)` says so; returns the error replies by first word."""
    errors = {}
    end = time.monotonic() + 60
    while time.monotonic() < end:
        node = cluster.nodes[len(acknowledged) % len(cluster.nodes)]
        try:
            with node.client() as client:
                for _ in range(8):
                    name = f"fill:{next(names)}"
                    value = value_of(name)
                    error = None
                    try:
                        client.call("SET", name, value)
                        acknowledged[name] = hashlib.sha256(value).digest()
                    except RedisError as reply:
                        error = str(reply)
                        errors[error] = errors.get(error, 0) + 1
                        time.sleep(0.02)
                    if until(error):
                        return errors
        except OSError:
            pass
        for node in cluster.nodes:
            assert not node.has_ended(), f"{node.name} ended: {node.last_line()}"
    raise AssertionError(f"not within 60 s; {len(acknowledged)} values written; errors {errors}")


def check_values(cluster, acknowledged):
    for node in cluster.nodes:
        with node.client() as client:
            for name, digest in acknowledged.items():
                got = client.call("GET", name)
                assert got is not None, f"{name} is lost (through {node.name})"
                assert hashlib.sha256(got).digest() == digest, f"{name} through {node.name}"


def try_once(node, *words):
    try:
        with node.client() as client:
            client.call(*words)
            return "OK"
    except (RedisError, OSError) as error:
        return str(error)


def problems_while_full(cluster, acknowledged, must_tell=False):
    """What a full cluster owes its clients and does not give; empty when all is well."""
    problems, refusals, told = [], [], set()
    name = next(iter(acknowledged))
    for node in cluster.nodes:
        wrote = try_once(node, "SET", "small", "x" * 100000)
        refusals.append(wrote)
        read = try_once(node, "GET", name)
        told.update(disks(node))
        print(f"  {node.name}, full: write: {wrote[:90]}; read: {read[:90]}; told: {told}",
              flush=True)
        # BUSY: what the full followers do not take fills the leader's queue before it knows why.
        # UNKNOWN: it was in the leader's log already when the last quorum became full.
        if wrote != "OK" and not wrote.startswith(("DISKFULL", "BUSY", "UNKNOWN")):
            problems.append(f"a write through {node.name} is refused with: {wrote}")
        # An engine that ran out of space on its own (a compaction) is reopened, and may have to
        # apply its log again before it answers (docs/operations.md).
        if read != "OK" and not (must_tell and read.startswith("TRYAGAIN")):
            problems.append(f"a read through {node.name} is refused with: {read}")
    if must_tell:
        # What is freed in between makes a disk ok for a while, until it is filled again.
        end = time.monotonic() + 60
        while "full" not in told or not any("DISKFULL" in wrote for wrote in refusals):
            if time.monotonic() > end:
                problems.append(f"the full disk is not told: {told}, writes: {set(refusals)}")
                break
            refusals.append(try_once(cluster.nodes[0], "SET", "small", "x" * 100000))
            told.update(*(disks(node) for node in cluster.nodes))
    return problems


def disks(node):
    """How the disks of the cluster are, as `node` tells it."""
    return {told["disk"] for told in node.status()["nodes"]}


def fill(cluster, names, acknowledged):
    """Until 30 writes were refused for want of space, or none was done for three seconds."""
    refused, last = [], [time.monotonic()]

    def full(error):
        if error is None:
            last[0] = time.monotonic()
        elif error.startswith("DISKFULL"):
            refused.append(error)
        return len(refused) >= 30 or time.monotonic() - last[0] > 3
    errors = write_values(cluster, names, acknowledged, full)
    print(f"  {len(acknowledged)} values of {VALUE} bytes, then {errors}", flush=True)


def small_data(cluster):
    """Everything of a node on a small file system."""
    for node in cluster.nodes:
        mount_tmpfs(node.folder, SMALL)
    return [node.folder for node in cluster.nodes]


def check_over_restart(cluster, acknowledged):
    """Everything is there, and still is when all were killed and started again."""
    cluster.wait_until_whole()
    check_values(cluster, acknowledged)
    for node in cluster.nodes:
        node.kill()
    cluster.start_all()
    cluster.wait_until_whole()
    check_values(cluster, acknowledged)


def main():
    enter()
    rng = seeded()
    with Cluster(3) as cluster:
        folders = small_data(cluster)
        cluster.start_all()
        cluster.wait_for_leader()
        acknowledged, names = {}, iter(range(1 << 30))
        with Load(cluster, rng, threads=2) as load:
            load.wait_for_progress(50)
            fill(cluster, names, acknowledged)
            problems = problems_while_full(cluster, acknowledged, must_tell=True)
            for node, folder in zip(cluster.nodes, folders):
                assert not node.has_ended(), f"{node.name} ended: {node.last_line()}"
                resize_tmpfs(str(folder), LARGE)
            begin = time.monotonic()
            room = len(acknowledged) + 60
            write_values(cluster, names, acknowledged, lambda _: len(acknowledged) >= room)
            print(f"  60 more values {time.monotonic() - begin:.2f} s after the growth", flush=True)
            load.wait_for_progress(50)
        wait_until(lambda: all(n["disk"] == "ok" for n in cluster.nodes[0].status()["nodes"]), 20,
                   "every node says that its disk is ok")
        check_over_restart(cluster, acknowledged)
        load.judge()
    assert not problems, "\n".join(problems)
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
