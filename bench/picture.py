"""Draws what bench/compare recorded as one SVG: bars of throughput and latency for each row and
system, latency over time for the rows that have it. Colours follow the reader's light or dark
scheme; every bar says its figure, so nothing depends on colours alone.
"""
import math
from xml.sax.saxutils import escape

import report

WIDTH, MARGIN, GAP = 960, 24, 32
HALF = (WIDTH - 2 * MARGIN - GAP) / 2
BAR, BAR_STEP, ROW_HEAD, ROW_GAP = 12, 17, 18, 12
NAME_WIDTH, FIGURE_WIDTH = 72, 96
CHART_HEIGHT, AXIS_WIDTH = 150, 60
SYSTEMS = ("ostraka", "etcd", "zookeeper", "redis", "multi-paxos", "zab")
# (light, dark)
COLOURS = {"paper": ("#ffffff", "#0d1117"), "ink": ("#1f2328", "#e6edf3"),
           "faint": ("#59636e", "#9198a1"), "rule": ("#d0d7de", "#30363d"),
           "ostraka": ("#0969da", "#58a6ff"), "etcd": ("#bc4c00", "#f0883e"),
           "zookeeper": ("#1a7f37", "#3fb950"), "redis": ("#8250df", "#bc8cff"),
           "multi-paxos": ("#9a6700", "#d29922"), "zab": ("#bf3989", "#f778ba")}


def rules(scheme):
    """Plain rules for one of the two schemes: not every viewer knows variables."""
    lines = []
    for name, colours in COLOURS.items():
        lines.append(f".{name} {{ fill: {colours[scheme]}; }} "
                     f".line-{name} {{ stroke: {colours[scheme]}; }}")
    return "\n".join(lines)


STYLE = f"""
text {{ font: 12px system-ui, sans-serif; }}
.title {{ font-size: 16px; font-weight: 600; }} .head {{ font-weight: 600; }}
.void {{ opacity: 0.4; }} path {{ fill: none; stroke-width: 1.5; }}
{rules(0)}
@media (prefers-color-scheme: dark) {{
{rules(1)}
}}
"""


class Drawing:
    def __init__(self):
        self.parts, self.y = [], MARGIN

    def text(self, x, y, words, kind="ink", anchor="start"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
                          f"{escape(words)}</text>")

    def add(self, shape):
        self.parts.append(shape)

    def svg(self, title):
        height = self.y + MARGIN
        return "\n".join(
            [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
             f'width="{WIDTH}" height="{height:.0f}" role="img" aria-label="{escape(title)}">',
             f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>",
             f'<rect class="paper" width="{WIDTH}" height="{height:.0f}"/>', *self.parts,
             "</svg>"]) + "\n"


def figure(value, unit):
    return f"{value:,.0f}{unit}" if value >= 100 else f"{value:.3g}{unit}"


def bars(drawing, x, values, unit):
    """One bar for each (system, value, void), the longest over the whole room."""
    longest = max((v for _, v, _ in values), default=0) or 1
    room = HALF - NAME_WIDTH - FIGURE_WIDTH
    for i, (name, value, void) in enumerate(values):
        y = drawing.y + ROW_HEAD + i * BAR_STEP
        drawing.text(x, y + BAR - 2, name, "faint")
        kind = f"{name} void" if void else name
        drawing.add(f'<rect class="{kind}" x="{x + NAME_WIDTH:.1f}" y="{y:.1f}" rx="2" '
                    f'width="{max(room * value / longest, 1):.1f}" height="{BAR}"/>')
        drawing.text(x + NAME_WIDTH + room * value / longest + 6, y + BAR - 2,
                     figure(value, unit) + (" (void)" if void else ""))


def bar_rows(drawing, results, void, row_texts):
    drawing.text(MARGIN, drawing.y, "Operations a second (longer is better)", "ink head")
    drawing.text(MARGIN + HALF + GAP, drawing.y, "99th percentile of latency (shorter is better)",
                 "ink head")
    drawing.y += 14
    for row in [r for r in row_texts if r in results]:
        loads = {name: reports for name, reports in results[row].items()
                 if report.median(reports, "throughput") is not None}
        if not loads or row in ("timeline", "overload", "elections"):
            continue
        drawing.text(MARGIN, drawing.y + 12, row_texts[row])
        drawing.text(MARGIN + HALF + GAP, drawing.y + 12, row_texts[row], "faint")
        for x, field, unit in ((MARGIN, "throughput", "/s"),
                               (MARGIN + HALF + GAP, "p99_ms", " ms")):
            bars(drawing, x, [(name, report.median(loads[name], field), (row, name) in void)
                              for name in SYSTEMS if name in loads], unit)
        drawing.y += ROW_HEAD + len(loads) * BAR_STEP + ROW_GAP


