"""SIGTERM under load: what connected clients are promised.

Every command that a client sends on an open connection is answered: with its result when the node
had begun it, else with "TRYAGAIN the node is shutting down", after which the connection ends. A
stock client (python3-redis) sees no connection break under a command. What was answered with OK is
there after a restart, and what was refused is not.
"""

import os
import signal
import sys
import threading

from harness import Cluster, skip, wait_until

try:
    import redis
except ImportError:
    if os.path.exists("/usr/bin/python3") and "OSTRAKA_STOP_TEST_AGAIN" not in os.environ:
        os.environ["OSTRAKA_STOP_TEST_AGAIN"] = "1"  # Debian's package is for Debian's Python
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    skip("python3-redis is not installed")

CLIENTS = 16


class Writer(threading.Thread):
    """Increments a counter of its own until the node refuses; one connection, no retries."""

    def __init__(self, port, number):
        super().__init__(daemon=True)
        self.key = f"counter:{number}"
        self.client = redis.Redis(port=port, single_connection_client=True, socket_timeout=10)
        self.client.ping()
        self.done = 0
        self.ended_by = None

    def run(self):
        try:
            while self.client.incr(self.key) == self.done + 1:
                self.done += 1
            self.ended_by = "a wrong result"
        except redis.RedisError as error:
            self.ended_by = f"{type(error).__name__}: {error}"


class Pipeliner(Writer):
    """The same in batches: each command of a batch has its own answer."""

    def run(self):
        try:
            while True:
                batch = self.client.pipeline(transaction=False)
                for _ in range(50):
                    batch.incr(self.key)
                replies = batch.execute(raise_on_error=False)
                for reply in replies:
                    if isinstance(reply, int):
                        assert reply == self.done + 1, (reply, self.done)
                        self.done += 1
                refused = [r for r in replies if not isinstance(r, int)]
                if refused:
                    raise refused[0]
        except (redis.RedisError, AssertionError) as error:
            self.ended_by = f"{type(error).__name__}: {error}"


def check_stop_under_load(cluster, node, number):
    writers = [(Pipeliner if i % 4 == 0 else Writer)(node.redis, f"{node.name}:{i}")
               for i in range(CLIENTS)]
    idle = redis.Redis(port=node.redis, single_connection_client=True)
    idle.ping()
    for writer in writers:
        writer.start()
    wait_until(lambda: all(w.done > 20 for w in writers), 30, "every client writes")
    node.process.send_signal(number)
    assert node.process.wait(20) == 0, node.last_line()
    for writer in writers:
        writer.join(10)
        assert writer.ended_by is not None, f"{writer.key} goes on"
        assert "shutting down" in writer.ended_by, (
            f"{writer.key} ended by {writer.ended_by}")
    print(f"  {node.name}: {sum(w.done for w in writers)} commands answered, "
          f"{CLIENTS} clients told")
    return writers


def check_counters(node, writers):
    with node.client() as client:
        for writer in writers:
            value = int(client.call("GET", writer.key))
            assert value == writer.done, f"{writer.key}: {value}, answered {writer.done}"


def main():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        node.flags = ["--peer", f"127.0.0.1:{node.peer}"]
        for number in (signal.SIGTERM, signal.SIGINT):
            node.wipe()
            node.start()
            cluster.wait_for_leader()
            writers = check_stop_under_load(cluster, node, number)
            node.start()
            cluster.wait_for_leader()
            check_counters(node, writers)
            assert node.stop() == 0
    with Cluster(3) as cluster:
        cluster.start_all()
        leader = cluster.wait_for_leader()
        follower = next(n for n in cluster.nodes if n is not leader)
        other = next(n for n in cluster.nodes if n not in (leader, follower))
        for node in (leader, follower):
            cluster.wait_for_leader()
            writers = check_stop_under_load(cluster, node, signal.SIGTERM)
            cluster.wait_for_leader()
            check_counters(other, writers)
            node.start()
            cluster.wait_until_whole()
        for node in cluster.nodes:
            assert node.stop() == 0, node.last_line()
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
