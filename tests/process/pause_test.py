"""The leader is stopped (SIGSTOP) for shorter and longer than its lease and than an election while
clients read through it. Reads that reach it before it wakes, but are sent after others have written
elsewhere, must not give what it held when it fell asleep."""

import sys
import time

from harness import Cluster, RedisError
from workload import Load, seconds, seeded

LEASE = 0.250      # seconds; src/protocol/core/protocol.h
ELECTION = 0.800   # the longest election timeout
PAUSES = (0.5 * LEASE, LEASE + 0.05, 1.5 * ELECTION, 3 * ELECTION)
READERS = 8        # connections that wait for the sleeper to wake


def write_elsewhere(cluster, load, sleeper, keys, until):
    """Overwrites the keys through the other nodes until `until`; how many writes were answered."""
    done = 0
    others = [node for node in cluster.nodes if node is not sleeper]
    while time.monotonic() < until:
        for node in others:
            try:
                with node.client(timeout=max(0.05, until - time.monotonic())) as client:
                    for key in keys:
                        process = load.number()  # a fresh one: the last may be unknown
                        done += load.write(client, process, key) == "ok"
            except OSError:
                time.sleep(0.01)
    return done


def read_on_waking(load, sleeper, clients, keys):
    """Sends reads while the node sleeps; what it answers when it wakes goes into the history."""
    asked = []
    for number, client in enumerate(clients):
        key, process = keys[number % len(keys)], load.number()
        load.registers.add(process, "invoke", "read", key, None)
        client.socket.sendall(client.encode("GET", key))
        asked.append((client, process, key))
    sleeper.resume()
    answered = 0
    for client, process, key in asked:
        outcome, value = "fail", None
        try:
            reply = client.read()
            if not isinstance(reply, RedisError):
                outcome, value = "ok", load.value_of(load.registers, reply)
                answered += 1
        except OSError:
            pass
        load.registers.add(process, outcome, "read", key, value)
    return answered


def nap(cluster, load, pause, number):
    sleeper = cluster.wait_for_leader()
    keys = [f"nap{number}:{i}" for i in range(3)]
    clients = [sleeper.client() for _ in range(READERS)]
    with sleeper.client() as client:
        for key in keys:
            load.write(client, load.number(), key)
    sleeper.pause()
    end = time.monotonic() + pause
    written = write_elsewhere(cluster, load, sleeper, keys, end)
    time.sleep(max(0.0, end - time.monotonic()))
    answered = read_on_waking(load, sleeper, clients, keys)
    for client in clients:
        client.close()
    load.wait_for_progress(30)
    print(f"  {sleeper.name} stopped for {pause:.3f} s: {written} writes elsewhere meanwhile, "
          f"{answered} of {READERS} reads answered on waking", flush=True)
    return written if pause > 2 * ELECTION else 0


def main():
    rng = seeded()
    with Cluster(3) as cluster:
        cluster.start_all()
        cluster.wait_for_leader()
        with Load(cluster, rng, threads=4) as load:
            end = time.monotonic() + seconds(14)
            number, meanwhile = 0, 0
            while time.monotonic() < end or number < len(PAUSES):
                meanwhile += nap(cluster, load, PAUSES[number % len(PAUSES)], number)
                number += 1
        assert meanwhile > 0, "nothing was written while a leader slept: nothing was tested"
        cluster.wait_until_whole()
        load.judge()
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
