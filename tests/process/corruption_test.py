"""One node is stopped and a file of its data directory is damaged, one class after the other. It
refuses to start with the name of the file, or starts where the damage is one that it must repair
(docs/formats/wal.md); it never serves a wrong value, and the others go on. Where it refused, the
file is put back and the node starts."""

import dataclasses
import os
import pathlib
import struct
import sys
import time

from harness import Cluster, RedisError, wait_until
from workload import Load, seeded

SECTOR = 512
MAGIC = b"OSTRKWAL"
REFUSED, REPAIRED, EITHER = "refused", "repaired", "refused or right"
VALUES = 400
FAILED = (1, 5)  # exit codes of a server that does not start, or stops, for its data


@dataclasses.dataclass
class Batch:
    offset: int
    payload: int  # bytes
    end: int


@dataclasses.dataclass
class Damage:
    """Bytes of a file that were changed; undo() puts them back."""
    path: pathlib.Path
    offset: int
    before: bytes
    size: int

    def undo(self):
        if self.path.exists():
            with open(self.path, "r+b") as file:
                file.seek(self.offset)
                file.write(self.before)


def flip(path, offset, count=1):
    with open(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(offset)
        before = file.read(count)
        assert before, f"{path} has no byte {offset}"
        file.seek(offset)
        file.write(bytes(byte ^ 0x55 for byte in before))
    return Damage(path, offset, before, size)


def cut(path, length):
    with open(path, "r+b") as file:
        file.seek(length)
        before = file.read()
        file.truncate(length)
    return Damage(path, length, before, length + len(before))


def batches(path):
    """The row of batches at the front of a segment, as docs/formats/wal.md describes them."""
    data, found, at, generation = path.read_bytes(), [], 0, None
    while data[at:at + 8] == MAGIC and data[at + 10] == 0:
        of, number, meta, payload = struct.unpack_from("<QIIQ", data, at + 24)
        if generation not in (None, of) or number != len(found):
            break
        generation = of
        end = at + -(-(128 + payload + meta) // SECTOR) * SECTOR
        found.append(Batch(at, payload, end))
        at = end
    return generation or 0, found


def last_segment(node):
    """Path and batches of the segment of the highest generation."""
    best = max((*batches(path), path) for path in (node.folder / "wal" / "0").glob("*.seg")
               if batches(path)[0] > 0)
    return best[2], best[1]


def middle(node):
    """A batch with entries, and with many synced ones behind it."""
    path, row = last_segment(node)
    candidates = [batch for batch in row[2:-20] if batch.payload > 0]
    assert candidates, f"{path}: only {len(row)} batches"
    return path, candidates[len(candidates) // 2]


def damage_header(node):
    path, batch = middle(node)
    return flip(path, batch.offset + 36)


def damage_payload(node):
    path, batch = middle(node)
    return flip(path, batch.offset + 128 + batch.payload // 2)


def damage_cut(node):
    path, batch = middle(node)
    return cut(path, batch.offset + SECTOR)


def lose_tail(node):
    """The last ten batches are zeroes, as on a disk that said 'synced' and had not written."""
    path, row = last_segment(node)
    begin, end = row[-10].offset, row[-1].end
    with open(path, "r+b") as file:
        file.seek(begin)
        before = file.read(end - begin)
        file.seek(begin)
        file.write(bytes(end - begin))
        return Damage(path, begin, before, file.seek(0, os.SEEK_END))


def damage_behind(node):
    """Garbage behind the last batch, as of a torn write."""
    path, row = last_segment(node)
    return flip(path, row[-1].end, 700)


def damage_sst(node):
    path = max((node.folder / "engine").glob("*.sst"), key=lambda each: each.stat().st_size)
    return flip(path, path.stat().st_size // 3, 64)


def damage_middle_of(pattern):
    def damage(node):
        path = sorted(node.folder.glob(pattern))[-1]
        return flip(path, path.stat().st_size // 2)
    return damage


# What, how, how the node is stopped before (a clean stop writes a checkpoint), required reaction.
CLASSES = [
    ("log, garbage behind the end", damage_behind, "kill", REPAIRED),
    ("log, header in the middle", damage_header, "kill", REFUSED),
    ("log, payload in the middle", damage_payload, "kill", REFUSED),
    ("log, cut in the middle", damage_cut, "kill", REFUSED),
    ("IDENTITY", lambda node: flip(node.folder / "IDENTITY", 33), "kill", REFUSED),
    ("origin", damage_middle_of("origin"), "kill", REFUSED),
    ("engine, CURRENT", damage_middle_of("engine/CURRENT"), "stop", REFUSED),
    ("engine, manifest", damage_middle_of("engine/MANIFEST-*"), "stop", REFUSED),
    ("engine, table", damage_sst, "stop", EITHER),
]


def check_own_copy(node, expected):
    """Reads from the node's own copy: right values or errors; a refusal may take seconds, so no
    more than three, and not for longer than ten seconds. How many were right."""
    right, errors, end = 0, 0, time.monotonic() + 10
    with node.client() as client:
        client.call("READONLY")
        for key, value in expected.items():
            if time.monotonic() > end:
                break
            try:
                got = client.call("GET", key)
            except RedisError as error:
                errors += 1
                if errors == 3:
                    print(f"  {node.name}, own copy: {error}", flush=True)
                    break
                continue
            assert got == value, f"{key} from {node.name} after damage: {got!r:.60}"
            right += 1
    return right


def start_with_damage(node, damage, required, expected):
    """Whether it started and stays; checks what it says or serves."""
    begin = time.monotonic()
    node.start(wait=False)
    wait_until(lambda: node.has_ended() or b"ready to serve" in node.output(node.log_start), 30,
               f"{node.name} starts or ends")
    served = 0
    if not node.has_ended():
        time.sleep(1.0)  # it may find the damage when it replays or reads
        try:
            served = check_own_copy(node, expected)
        except OSError:
            wait_until(node.has_ended, 5, f"{node.name} closed a connection and ends")
    if not node.has_ended():
        assert required != REFUSED, f"{node.name} serves on ({served} values right)"
        return f"started, {served} of {len(expected)} values right"
    line = node.last_line()
    assert required != REPAIRED, f"{node.name} does not start: {line}"
    assert node.process.returncode in FAILED, f"code {node.process.returncode}: {line}"
    assert line.startswith("ostraka: "), line
    assert damage.path.name in line, f"{damage.path.name} is not named in: {line}"
    return f"code {node.process.returncode} after {time.monotonic() - begin:.2f} s: {line}"


def write_values(cluster, prefix):
    expected = {}
    with cluster.nodes[0].client() as client:
        names = [f"{prefix}:{i}" for i in range(VALUES)]
        # A log batch each, more or less: not in one pipeline.
        for name in names:
            expected[name] = os.urandom(300)
            assert client.call("SET", name, expected[name]) == "OK"
    return expected


def strike(cluster, load, victim, what, expected):
    name, make, way, required = what
    if cluster.wait_for_leader() is victim:  # a leader that goes on is the harder case
        status, body = victim.post("/admin/leader/transfer", {"to": cluster.nodes[0].name})
        assert status == 200, body
        wait_until(lambda: cluster.leader() == cluster.nodes[0].name, 15, "another leads")
    cluster.wait_until_whole()
    if way == "kill":
        victim.kill()
    else:
        assert victim.stop() == 0, victim.last_line()
    damage = make(victim)
    problem = None
    try:
        seen = start_with_damage(victim, damage, required, expected)
    except AssertionError as error:
        seen = problem = f"{name}: {error}"
    print(f"  {name} ({damage.path.name} at {damage.offset}): {seen}", flush=True)
    load.wait_for_progress(20)
    if victim.is_running():
        if required == REPAIRED and problem is None:
            cluster.wait_until_whole()
            return None
        victim.kill()
    damage.undo()
    victim.start()
    cluster.wait_until_whole()
    return problem


def main(classes=tuple(CLASSES)):
    rng = seeded()
    with Cluster(3) as cluster:
        cluster.start_all()
        cluster.wait_for_leader()
        victim = cluster.nodes[2]
        problems = []
        expected = {}
        with Load(cluster, rng, threads=2, pause=0.01, pick=lambda rng, nodes: rng.choice(
                nodes[:2])) as load:
            for number, what in enumerate(classes):
                expected.update(write_values(cluster, f"value{number}"))
                problem = strike(cluster, load, victim, what, expected)
                if problem is not None:
                    problems.append(problem)
        assert check_own_copy(victim, expected) == len(expected)
        load.judge()
        assert not problems, "\n".join(problems)
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
