"""The project's targets: what each is, its figure, and whether it is met."""
import math

import report

RESTART_KEYS = 10_000_000  # the targets of the row `restart` are about so many
GAP_MS = 50
BUSY_AT_ONCE_MS = 100
BACK_SECONDS = 10
# (row, what, peer, at least, the peer's row)
RATES = (
    ("set1", "SET, 1 client: rate", "etcd", 1.7, "set1"),
    ("set1", "SET, 1 client: rate", "redis", 0.85, "set1"),
    ("set64", "SET, 64 clients: rate", "etcd", 5, "set64"),
    ("set64", "SET, 64 clients: rate", "redis", 0.85, "set64"),
    ("set256", "SET, 256 clients: rate", "etcd", 3, "set256"),
    ("set256", "SET, 256 clients: rate", "redis", 0.6, "set256"),
    ("set64p16", "SET, 64 clients, pipeline 16: rate", "redis", 0.25, "set64p16"),
    ("get64", "GET linearizable, 64 clients: rate", "etcd", 6, "get64"),
    ("get64", "GET linearizable, 64 clients: rate", "redis", 0.75, "get64"),
    ("getf64", "GET linearizable by followers: rate", "etcd", 3, "getf64"),
    ("getstale64", "GET bounded-stale at followers: rate", "redis", 0.75, "get64"),
    ("mix64", "50/50 zipfian, 64 clients: rate", "etcd", 4.5, "mix64"),
)


# Ostraka's other engines against Raft.
ENGINE_RATE = 0.9
ENGINE_ROWS = ("set1", "set64", "set256", "get64", "mix64")


class Figures:
    """Medians of what is not void."""

    def __init__(self, results):
        self.results, self.void = results, report.void_rows(results)

    def own(self, row):
        return [] if (row, "ostraka") in self.void else self.results.get(row, {}).get("ostraka", [])

    def value(self, row, name, system="ostraka"):
        if (row, system) in self.void:
            return None
        return report.median(self.results.get(row, {}).get(system, []), name)

    def against(self, row, name, peer, peer_row):
        return report.ratio(self.value(row, name), self.value(peer_row, name, peer))

    def events(self, row):
        return report.flat_events(self.own(row))


def at_least(what, limit, value):
    return f"{what} at least {limit:g}", value, None if value is None else value >= limit


def at_most(what, limit, value):
    return f"{what} at most {limit:g}", value, None if value is None else value <= limit


def load_targets(figures):
    targets = [at_least(f"{what} against {peer}", limit,
                        figures.against(row, "throughput", peer, peer_row))
               for row, what, peer, limit, peer_row in RATES]
    big = report.ratio(figures.value("big", "user_mb_per_s"),
                       figures.value("big", "disk_mb_per_s"))
    return targets + [
        at_most("SET, 64 clients: p99 against etcd", 0.333,
                figures.against("set64", "p99_ms", "etcd", "set64")),
        at_most("SET, 64 clients: CPU-us an operation, all servers", 22,
                figures.value("set64", "server_cpu_us_per_op")),
        at_most("GET, 64 clients: CPU-us an operation, all servers", 8,
                figures.value("get64", "server_cpu_us_per_op")),
        at_most("SET, 64 clients: fsyncs an operation and node", 0.05,
                figures.value("set64", "syncs_per_op_per_node")),
        at_least("SET of 1 MiB, 4 clients: bytes x 3 against the disk's three writers", 0.25,
                 None if big is None else 3 * big)]


def engine_targets(figures):
    """None for an engine that was not among the systems."""
    return [at_least(f"{row} under {engine}: rate against Raft", ENGINE_RATE,
                     report.ratio(figures.value(row, "throughput", engine),
                                  figures.value(row, "throughput")))
            for engine in report.OURS[1:] for row in ENGINE_ROWS
            if engine in figures.results.get(row, {})]


