"""What bench/compare makes of its figures: medians, void comparisons, ratios, targets.

results[row][system] is a list of reports, one per run. A report is what `ostraka bench --json`
prints with the servers' side added, or that of the rows `failover` and `idle`.
"""
import statistics

CLIENT_LIMIT_US = 10   # CPU-us an operation; above, a peer's row measures the client
IN_FLIGHT_JUDGED = 64  # where the limit applies
LOAD_FIGURES = {"rate": "throughput", "p99": "p99_ms", "server CPU": "server_cpu_us_per_op"}


def median(reports, name):
    values = [r[name] for r in reports if r.get(name) is not None]
    return statistics.median(values) if values else None


def flat_failovers(reports):
    """The kills of all runs."""
    return [kill for r in reports for kill in r["kills"]]


def void_reasons(row, system, reports):
    """Why a row of a system cannot be compared; empty when it can."""
    reasons = []
    if row == "idle":
        return reasons
    if row == "failover":
        kills = flat_failovers(reports)
        if not kills:
            reasons.append("nothing was killed")
        if any(k["checked"] == 0 or k["unchecked"] for k in kills):
            reasons.append("not every acknowledged write could be read back")
        return reasons
    cost = median(reports, "client_cpu_us_per_op")
    judged = system != "ostraka" and reports[0]["in_flight"] == IN_FLIGHT_JUDGED
    if judged and cost > CLIENT_LIMIT_US:
        reasons.append(f"the client cost {cost:.1f} CPU-us an operation, above {CLIENT_LIMIT_US}")
    wrong = [r for r in reports if r["errors"]]
    if wrong:
        count = sum(r["errors"] for r in wrong)
        reasons.append(f"{count} errors, the first: {wrong[0]['first_error']}")
    if any(r["absent"] for r in reports):
        reasons.append(f"{sum(r['absent'] for r in reports)} reads found nothing")
    if any(r.get("elections") for r in reports):
        reasons.append("the leader changed during the row")
    return reasons


def void_rows(results):
    return {(row, name): reasons
            for row, systems in results.items() for name, reports in systems.items()
            if (reasons := void_reasons(row, name, reports))}


def ratio(ours, theirs):
    return None if ours is None or not theirs else ours / theirs


def compare_row(row, ours, theirs):
    """Our figure divided by theirs, by name."""
    figures = {"failover": {"gap": "gap_ms"},
               "idle": {"memory": "resident_mb", "CPU": "cpu_percent"}}.get(row, LOAD_FIGURES)
    if row == "failover":
        ours, theirs = flat_failovers(ours), flat_failovers(theirs)
    return {what: ratio(median(ours, name), median(theirs, name))
            for what, name in figures.items()}


def ratios(results):
    """{row: {peer: {name: ratio}}}: Ostraka's figure divided by the peer's."""
    return {row: {name: compare_row(row, systems["ostraka"], reports)
                  for name, reports in systems.items() if name != "ostraka"}
            for row, systems in results.items() if "ostraka" in systems}


def targets(results):
    """(what, figure, met) for the project's own targets; both None where the figure is missing or
    the comparison void."""
    void, compared = void_rows(results), ratios(results)

    def against_etcd(row, name):
        if (row, "etcd") in void or (row, "ostraka") in void:
            return None
        return compared.get(row, {}).get("etcd", {}).get(name)

    def own(row):
        return results.get(row, {}).get("ostraka", [])

    kills = flat_failovers(own("failover"))
    loads = [r for row in results if row not in ("idle", "failover") for r in own(row)]
    counted = [r["elections"] for r in loads] + [k["false_elections"] for k in kills]
    elections = sum(counted) if counted and None not in counted else None
    lost = sum(k["lost"] for k in kills) if kills and ("failover", "ostraka") not in void else None
    memory, cpu = median(own("idle"), "resident_mb"), median(own("idle"), "cpu_percent")
    figures = [
        ("SET, 64 clients: rate against etcd at least 3", against_etcd("set64", "rate"),
         lambda v: v >= 3),
        ("SET, 64 clients: p99 against etcd below 1", against_etcd("set64", "p99"),
         lambda v: v < 1),
        ("GET, 64 clients: rate against etcd at least 3", against_etcd("get64", "rate"),
         lambda v: v >= 3),
        ("leader killed: longest gap below 1000 ms, median", median(kills, "gap_ms"),
         lambda v: v < 1000),
        ("leader killed: acknowledged writes lost: none", lost, lambda v: v == 0),
        ("elections under load with nobody killed: none", elections, lambda v: v == 0),
        ("idle node: resident memory at most 40 MB", memory, lambda v: v <= 40),
        ("idle node: at most 1 % of a core", cpu, lambda v: v <= 1),
    ]
    return [(what, value, None if value is None else test(value)) for what, value, test in figures]


def text(value, digits=2, width=0):
    return ("–" if value is None else f"{value:.{digits}f}").rjust(width)


def line(row_text, name, report):
    """One line of the running account."""
    head = f"{name:10} {row_text:30}"
    if "kills" in report:
        kills = report["kills"]
        gaps = " ".join(f"{k['gap_ms']:.0f}" for k in kills)
        gap = text(median(kills, "gap_ms"), 0)
        checked, lost = sum(k["checked"] for k in kills), sum(k["lost"] for k in kills)
        return (f"{head} longest gap between acknowledged writes {gap} ms (median of {gaps})"
                f"  read back {checked}  lost {lost}"
                f"  elections {' '.join(text(k['elections'], 0) for k in kills)}")
    if "cpu_percent" in report:
        return (f"{head} resident {report['resident_mb']:.1f} MB"
                f"   CPU {report['cpu_percent']:.2f} % of a core")
    return (f"{head} {report['throughput']:8.0f}/s"
            f"  p50 {report['p50_ms']:7.3f}  p99 {report['p99_ms']:8.3f} ms"
            f"  server {report['server_cpu_us_per_op']:7.1f} us/op"
            f"  client {report['client_cpu_us_per_op']:5.1f} us/op"
            f"  fsyncs/op/node {text(report['syncs_per_op_per_node'], 3, 6)}"
            f"  errors {report['errors']}"
            f"  elections {text(report['elections'], 0)}")


def summary(results, row_texts):
    """Ratios, targets and what is void, as lines."""
    void = void_rows(results)
    lines = ["", "Ostraka against the others (its figure divided by theirs; medians)"]
    for row, peers in ratios(results).items():
        for name, figures in peers.items():
            mark = "  VOID" if (row, name) in void or (row, "ostraka") in void else ""
            cells = "   ".join(f"{what} x{text(value)}" for what, value in figures.items())
            lines.append(f"  {row_texts[row]:30} {name:10} {cells}{mark}")
    lines += ["", "Targets"]
    for what, value, met in targets(results):
        verdict = {True: "met", False: "NOT MET", None: "no figure"}[met]
        lines.append(f"  {what:50} {text(value, 2, 8)}  {verdict}")
    lines += ["", "Void: none" if not void else "Void, not to be compared:"]
    lines += [f"  {name}, {row_texts[row]}: {'; '.join(reasons)}"
              for (row, name), reasons in void.items()]
    return lines
