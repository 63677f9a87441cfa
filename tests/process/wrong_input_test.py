"""Wrong flags, arguments, addresses and files: each gets one line that begins with "ostraka: " and
says what is wrong and what to do, and the documented exit code."""

import pathlib
import socket
import sys
import tempfile

from harness import Cluster, free_ports
from start_test import expect_refusal, flags, run

USAGE, UNREACHABLE, FAILED = 2, 3, 1
NOBODY = "127.0.0.1:1"


def check_parsing():
    """Every subcommand with a wrong flag; missing arguments; bad numbers."""
    expect_refusal([], USAGE, "command", "--help")
    expect_refusal(["nonsense"], USAGE, "nonsense", "'ostraka --help'")
    expect_refusal(["--nonsense"], USAGE, "--nonsense", "'ostraka --help'")
    for words in ("server", "demo", "status", "leader transfer", "member list", "get", "put", "del",
                  "scan", "bench", "sim", "lab list", "lab show", "lab run", "lab serve", "check",
                  "version", "completion"):
        expect_refusal([*words.split(), "--nonsense"], USAGE, "--nonsense",
                       f"'ostraka {words} --help'")
    for words, what in (("leader", "transfer"), ("member", "list"), ("leader transfer", "--to"),
                        ("member add", "name"), ("member add n4", "--peer"),
                        ("member promote", "name"), ("get", "key"), ("put a", "value"),
                        ("del", "keys"), ("lab", "run"), ("lab run", "name"),
                        ("check", "file"), ("completion", "shell")):
        expect_refusal(words.split(), USAGE, what, f"'ostraka {words.split()[0]}")
    for words in ("server --redis", "get a --endpoint", "bench --clients", "sim --seed"):
        expect_refusal(words.split(), USAGE, words.split()[-1], "value")
    for words in ("server --reactors x", "demo --nodes 2", "demo --nodes x", "scan --limit -1",
                  "scan --limit x", "put a b --expire-ms -5", "get a --db x", "get a --db -1",
                  "bench --clients 0", "bench --clients -1", "bench --pipeline 0",
                  "bench --value-size -1", "bench --keys 0", "bench --keys -1",
                  "bench --read-ratio 2", "bench --duration 0", "bench --duration -5",
                  "bench --warmup -1", "bench --rate -1", "bench --seed -1", "sim --seed x",
                  "sim --seed -1", "sim --runs 0", "sim --runs -1", "sim --jobs 0",
                  "sim --seconds -1", "lab run raft --seed x", "lab run raft --seed -1"):
        expect_refusal(words.split(), USAGE, words.split()[-2], words.split()[-1])
    expect_refusal(["bench", "--duration", "nan"], USAGE, "--duration", "nan")
    expect_refusal(["completion", "fish"], USAGE, "fish", "bash")
    expect_refusal(["get", "a", "b"], USAGE, "b")


def check_laboratory():
    """Wrong names get the nearest ones."""
    run_paxos = ["lab", "run", "basic_paxos"]
    expect_refusal(["lab", "run", "basic_paxs"], USAGE, "basic_paxs", "'basic_paxos'")
    expect_refusal(["lab", "show", "rft"], USAGE, "rft", "'raft'")
    expect_refusal([*run_paxos, "--scenario", "dul"], USAGE, "dul", "'duel'")
    expect_refusal([*run_paxos, "--set", "los=1"], USAGE, "los", "'loss'")
    expect_refusal([*run_paxos, "--set", "loss=101"], USAGE, "loss", "100")
    expect_refusal([*run_paxos, "--set", "loss"], USAGE, "loss", "NAME=VALUE")
    expect_refusal([*run_paxos, "--do", "crash p9 at 1ms"], USAGE, "p9")
    expect_refusal([*run_paxos, "--do", "crash p1"], USAGE, "crash PROCESS at 120ms")
    expect_refusal([*run_paxos, "--out", "run.png"], USAGE, "png", "svg")
    expect_refusal(["lab", "serve", "--http", "nonsense"], FAILED, "--http", "nonsense")


def check_help():
    """Every help text has an example and the exit codes, where there is more than one."""
    for words in ("", "server", "demo", "status", "leader", "leader transfer", "member",
                  "member list", "member add", "member promote", "member remove", "get", "put",
                  "del", "scan", "bench", "sim", "lab", "lab list", "lab show", "lab run",
                  "lab serve", "check", "version", "completion"):
        code, out, _ = run(*words.split(), "--help")
        assert code == 0 and "xample" in out and "ostraka " + words in out, f"{words}: {out}"


