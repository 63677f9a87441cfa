"""Starting, refusing to start, and stopping: one clear line each, and the documented exit codes."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

from harness import Cluster, binary, free_ports, wait_until


NOBODY = 65534  # a user without rights


def run(*arguments, seconds=20, **how):
    done = subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=seconds,
                          stdin=subprocess.DEVNULL, check=False, **how)
    return done.returncode, done.stdout, done.stderr


def flags(folder, ports):
    return ["server", "--data-dir", str(folder), "--peer", f"127.0.0.1:{ports[0]}",
            "--redis", f"127.0.0.1:{ports[1]}", "--http", f"127.0.0.1:{ports[2]}",
            "--log-level", "error"]


def expect_refusal(arguments, code, *words, **how):
    got, _, errors = run(*arguments, **how)
    lines = errors.strip().splitlines()
    assert got == code, f"{arguments}: exit code {got}, expected {code}: {errors}"
    assert lines and lines[-1].startswith("ostraka: "), errors
    for word in words:
        assert word in lines[-1], f"'{word}' is missing in: {lines[-1]}"
    assert len(lines) == 1, f"more than one line: {errors}"
    print(f"  {lines[-1]}")


def check_refusals(folder):
    ports = free_ports(3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        expect_refusal(flags(folder / "a", [ports[0], busy, ports[2]]), 1, "in use", str(busy),
                       "another port")
    expect_refusal([*flags(folder / "a", ports), "--join", "127.0.0.1:1",
                    "--cluster", "n1=127.0.0.1:1"], 2, "--join", "--cluster")
    expect_refusal(["server", "--redis", "0.0.0.0:1"], 2, "--requirepass", "--peer-secret")
    expect_refusal(["server", "--redis", "nonsense"], 2, "--redis", "HOST:PORT")
    config = folder / "c.toml"
    config.write_text('name = "n1"\nredis-port = 6379\n')
    expect_refusal(["server", "--config", str(config)], 2, "c.toml:2", "redis-port")
    expect_refusal(["server", "--config", str(folder / "none.toml")], 2, "none.toml")
    expect_refusal(flags(folder / "no" / "such" / "parent", ports), 1, "data directory")
    code, _, errors = run("server", "--no-such-flag")
    assert code == 2 and "--no-such-flag" in errors, errors
    # Root may write everywhere: the program is run as somebody else then.
    how = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    folder.chmod(0o755)
    locked = folder / "locked"
    locked.mkdir(mode=0o555)
    if run("version", **how)[0] != 0:
        print("  (unwritable folders are not tried: the program cannot be run by another user)")
        return
    expect_refusal(flags(locked, ports), 1, "ermission denied", "rights", "--data-dir", **how)
    expect_refusal(flags(locked / "new", ports), 1, "ermission denied", "rights", "--data-dir",
                   **how)


def check_locked_and_foreign_directory(folder):
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        node.flags = ["--peer", f"127.0.0.1:{node.peer}"]
        node.start()
        expect_refusal(flags(node.folder, free_ports(3)), 1, "--data-dir")
        assert node.stop() == 0
        other = free_ports(3)
        expect_refusal([*flags(node.folder, other), "--name", "n7"], 1, "n1", "n7", "--data-dir")
        expect_refusal(
            [*flags(node.folder, other)[:3], "--redis", f"127.0.0.1:{other[1]}", "--http",
             f"127.0.0.1:{other[2]}", "--log-level", "error", "--name", "n1", "--cluster",
             f"n1=127.0.0.1:{other[0]},n2=127.0.0.1:1"], 1, "--cluster", "membership")


def joining(cluster, name, address):
    node = cluster.add_node(name)
    node.flags = ["--peer", f"127.0.0.1:{node.peer}", "--join", address]
    return node


def check_joining():
    """A join that waits says so; a refused one ends with the reason; a repeated one is ignored."""
    with Cluster(1) as cluster:
        first = cluster.nodes[0]
        first.flags = ["--peer", f"127.0.0.1:{first.peer}"]
        first.start()
        cluster.wait_for_leader()
        dead = joining(cluster, "n2", f"127.0.0.1:{free_ports(1)[0]}")
        dead.start(wait=False)
        wait_until(lambda: b"not admitted yet" in dead.output(), 20, "the joining node says why")
        text = dead.output().decode()
        assert "refused" in text and dead.flags[-1] in text and "tries left" in text, text
        dead.kill()
        lost = cluster.folder + "/lost"
        expect_refusal(["server", "--name", "n2", "--data-dir", lost, "--peer", "127.0.0.1:0",
                        "--redis", "127.0.0.1:0", "--http", "127.0.0.1:0", "--join",
                        "no.such.host.invalid:1", "--log-level", "error"], 1, "--join",
                       "no.such.host.invalid")
        taken = joining(cluster, "n1", f"127.0.0.1:{first.peer}")
        taken.folder = taken.folder.with_name("another-n1")
        taken.log = taken.log.with_name("another-n1.log")
        taken.start(wait=False)
        assert taken.process.wait(20) == 6, taken.last_line()
        assert taken.last_line().startswith("ostraka: --join "), taken.last_line()
        assert "named 'n1' already" in taken.last_line(), taken.last_line()
        print(f"  {taken.last_line()}")
        again = joining(cluster, "n3", f"127.0.0.1:{first.peer}")
        again.start()
        assert again.stop() == 0
        again.start()
        assert b"--join" in again.output(again.log_start), again.output()
        assert b"ignored" in again.output(again.log_start), again.output()
        assert again.stop() == 0
        assert first.stop() == 0


def check_engines():
    """A directory keeps its replication engine, and a cluster admits no node of another."""
    with Cluster(1) as cluster:
        first = cluster.nodes[0]
        first.flags = ["--peer", f"127.0.0.1:{first.peer}"]
        first.start()
        cluster.wait_for_leader()
        other = joining(cluster, "n2", f"127.0.0.1:{first.peer}")
        other.flags += ["--engine", "multi-paxos"]
        other.start(wait=False)
        assert other.process.wait(20) == 6, other.last_line()
        assert "the cluster has the replication engine raft" in other.last_line(), other.last_line()
        print(f"  {other.last_line()}")
        assert first.stop() == 0
        first.flags += ["--engine", "multi-paxos"]
        first.start(wait=False)
        assert first.process.wait(20) == 1, first.last_line()
        assert "made with the replication engine raft" in first.last_line(), first.last_line()
        print(f"  {first.last_line()}")
    expect_refusal(["server", "--engine", "paxos"], 2, "--engine", "raft, multi-paxos, zab")
    expect_refusal(["demo", "--engine", "paxos"], 2, "--engine", "raft, multi-paxos, zab")


def check_peer_secrets(folder):
    """Nodes with different secrets do not talk, and both sides say so, but not all the time."""
    for name in ("right", "wrong"):
        (folder / name).write_text(f"the {name} secret of this cluster\n")
    with Cluster(3) as cluster:
        odd = cluster.nodes[2]
        for node in cluster.nodes:
            node.flags += ["--peer-secret", str(folder / "right")]
        cluster.start_all()  # a cluster begins with all its members
        cluster.wait_for_leader()
        assert odd.stop() == 0, odd.last_line()
        odd.flags[-1] = str(folder / "wrong")
        odd.start()
        wait_until(lambda: cluster.nodes[0].status()["leader"], 20, "two of three elect")
        for node in cluster.nodes:
            if node is cluster.nodes[1]:
                continue  # it may have nothing to say to the odd one
            wait_until(lambda n=node: b"--peer-secret" in n.output(), 20, f"{node.name} says it")
            count = node.output().count(b"--peer-secret")
            print(f"  {node.name} ({count} lines): "
                  + next(x for x in node.output().decode().splitlines() if "--peer-secret" in x))
            assert count <= 2, f"{node.name} repeats itself: {count} lines"


def check_signals():
    for number in (signal.SIGTERM, signal.SIGINT):
        with Cluster(1) as cluster:
            node = cluster.nodes[0]
            node.flags = []
            node.flags = ["--peer", f"127.0.0.1:{node.peer}"]
            node.start()
            with node.client() as client:
                assert client.call("SET", "k", "v") == "OK"
            node.process.send_signal(number)
            assert node.process.wait(20) == 0, node.last_line()
            node.start()
            with node.client() as client:
                assert client.call("GET", "k") == b"v"
            assert node.stop() == 0


def check_tools():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        node.flags = ["--peer", f"127.0.0.1:{node.peer}"]
        node.start()
        redis, web = f"127.0.0.1:{node.redis}", f"127.0.0.1:{node.http}"
        assert run("put", "a", "1", "--endpoint", redis) == (0, "OK\n", "")
        assert run("get", "a", "--endpoint", redis)[:2] == (0, "1\n")
        assert run("get", "a", "--endpoint", redis, "--consistency", "stale")[:2] == (0, "1\n")
        assert run("get", "a", "--endpoint", redis, "--consistency", "bounded:500ms")[:2] == (
            0, "1\n")
        assert run("get", "a", "--endpoint", redis, "--consistency", "often")[0] == 2
        assert run("get", "none", "--endpoint", redis)[0] == 1
        assert run("scan", "--endpoint", redis)[:2] == (0, "a\n")
        assert run("del", "a", "none", "--endpoint", redis)[:2] == (0, "1\n")
        assert run("get", "a", "--endpoint", "127.0.0.1:1")[0] == 3
        assert run("status", "--endpoint", "127.0.0.1:1")[0] == 3
        code, out, _ = run("status", "--endpoint", web, "--json")
        assert code == 0 and '"leader":"n1"' in out, out
        code, out, _ = run("member", "list", "--endpoint", web)
        assert code == 0 and "n1" in out and "voter" in out, out
        assert run("leader", "transfer", "--to", "n9", "--endpoint", web)[0] == 1
    assert run("version")[0] == 0
    for shell in ("bash", "zsh"):
        code, out, _ = run("completion", shell)
        assert code == 0 and "--data-dir" in out and "transfer" in out
        copy = "ostraka.bash" if shell == "bash" else "_ostraka"
        packaged = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "completion" / copy
        assert out == packaged.read_text(), f"run: ostraka completion {shell} > {packaged}"
    checked = subprocess.run(["bash", "-n"], input=run("completion", "bash")[1], text=True,
                             check=False)
    assert checked.returncode == 0


def main():
    with tempfile.TemporaryDirectory(prefix="ostraka-start-") as name:
        folder = pathlib.Path(name)
        check_refusals(folder)
        check_locked_and_foreign_directory(folder)
        check_peer_secrets(folder)
    check_joining()
    check_engines()
    check_signals()
    check_tools()
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
