"""The systems that bench/compare starts: how each is started fresh, what it tells about itself.

Every system has three members (Redis: one) on loopback with their data below one folder. They run
with their defaults, except for what `settings` of each says.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OSTRAKA = os.path.join(ROOT, "build", "release", "bin", "ostraka")
START_SECONDS = 60
STREAMS_MAX = 128  # in flight on a connection that clients share: below HTTP/2's initial window


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def fetch(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()


def metric(text, name):
    """The sum of a metric's samples in Prometheus' text format."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith(name) and line[len(name):len(name) + 1] in (" ", "{"))


def first_line(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "ETCDCTL_API": "3"})
    return (done.stdout.splitlines() or [command[0]])[0].strip()


class System:
    """Processes of one system. Subclasses say how they are started and ask the members."""
    flag = ""        # of `ostraka bench`
    program = None   # that has to be installed
    replicated = True
    connections = None  # that the clients share, for (writes, reads); None: each has its own
    settings = ""       # what is not as shipped, and how it is asked
    value_bytes_max = None  # that it takes, or that the client can send to it
    transfers = False   # leadership can be handed over by a command

    def __init__(self, folder):
        self.folder = folder
        self.commands = []
        self.processes = []
        self.ports = []
        os.makedirs(folder)

    def shape(self, in_flight, clients, reads=False):
        """(connections, requests in flight on each). Where a protocol numbers its requests, clients
        share connections: that gives etcd and ZooKeeper their best rate and the client its lowest
        cost; see docs/benchmarks.md."""
        connections = clients
        if self.connections:
            shared = self.connections[1 if reads else 0]
            connections = max(min(shared, in_flight), -(-in_flight // STREAMS_MAX))
        return connections, in_flight // connections

    def start(self):
        try:
            for i in range(len(self.commands)):
                self.processes.append(self._spawn(i))
            self.wait_ready()
        except BaseException:
            self.stop()
            raise

    def _spawn(self, i):
        log = open(os.path.join(self.folder, f"member{i}.log"), "ab")
        return subprocess.Popen(self.commands[i], stdout=log, stderr=log, cwd=self.folder)

    def wait_ready(self):
        """Until every member serves and one leads."""
        attempts = START_SECONDS * 10  # not a deadline: a stopped machine does not use them up
        waiting = list(range(len(self.commands)))
        while waiting or self.leader() is None:
            waiting = [i for i in waiting if not self._asked(self.serves, i)]
            attempts -= 1
            if attempts == 0:
                sys.exit(f"{type(self).__name__}: after {START_SECONDS} s not every member serves "
                         f"or nobody leads\n{self._last_words()}")
            time.sleep(0.1)
        time.sleep(2)  # whatever a fresh or returned member has left to do

    def _last_words(self):
        """The last lines of the members' logs: the folder does not outlive the failure."""
        lines = []
        for i in range(len(self.commands)):
            with open(os.path.join(self.folder, f"member{i}.log"), errors="replace") as log:
                lines += [f"member {i}: {line.rstrip()}" for line in log.readlines()[-3:]]
        return "\n".join(lines)

    @staticmethod
    def _asked(question, i):
        try:
            return question(i)
        except (OSError, ValueError, urllib.error.URLError):
            return None

    def leader(self):
        """The index of the member that leads, None while nobody does."""
        return next((i for i in range(len(self.commands)) if self._asked(self.leads, i)), None)

    def endpoints(self, who="leader"):
        """Of the leader, of the followers, or of all, as `ostraka bench` takes them."""
        leader = None if who == "all" else self.leader()
        chosen = [p for i, p in enumerate(self.ports)
                  if who == "all" or (i == leader) == (who == "leader")]
        return ",".join(f"127.0.0.1:{port}" for port in chosen)

    def end(self, i, how=signal.SIGKILL):
        self.processes[i].send_signal(how)
        self.processes[i].wait()

    def pause(self, i, on):
        self.processes[i].send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def restart(self, i):
        self.processes[i] = self._spawn(i)
        self.wait_ready()

    def restart_seconds(self, i):
        """Until the member serves its clients."""
        began = time.monotonic()
        self.processes[i] = self._spawn(i)
        while not (self._asked(self.serves, i) and self._asked(self.answers_reads, i)):
            if time.monotonic() > began + START_SECONDS:
                sys.exit(f"{type(self).__name__}: a member does not serve {START_SECONDS} s after "
                         f"its start\n{self._last_words()}")
            time.sleep(0.02)
        return time.monotonic() - began

    def transfer(self):
        """Hands the leadership to another member, by the command that operators use."""
        leader = self.leader()
        done = subprocess.run(self.transfer_command(leader, (leader + 1) % len(self.commands)),
                              capture_output=True, text=True, check=False,
                              env={**os.environ, "ETCDCTL_API": "3"})
        return None if done.returncode == 0 else (done.stderr or done.stdout).strip()

    def cpu_seconds(self):
        """Of each member since its start."""
        result = []
        for process in self.processes:
            with open(f"/proc/{process.pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            result.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
        return result

    def resident_mb(self):
        """Of the largest member."""
        pages = []
        for process in self.processes:
            with open(f"/proc/{process.pid}/statm") as statm:
                pages.append(int(statm.read().split()[1]))
        return max(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def _total(self, question, combine):
        values = [self._asked(question, i) for i in range(len(self.commands))]
        values = [v for v in values if v is not None]
        return combine(values) if values else None

    def syncs(self):
        """fsync and fdatasync calls of all members; None: the system does not count them."""
        return self._total(self.member_syncs, sum)

    def elections(self):
        """A number that grows with each election: term, epoch or leader changes; None: not
        replicated."""
        return self._total(self.member_elections, max) if self.replicated else None

    def stop(self):
        for process in self.processes:
            process.kill()  # a stopped one as well
        for process in self.processes:
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def serves(self, i):
        raise NotImplementedError

    def leads(self, i):
        raise NotImplementedError

    def answers_reads(self, _):
        return True

    def transfer_command(self, leader, to):
        raise NotImplementedError

    def member_syncs(self, _):
        return None

    def member_elections(self, _):
        return None


class Ostraka(System):
    flag = "--redis"
    settings = "as shipped; a connection for each client"
    transfers = True
    engine = "raft"

    def __init__(self, folder, nodes=3):
        super().__init__(folder)
        peers, self.ports, self.http = free_ports(nodes), free_ports(nodes), free_ports(nodes)
        cluster = ",".join(f"n{i + 1}=127.0.0.1:{p}" for i, p in enumerate(peers))
        for i in range(nodes):
            self.commands.append([
                OSTRAKA, "server", "--name", f"n{i + 1}", "--data-dir", f"{folder}/d{i + 1}",
                "--cluster", cluster, "--redis", f"127.0.0.1:{self.ports[i]}",
                "--http", f"127.0.0.1:{self.http[i]}", "--engine", self.engine])

    def serves(self, i):
        return bool(fetch(self.http[i], "/ready"))  # an error status raises

    def answers_reads(self, i):
        with socket.create_connection(("127.0.0.1", self.ports[i]), 5) as s:
            s.sendall(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
            return s.recv(16).startswith(b"$")

    def transfer_command(self, leader, to):
        return [OSTRAKA, "leader", "transfer", "--to", f"n{to + 1}",
                "--endpoint", f"127.0.0.1:{self.http[leader]}"]

    def leads(self, i):
        return metric(fetch(self.http[i], "/metrics"), "ostraka_raft_leader") == 1

    def member_syncs(self, i):
        return metric(fetch(self.http[i], "/metrics"), "ostraka_log_syncs_total")

    def member_elections(self, i):
        return metric(fetch(self.http[i], "/metrics"), "ostraka_raft_term")

    version = staticmethod(lambda: first_line([OSTRAKA, "version"]))


class MultiPaxos(Ostraka):
    engine = "multi-paxos"
    settings = f"--engine {engine}; {Ostraka.settings}"


class Zab(Ostraka):
    engine = "zab"
    settings = f"--engine {engine}; {Ostraka.settings}"


class Etcd(System):
    flag = "--etcd"
    program = "etcd"
    connections = (2, 2)
    settings = "--quota-backend-bytes 8 GiB, --log-level error; clients share connections"
    value_bytes_max = 16_000  # one frame of HTTP/2: what the client sends
    transfers = True

    def __init__(self, folder):
        super().__init__(folder)
        peers, self.ports = free_ports(3), free_ports(3)
        cluster = ",".join(f"e{i}=http://127.0.0.1:{p}" for i, p in enumerate(peers))
        for i in range(3):
            peer, client = f"http://127.0.0.1:{peers[i]}", f"http://127.0.0.1:{self.ports[i]}"
            self.commands.append([
                "etcd", "--name", f"e{i}", "--data-dir", f"{folder}/e{i}",
                "--initial-cluster", cluster, "--initial-advertise-peer-urls", peer,
                "--listen-peer-urls", peer, "--listen-client-urls", client,
                "--advertise-client-urls", client, "--quota-backend-bytes", str(8 << 30),
                "--log-level", "error"])

    def serves(self, i):
        return json.loads(fetch(self.ports[i], "/health"))["health"] == "true"

    def transfer_command(self, leader, to):
        status = json.loads(first_line(
            ["etcdctl", "--endpoints", f"127.0.0.1:{self.ports[to]}", "endpoint", "status",
             "--write-out", "json"]))
        member = status[0]["Status"]["header"]["member_id"]
        return ["etcdctl", "--endpoints", f"127.0.0.1:{self.ports[leader]}", "move-leader",
                f"{member:x}"]

    def leads(self, i):
        return metric(fetch(self.ports[i], "/metrics"), "etcd_server_is_leader") == 1

    def member_syncs(self, i):
        text = fetch(self.ports[i], "/metrics")
        return (metric(text, "etcd_disk_wal_fsync_duration_seconds_count") +
                metric(text, "etcd_disk_backend_commit_duration_seconds_count"))

    def member_elections(self, i):
        return metric(fetch(self.ports[i], "/metrics"), "etcd_server_leader_changes_seen_total")

    version = staticmethod(lambda: first_line(["etcd", "--version"]))


class Zookeeper(System):
    flag = "--zookeeper"
    program = "java"
    connections = (8, 16)
    settings = ("tickTime 2000, initLimit 10, syncLimit 5, preAllocSize 65536, any number of "
                "clients, -Xmx2g; clients share connections")
    value_bytes_max = 1_000_000  # jute.maxbuffer

    def __init__(self, folder):
        super().__init__(folder)
        self.ports, quorum, election = free_ports(3), free_ports(3), free_ports(3)
        servers = "".join(f"server.{i + 1}=127.0.0.1:{quorum[i]}:{election[i]}\n" for i in range(3))
        for i in range(3):
            data = f"{folder}/z{i + 1}"
            os.makedirs(data)
            with open(f"{data}/myid", "w") as f:
                f.write(str(i + 1))
            with open(f"{folder}/z{i + 1}.cfg", "w") as f:
                f.write(f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={data}\n"
                        f"clientPort={self.ports[i]}\nclientPortAddress=127.0.0.1\n"
                        f"maxClientCnxns=0\nadmin.enableServer=false\n"
                        f"4lw.commands.whitelist=*\npreAllocSize=65536\n{servers}")
            self.commands.append([
                "java", "-Xmx2g", "-cp", "/etc/zookeeper/conf:/usr/share/java/*",
                "-Dzookeeper.log.dir=" + folder,
                "org.apache.zookeeper.server.quorum.QuorumPeerMain", f"{folder}/z{i + 1}.cfg"])

    def _ask(self, i, word):
        """One of the four-letter words; a table of its lines."""
        with socket.create_connection(("127.0.0.1", self.ports[i]), 5) as s:
            s.settimeout(5)
            s.sendall(word)
            text = b"".join(iter(lambda: s.recv(65536), b"")).decode()
        separator = "\t" if word == b"mntr" else ": "
        return dict(line.split(separator, 1) for line in text.splitlines() if separator in line)

    def serves(self, i):
        return "Mode" in self._ask(i, b"srvr")

    def leads(self, i):
        return self._ask(i, b"srvr").get("Mode") == "leader"

    def member_syncs(self, i):
        count = self._ask(i, b"mntr").get("zk_cnt_fsynctime")
        return None if count is None else float(count)

    def member_elections(self, i):
        return int(self._ask(i, b"srvr")["Zxid"], 16) >> 32  # the epoch

    version = staticmethod(
        lambda: first_line(["dpkg-query", "-W", "-f", "ZooKeeper ${Version}", "zookeeper"]))


class Redis(System):
    flag = "--redis"
    program = "redis-server"
    replicated = False
    settings = "one server, --save '' --appendonly yes --appendfsync always"

    def __init__(self, folder):
        super().__init__(folder)
        self.ports = free_ports(1)
        self.commands = [["redis-server", "--port", str(self.ports[0]), "--save", "",
                          "--appendonly", "yes", "--appendfsync", "always", "--dir", folder]]

    def serves(self, i):
        with socket.create_connection(("127.0.0.1", self.ports[i]), 5) as s:
            s.sendall(b"PING\r\n")
            return s.recv(16) == b"+PONG\r\n"

    def leads(self, i):
        return self.serves(i)

    version = staticmethod(lambda: first_line(["redis-server", "--version"]).split(" sha")[0])


PEERS = {"etcd": Etcd, "zookeeper": Zookeeper, "redis": Redis}
ENGINES = {"multi-paxos": MultiPaxos, "zab": Zab}  # Ostraka under its other engines
SYSTEMS = {"ostraka": Ostraka, **PEERS, **ENGINES}
