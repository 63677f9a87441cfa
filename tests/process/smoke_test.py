"""Three real servers under the replication engine OSTRAKA_ENGINE, or Raft: every node serves, the
leader is killed, nothing acknowledged is lost, the node comes back, everything stops cleanly."""

import pathlib
import re
import sys
import time

from harness import ENGINE, Cluster, RedisError

METRICS_PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "metrics.md"


def check_every_node_serves(cluster):
    for node in cluster.nodes:
        with node.client() as client:
            assert client.call("PING") == "PONG"
            assert client.call("SET", f"by:{node.name}", node.name) == "OK"
    for node in cluster.nodes:
        with node.client() as client:
            for other in cluster.nodes:
                assert client.call("GET", f"by:{other.name}") == other.name.encode()
        assert node.get("/health")[0] == 200
        assert node.get("/ready")[0] == 200
        assert "ostraka_raft_term" in node.get("/metrics")[1]


def documented_metrics():
    """Name to type, from docs/metrics.md."""
    rows = re.findall(r"^\| (`ostraka[^|]*) \| (\w+) \|", METRICS_PAGE.read_text(), re.MULTILINE)
    return {name: kind for names, kind in rows for name in re.findall(r"`(\w+)`", names)}


def check_metrics(cluster):
    """What the page shows is what the documentation says: names and types, no more and no less."""
    shown = {}
    for node in cluster.nodes:
        shown.update(re.findall(r"^# TYPE (\w+) (\w+)$", node.get("/metrics")[1], re.MULTILINE))
    assert shown == documented_metrics(), sorted(shown.items() ^ documented_metrics().items())
    figures = cluster.wait_for_leader().get("/metrics")[1]
    for pattern in (r'^ostraka_reactor_turns_total{reactor="0"} [1-9]',
                    r'^ostraka_reactor_busy_seconds_total{reactor="0"} 0?\.?\d*[1-9]',
                    r'^ostraka_peer_connected{peer="\d"} 1$',
                    r'^ostraka_peer_round_trip_seconds{peer="\d"} '):
        assert re.search(pattern, figures, re.MULTILINE), pattern


def check_order_on_a_connection(cluster):
    """A pipeline of dependent commands gives the replies of a sequential execution."""
    for node in cluster.nodes:
        with node.client() as client:
            commands, expected = [], []
            key = f"order:{node.name}"
            for i in range(1, 101):
                commands += [("INCR", key), ("GET", key)]
                expected += [i, str(i).encode()]
            assert client.pipeline(commands) == expected


def write_through(node, prefix, count, acknowledged):
    """Writes until the connection breaks; adds what was acknowledged."""
    with node.client() as client:
        for i in range(count):
            try:
                if client.call("SET", f"{prefix}:{i}", i) == "OK":
                    acknowledged[f"{prefix}:{i}"] = str(i).encode()
            except RedisError as error:
                print(f"{prefix}:{i}: {error}")
            except OSError:
                return


def check_all_present(cluster, acknowledged):
    for node in cluster.nodes:
        if not node.is_running():
            continue
        with node.client() as client:
            for key, value in acknowledged.items():
                assert client.call("GET", key) == value, f"{key} through {node.name}"


def main():
    acknowledged = {}
    engine = ENGINE or "raft"
    with Cluster(3) as cluster:
        cluster.start_all()
        leader = cluster.wait_for_leader()
        print(f"engine: {engine}, leader: {leader.name}")
        assert leader.status()["engine"] == engine
        check_every_node_serves(cluster)
        check_order_on_a_connection(cluster)
        check_metrics(cluster)
        for node in cluster.nodes:
            write_through(node, f"before:{node.name}", 100, acknowledged)
        assert len(acknowledged) == 300

        leader.kill()
        start = time.monotonic()
        other = next(node for node in cluster.nodes if node.is_running())
        write_through(other, "after", 100, acknowledged)
        print(f"writing went on through {other.name}: {len(acknowledged)} acknowledged, "
              f"{time.monotonic() - start:.2f} s")
        assert len(acknowledged) == 400
        cluster.wait_for_leader(other_than=leader.name)
        check_all_present(cluster, acknowledged)

        leader.start()
        cluster.wait_until_whole()
        check_all_present(cluster, acknowledged)
        with leader.client() as client:
            assert client.call("READONLY") == "OK"
            for key, value in acknowledged.items():
                assert client.call("GET", key) == value, f"{key} in the restarted node's copy"

        for node in cluster.nodes:
            code = node.stop()
            assert code == 0, f"{node.name} ended with {code}: {node.last_line()}"
        # And again from disk alone.
        cluster.start_all()
        cluster.wait_for_leader()
        check_all_present(cluster, acknowledged)
        for node in cluster.nodes:
            assert node.stop() == 0
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
