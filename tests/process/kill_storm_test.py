"""kill -9 storm: random nodes, now and then all at once, are killed and started again under load.
Nothing acknowledged is lost, the history is linearizable, every start is quick."""

import sys
import time

from harness import Cluster
from workload import Load, seconds, seeded

START_LIMIT = 5.0  # seconds from exec to 'ready to serve'


def restart(victims):
    begin = time.monotonic()
    for node in victims:
        node.start(wait=False)
    for node in victims:
        node.wait_until_ready()
    return time.monotonic() - begin


def storm(cluster, load, rng, duration):
    kills, slowest, whole = 0, 0.0, 0
    end = time.monotonic() + duration
    while time.monotonic() < end:
        load.wait_for_progress(30)
        time.sleep(rng.uniform(0.1, 1.2))
        every_one = rng.random() < 0.2 or whole == 0 and time.monotonic() > end - duration / 2
        victims = list(cluster.nodes) if every_one else [rng.choice(cluster.nodes)]
        for node in victims:
            node.kill()
        kills += len(victims)
        whole += every_one
        time.sleep(rng.uniform(0.0, 1.5))
        slowest = max(slowest, restart(victims))
    print(f"  {kills} kills, {whole} times all at once; slowest start {slowest:.2f} s", flush=True)
    assert slowest < START_LIMIT, f"a start took {slowest:.2f} s"


def main():
    rng = seeded()
    with Cluster(3) as cluster:
        cluster.start_all()
        cluster.wait_for_leader()
        with Load(cluster, rng) as load:
            storm(cluster, load, rng, seconds(14))
            recovered = load.wait_for_progress(50)
            print(f"  going on {recovered:.2f} s after the last start", flush=True)
        cluster.wait_until_whole()
        load.judge()
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
