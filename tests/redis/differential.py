#!/usr/bin/env python3
"""Runs random command sequences against Ostraka and Redis and compares the raw replies.

Usage: differential.py --ours HOST:PORT | --server PROGRAM [--redis HOST:PORT] [--seed N]
                       [--count SEQUENCES] [--length COMMANDS] [--keep-going]

--server starts a single node of this program on free loopback ports, with a fresh data
directory. Without --redis, a redis-server is started likewise, without persistence; when none is
installed the test is skipped with exit code 77. The first difference is reduced to the
commands that are needed for it. Exit code: 0 equal, 1 different, 2 wrong use, 77 skipped.
"""

import argparse
import os
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import deviations
from resp_client import Connection
from workload import Workload

CONNECTIONS = 2


def command_name(words):
    name = words[0].lower()
    if name in (b"client", b"config", b"command", b"object") and len(words) > 1:
        return name + b"|" + words[1].lower()
    return name


class Pair:
    """The same connections to both servers, and what is known of their state."""

    def __init__(self, ours, redis):
        self.ours = [Connection(ours) for _ in range(CONNECTIONS)]
        self.redis = [Connection(redis) for _ in range(CONNECTIONS)]
        self.queued = [None] * CONNECTIONS  # words of the commands between MULTI and EXEC
        self.history = set()
        for connection in (self.ours[0], self.redis[0]):
            connection.ask("FLUSHALL")

    def close(self):
        for connection in self.ours + self.redis:
            connection.close()

    def step(self, index, words):
        """Returns (ours, redis, verdict); verdict is equal, different, stop."""
        name = command_name(words)
        ours = self.ours[index].ask(*words)
        redis = self.redis[index].ask(*words)
        verdict = self.compare(index, words, name, ours, redis)
        self.note(index, words, name, redis)
        return ours, redis, verdict

    def note(self, index, words, name, redis):
        if name == b"multi" and redis.kind == "+":
            self.queued[index] = []
        elif name in (b"exec", b"discard", b"reset"):
            self.queued[index] = None
        elif self.queued[index] is not None and redis.raw == b"+QUEUED\r\n":
            self.queued[index].append(words)
        self.history.add(name)

    def compare(self, index, words, name, ours, redis):
        if ours.raw == redis.raw:
            return "equal"
        if ours.raw.startswith(b"-EXECABORT Transaction discarded: INCRBYFLOAT"):
            return "stop"  # computed-in-multi: from here on the states differ
        if name == b"exec" and ours.kind == "*" and (redis.kind == "_" or redis.content is None):
            absent = ours.content is not None and b"watch" in self.history
            return "stop" if absent else "different"  # watch-absent
        if name == b"exec" and ours.kind == "*" and redis.kind == "*" and ours.content is not None:
            return self.compare_exec(index, ours, redis)
        return self.compare_one(words, name, ours, redis)

    def compare_exec(self, index, ours, redis):
        queued = self.queued[index] or []
        if redis.content is None or len(ours.content) != len(redis.content):
            return "different"
        if len(queued) != len(ours.content):
            return "different"
        for words, one, other in zip(queued, ours.content, redis.content):
            if one.raw != other.raw:
                if self.compare_one(words, command_name(words), one, other) != "equal":
                    return "different"
        return "equal"

    def compare_one(self, words, name, ours, redis):
        if ours.kind == redis.kind and name in deviations.TYPE_ONLY and ours.kind != "-":
            return "equal"
        if name == b"hello" and {ours.kind, redis.kind} == {"%"}:
            return "equal"
        if name in deviations.TOLERANCE and ours.kind == redis.kind == ":":
            close = abs(ours.content - redis.content) <= deviations.TOLERANCE[name]
            return "equal" if close and (ours.content < 0) == (redis.content < 0) else "different"
        if name in (b"object|encoding", b"object|refcount") and ours.kind == redis.kind:
            # Transactions count: what they ran is in the history too.
            if self.history & deviations.ENCODING_HISTORY:
                return "equal"
        if name == b"keys" and ours.kind == redis.kind and ours.content is not None:
            same = sorted(c.raw for c in ours.content) == sorted(c.raw for c in redis.content)
            return "equal" if same else "different"
        if name == b"scan" and ours.kind == redis.kind == "*":
            return self.compare_scan(ours, redis)
        if name == b"config|get" and ours.kind == redis.kind and ours.kind in "*%":
            # Redis walks a hash table that is seeded anew in each process: the order means nothing.
            pairs = [sorted(zip((c.raw for c in r.content[::2]), (c.raw for c in r.content[1::2])))
                     for r in (ours, redis)]
            return "equal" if pairs[0] == pairs[1] else "different"
        refused = b"-ERR CONFIG SET failed "
        if name == b"config|set" and ours.raw.startswith(refused) and redis.raw.startswith(refused):
            return "equal"  # config: which values a name takes
        if name == b"command|info":
            return self.compare_command_info(ours, redis)
        return "different"

    @staticmethod
    def compare_scan(ours, redis):
        # The test's databases fit into one page of 100; smaller pages depend on the order.
        complete = ours.content[0].content == redis.content[0].content == b"0"
        if not complete:
            return "equal"
        same = sorted(c.raw for c in ours.content[1].content) == sorted(
            c.raw for c in redis.content[1].content)
        return "equal" if same else "different"

    @staticmethod
    def compare_command_info(ours, redis):
        for one, other in zip(ours.content, redis.content):
            if one.content is None or other.content is None:
                if one.raw != other.raw:
                    return "different"
                continue
            if [c.raw for c in one.content[:7]] != [c.raw for c in other.content[:7]]:
                return "different"
        return "equal"