def event_targets(figures):
    killed, stopped = figures.events("failover"), figures.events("stopped")
    moved = figures.events("transfer")
    every = killed + stopped + moved

    def worst(events):
        return max((e["gap_ms"] for e in events), default=None)

    def total(events, name):
        return sum(e[name] for e in events) if events else None

    return [
        at_most("leader killed: longest gap in ms, median", 400, report.median(killed, "gap_ms")),
        at_most("leader killed: longest gap in ms, worst", 1000, worst(killed)),
        at_most("leader stopped: longest gap in ms, median", 1000,
                report.median(stopped, "gap_ms")),
        at_most("leadership handed over: longest gap in ms, worst", GAP_MS, worst(moved)),
        at_most("leadership handed over: errors and broken connections seen by clients", 0,
                None if not moved else total(moved, "errors") + total(moved, "disconnects")),
        at_most("acknowledged writes lost, of all that were read back", 0, total(every, "lost")),
    ]


def election_targets(figures):
    loads = [r for row, systems in figures.results.items()
             if row not in report.OWN_SHAPE and row != "elections"
             for r in systems.get("ostraka", [])]
    counted = [r.get("elections") for r in loads]
    counted += [e["false_elections"] for row in report.EVENTS for e in figures.events(row)]
    long_run = figures.own("elections")
    return [at_most("elections in the row of full load for long (600 s)", 0,
                    sum(r["elections"] for r in long_run)
                    if long_run and all(r["seconds"] >= 599 for r in long_run) else None),
            at_most("elections in all other rows with nobody killed", 0,
                    sum(counted) if counted and None not in counted else None)]


def flow_targets(figures):
    overload = figures.own("overload")
    not_busy = sum(r["errors"] + r["unsent"] for r in overload) if overload else None
    never_back = any(r["back_seconds"] is None for r in overload)
    refused = any(r["spike_busy"] for r in overload)
    back = max((math.inf if r["back_seconds"] is None else r["back_seconds"] for r in overload),
               default=None)
    return [
        at_most("70 % of capacity: p99.9 of the worst second, ms", GAP_MS,
                figures.value("timeline", "worst_p999_ms")),
        at_least("twice the capacity: share of the capacity acknowledged", 0.9,
                 figures.value("overload", "goodput_share")),
        at_most("twice the capacity: the rest, not answered busy", 0, not_busy),
        at_most("twice the capacity: p99 in ms until busy is answered", BUSY_AT_ONCE_MS,
                figures.value("overload", "busy_p99_ms") if refused else None),
        ("twice the capacity, and back: as before within 10 s", None if never_back else back,
         None if back is None else back <= BACK_SECONDS)]


def restart_targets(figures):
    def full(name):
        enough = [r for r in figures.own("restart") if r["keys"] >= RESTART_KEYS]
        return report.median(enough, name)
    keys = "10 million keys"
    return [at_most(f"restart with {keys}: seconds after a clean stop", 3, full("clean_seconds")),
            at_most(f"restart with {keys}: seconds after kill -9", 10, full("killed_seconds")),
            at_most(f"{keys} of 64 bytes: resident MB", 600, full("resident_mb")),
            at_most("idle node: resident MB", 30, figures.value("idle", "resident_mb")),
            at_most("idle node: per cent of a core", 1, figures.value("idle", "cpu_percent"))]


def growth_targets(figures):
    """Logarithmic in keys: a rate falls no faster than 1 / log(keys)."""
    points = [p for r in figures.own("growth") for p in r["points"] if p["nodes"] == 3]
    targets = []
    for row, what in (("set64", "SET"), ("get64", "GET")):
        value = None
        if len({p["keys"] for p in points}) > 1:
            few, many = (f(points, key=lambda p: p["keys"]) for f in (min, max))
            value = (report.ratio(many[row]["throughput"], few[row]["throughput"]) *
                     math.log(many["keys"]) / math.log(few["keys"]))
        targets.append(at_least(f"more keys: {what}'s rate against 1 / log(keys)", 1, value))
    return targets


def targets(results):
    """(what, figure, met); both None where the figure is missing or its row void."""
    figures = Figures(results)
    parts = (load_targets, engine_targets, event_targets, election_targets, flow_targets,
             restart_targets, growth_targets)
    return [target for part in parts for target in part(figures)]
