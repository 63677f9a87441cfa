"""A cluster of real servers on free loopback ports, for tests of processes and their faults.

Only the standard library. A test makes a Cluster, which is a context manager: it kills what still
runs and removes the data, or leaves it when the test failed. The program is named by
OSTRAKA_BINARY or --binary.

    with Cluster(3) as cluster:
        cluster.start_all()
        leader = cluster.wait_for_leader()
        cluster.nodes[leader].kill()
"""

import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SKIPPED = 77  # ctest's SKIP_RETURN_CODE of these tests


def skip(reason):
    """Ends the test as skipped; never silently."""
    print(f"SKIPPED: {reason}", flush=True)
    sys.exit(SKIPPED)


def binary():
    path = os.environ.get("OSTRAKA_BINARY", "")
    if not path:
        skip("OSTRAKA_BINARY does not name the program to test")
    if not os.access(path, os.X_OK):
        skip(f"OSTRAKA_BINARY={path} is no program")
    return path


def free_ports(count):
    """Distinct free ports: all bound at once before any is given back."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def die_with_parent():
    """For a child between fork and exec: killed when the test ends, however that happens."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait_until(condition, seconds, what):
    """Polls; returns the first true value of condition(), or fails."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value is not None and value is not False:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class RedisError(Exception):
    """An error reply. `unknown` tells whether the command may have been done."""

    def __init__(self, text):
        super().__init__(text)
        self.unknown = text.startswith("UNKNOWN")


class Redis:
    """A minimal blocking client. A broken connection raises OSError: outcome unknown."""

    def __init__(self, port, timeout=10.0, password=None, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")
        if password is not None:
            self.call("AUTH", password)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.stream.close()
            self.socket.close()

    @staticmethod
    def encode(*words):
        out = [b"*%d\r\n" % len(words)]
        for word in words:
            data = word if isinstance(word, bytes) else str(word).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(data), data))
        return b"".join(out)

    def call(self, *words):
        reply = self.pipeline([words])[0]
        if isinstance(reply, RedisError):
            raise reply
        return reply

    def pipeline(self, commands):
        """Replies in order; errors are returned, not raised."""
        self.socket.sendall(b"".join(self.encode(*words) for words in commands))
        return [self.read() for _ in commands]

    def read(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("the connection was closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            data = self.stream.read(int(rest) + 2)
            if len(data) != int(rest) + 2:
                raise OSError("the connection was closed")
            return data[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        raise OSError(f"no RESP: {line!r}")


# Every node of every cluster, when set: --engine.
ENGINE = os.environ.get("OSTRAKA_ENGINE")


class Node:
    """One server process and its folder; outlives the process."""

    def __init__(self, program, folder, name, ports):
        self.program = program
        self.name = name
        self.folder = pathlib.Path(folder) / name
        self.log = pathlib.Path(folder) / f"{name}.log"
        self.peer, self.redis, self.http = ports
        self.host = "127.0.0.1"
        self.prefix = []  # a command that runs the program, e.g. in a network namespace
        self.process = None
        self.log_start = 0  # where the output of the present run begins
        self.flags = []

    def start(self, wait=True, seconds=30):
        assert self.process is None or self.process.poll() is not None, f"{self.name} runs"
        arguments = [*self.prefix, self.program, "server", "--name", self.name,
                     "--data-dir", str(self.folder), "--redis", f"{self.host}:{self.redis}",
                     "--http", f"{self.host}:{self.http}", *self.flags]
        if ENGINE:
            arguments += ["--engine", ENGINE]
        with open(self.log, "ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        if wait:
            self.wait_until_ready(seconds)

    def wait_until_ready(self, seconds=30):
        wait_until(lambda: b"ready to serve" in self.output(self.log_start) or self.has_ended(),
                   seconds, f"{self.name} says 'ready to serve'")
        assert not self.has_ended(), f"{self.name} ended: {self.last_line()}"

    def output(self, start=0):
        return self.log.read_bytes()[start:]

    def last_line(self):
        lines = self.output().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def has_ended(self):
        return self.process is not None and self.process.poll() is not None

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """SIGKILL: the page cache survives, nothing else does."""
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self, seconds=20):
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        return self.process.wait(seconds)

    def wipe(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, timeout=10.0):
        return Redis(self.redis, timeout, host=self.host)

    def get(self, path, timeout=5.0):
        """Status and body of an HTTP GET; (0, '') when the node does not answer."""
        return self._http("GET", path, None, timeout)

    def post(self, path, body, timeout=15.0):
        return self._http("POST", path, json.dumps(body), timeout)

    def _http(self, method, path, body, timeout):
        connection = http.client.HTTPConnection(self.host, self.http, timeout=timeout)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def status(self):
        code, body = self.get("/status")
        return json.loads(body) if code == 200 else None


class Cluster:
    def __init__(self, count, program=None, flags=()):
        self.program = program or binary()
        self.folder = tempfile.mkdtemp(prefix="ostraka-test-")
        ports = free_ports(3 * count)
        self.nodes = [Node(self.program, self.folder, f"n{i + 1}", ports[3 * i:3 * i + 3])
                      for i in range(count)]
        members = ",".join(f"{n.name}=127.0.0.1:{n.peer}" for n in self.nodes)
        for node in self.nodes:
            node.flags = ["--cluster", members, *flags]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for node in self.nodes:
            if node.is_running():
                with contextlib.suppress(OSError):
                    node.resume()
                node.kill()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        for node in self.nodes:
            if node.log.exists():
                print(f"--- {node.log}\n{node.output()[-3000:].decode(errors='replace')}")
        print(f"the data is left in {self.folder}", flush=True)

    def node(self, name):
        return next(node for node in self.nodes if node.name == name)

    def add_node(self, name):
        """One more node, not started; give it flags such as --join."""
        node = Node(self.program, self.folder, name, free_ports(3))
        self.nodes.append(node)
        return node

    def start_all(self):
        for node in self.nodes:
            node.start(wait=False)
        for node in self.nodes:
            node.wait_until_ready()

    def leader(self):
        """The name that running nodes agree on, or None."""
        names = set()
        for node in self.nodes:
            if not node.is_running():
                continue
            status = node.status()
            if status is None or status["leader"] is None:
                return None
            names.add(status["leader"])
        return names.pop() if len(names) == 1 else None

    def wait_for_leader(self, seconds=20, other_than=None):
        def found():
            name = self.leader()
            return name if name is not None and name != other_than else None
        return self.node(wait_until(found, seconds, "the running nodes follow one leader"))

    def wait_until_whole(self, seconds=30):
        """Every node runs, is reachable, and has applied all that is committed."""
        def whole():
            status = self.nodes[0].status()
            return status is not None and all(
                n["reachable"] and n["lag"] == 0 for n in status["nodes"])
        wait_until(whole, seconds, "every node is reachable and has caught up")
