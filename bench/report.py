"""What bench/compare makes of its figures: medians, void comparisons, ratios, lines, the table.

results[row][system] is a list of reports, one per run; bench/rows.py makes them. Targets are in
bench/targets.py.
"""
import statistics

OURS = ("ostraka", "multi-paxos", "zab")  # Ostraka under Raft, and under its other engines
CLIENT_LIMIT_US = 10   # CPU-us an operation; above, a peer's row measures the client
IN_FLIGHT_JUDGED = 64  # where the limit applies
UNSENT_SHARE = 0.01    # of an open loop: more, and its latencies say nothing
EVENTS = ("failover", "stopped", "transfer")
OWN_SHAPE = ("idle", "restart", "growth", *EVENTS)  # rows whose reports are not those of a load
MAY_FAIL = ("failover", "stopped", "overload")  # an error is an answer there
LOAD_FIGURES = {"rate": "throughput", "p99": "p99_ms", "server CPU": "server_cpu_us_per_op"}
FIGURES = {**{row: {"gap": "gap_ms"} for row in EVENTS},
           "idle": {"memory": "resident_mb", "CPU": "cpu_percent"},
           "timeline": {"p99.9": "p999_ms", "worst second": "worst_p999_ms"}}
BORROWED = {"getstale64": ("redis", "get64")}  # a peer that has no such row, and its own in place
TABLE_BEGIN = "<!-- bench/compare --table: begin -->"
TABLE_END = "<!-- bench/compare --table: end -->"
VERDICTS = {True: "met", False: "NOT MET", None: "no figure"}


def median(reports, name):
    values = [r[name] for r in reports if r.get(name) is not None]
    return statistics.median(values) if values else None


def flat_events(reports):
    """The kills, stops or transfers of all runs."""
    return [event for r in reports for event in r["events"]]


def event_reasons(row, reports):
    reasons, events = [], flat_events(reports)
    if not events:
        reasons.append("nothing happened")
    if any(e["checked"] == 0 or e["unchecked"] for e in events):
        reasons.append("not every acknowledged write could be read back")
    if any(e["elections"] == 0 for e in events):
        reasons.append("the leader did not change")
    return reasons


def void_reasons(row, system, reports):
    """Why a row of a system cannot be compared; empty when it can."""
    reasons = []
    if row in EVENTS:
        return event_reasons(row, reports)
    if row in OWN_SHAPE:
        return reasons
    cost = median(reports, "client_cpu_us_per_op")
    judged = system not in OURS and reports[0].get("in_flight") == IN_FLIGHT_JUDGED
    if judged and cost > CLIENT_LIMIT_US:
        reasons.append(f"the client cost {cost:.1f} CPU-us an operation, above {CLIENT_LIMIT_US}")
    wrong = [r for r in reports if r["errors"]]
    if wrong and row not in MAY_FAIL:
        count = sum(r["errors"] for r in wrong)
        reasons.append(f"{count} errors, the first: {wrong[0]['first_error']}")
    if any(r["absent"] for r in reports):
        reasons.append(f"{sum(r['absent'] for r in reports)} reads found nothing")
    if any(r.get("elections") for r in reports) and row != "elections":
        reasons.append("the leader changed during the row")
    if row == "timeline" and any(r["unsent"] > UNSENT_SHARE * r["operations"] for r in reports):
        reasons.append(f"{sum(r['unsent'] for r in reports)} requests found no room and were not "
                       "sent")
    return reasons


def void_rows(results):
    return {(row, name): reasons
            for row, systems in results.items() for name, reports in systems.items()
            if (reasons := void_reasons(row, name, reports))}


def ratio(ours, theirs):
    return None if ours is None or not theirs else ours / theirs


def compare_row(row, ours, theirs):
    """Our figure divided by theirs, by name."""
    if row in EVENTS:
        ours, theirs = flat_events(ours), flat_events(theirs)
    return {what: ratio(median(ours, name), median(theirs, name))
            for what, name in FIGURES.get(row, LOAD_FIGURES).items()}


def ratios(results):
    """{row: {peer: {name: ratio}}}: Ostraka's figure divided by the peer's."""
    compared = {row: {name: compare_row(row, systems["ostraka"], reports)
                      for name, reports in systems.items() if name != "ostraka"}
                for row, systems in results.items() if "ostraka" in systems}
    for row, (name, theirs) in BORROWED.items():
        reports = results.get(theirs, {}).get(name)
        if row in compared and reports and not void_reasons(theirs, name, reports):
            compared[row][name] = compare_row(row, results[row]["ostraka"], reports)
    return compared


def text(value, digits=2, width=0):
    return ("–" if value is None else f"{value:.{digits}f}").rjust(width)


def event_line(report):
    events = report["events"]
    gaps = " ".join(f"{e['gap_ms']:.0f}" for e in events)
    checked, lost = sum(e["checked"] for e in events), sum(e["lost"] for e in events)
    return (f" longest gap between acknowledged writes {text(median(events, 'gap_ms'), 0)} ms "
            f"(median of {gaps})  read back {checked}  lost {lost}"
            f"  errors {sum(e['errors'] for e in events)}"
            f"  elections {' '.join(text(e['elections'], 0) for e in events)}")


