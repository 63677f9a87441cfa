"""Standard output that nobody reads ends a command quietly, as it ends other tools; one that takes
nothing gives one clear line. A server serves all the same."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile

from harness import Cluster, binary, wait_until

HISTORY = """{"process":0,"type":"invoke","f":"write","value":1}
{"process":0,"type":"ok","f":"write","value":1}
"""


def run_into(writer, words, **how):
    return subprocess.run([binary(), *words], stdout=writer, stderr=subprocess.PIPE, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False, **how)


def check_closed(words):
    # Python ignores SIGPIPE; inherited or not, the end is the same.
    for restore in (True, False):
        reader, writer = os.pipe()
        os.close(reader)
        done = run_into(writer, words, restore_signals=restore)
        os.close(writer)
        assert done.stderr == "", f"{words}: {done.stderr}"
        assert done.returncode == -signal.SIGPIPE, f"{words}: exit code {done.returncode}"
    print(f"  {' '.join(words)}: quiet")


def check_full(words):
    with open("/dev/full", "wb") as full:
        done = run_into(full, words)
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("ostraka: standard output"), done.stderr
    assert "No space left" in lines[0] and done.returncode == 1, f"{words}: {done}"


def check_commands(history):
    for words in (["lab", "list"], ["lab", "show", "raft"], ["lab", "run", "raft"],
                  ["sim", "--list"], ["sim", "--scenario", "s1_old_term"],
                  ["sim", "--scenario", "s1_old_term", "--json"], ["completion", "bash"],
                  ["check", str(history)], ["version"], ["--help"], ["lab", "run", "--help"]):
        check_closed(words)
    for words in (["lab", "list"], ["completion", "zsh"], ["version"], ["--help"]):
        check_full(words)


def check_asking(node):
    node.start()
    for words in (["status"], ["member", "list"]):
        check_closed([*words, "--endpoint", f"127.0.0.1:{node.http}"])
    for words in (["put", "a", "b"], ["scan"]):
        check_closed([*words, "--endpoint", f"127.0.0.1:{node.redis}"])
    assert node.stop() == 0


def check_server(node):
    reader, writer = os.pipe()
    os.close(reader)
    server = subprocess.Popen(
        [binary(), "server", "--name", node.name, "--data-dir", str(node.folder), "--redis",
         f"127.0.0.1:{node.redis}", "--http", f"127.0.0.1:{node.http}", *node.flags],
        stdout=writer, stderr=writer, stdin=subprocess.DEVNULL)
    os.close(writer)
    try:
        wait_until(lambda: server.poll() is not None or node.get("/ready")[0] == 200, 20, "ready")
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0, f"exit code {server.returncode}"
    finally:
        server.kill()


def main():
    with tempfile.TemporaryDirectory(prefix="ostraka-output-") as folder:
        history = pathlib.Path(folder) / "history.jsonl"
        history.write_text(HISTORY)
        check_commands(history)
    with Cluster(1) as cluster:
        check_asking(cluster.nodes[0])
        check_server(cluster.nodes[0])
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
