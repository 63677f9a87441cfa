"""The rows of bench/compare: what each does with a system, and what it reports.

`in_flight`, `clients`: of the load; `who`: which members the clients are connected to; `only`: the
systems that the row is made for (default: every one that it makes sense for); `once`: not repeated
by --runs; `alone`: brings its own clusters.
"""
import json
import os
import signal
import subprocess
import sys
import time

import machine
from systems import OSTRAKA, SYSTEMS

VALUE_BYTES = 256
RESTART_VALUE_BYTES = 64
BIG_BYTES = 1 << 20
BIG_KEYS = 200
KEYS_AN_EVENT = 100_000_000  # each kill, stop or transfer writes keys of its own
STOPPED_SHARE = 0.6  # of the time of the load, a third of which has gone before
LOAD_ATTEMPTS = 3
OVERLOAD_PIPELINE = 1024
OVERLOAD_BACKLOG = 0.2  # seconds that a client waits for room before it gives a request up
TIMELINE_SHARE = 0.7
CALM_SHARE, SPIKE_SHARE = 0.5, 2
FULL = dict(in_flight=64, clients=64, read_ratio=0)
OURS = ("ostraka",)
REPLICATED = tuple(name for name, system in SYSTEMS.items() if system.replicated)
ROWS = {
    "idle": dict(text="idle node, fresh cluster"),
    "get64": dict(in_flight=64, clients=64, read_ratio=1, text="GET linearizable, 64 clients"),
    "getf64": dict(in_flight=64, clients=64, read_ratio=1, who="followers", only=REPLICATED,
                   text="GET linearizable by followers"),
    "getstale64": dict(in_flight=64, clients=64, read_ratio=1, who="followers", only=REPLICATED,
                       consistency="bounded:500ms", text="GET bounded-stale at followers"),
    "set1": dict(in_flight=1, clients=1, read_ratio=0, text="SET, 1 client"),
    "set64": dict(**FULL, text="SET, 64 clients"),
    "set256": dict(in_flight=256, clients=256, read_ratio=0, text="SET, 256 clients"),
    "set64p16": dict(in_flight=1024, clients=64, read_ratio=0, text="SET, 64 clients, pipeline 16"),
    "mix64": dict(in_flight=64, clients=64, read_ratio=0.5, text="50/50 zipfian, 64 clients",
                  distribution="zipfian"),
    "timeline": dict(in_flight=1024, clients=64, read_ratio=0,
                     text="SET at 70 % of 64 clients' rate"),
    "overload": dict(**FULL, only=OURS, text="SET at twice the capacity"),
    "elections": dict(**FULL, only=OURS, once=True, text="SET, 64 clients, for long"),
    "transfer": dict(**FULL, who="all", only=REPLICATED, once=True, text="leadership handed over"),
    "stopped": dict(**FULL, who="all", only=REPLICATED, once=True, text="leader stopped (SIGSTOP)"),
    "failover": dict(**FULL, who="all", only=REPLICATED, once=True, text="leader killed (kill -9)"),
    "big": dict(in_flight=4, clients=4, read_ratio=0, value_bytes=BIG_BYTES, keys=BIG_KEYS,
                text="SET of 1 MiB, 4 clients"),
    "restart": dict(only=OURS, once=True, alone=True, text="restart with all keys"),
    "growth": dict(only=OURS, once=True, alone=True, text="more nodes, more keys"),
}
EVENTS = ("transfer", "stopped", "failover")
LOADS = ("get64", "getf64", "getstale64", "set1", "set64", "set256", "set64p16", "mix64", "big",
         "elections")


def makes_sense(name, row):
    """Whether a row is for this system."""
    spec, system = ROWS[row], SYSTEMS[name]
    limit = system.value_bytes_max
    return (name in spec.get("only", (name,)) and
            (limit is None or spec.get("value_bytes", VALUE_BYTES) <= limit) and
            (row != "transfer" or system.transfers))


def shape(system, row):
    return system.shape(row["in_flight"], row["clients"], row["read_ratio"] > 0)