def growth_line(report):
    return " " + ";  ".join(
        f"{p['nodes']} nodes, {p['keys']} keys: SET {p['set64']['throughput']:.0f}/s, "
        f"GET {p['get64']['throughput']:.0f}/s" for p in report["points"])


def load_line(report):
    line = (f" {report['throughput']:8.0f}/s"
            f"  p50 {report['p50_ms']:7.3f}  p99 {report['p99_ms']:8.3f} ms"
            f"  client {report['client_cpu_us_per_op']:5.1f} us/op  errors {report['errors']}"
            f"  elections {text(report.get('elections'), 0)}")
    if "server_cpu_us_per_op" in report:
        line += (f"  server {report['server_cpu_us_per_op']:7.1f} us/op"
                 f"  fsyncs/op/node {text(report['syncs_per_op_per_node'], 3, 6)}")
    if "disk_mb_per_s" in report:
        line += (f"  {report['user_mb_per_s']:.0f} MB/s of users,"
                 f" the disk gives three writers {report['disk_mb_per_s']:.0f} MB/s")
    if "worst_p999_ms" in report:
        line += (f"  p99.9 {report['p999_ms']:.1f} ms, of the worst second "
                 f"{text(report['worst_p999_ms'], 1)} ms, longest pause "
                 f"{report['longest_write_gap_ms']:.1f} ms, unsent {report['unsent']}")
    if "goodput_share" in report:
        line += (f"  capacity {report['capacity']:.0f}/s, of it acknowledged in the spike "
                 f"{100 * report['goodput_share']:.0f} %, busy {report['busy']}"
                 f" (p99 {report['busy_p99_ms']:.0f} ms), unsent {report['unsent']},"
                 f" as before after {text(report['back_seconds'], 0)} s")
    return line


def line(row_text, name, report):
    """One line of the running account."""
    head = f"{name:10} {row_text:30}"
    if "events" in report:
        return head + event_line(report)
    if "points" in report:
        return head + growth_line(report)
    if "cpu_percent" in report:
        return (f"{head} resident {report['resident_mb']:.1f} MB"
                f"   CPU {report['cpu_percent']:.2f} % of a core")
    if "clean_seconds" in report:
        return (f"{head} {report['keys']} keys of {report['value_bytes']} bytes: resident "
                f"{report['resident_mb']:.0f} MB; serves {report['clean_seconds']:.2f} s after a "
                f"clean stop, {report['killed_seconds']:.2f} s after kill -9")
    return head + load_line(report)


def summary(results, row_texts, targets):
    """Ratios, targets and what is void, as lines."""
    void = void_rows(results)
    lines = ["", "Ostraka against the others (its figure divided by theirs; medians)"]
    for row, peers in ratios(results).items():
        for name, figures in peers.items():
            mark = "  VOID" if (row, name) in void or (row, "ostraka") in void else ""
            cells = "   ".join(f"{what} x{text(value)}" for what, value in figures.items())
            lines.append(f"  {row_texts[row]:30} {name:10} {cells}{mark}")
    lines += ["", "Targets"]
    for what, value, met in targets:
        lines.append(f"  {what:72} {text(value, 2, 8)}  {VERDICTS[met]}")
    lines += ["", "Void: none" if not void else "Void, not to be compared:"]
    lines += [f"  {name}, {row_texts[row]}: {'; '.join(reasons)}"
              for (row, name), reasons in void.items()]
    return lines


# --- The table for README.md. ---

def cell(row, reports):
    if not reports:
        return ""
    if row in EVENTS:
        events = flat_events(reports)
        worst = max(e["gap_ms"] for e in events)
        return (f"{median(events, 'gap_ms'):.0f} ms, worst {worst:.0f}, of {len(events)}; "
                f"lost {sum(e['lost'] for e in events)}")
    if row == "idle":
        return (f"{median(reports, 'resident_mb'):.0f} MB, "
                f"{median(reports, 'cpu_percent'):.1f} % of a core")
    if row == "restart":
        first = reports[0]
        return (f"{first['keys']:,} keys: {first['clean_seconds']:.1f} s, after kill -9 "
                f"{first['killed_seconds']:.1f} s; {first['resident_mb']:.0f} MB")
    if row == "growth":
        return "; ".join(f"{p['nodes']} nodes, {p['keys']:,} keys: {p['set64']['throughput']:,.0f} "
                         f"and {p['get64']['throughput']:,.0f}/s" for p in reports[0]["points"])
    if row == "overload":
        first = reports[0]
        return (f"{100 * first['goodput_share']:.0f} % of {first['capacity']:,.0f}/s, back after "
                f"{text(first['back_seconds'], 0)} s")
    if row == "timeline":
        return (f"p99.9 {median(reports, 'p999_ms'):.1f} ms, worst second "
                f"{median(reports, 'worst_p999_ms'):.1f} ms")
    if row == "big":
        return f"{median(reports, 'user_mb_per_s'):,.0f} MB/s"
    if row == "elections":
        return f"{sum(r['elections'] for r in reports):.0f} in {reports[0]['seconds']:.0f} s"
    return f"{median(reports, 'throughput'):,.0f}/s, p99 {median(reports, 'p99_ms'):.1f} ms"


