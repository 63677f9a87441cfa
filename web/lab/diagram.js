// The picture of a run as SVG. Only what is near the visible part is in the document, so that runs
// of many thousand events stay quick; a whole picture is drawn for export.
import {svg} from "./dom.js";
import {timeText, touchedMessages} from "./words.js";

const BEYOND = 900;  // pixels that are drawn above and below the visible part

function classes(...names) {
  return names.filter(Boolean).join(" ");
}

// Rank of a mark: the strongest of a row is shown.
const RANKS = ["output", "crash", "restart", "pause", "resume", "note", "input", "timer",
  "receive", "durable", "start"];

function strongest(events) {
  return [...events].sort((a, b) => rank(a.kind) - rank(b.kind))[0];
}

function rank(kind) {
  const place = RANKS.indexOf(kind);
  return place < 0 ? RANKS.length : place;
}

function markShape(kind, x, y, unit) {
  const r = 4.5 * unit;
  switch (kind) {
    case "output":
      return svg("path", {d: `M${x} ${y - r - 2}L${x + r + 2} ${y}L${x} ${y + r + 2}` +
        `L${x - r - 2} ${y}Z`});
    case "crash":
      return svg("path", {d: `M${x - r - 1} ${y - r - 1}L${x + r + 1} ${y + r + 1}M${x - r - 1} ` +
        `${y + r + 1}L${x + r + 1} ${y - r - 1}`});
    case "input":
      return svg("path", {d: `M${x - r} ${y - r}L${x + r} ${y}L${x - r} ${y + r}Z`});
    case "timer":
      return svg("rect", {x: x - r + 1, y: y - r + 1, width: 2 * r - 2, height: 2 * r - 2});
    case "start":
    case "restart":
    case "pause":
    case "resume":
      return svg("path", {d: `M${x - r - 2} ${y}L${x + r + 2} ${y}`});
    default:
      return svg("circle", {cx: x, cy: y, r: kind === "note" ? r : r - 1.5 * unit});
  }
}

// Lines of text, each on a ground of its own that hides the arrows behind it.
function textLines(row, x, y, layout, className) {
  const u = layout.unit;
  return row.lines.flatMap((line, i) => [
    svg("rect", {class: "dg-ground", x: x - 3, y: y + i * layout.row - 6.5 * u,
                 width: row.widths[i] + 6, height: 13.5 * u, rx: 3}),
    svg("text", {class: className, x, y: y + i * layout.row + 4 * u}, line)]);
}

export class Diagram {
  constructor(run, layout) {
    this.run = run;
    this.layout = layout;
    this.touched = touchedMessages(run.interventions);
    this.timed = [];  // [element, time] of what is drawn, to fade what is not reached yet
    this.root = svg("svg", {
      class: "dg", width: layout.width, height: layout.height,
      viewBox: `0 0 ${layout.width} ${layout.height}`,
    });
    this.drawnFrom = Infinity;
    this.drawnTo = -Infinity;
    this.time = run.endTime;
    this.chosen = null;
  }

  // Draws what is missing when [top, bottom] is visible.
  reveal(top, bottom) {
    const isDrawn = top >= this.drawnFrom && bottom <= this.drawnTo;
    if (isDrawn) return;
    this.draw(Math.max(0, top - BEYOND), Math.min(this.layout.height, bottom + BEYOND));
  }

  drawWhole() {
    this.draw(0, this.layout.height);
  }

  draw(from, to) {
    this.drawnFrom = from;
    this.drawnTo = to;
    this.timed = [];
    const {layout} = this;
    const near = (y1, y2) => y2 >= from && y1 <= to;
    const lines = layout.messages.filter((line) => near(line.y1, line.y2));
    const groups = layout.groups.filter((group) => near(group.y - 20, group.y + 200));
    this.veil = svg("rect", {class: "dg-veil", x: layout.gutter, width: layout.width});
    this.flight = svg("g", {class: "dg-flight"});
    this.cursor = svg("g", {class: "dg-cursor"});
    this.root.replaceChildren(
      this.heads(),
      svg("g", {}, layout.cuts.filter((it) => near(it.y1, it.y2)).map((it) => this.cut(it))),
      svg("g", {}, this.axis(near)),
      svg("g", {}, layout.lives.filter((it) => near(it.y1, it.y2)).map((it) => this.life(it))),
      svg("g", {class: "dg-messages"}, lines.map((line) => this.message(line))),
      this.veil,
      svg("g", {class: "dg-groups"}, groups.map((group) => this.group(group))),
      svg("g", {class: "dg-labels"}, lines.map((line) => this.messageLabel(line))),
      svg("g", {class: "dg-crosses"}, lines.map((line) => this.cross(line))),
      this.flight, this.cursor);
    this.moveTo(this.time);
    this.choose(this.chosen);
  }

