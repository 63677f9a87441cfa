"""Ten thousand silent clients, and some that send half a command: the others are served as before,
and what a silent connection costs is bounded."""

import resource
import socket
import statistics
import sys
import time

from harness import Cluster, skip, wait_until

CONNECTIONS = 10_000
SLOW = 500                        # of them have begun a command and do not go on
BYTES_MAX = 4096                  # of resident memory for each silent connection
COMMANDS = 300


def raise_limit(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        skip(f"{wanted} open files are needed, the limit is {hard}")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def resident_bytes(node):
    with open(f"/proc/{node.process.pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def connected(node):
    with node.client() as client:
        return int(client.call("INFO", "clients").split(b"connected_clients:")[1].split()[0])


def median_of_reads(node):
    """Writes and reads; reads are timed, since writes take what the disk takes."""
    times = []
    with node.client() as client:
        for i in range(COMMANDS):
            assert client.call("SET", f"k{i}", i) == "OK"
            start = time.monotonic()
            assert client.call("GET", f"k{i}") == str(i).encode()
            times.append(time.monotonic() - start)
    return statistics.median(times) * 1e3


def open_silent(node, count):
    return [socket.create_connection(("127.0.0.1", node.redis), 20) for _ in range(count)]


def main():
    raise_limit(CONNECTIONS + 200)
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        node.flags = ["--peer", f"127.0.0.1:{node.peer}"]
        # As most systems have it: the server raises its own limit.
        node.prefix = ["sh", "-c", 'ulimit -Sn 1024; exec "$@"', "sh"]
        node.start()
        cluster.wait_for_leader()
        with node.client() as client:
            assert client.call("CONFIG", "SET", "maxclients", CONNECTIONS + 100) == "OK"
        before_ms = median_of_reads(node)
        before = resident_bytes(node)
        held = open_silent(node, CONNECTIONS)
        wait_until(lambda: connected(node) > CONNECTIONS, 30, "every connection is accepted")
        silent = (resident_bytes(node) - before) / CONNECTIONS
        for each in held[:SLOW]:
            each.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nhalf")
        wait_until(lambda: connected(node) > CONNECTIONS, 30, "slow clients are still there")
        slow = (resident_bytes(node) - before - silent * CONNECTIONS) / SLOW
        during_ms = median_of_reads(node)
        print(f"{CONNECTIONS} connections: {silent:.0f} bytes each when silent, {slow:.0f} more "
              f"with half a command; GET of another client: median {before_ms:.3f} ms "
              f"before, {during_ms:.3f} ms with them")
        assert silent < BYTES_MAX, f"a silent connection costs {silent:.0f} bytes"
        started = time.monotonic()
        assert node.stop() == 0, node.last_line()
        print(f"stopped in {time.monotonic() - started:.2f} s; every connection has ended")
        for each in held:
            each.settimeout(5)
            assert each.recv(1) == b"", "the server says goodbye"
            each.close()
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