def is_excluded(pair, index, words):
    name = command_name(words)
    if name == b"scan" and pair.queued[index] is not None:
        return True  # scan-in-multi
    if name in (b"readonly", b"readwrite", b"client|setinfo"):
        return True
    # Redis 7.0 has HELP for these, and takes longer names than we do.
    return len(words) > 1 and words[1].lower() == b"help"


def run(ours, redis, steps, verbose=False):
    """Plays the steps; returns the index of the first difference and both replies, or None."""
    pair = Pair(ours, redis)
    try:
        for i, (index, words) in enumerate(steps):
            if is_excluded(pair, index, words):
                continue
            one, other, verdict = pair.step(index, words)
            if verbose:
                print("  [%d] %s -> %r" % (index, show(words), one.raw))
            if verdict == "different":
                return i, one, other
            if verdict == "stop":
                return None
    except (ConnectionError, socket.timeout) as error:
        return i, error, None
    finally:
        pair.close()
    return None


def reduced(ours, redis, steps):
    """Drops every command without which the last one still differs."""
    i = len(steps) - 2
    while i >= 0:
        shorter = steps[:i] + steps[i + 1:]
        found = run(ours, redis, shorter)
        if found is not None:
            steps = shorter[: found[0] + 1]
            i = min(i, len(steps) - 1)
        i -= 1
    return steps


def show(words):
    return " ".join(repr(w)[1:] for w in words)


def free_endpoint():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % probe.getsockname()[1]


class Started:
    """A server of this test: its process, its folder, and where it listens."""

    def __init__(self, command, folder, endpoint):
        self.folder = folder
        self.endpoint = endpoint
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SystemExit("did not start: %s" % " ".join(command))
            select.select([], [], [], 0.05)

    def answers(self):
        try:
            connection = Connection(self.endpoint)
            reply = connection.ask("SET", "a", "1")
            connection.close()
            return reply.raw == b"+OK\r\n"
        except (OSError, ValueError):
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_redis():
    program = shutil.which("redis-server")
    if program is None:
        return None
    folder, endpoint = tempfile.mkdtemp(prefix="ostraka-redis-"), free_endpoint()
    command = [program, "--port", endpoint.rsplit(":", 1)[1], "--bind", "127.0.0.1", "--save", "",
               "--appendonly", "no", "--dir", folder]
    return Started(command, folder, endpoint)


def start_ours(program):
    folder, endpoint = tempfile.mkdtemp(prefix="ostraka-node-"), free_endpoint()
    command = [os.path.abspath(program), "server", "--data-dir", os.path.join(folder, "data"),
               "--redis", endpoint, "--http", free_endpoint(), "--peer", free_endpoint()]
    return Started(command, folder, endpoint)


def differences(arguments, ours, redis):
    found = 0
    for sequence in range(arguments.count):
        seed = "%s/%s" % (arguments.seed, sequence)
        workload = Workload(random.Random(seed))
        steps = [(workload.random.randrange(CONNECTIONS), workload.command())
                 for _ in range(arguments.length)]
        result = run(ours, redis, steps)
        if result is None:
            continue
        found += 1
        steps = reduced(ours, redis, steps[: result[0] + 1])
        _, one, other = run(ours, redis, steps) or result
        print("difference in sequence %d of seed %s:" % (sequence, arguments.seed))
        for index, words in steps:
            print("  connection %d: %s" % (index, show(words)))
        print("  ours:  %r\n  redis: %r" % (one, other))
        if not arguments.keep_going:
            break
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--ours", metavar="HOST:PORT")
    where.add_argument("--server", metavar="PROGRAM")
    parser.add_argument("--redis", metavar="HOST:PORT")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200, help="sequences")
    parser.add_argument("--length", type=int, default=60, help="commands of a sequence")
    parser.add_argument("--keep-going", action="store_true", help="report every difference")
    arguments = parser.parse_args()
    started = []
    try:
        if arguments.redis is None:
            redis = start_redis()
            if redis is None:
                print("skipped: redis-server is not installed")
                return 77
            started.append(redis)
            arguments.redis = redis.endpoint
        if arguments.ours is None:
            started.append(start_ours(arguments.server))
            arguments.ours = started[-1].endpoint
        found = differences(arguments, arguments.ours, arguments.redis)
    finally:
        for server in started:
            server.stop()
    print("%d sequences of %d commands, seed %d: %d differences" %
          (arguments.count, arguments.length, arguments.seed, found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.exit(main())