  heads() {
    const head = (id, className) => svg("marker", {
      id, class: className, viewBox: "0 0 9 8", refX: 9, refY: 4, markerWidth: 9, markerHeight: 8,
      markerUnits: "userSpaceOnUse", orient: "auto",
    }, svg("path", {d: "M0 0.5L9 4L0 7.5Z"}));
    return svg("defs", {}, head("dg-head", "dg-head"), head("dg-head-on", "dg-head dg-on"));
  }

  axis(near) {
    const {layout} = this;
    const x = layout.gutter - 14 * layout.unit;
    const ticks = layout.ticks.filter((it) => near(it.y, it.y)).map((it) => svg("g", {},
      svg("text", {class: "dg-tick", x: x - 2, y: it.y + 4, "text-anchor": "end"}, it.text),
      svg("path", {class: "dg-rule", d: `M${x + 3} ${it.y}H${x + 9}`})));
    const breaks = layout.breaks.filter((it) => near(it.y, it.y)).map((it) => svg("g", {},
      svg("path", {class: "dg-break", d: `M${layout.gutter - 6} ${it.y - 3}H${layout.width}` +
        `M${layout.gutter - 6} ${it.y + 3}H${layout.width}`}),
      svg("text", {class: "dg-tick dg-gap", x: x + 4, y: it.y + 4, "text-anchor": "end"},
        `${it.text} ⋮`)));
    return [...ticks, ...breaks];
  }

  cut(cut) {
    const {layout} = this;
    const left = layout.gutter - 4;
    const width = layout.isDense || layout.lanes.length < 2 ? layout.width
      : Math.min(layout.width, layout.lanes[layout.lanes.length - 1] + layout.column) - left;
    return svg("g", {class: "dg-cut"},
      svg("rect", {x: left, y: cut.y1, width, height: Math.max(2, cut.y2 - cut.y1)}),
      svg("path", {class: "dg-cut-edge",
        d: `M${left} ${cut.y1}h${width}M${left} ${cut.y2}h${width}`}),
      cut.between.map((x) => svg("path", {class: "dg-cut-line", d: `M${x} ${cut.y1}V${cut.y2}`})));
  }

  life(life) {
    const x = this.layout.lanes[life.place];
    const half = (this.layout.isDense ? 3 : 5) * this.layout.unit;
    const band = life.kind === "up" ? null : svg("rect", {
      class: `dg-band dg-${life.kind}`, x: x - half, y: life.y1, width: 2 * half,
      height: Math.max(1, life.y2 - life.y1)});
    return svg("g", {}, band,
      svg("path", {class: `dg-life dg-life-${life.kind}`, d: `M${x} ${life.y1}V${life.y2}`}));
  }

  path(line) {
    const u = this.layout.unit;
    if (!line.isLoop) return `M${line.x1} ${line.y1}L${line.x2} ${line.y2}`;
    const out = line.x1 + 26 * u;
    const low = Math.max(line.y2, line.y1 + 6 * u);
    return `M${line.x1} ${line.y1}C${out} ${line.y1 + 2 * u} ${out} ${low - 2 * u} ` +
      `${line.x1} ${low}`;
  }

  message(line) {
    const {message} = line;
    const touched = this.touched.get(message.id);
    return svg("g", {class: classes("dg-message", "dg-" + message.fate, touched && "dg-touched"),
                     "data-message": message.id},
      svg("path", {class: "dg-hit", d: this.path(line)}),
      svg("path", {class: "dg-line", d: this.path(line)}));
  }

  messageLabel(line) {
    if (!line.label) return null;
    const {x, y, width, text} = line.label;
    const u = this.layout.unit;
    const label = svg("g", {"data-message": line.message.id},
      svg("rect", {class: "dg-ground", x: x - width / 2 - 2, y: y - 6.5 * u, width: width + 4,
                   height: 13 * u, rx: 3}),
      svg("text", {class: "dg-label dg-label-" + line.message.fate, x, y: y + 4 * u,
                   "text-anchor": "middle"}, text));
    this.timed.push([label, line.message.sent]);
    return label;
  }

