"""Leadership handed over, a node joined and promoted, a member removed, a wiped voter refused."""

import sys

from harness import Cluster, wait_until

REFUSED = 6  # exit code of a server that its cluster refuses


def leader_is(cluster, name):
    wait_until(lambda: cluster.leader() == name, 15, f"{name} leads")


def members(node):
    status, body = node.get("/admin/members")
    assert status == 200, body
    import json
    return {m["name"]: m for m in json.loads(body)["members"]}


def check_transfer(cluster):
    old = cluster.wait_for_leader()
    target = next(n for n in cluster.nodes if n is not old)
    asked = next(n for n in cluster.nodes if n not in (old, target))
    status, body = asked.post("/admin/leader/transfer", {"to": target.name})
    assert status == 200, body
    leader_is(cluster, target.name)


def wait_for_announcements(cluster):
    """The disks of all members are known to the membership: from now on a wiped one is refused."""
    wait_until(lambda: all(m["announced"] for m in members(cluster.nodes[0]).values()), 20,
               "every member is announced")


def check_join(cluster):
    node = cluster.add_node("n4")
    node.flags = ["--peer", f"127.0.0.1:{node.peer}", "--join",
                  f"127.0.0.1:{cluster.nodes[0].peer}"]
    node.start()
    assert members(cluster.nodes[0])["n4"]["role"] == "learner"
    wait_until(lambda: cluster.leader() is not None, 20, "the learner follows the leader")
    status, body = cluster.nodes[1].post("/admin/member/promote", {"name": "n4"})
    assert status == 200, body
    assert members(cluster.nodes[2])["n4"]["role"] == "voter"
    with node.client() as client:
        assert client.call("SET", "through", "n4") == "OK"
    node.stop()
    node.start()
    with node.client() as client:
        assert client.call("GET", "through") == b"n4"


def check_wiped_voter(cluster):
    leader = cluster.wait_for_leader()
    victim = next(n for n in cluster.nodes[:3] if n is not leader)
    victim.kill()
    victim.wipe()
    victim.start(wait=False)
    wait_until(victim.has_ended, 30, "the wiped voter gives up")
    assert victim.process.returncode == REFUSED, victim.process.returncode
    assert "member remove" in victim.last_line(), victim.last_line()
    print(f"  {victim.last_line()}")
    status, body = leader.post("/admin/member/remove", {"name": victim.name})
    assert status == 200, body
    assert victim.name not in members(leader)
    victim.wipe()
    victim.flags = ["--peer", f"127.0.0.1:{victim.peer}", "--join", f"127.0.0.1:{leader.peer}"]
    victim.start()
    status, body = leader.post("/admin/member/promote", {"name": victim.name})
    assert status == 200, body
    with victim.client() as client:
        assert client.call("GET", "through") == b"n4"


def main():
    with Cluster(3) as cluster:
        cluster.start_all()
        check_transfer(cluster)
        wait_for_announcements(cluster)
        check_join(cluster)
        wait_for_announcements(cluster)
        check_wiped_voter(cluster)
        for node in cluster.nodes:
            assert node.stop() == 0, node.last_line()
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