def gap_rows(drawing, results, void, row_texts):
    """The median of the longest gaps."""
    rows = [r for r in row_texts if r in results and r in report.EVENTS]
    if not rows:
        return
    drawing.y += 10
    drawing.text(MARGIN, drawing.y, "Longest gap between acknowledged writes, median "
                 "(shorter is better)", "ink head")
    drawing.y += 14
    for row in rows:
        gaps = [(name, report.median(report.flat_events(results[row][name]), "gap_ms"),
                 (row, name) in void) for name in SYSTEMS if name in results[row]]
        drawing.text(MARGIN, drawing.y + 12, row_texts[row])
        bars(drawing, MARGIN, [g for g in gaps if g[1] is not None], " ms")
        drawing.y += ROW_HEAD + len(gaps) * BAR_STEP + ROW_GAP


def seconds_of(row, reports):
    """The seconds of the first run, or of its first event."""
    first = reports[0]
    if row in report.EVENTS:
        first = first["events"][0] if first["events"] else {}
    return first.get("per_second", [])


def chart(drawing, title, field, lines):
    """Latency over time, on a logarithmic scale; a second without answers is a hole."""
    values = [s[field] for seconds in lines.values() for s in seconds if s[field] > 0]
    if not values:
        return
    low, high = (math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))))
    high = max(high, low + 1)
    left, right, top = MARGIN + AXIS_WIDTH, WIDTH - MARGIN, drawing.y + 24
    longest = max(max(len(seconds) for seconds in lines.values()), 2)

    def place(second, value):
        share = (math.log10(value) - low) / (high - low)
        return (f"{left + (right - left) * second / (longest - 1):.1f},"
                f"{top + CHART_HEIGHT * (1 - share):.1f}")

    drawing.text(MARGIN, drawing.y + 10, title, "ink head")
    for power in range(low, high + 1):
        y = top + CHART_HEIGHT * (1 - (power - low) / (high - low))
        drawing.add(f'<path class="line-rule" d="M{left} {y:.1f}H{right}"/>')
        drawing.text(left - 6, y + 4, f"{10.0 ** power:g} ms", "faint", "end")
    for name in [n for n in SYSTEMS if n in lines]:
        pieces, hole = [], True
        for second, s in enumerate(lines[name]):
            if s[field] > 0:
                pieces.append(("M" if hole else "L") + place(second, s[field]))
            hole = s[field] <= 0
        # A second between two holes is a point: a line of no length with a round end.
        drawing.add(f'<path class="line-{name}" stroke-linecap="round" '
                    f'd="{" ".join(p + "h0" if p[0] == "M" else p for p in pieces)}">'
                    f"<title>{name}</title></path>")
    drawing.text(left, top + CHART_HEIGHT + 16, "0 s", "faint")
    drawing.text(right, top + CHART_HEIGHT + 16, f"{longest} s", "faint", "end")
    drawing.y = top + CHART_HEIGHT + 36


def legend(drawing, systems):
    x = MARGIN
    for name in systems:
        drawing.add(f'<rect class="{name}" x="{x}" y="{drawing.y - 10}" width="12" height="12" '
                    'rx="2"/>')
        drawing.text(x + 18, drawing.y, report.TITLES[name])
        x += 150
    drawing.y += 28


def svg(record, row_texts):
    """The whole picture as text."""
    results, drawing = record["rows"], Drawing()
    void = report.void_rows(results)
    title = f"Ostraka compared, {record['date']}"
    drawing.text(MARGIN, drawing.y + 8, title, "ink title")
    drawing.text(MARGIN, drawing.y + 28,
                 f"{record['cpu']}, {record['cores']} cores, Linux {record['kernel']}; commit "
                 f"{record['commit']}; all nodes and the client on this machine, "
                 f"{report.seconds_a_row(record)}", "faint")
    drawing.y += 54
    legend(drawing, [n for n in SYSTEMS if any(n in row for row in results.values())])
    bar_rows(drawing, results, void, row_texts)
    gap_rows(drawing, results, void, row_texts)
    charts = [("timeline", "p999_ms", "99.9th percentile of each second"),
              *((row, "max_ms", "longest latency of each second")
                for row in ("failover", "stopped", "transfer", "overload"))]
    for row, field, what in charts:
        if row in results:
            drawing.y += 10
            chart(drawing, f"{row_texts[row]}: {what}", field,
                  {name: seconds_of(row, reports) for name, reports in results[row].items()})
    return drawing.svg(title)
