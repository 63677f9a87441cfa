"""Clients that record what they did, and the judging of it.

A History is what `ostraka check` reads: one JSON object a line. A Load runs client threads against
random nodes of a Cluster; it survives any fault. Every operation has one of three outcomes: ok,
certainly not done (fail), unknown (info). A process number whose last outcome is unknown is never
used again, because its operation may still take effect.
"""

import itertools
import json
import os
import random
import subprocess
import threading
import time

from harness import Redis, RedisError

ITEM = 12  # bytes of one appended item


def seconds(default):
    """How long a test applies its faults: OSTRAKA_PROCESS_SECONDS, or the short default."""
    return float(os.environ.get("OSTRAKA_PROCESS_SECONDS", default))


def seeded():
    """The random numbers of a test; OSTRAKA_SEED repeats its choices, though not its timing."""
    seed = int(os.environ.get("OSTRAKA_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"OSTRAKA_SEED={seed}", flush=True)
    return random.Random(seed)


class History:
    """Operations on one kind of object; safe for several threads."""

    def __init__(self, model):
        self.model = model
        self.events = []
        self.lock = threading.Lock()

    def add(self, process, kind, function, key, value):
        event = {"process": process, "type": kind, "f": function, "key": key, "value": value}
        with self.lock:
            event["time"] = time.monotonic_ns()
            self.events.append(event)

    def count(self, kind):
        with self.lock:
            return sum(1 for event in self.events if event["type"] == kind)

    def judge(self, cluster):
        """Fails unless the history is linearizable; it is left beside the data."""
        path = os.path.join(cluster.folder, f"history-{self.model}.jsonl")
        with open(path, "w", encoding="utf-8") as out:
            for event in self.events:
                out.write(json.dumps(event) + "\n")
        done = subprocess.run([cluster.program, "check", "--model", self.model, "--level",
                               "linearizable", path], capture_output=True, text=True,
                              timeout=100, check=False)
        assert done.returncode == 0, f"{path}: {done.stdout}{done.stderr}"
        outcomes = ", ".join(f"{self.count(kind)} {kind}" for kind in ("ok", "fail", "info"))
        print(f"  {self.model}: {outcomes}: {done.stdout.strip()}", flush=True)


class Load:
    """Client threads with registers, counters, appends and keys that are written once.

    `pick(rng, nodes)` chooses the node of the next connection; all are equally likely without it.
    """

    def __init__(self, cluster, rng, threads=5, pick=None, pause=0.002):
        self.cluster = cluster
        self.registers = History("register")
        self.counters = History("counter")
        self.pick = pick or (lambda rng, nodes: rng.choice(nodes))
        self.pause = pause
        self.numbers = itertools.count()
        self.lock = threading.Lock()
        self.once = {}       # key -> value, acknowledged
        self.appended = {}   # (key, length after) -> item, acknowledged
        self.possible = set()  # items whose append may have been done
        self.incremented = []  # (key, value after), acknowledged
        self.errors = {}     # first word of error replies -> how often
        self.acknowledged = 0
        self.broken = []     # exceptions of the threads: a test that goes on without them is void
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._guarded, args=(random.Random(rng.random()),),
                                         daemon=True) for _ in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "a client waits for a reply for more than 30 s"

    def number(self):
        """A process number that was never used."""
        with self.lock:
            return next(self.numbers)

    def wait_for_progress(self, count=20, within=20):
        """Waits until so many more operations were acknowledged."""
        goal = self.acknowledged + count
        end = time.monotonic() + within
        while self.acknowledged < goal:
            assert not self.broken, self.broken
            assert time.monotonic() < end, (
                f"not {count} operations acknowledged within {within} s; errors {self.errors}")
            time.sleep(0.02)
        return within - (end - time.monotonic())

    def _guarded(self, rng):
        try:
            self._run(rng)
        except Exception as error:  # reported by judge() in the main thread
            self.broken.append(repr(error))

    def _run(self, rng):
        process = self.number()
        while not self.ending.is_set():
            node = self.pick(rng, self.cluster.nodes)
            try:
                client = Redis(node.redis, timeout=12, host=node.host)
            except OSError:
                self.ending.wait(0.05)
                continue
            with client:
                for _ in range(rng.randrange(20, 200)):
                    if self.ending.is_set():
                        return
                    outcome = self._operation(client, rng, process)
                    if outcome == "info":
                        process = self.number()
                    if outcome != "ok":
                        self.ending.wait(0.05)
                        break
                    self.ending.wait(self.pause)

    def _operation(self, client, rng, process):
        # Keys change with time: the checker's work grows with the unknown writes of one key.
        age = int(time.monotonic() / 2) % 1000000
        kind = rng.randrange(10)
        if kind < 6:
            key = f"r{age}:{rng.randrange(3)}"
            if kind < 3:
                return self.read(client, self.registers, process, key)
            return self.write(client, process, key)
        if kind < 8:
            key = f"c{age // 4}"
            if kind == 6:
                return self.read(client, self.counters, process, key)
            return self.increment(client, process, key)
        return self.append(client, f"a{age // 4}") if kind == 8 else self.write_once(client)

    def attempt(self, client, *words):
        """Outcome and reply of one command."""
        try:
            reply = client.call(*words)
        except RedisError as error:
            with self.lock:
                first = str(error).split(" ")[0]
                self.errors[first] = self.errors.get(first, 0) + 1
            return ("info" if error.unknown else "fail"), None
        except OSError:
            return "info", None
        with self.lock:
            self.acknowledged += 1
        return "ok", reply

    def read(self, client, history, process, key):
        history.add(process, "invoke", "read", key, None)
        outcome, reply = self.attempt(client, "GET", key)
        value = None
        if outcome == "ok":
            value = self.value_of(history, reply)
        history.add(process, "ok" if outcome == "ok" else "fail", "read", key, value)
        return outcome

    @staticmethod
    def value_of(history, reply):
        if history.model == "counter":
            return int(reply or 0)
        return None if reply is None else reply.decode()

    def write(self, client, process, key):
        value = f"v{self.number()}"
        self.registers.add(process, "invoke", "write", key, value)
        outcome, _ = self.attempt(client, "SET", key, value)
        self.registers.add(process, outcome, "write", key, value)
        return outcome

    def increment(self, client, process, key):
        self.counters.add(process, "invoke", "add", key, 1)
        outcome, reply = self.attempt(client, "INCR", key)
        self.counters.add(process, outcome, "add", key, 1)
        if outcome == "ok":
            with self.lock:
                self.incremented.append((key, reply))
        return outcome

    def append(self, client, key):
        item = f"{self.number():0{ITEM}d}"
        outcome, reply = self.attempt(client, "APPEND", key, item)
        with self.lock:
            if outcome == "ok":
                assert (key, reply) not in self.appended, f"two appends made {key} {reply} long"
                self.appended[key, reply] = item
            elif outcome == "info":
                self.possible.add(item)
        return outcome

    def write_once(self, client):
        name = f"once:{self.number()}"
        outcome, _ = self.attempt(client, "SET", name, name)
        if outcome == "ok":
            with self.lock:
                self.once[name] = name.encode()
        return outcome

    def judge(self, ways_in=None):
        """All acknowledged is there, through every node; nothing twice; the history is right."""
        self.end()
        assert not self.broken, self.broken
        for node in ways_in or self.cluster.nodes:
            self._check_final_state(node)
        assert len(set(self.incremented)) == len(self.incremented), "two INCR gave one value"
        self.registers.judge(self.cluster)
        self.counters.judge(self.cluster)
        print(f"  {self.acknowledged} acknowledged, of them {len(self.once)} keys written once, "
              f"{len(self.appended)} appends; errors {self.errors}", flush=True)

    def _check_final_state(self, node):
        process = self.number()
        with node.client() as client:
            for history in (self.registers, self.counters):
                for key in sorted({event["key"] for event in history.events}):
                    assert self.read(client, history, process, key) == "ok", (
                        f"{node.name} cannot read {key}: {self.errors}")
            names = list(self.once)
            for name, reply in zip(names, client.pipeline([("GET", name) for name in names])):
                assert reply == self.once[name], f"{name} through {node.name}: {reply!r}"
            self._check_appends(node, client)

    def _check_appends(self, node, client):
        for key in sorted({key for key, _ in self.appended}):
            value = client.call("GET", key).decode()
            items = [value[i:i + ITEM] for i in range(0, len(value), ITEM)]
            assert len(set(items)) == len(items), f"{key} through {node.name}: an item twice"
            acknowledged = {place // ITEM - 1: item for (name, place), item in
                            self.appended.items() if name == key}
            for place, item in acknowledged.items():
                assert place < len(items) and items[place] == item, (
                    f"{key} through {node.name}: acknowledged item {item} is not at {place}")
            for place, item in enumerate(items):
                assert place in acknowledged or item in self.possible, (
                    f"{key} through {node.name}: {item} was refused, and yet it is there")