def check_endpoints(cluster):
    node = cluster.nodes[0]
    for words in ("status", "leader transfer --to n1", "member list", "get a", "put a b", "del a",
                  "scan"):
        for address in ("nonsense", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999"):
            expect_refusal([*words.split(), "--endpoint", address], USAGE, "--endpoint", address,
                           "HOST:PORT")
        expect_refusal([*words.split(), "--endpoint", NOBODY], UNREACHABLE, NOBODY, "--endpoint")
        expect_refusal([*words.split(), "--endpoint", "no.such.host.invalid:1"], UNREACHABLE,
                       "no.such.host.invalid")
    for words in ("status", "member list"):
        expect_refusal([*words.split(), "--endpoint", f"127.0.0.1:{node.redis}"], UNREACHABLE,
                       "HTTP address")
    expect_refusal(["get", "a", "--endpoint", f"127.0.0.1:{node.http}"], UNREACHABLE,
                   "Redis address")
    expect_refusal(["put", "a", "b", "--endpoint", f"127.0.0.1:{node.http}"], UNREACHABLE,
                   "Redis address")
    expect_refusal(["bench", "--redis", "nonsense"], USAGE, "nonsense", "HOST:PORT")
    expect_refusal(["bench", "--redis", NOBODY], UNREACHABLE, NOBODY)
    expect_refusal(["bench", "--redis", NOBODY, "--etcd", NOBODY], USAGE, "one of")
    expect_refusal(["bench", "--distribution", "wild"], USAGE, "wild", "zipfian")


def check_files(folder):
    expect_refusal(["check", str(folder / "none.jsonl")], USAGE, "none.jsonl", "No such file")
    expect_refusal(["check", str(folder)], USAGE, str(folder), "directory")
    bad = folder / "bad.jsonl"
    bad.write_text('{"process":0,"type":"invoke","f":"read","value":null}\ngarbage\n')
    expect_refusal(["check", str(bad)], USAGE, "bad.jsonl", "line 2")
    expect_refusal(["check", "--model", "wild", str(bad)], USAGE, "wild", "register")
    expect_refusal(["check", "--level", "wild", str(bad)], USAGE, "wild", "linearizable")
    expect_refusal(["sim", "--scenario", "none"], USAGE, "none", "--list")
    expect_refusal(["sim", "--scenario", "storm", "--mutant", "none"], USAGE, "none")


def check_members(folder):
    ports = free_ports(3)
    three = "n1=127.0.0.1:1,n2=127.0.0.1:2,n3=127.0.0.1:3"
    for arguments, words in (
            ([three, "--name", "n4"], ("n4", "--cluster", "n1, n2, n3")),
            ([three], ("--name",)),
            (["n1=127.0.0.1:1,n1=127.0.0.1:2", "--name", "n1"], ("n1", "name", "twice")),
            (["n1=127.0.0.1:1,n2=127.0.0.1:1", "--name", "n1"], ("n2=127.0.0.1:1", "address")),
            (["n1", "--name", "n1"], ("NAME=HOST:PORT",)),
            (["", "--name", "n1"], ("--cluster",))):
        expect_refusal(["server", "--data-dir", str(folder / "m"), "--cluster", *arguments], USAGE,
                       *words)
    redis, web = f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}"
    expect_refusal(["server", "--data-dir", str(folder / "m"), "--redis", redis, "--http", redis],
                   USAGE, "--redis", "--http", redis)
    expect_refusal(["server", "--data-dir", str(folder / "m"), "--redis", redis, "--http", web,
                    "--peer", web], USAGE, "--peer", "--http", web)
    assert not (folder / "m").exists()


def check_addresses_before_data(folder):
    """What cannot be listened on is found before a fresh directory is touched."""
    fresh = folder / "fresh"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        for i, flag in enumerate(("--peer", "--redis", "--http")):
            ports = free_ports(3)
            ports[i] = busy
            expect_refusal(flags(fresh, ports), FAILED, flag, str(busy), "in use", "another port")
            assert not fresh.exists(), f"{flag}: {fresh} was made"
    others = ["--peer", "127.0.0.1:0", "--http", "127.0.0.1:0", "--insecure"]
    expect_refusal(["server", "--data-dir", str(fresh), "--redis", "no.such.host.invalid:1",
                    *others], FAILED, "--redis", "no.such.host.invalid")
    expect_refusal(["server", "--data-dir", str(fresh), "--redis", "192.0.2.1:6379", *others],
                   FAILED, "--redis", "192.0.2.1:6379", "this machine")
    assert not fresh.exists()


def check_data_directories(folder):
    ports = free_ports(3)
    foreign = folder / "foreign"
    foreign.mkdir()
    (foreign / "notes.txt").write_text("not ours")
    expect_refusal(flags(foreign, ports), FAILED, "notes.txt", "empty", "--data-dir")
    assert [each.name for each in foreign.iterdir() if each.name != "LOCK"] == ["notes.txt"]
    expect_refusal(flags(foreign / "notes.txt", ports), FAILED, "notes.txt", "--data-dir")
    expect_refusal(flags(folder / "no" / "such", ports), FAILED, "data directory", "parent")


def main():
    check_parsing()
    check_laboratory()
    check_help()
    with tempfile.TemporaryDirectory(prefix="ostraka-wrong-") as name:
        folder = pathlib.Path(name)
        check_files(folder)
        check_members(folder)
        check_addresses_before_data(folder)
        check_data_directories(folder)
    with Cluster(1) as cluster:
        cluster.nodes[0].flags = ["--peer", f"127.0.0.1:{cluster.nodes[0].peer}"]
        cluster.nodes[0].start()
        check_endpoints(cluster)
        assert cluster.nodes[0].stop() == 0
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
