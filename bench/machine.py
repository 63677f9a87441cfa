"""What bench/compare says about the machine: what it is, and what its kernel and disk cost."""
import mmap
import multiprocessing
import os
import platform
import shutil
import socket
import subprocess
import sys
import time

from systems import ROOT, SYSTEMS, first_line

MESSAGE_BYTES = 256
BLOCK = 1 << 20
WRITERS = 3
FILE_BLOCKS = 128  # of each writer, written again and again


def loopback_us():
    """CPU-microseconds of one send and one receive on loopback: what no client can save that has a
    connection to itself."""
    listener = socket.create_server(("127.0.0.1", 0))
    a = socket.create_connection(listener.getsockname())
    b, _ = listener.accept()
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    message, times = bytes(MESSAGE_BYTES), 20_000
    before = time.process_time()
    for _ in range(times):
        a.send(message)
        b.recv(65536)
    used = time.process_time() - before
    for s in (a, b, listener):
        s.close()
    return used * 1e6 / times


def write_blocks(path, seconds, start, results):
    """1 MiB blocks, each durable before the next, into a file that was written before."""
    block = mmap.mmap(-1, BLOCK)  # aligned, as O_DIRECT wants it
    block.write(os.urandom(BLOCK))
    flags = os.O_WRONLY | os.O_CREAT | os.O_DSYNC
    try:
        file = os.open(path, flags | os.O_DIRECT)
    except OSError:
        file = os.open(path, flags)
    for i in range(FILE_BLOCKS):
        os.pwrite(file, block, i * BLOCK)
    start.wait()
    written, end = 0, time.monotonic() + seconds
    while written == 0 or time.monotonic() < end:
        os.pwrite(file, block, written % FILE_BLOCKS * BLOCK)
        written += 1
    os.close(file)
    results.put(written)


def disk_mb_per_second(folder, seconds, writers=WRITERS):
    """What the disk gives so many processes that write durable 1 MiB blocks at the same time."""
    start, results = multiprocessing.Barrier(writers), multiprocessing.Queue()
    paths = [os.path.join(folder, f"writer{i}") for i in range(writers)]
    processes = [multiprocessing.Process(target=write_blocks, args=(path, seconds, start, results))
                 for path in paths]
    for process in processes:
        process.start()
    blocks = sum(results.get() for _ in processes)
    for process in processes:
        process.join()
    for path in paths:
        os.remove(path)
    return blocks * BLOCK / 1e6 / seconds


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        return next((line.split(":", 1)[1].strip() for line in info
                     if line.startswith("model name")), platform.machine())


def memory_gb():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def disk_of(folder):
    """The device, file system and mount options below a folder."""
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        fields = [line.split()[:4] for line in mounts]
    folder = os.path.realpath(folder)
    holds = [f for f in fields
             if f[1] == "/" or folder == f[1] or folder.startswith(f[1] + "/")]
    device, _, kind, options = max(holds, key=lambda f: len(f[1]))  # the last of equals: on top
    return f"{device}, {kind} ({options})"


def about(systems, folder):
    return {"date": time.strftime("%Y-%m-%d %H:%M %z"), "kernel": platform.release(),
            "cpu": cpu_model(), "cores": os.cpu_count(), "memory_gb": round(memory_gb(), 1),
            "disk": disk_of(folder), "load_average": os.getloadavg(),
            "loopback_send_receive_us": loopback_us(),
            "commit": first_line(["git", "-C", ROOT, "describe", "--always", "--dirty"]),
            "versions": {name: SYSTEMS[name].version() for name in systems},
            "settings": {name: SYSTEMS[name].settings for name in systems}}


def about_lines(facts):
    busy = facts["load_average"][0]
    lines = [f"{facts['date']}  commit {facts['commit']}",
             f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gb']} GB, "
             f"Linux {facts['kernel']}, data on {facts['disk']}",
             f"a send and a receive on loopback cost {facts['loopback_send_receive_us']:.1f} "
             f"CPU-us; load average {busy:.2f}{' (not a quiet machine)' if busy > 0.5 else ''}"]
    return lines + [f"  {facts['versions'][name]}: {facts['settings'][name]}"
                    for name in facts["versions"]]


def missing(systems):
    return [n for n in systems if SYSTEMS[n].program and not shutil.which(SYSTEMS[n].program)]


def install(systems, wanted):
    """The systems that can run. What is missing is installed from Debian's packages when `wanted`,
    or when somebody at a terminal says yes; the rest gets a line."""
    lacking = missing(systems)
    if lacking and not wanted and sys.stdin.isatty():
        answer = input(f"{', '.join(lacking)}: not installed. Install from Debian's packages "
                       "(scripts/install-deps --bench)? [y/N] ")
        wanted = answer.strip().lower() in ("y", "yes")
    if lacking and wanted:
        subprocess.run([os.path.join(ROOT, "scripts", "install-deps"), "--bench"], check=True)
        lacking = missing(systems)
    for name in lacking:
        print(f"skipped: {name} is not installed (bench/compare --install)", file=sys.stderr)
    return [n for n in systems if n not in lacking]
