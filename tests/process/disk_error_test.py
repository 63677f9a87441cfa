"""A sync or write of one node's log fails (EIO injected by strace): the process ends with code 5
and one clear last line, the others go on, the node starts again cleanly, nothing acknowledged is
lost."""

import shutil
import subprocess
import sys
import tempfile
import time

from harness import Cluster, skip, wait_until
from workload import Load, seconds, seeded

DISK_FAILED = 5  # exit code


def check_strace():
    if shutil.which("strace") is None:
        skip("strace is not installed")
    done = subprocess.run(["strace", "-f", "-e", "inject=fdatasync:error=EIO:when=1", "true"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        skip(f"strace cannot trace here: {done.stderr.strip().splitlines()[-1:]}")


def inject(node, call, when, folder):
    """Attaches to the node; from its call number `when` on every such call fails."""
    errors = tempfile.TemporaryFile(dir=folder)
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(node.process.pid), "-o", f"{folder}/strace.{node.name}", "-e",
         f"trace={call}", "-e", f"inject={call}:error=EIO:when={when}+"],
        stderr=errors, stdin=subprocess.DEVNULL)

    def attached():
        errors.seek(0)
        text = errors.read().decode()
        if tracer.poll() is not None and "attached" not in text:
            skip(f"strace cannot attach: {text.strip()}")
        return "attached" in text
    wait_until(attached, 10, "strace is attached")
    return tracer


def strike(cluster, load, victim, call, when):
    was_leader = cluster.wait_for_leader() is victim
    tracer = inject(victim, call, when, cluster.folder)
    try:
        code = victim.process.wait(15)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"{victim.name} goes on although {call} fails") from None
    finally:
        tracer.terminate()
        tracer.wait(10)
    line = victim.last_line()
    print(f"  {call} number {when} of the {'leader' if was_leader else 'follower'} {victim.name}: "
          f"code {code}: {line}", flush=True)
    assert code == DISK_FAILED, code
    assert line.startswith("ostraka: ") and str(victim.folder) in line, line
    load.wait_for_progress(30)
    victim.start()
    cluster.wait_until_whole()


def main():
    check_strace()
    rng = seeded()
    with Cluster(3) as cluster:
        cluster.start_all()
        cluster.wait_for_leader()
        with Load(cluster, rng, threads=4) as load:
            load.wait_for_progress(50)
            end = time.monotonic() + seconds(14)
            # The log is written past the page cache, where the file system can, by io_uring (a ring
            # that takes no more leaves it to a thread) or pwrite; else by pwritev and fdatasync.
            write, sync = "io_uring_enter,pwrite64,pwritev", "io_uring_enter,pwrite64,fdatasync"
            plan = [("leader", sync, 1), ("follower", sync, rng.randrange(2, 40)),
                    ("leader", write, 1), ("follower", write, rng.randrange(2, 40))]
            number = 0
            while number < len(plan) or time.monotonic() < end:
                role, call, when = plan[number % len(plan)]
                leader = cluster.wait_for_leader()
                victim = leader if role == "leader" else rng.choice(
                    [node for node in cluster.nodes if node is not leader])
                strike(cluster, load, victim, call, when)
                number += 1
        cluster.wait_until_whole()
        load.judge()
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
