"""Namespaces of Linux for a test: mounts and networks that vanish with its process.

enter() runs the whole test again in new mount and process namespaces (and a new network one if
asked): whatever it mounts or makes is gone when it ends, however it ends, and the machine outside
is never touched. It needs root; without, the test is skipped with the reason.
"""

import os
import shutil
import subprocess
import sys

from harness import skip

MARK = "OSTRAKA_IN_NAMESPACES"


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()}"
    return done.stdout


def enter(network=False, tools=()):
    if os.environ.get(MARK):
        return
    if os.geteuid() != 0:
        skip("needs root, for mounts and namespaces")
    for tool in ("unshare", "mount", *tools):
        if shutil.which(tool) is None:
            skip(f"the tool {tool} is not installed")
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if network:
        words.append("--net")
    tried = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        skip(f"namespaces are not allowed here: {tried.stderr.strip()}")
    os.environ[MARK] = "1"
    os.execvp(words[0], [*words, sys.executable, *sys.argv])


def mount_tmpfs(path, megabytes):
    os.makedirs(path, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", path],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        skip(f"cannot mount a tmpfs: {done.stderr.strip()}")


def resize_tmpfs(path, megabytes):
    run("mount", "-o", f"remount,size={megabytes}m", path)


class Network:
    """One network namespace per node and one for the clients, all on a bridge."""

    def __init__(self, count):
        os.makedirs("/run/netns", exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")  # private to this mount namespace
        run("ip", "link", "set", "lo", "up")
        done = subprocess.run(["ip", "link", "add", "br0", "type", "bridge"], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            skip(f"cannot make a bridge: {done.stderr.strip()}")
        run("ip", "address", "add", "10.77.0.254/24", "dev", "br0")
        run("ip", "link", "set", "br0", "up")
        self.hosts = [f"10.77.0.{i + 1}" for i in range(count)]
        self.prefixes = [self._add(i) for i in range(count)]

    def _add(self, i):
        name = f"node{i + 1}"
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"v{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"v{i}", "master", "br0", "up")
        inside = ["ip", "netns", "exec", name]
        run(*inside, "ip", "link", "set", "lo", "up")
        run(*inside, "ip", "address", "add", f"{self.hosts[i]}/24", "dev", "eth0")
        run(*inside, "ip", "link", "set", "eth0", "up")
        done = subprocess.run([*inside, "nft", "add table ip cut; add chain ip cut in "
                               "{ type filter hook input priority 0; policy accept; }"],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            skip(f"nft does not work here: {done.stderr.strip()}")
        return inside

    def cut(self, sender, receiver, reset=False):
        """Nothing that `sender` sends reaches `receiver` (indices of nodes)."""
        rule = "meta l4proto tcp reject with tcp reset" if reset else "drop"
        run(*self.prefixes[receiver],
            "nft", f"add rule ip cut in ip saddr {self.hosts[sender]} {rule}")

    def heal(self):
        for prefix in self.prefixes:
            run(*prefix, "nft", "flush chain ip cut in")