def bench(system, row, extra, connections=None):
    """A load that has been started."""
    connections, pipeline = connections or shape(system, row)
    command = [OSTRAKA, "bench", system.flag, system.endpoints(row.get("who", "leader")),
               "--clients", str(connections), "--pipeline", str(pipeline),
               "--value-size", str(row.get("value_bytes", VALUE_BYTES)),
               "--read-ratio", str(row["read_ratio"]),
               "--distribution", row.get("distribution", "uniform"),
               "--consistency", row.get("consistency", "linearizable"), "--json",
               *(str(part) for part in extra)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    """The report; errors in it are for the judgement, no report at all ends the comparison."""
    out, errors = process.communicate()
    try:
        return json.loads(out)
    except ValueError:
        sys.exit(f"{' '.join(process.args)}\n{errors}")


def preload(system, keys, value_bytes=VALUE_BYTES):
    row = dict(in_flight=256, clients=64, read_ratio=0, value_bytes=value_bytes)
    for _ in range(LOAD_ATTEMPTS):  # a broken connection takes with it what was under way
        loaded = finish(bench(system, row, ["--keys", keys, "--load"]))
        if loaded["errors"] == 0 and loaded["writes"] >= keys:
            return
    sys.exit(f"loading failed: {loaded['writes']} of {keys} keys, {loaded['disconnects']} broken "
             f"connections, {loaded['first_error']}")


def counters(system):
    return sum(system.cpu_seconds()), system.syncs(), system.elections()


def difference(after, before):
    return None if after is None or before is None else after - before


def load(system, row, args, seconds=None, keys=None):
    seconds = seconds or args.seconds
    elections = system.elections()
    process = bench(system, row, ["--keys", row.get("keys", keys or args.keys),
                                  "--duration", seconds, "--warmup", args.warmup])
    time.sleep(args.warmup)  # the servers' side is counted over the measured part as well
    cpu, syncs, _ = counters(system)
    result = finish(process)
    cpu_after, syncs_after, elections_after = counters(system)
    operations = max(result["operations"], 1)
    synced = difference(syncs_after, syncs)
    result["in_flight"] = row["in_flight"]
    result["connections"] = shape(system, row)[0]
    result["server_cpu_us_per_op"] = (cpu_after - cpu) * 1e6 / operations
    result["syncs_per_op_per_node"] = (None if synced is None else
                                       synced / operations / len(system.commands))
    result["elections"] = difference(elections_after, elections)
    result["resident_mb"] = system.resident_mb()
    return result


def run_big(system, row, args):
    """Together with what the disk gives three writers, right after it."""
    result = load(system, row, args)
    result["user_mb_per_s"] = result["throughput"] * BIG_BYTES / 1e6
    result["disk_mb_per_s"] = machine.disk_mb_per_second(system.folder, min(args.seconds, 10))
    return result


def run_idle(system, _, args):
    """Of the member that uses most."""
    before = system.cpu_seconds()
    time.sleep(args.idle_seconds)
    used = max(after - b for after, b in zip(system.cpu_seconds(), before))
    return {"resident_mb": system.resident_mb(), "cpu_percent": 100 * used / args.idle_seconds}


def run_timeline(system, row, args):
    capacity = load(system, FULL, args, seconds=max(args.seconds / 4, 2))["throughput"]
    elections = system.elections()
    rate = max(TIMELINE_SHARE * capacity, 1)
    result = finish(bench(system, row, ["--keys", args.keys, "--rate", f"{rate:.0f}",
                                        "--duration", args.seconds, "--warmup", args.warmup]))
    return {**result, "capacity": capacity, "offered": rate,
            "elections": difference(system.elections(), elections),
            "worst_p999_ms": max((s["p999_ms"] for s in result["per_second"]), default=None)}


def run_overload(system, row, args):
    """Calm, spike, calm, in one open loop. The capacity is that of the closed loop with as many
    requests in flight as the rows without overload have at most."""
    capacity = load(system, ROWS["set64p16"], args, seconds=max(args.seconds / 4, 2))["throughput"]
    spike = max(10, int(args.seconds / 4))
    stages = ((CALM_SHARE, 5), (SPIKE_SHARE, spike), (CALM_SHARE, 15))
    rate = ",".join(f"{share * capacity:.0f}:{seconds}" for share, seconds in stages)
    elections = system.elections()
    result = finish(bench(system, row, ["--keys", args.keys, "--rate", rate,
                                        "--backlog", OVERLOAD_BACKLOG],
                          connections=(row["clients"], OVERLOAD_PIPELINE)))
    return {**result, "capacity": capacity, "stages": stages,
            "elections": difference(system.elections(), elections),
            **judge_overload(result["per_second"], capacity, stages)}


def judge_overload(seconds, capacity, stages):
    """Goodput of the spike against the capacity; seconds until it was as before; None: never."""
    calm, spike = int(stages[0][1]), int(stages[1][1])
    during = seconds[calm:calm + spike]
    goodput = sum(s["operations"] for s in during) / max(len(during), 1)
    before = sorted(s["p99_ms"] for s in seconds[1:calm])
    usual = max(50, 2 * before[len(before) // 2]) if before else 50
    after = seconds[calm + spike:calm + spike + int(stages[2][1])]
    wanted = 0.9 * stages[2][0] * capacity
    back = next((i for i, s in enumerate(after)
                 if s["operations"] >= wanted and s["p99_ms"] <= usual), None)
    return {"goodput_share": goodput / capacity if capacity else None, "back_seconds": back,
            "spike_busy": sum(s["busy"] for s in during)}


def run_elections(system, row, args):
    return load(system, row, args, seconds=args.election_seconds)


def kill_leader(system, args):
    leader = system.leader()
    system.end(leader)
    return lambda: system.restart(leader)


def stop_leader(system, args):
    """For longer than ZooKeeper needs to notice it."""
    leader = system.leader()
    system.pause(leader, True)
    time.sleep(args.stop_seconds * STOPPED_SHARE)
    system.pause(leader, False)
    return system.wait_ready


def transfer_leader(system, args):
    refused = system.transfer()
    if refused:
        print(f"  transfer refused: {refused}", file=sys.stderr)
    return system.wait_ready


def run_events(happen, count, seconds="kill_seconds"):
    """The same thing several times under full load; clients know every member, and each
    acknowledged write is read back in the end."""
    def run(system, row, args):
        events, duration = [], getattr(args, seconds)
        for number in range(getattr(args, count)):
            elections = system.elections()
            process = bench(system, row, ["--keys", (number + 1) * KEYS_AN_EVENT, "--duration",
                                          duration, "--check-writes"])
            time.sleep(duration / 3)
            before = difference(system.elections(), elections)  # nothing has happened so far
            recover = happen(system, args)
            result = finish(process)
            told = {name: result[name] for name in (
                "throughput", "checked", "lost", "unchecked", "errors", "first_error",
                "disconnects", "per_second")}
            events.append({**told, "gap_ms": result["longest_write_gap_ms"],
                           "elections": difference(system.elections(), elections),
                           "false_elections": before})
            recover()
        return {"events": events}
    return run


def run_restart(name, folder, args):
    system = SYSTEMS[name](folder)
    system.start()
    try:
        preload(system, args.restart_keys, RESTART_VALUE_BYTES)
        resident = system.resident_mb()
        follower = (system.leader() + 1) % len(system.commands)
        times = {}
        for what, how in (("clean", signal.SIGTERM), ("killed", signal.SIGKILL)):
            # Something to replay: what was written since the last checkpoint.
            finish(bench(system, {**FULL, "value_bytes": RESTART_VALUE_BYTES},
                         ["--keys", args.restart_keys, "--duration", max(args.seconds / 4, 2)]))
            system.end(follower, how)
            times[f"{what}_seconds"] = system.restart_seconds(follower)
        return {"keys": args.restart_keys, "value_bytes": RESTART_VALUE_BYTES,
                "resident_mb": resident, "resident_after_mb": system.resident_mb(), **times}
    finally:
        system.stop()


def run_growth(name, folder, args):
    """Three nodes with each number of keys, five with the smallest."""
    points = []
    for nodes, keys in [(3, k) for k in args.growth_keys] + [(5, min(args.growth_keys))]:
        system = SYSTEMS[name](os.path.join(folder, f"{nodes}-{keys}"), nodes)
        system.start()
        try:
            preload(system, keys)
            rates = {row: load(system, ROWS[row], args, keys=keys) for row in ("set64", "get64")}
        finally:
            system.stop()
        points.append({"nodes": nodes, "keys": keys,
                       **{row: {f: r[f] for f in ("throughput", "p99_ms", "server_cpu_us_per_op",
                                                  "errors", "elections", "resident_mb")}
                          for row, r in rates.items()}})
    return {"points": points}


RUN = {**{row: load for row in LOADS}, "idle": run_idle, "big": run_big,
       "timeline": run_timeline, "overload": run_overload, "elections": run_elections,
       "failover": run_events(kill_leader, "kills"),
       "stopped": run_events(stop_leader, "kills", "stop_seconds"),
       "transfer": run_events(transfer_leader, "transfers"),
       "restart": run_restart, "growth": run_growth}


def run_system(name, folder, rows, args, record):
    """The rows of one system, in the order of ROWS; `record(row, result)` takes each."""
    ordered = [row for row in ROWS if row in rows and makes_sense(name, row)]
    shared = [row for row in ordered if not ROWS[row].get("alone")]
    if shared:
        system = SYSTEMS[name](folder)
        system.start()
        try:
            if "idle" in shared:
                record("idle", run_idle(system, None, args))
            if shared != ["idle"]:
                preload(system, args.keys)
            for row in [r for r in shared if r != "idle"]:
                record(row, RUN[row](system, ROWS[row], args))
        finally:
            system.stop()
    for row in [r for r in ordered if ROWS[r].get("alone")]:
        record(row, RUN[row](name, f"{folder}-{row}", args))