TITLES = {"ostraka": "Ostraka", "etcd": "etcd", "zookeeper": "ZooKeeper",
          "redis": "Redis, one server", "multi-paxos": "Multi-Paxos", "zab": "ZAB"}


SAME_MACHINE = ("cpu", "cores", "memory_gb", "kernel", "disk")


def joined(records):
    """One record of several of one machine: of different rows, or more runs of the same, which
    must be equally long; ValueError when they do not go together. What was judged in them is to be
    judged anew."""
    first, found, failed = records[0], {}, {}
    parts = [part for record in records for part in record.get("parts") or [
        {"rows": list(record["rows"]), "date": record["date"], "commit": record["commit"],
         "loopback_send_receive_us": record["loopback_send_receive_us"],
         "arguments": record["arguments"]}]]
    for record in records:
        differs = [name for name in SAME_MACHINE if record[name] != first[name]]
        if differs:
            raise ValueError(f"records of two machines: {', '.join(differs)}")
        for row, systems in record["rows"].items():
            found.setdefault(row, {})
            for name, reports in systems.items():
                found[row].setdefault(name, []).extend(reports)
        for name, reasons in record["failed"].items():
            failed.setdefault(name, []).extend(reasons)
    for row in found:
        lengths = {part["arguments"]["seconds"] for part in parts if row in part["rows"]}
        if len(lengths) > 1:
            raise ValueError(f"runs of {' and '.join(f'{s:g}' for s in sorted(lengths))} s: {row}")
    return {**first, "commit": ", ".join(dict.fromkeys(part["commit"] for part in parts)),
            "versions": {k: v for r in records for k, v in r["versions"].items()},
            "settings": {k: v for r in records for k, v in r["settings"].items()},
            "rows": found, "failed": failed, "parts": parts}


def seconds_a_row(record):
    seconds = sorted({part["arguments"]["seconds"] for part in record.get("parts", [record])})
    return f"{' to '.join(f'{s:g}' for s in dict.fromkeys((seconds[0], seconds[-1])))} s a row"


def shape(record):
    """Seconds and runs of the rows; of which rows where they differ."""
    rows_of = {}
    for row in record["rows"]:
        parts = [part["arguments"] for part in record.get("parts", [])
                 if row in part["rows"]] or [record["arguments"]]
        runs = sum(arguments["runs"] for arguments in parts)
        told = (f"{parts[0]['seconds']:.0f} s a row, "
                f"{'one run' if runs == 1 else f'median of {runs}'}")
        rows_of.setdefault(told, []).append(row)
    if len(rows_of) == 1:
        return next(iter(rows_of))
    return "; ".join(f"{', '.join(rows)}: {told}" for told, rows in rows_of.items())


def table(record, row_texts):
    """Markdown of what was recorded, with date and machine; nothing that was not."""
    results, void = record["rows"], void_rows(record["rows"])
    systems = [name for name in TITLES if any(name in row for row in results.values())]
    known, ours = ratios(results), results and "ostraka" in systems
    lines = [f"{record['date']}, commit {record['commit']}: {record['cpu']}, {record['cores']} "
             f"cores, {record['memory_gb']} GB, Linux {record['kernel']}, data on "
             f"{record['disk'].split(' (')[0]}; {'; '.join(record['versions'].values())}. "
             f"Keys of 16 and values of 256 bytes, {record['arguments']['keys']:,} keys, "
             f"{shape(record)}.", "",
             "| | " + " | ".join(TITLES[name] for name in systems) +
             (" | Ostraka against them |" if ours else " |"),
             "|---|" + "---|" * (len(systems) + bool(ours))]
    for row in [r for r in row_texts if r in results]:
        cells = [cell(row, results[row].get(name)) + (" (void)" if (row, name) in void else "")
                 for name in systems]
        if ours:
            against = [f"{TITLES[n].split(',')[0]} {text(next(iter(f.values())))}"
                       for n, f in known.get(row, {}).items()
                       if (row, n) not in void and (row, "ostraka") not in void]
            cells.append(", ".join(against))
        lines.append(f"| {row_texts[row]} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def put_table(document, markdown):
    """The document with the table between the two marks; ValueError when it has no marks."""
    before, begin, rest = document.partition(TABLE_BEGIN)
    _, end, after = rest.partition(TABLE_END)
    if not begin or not end:
        raise ValueError(f"no lines {TABLE_BEGIN} and {TABLE_END}")
    return f"{before}{begin}\n{markdown}{end}{after}"
