"""A follower lost the end of its log although it had acknowledged it. Nothing on its own disk shows
that (docs/formats/wal.md, Recovery), but the leader knows: the node must say so, end, and not start
again, since whoever relied on its acknowledgements would be deceived. Wiped and joined as a new
member it has everything."""

import sys

from corruption_test import VALUES, lose_tail, write_values
from harness import Cluster, wait_until

ENDED, REFUSED_TO_START = 5, 1


def check_line(node):
    line = node.last_line()
    assert line.startswith("ostraka: the log lost entries that it had acknowledged"), line
    assert f"'ostraka member remove {node.name}'" in line and "--join" in line, line
    print(f"  {line}", flush=True)


def main():
    with Cluster(3) as cluster:
        cluster.start_all()
        leader = cluster.wait_for_leader()
        victim = next(node for node in cluster.nodes if node is not leader)
        other = next(node for node in cluster.nodes if node not in (leader, victim))
        expected = write_values(cluster, "value")
        cluster.wait_until_whole()
        victim.kill()
        lose_tail(victim)
        victim.start(wait=False)
        wait_until(victim.has_ended, 30, "it is noticed")
        assert victim.process.returncode == ENDED, victim.process.returncode
        check_line(victim)
        victim.start(wait=False)
        wait_until(victim.has_ended, 30, "it does not start again")
        assert victim.process.returncode == REFUSED_TO_START, victim.process.returncode
        check_line(victim)

        status, body = other.post("/admin/member/remove", {"name": victim.name})
        assert status == 200, body
        victim.wipe()
        victim.flags = ["--peer", f"127.0.0.1:{victim.peer}", "--join", f"127.0.0.1:{leader.peer}"]
        victim.start()
        status, body = other.post("/admin/member/promote", {"name": victim.name})
        assert status == 200, body
        cluster.wait_until_whole()
        with victim.client() as client:
            client.call("READONLY")
            assert all(client.call("GET", key) == value for key, value in expected.items())
        assert len(expected) == VALUES
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