  cross(line) {
    if (line.message.fate !== "lost") return null;
    const {x2: x, y2: y} = line;
    const r = 5 * this.layout.unit;
    const cross = svg("path", {class: "dg-cross", "data-message": line.message.id,
      d: `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}`});
    this.timed.push([cross, line.ends]);
    return cross;
  }

  group(group) {
    const {layout} = this;
    const index = layout.groups.indexOf(group);
    if (group.place < 0) {
      const [row] = group.rows;
      const texts = textLines(row, row.x, row.y, layout, "dg-cut-text");
      return this.whenReached(svg("g", {"data-group": index}, texts), group.time);
    }
    const said = new Set(group.rows.map((row) => row.event));
    const rest = group.events.filter((event) => !said.has(event));
    const parts = [];
    if (group.proofs.length > 0) {
      parts.push(svg("circle", {class: "dg-proof", cx: group.x, cy: group.y, r: 11 * layout.unit}));
    }
    group.rows.forEach((row, i) => parts.push(this.row(row, group, i === 0 ? rest : [])));
    if (group.rows.length === 0) parts.push(this.mark(strongest(rest), group.x, group.y));
    return this.whenReached(svg("g", {class: "dg-group", "data-group": index}, parts), group.time);
  }

  row(row, group, beside) {
    const {kind, topic} = row.event;
    const isProof = group.proofs.length > 0 && (kind === "output" || topic === "violation");
    return svg("g", {},
      this.mark(strongest([row.event, ...beside]), group.x, row.y),
      textLines(row, row.x, row.y, this.layout,
        classes("dg-text", "dg-text-" + row.event.kind, isProof && "dg-text-proof")));
  }

  mark(event, x, y) {
    const shape = markShape(event.kind, x, y, this.layout.unit);
    shape.setAttribute("class", `dg-mark dg-mark-${event.kind}`);
    return shape;
  }

  whenReached(element, time) {
    this.timed.push([element, time]);
    return element;
  }

  // The cursor: what lies behind it is faint, messages under way are dots.
  moveTo(time) {
    this.time = time;
    const {layout} = this;
    const y = layout.yOf(time);
    const isAtEnd = time >= this.run.endTime;
    for (const [element, at] of this.timed) {
      element.classList.toggle("dg-future", at > time);
    }
    this.veil.setAttribute("y", y + 1);
    this.veil.setAttribute("height", isAtEnd ? 0 : Math.max(0, layout.height - y));
    const flying = isAtEnd ? [] : layout.messages.filter((line) =>
      !line.isLoop && line.message.sent < time && line.ends > time);
    this.flight.replaceChildren(...flying.map((line) => svg("circle", {
      cx: line.x1 + (line.x2 - line.x1) * (y - line.y1) / Math.max(1e-6, line.y2 - line.y1),
      cy: y, r: 4 * layout.unit})));
    const wide = 66 * layout.unit;
    const high = 18 * layout.unit;
    this.cursor.replaceChildren(
      svg("path", {d: `M${wide} ${y}H${layout.width}`}),
      svg("rect", {x: 2, y: y - high / 2, width: wide, height: high, rx: high / 2}),
      svg("text", {x: 2 + wide / 2, y: y + 4 * layout.unit, "text-anchor": "middle"},
        timeText(time)));
  }

  // Lights up one message, or one group, or nothing.
  choose(chosen) {
    this.chosen = chosen;
    for (const element of this.root.querySelectorAll(".dg-on:not(marker)")) {
      element.classList.remove("dg-on");
    }
    if (!chosen) return;
    const ids = chosen.message ? [chosen.message]
      : this.layout.groups[chosen.group].events.flatMap((event) =>
        [...event.sent, ...(event.message ? [event.message] : [])]);
    for (const element of this.root.querySelectorAll("[data-message]")) {
      if (ids.includes(element.dataset.message)) element.classList.add("dg-on");
    }
    if (chosen.group !== undefined) {
      this.root.querySelector(`[data-group="${chosen.group}"]`)?.classList.add("dg-on");
    }
  }
}
