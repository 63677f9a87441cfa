// Where everything of a run stands in the picture. Time runs down, a process is a vertical line, so
// that texts lie beside their line and never over another. Pure; lengths are pixels.
//
// Time is not to scale: it keeps its order, gets room for what is said in it, and a long time in
// which nothing happens is cut short and marked as such.
import {cutsOf, groupsOf, livesOf, lowerBound, proofsOf} from "./run.js";
import {timeText} from "./words.js";

const GUTTER = 76;
const TOP = 22;
const BOTTOM = 40;
const ROW = 15;
const LANE_INDENT = 16;
const GAP_MIN = 3;
const GAP_MAX = 110;
const MESSAGE_DROP = 80;  // a message of the usual delay goes down by so much
const TICK_STEPS_MS = [10_000, 5000, 1000, 500, 100, 50, 20, 10, 5, 2, 1];
const TICKS_MAX = 2000;  // candidates of one step
const LABELLED = new Set(["note", "output", "input", "crash", "restart", "pause", "resume"]);

function usualDelay(run) {
  const delays = run.messages.filter((it) => it.ends > it.sent && it.from !== it.to)
    .map((it) => it.ends - it.sent).sort((a, b) => a - b);
  return delays.length > 0 ? delays[delays.length >> 1] : run.endTime / 20 || 1000;
}

// Cuts a text into at most `rows` lines of at most `width`; the last one may end in "…".
export function wrap(text, width, rows, measure) {
  const lines = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((each) => each !== "")) {
    const longer = line === "" ? word : line + " " + word;
    if (measure(longer) <= width || line === "") {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
  }
  if (line !== "") lines.push(line);
  if (lines.length > rows) lines.splice(rows - 1, lines.length, lines.slice(rows - 1).join(" "));
  return lines.map((each) => shorten(each, width, measure));
}

function shorten(text, width, measure) {
  if (measure(text) <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(text.slice(0, middle) + "…") <= width) low = middle;
    else high = middle - 1;
  }
  return text.slice(0, low) + "…";
}

function columnsOf(run, options) {
  const {width, scale} = options;
  const count = run.processes.length;
  const least = (count <= 10 ? 112 : count <= 24 ? 66 : 26) * scale;
  const free = width - GUTTER * scale - 8;
  const column = Math.max(least, Math.min(free / count, 520 * scale));
  const isDense = column < 60 * scale;
  const indent = isDense ? column / 2 : LANE_INDENT * scale;
  return {
    isDense,
    column,
    lanes: run.processes.map((_, place) => GUTTER * scale + place * column + indent),
    labelWidth: column - indent - 18 * scale,
    width: GUTTER * scale + count * column + 8,
  };
}

// Rows of text of each group, as {event, lines, row}.
function rowsOf(group, columns, options) {
  if (columns.isDense) return [];
  const rows = [];
  let row = 0;
  for (const event of group.events) {
    if (!LABELLED.has(event.kind) || event.text === "") continue;
    const measure = (text) => options.measure(text, event.kind === "output");
    const most = columns.labelWidth < 140 * options.scale ? 3 : 2;
    const lines = wrap(event.text, columns.labelWidth, most, measure);
    rows.push({event, lines, row});
    row += lines.length;
  }
  return rows;
}

// The vertical place of every time at which something begins or ends.
class TimeScale {
  constructor(run, groups, columns, unit) {
    this.breaks = [];
    const times = new Set([0, run.endTime]);
    for (const event of run.events) times.add(event.time);
    for (const message of run.messages) {
      times.add(message.sent);
      if (message.ends <= run.endTime) times.add(message.ends);
    }
    this.times = [...times].sort((a, b) => a - b);
    this.places = [];
    this.build(run, groups, unit);
  }

  build(run, groups, unit) {
    const perTime = MESSAGE_DROP * unit / usualDelay(run);
    const free = run.processes.map(() => 0);  // below the last label of each line
    let next = 0;
    let y = TOP * unit;
    this.times.forEach((time, i) => {
      if (i > 0) y = this.below(y, this.times[i - 1], time, perTime, unit);
      const first = next;
      for (; next < groups.length && groups[next].time === time; ++next) {
        const {place, rows} = groups[next];
        // The text of a partition goes over all lines, above what happens at the same time.
        y = Math.max(y, place < 0 ? Math.max(...free) + (rows[0].lines.length * ROW + 8) * unit
          : free[place]);
      }
      this.places.push(y);
      for (let k = first; k < next; ++k) this.reserve(groups[k], y, free, unit);
    });
    this.bottom = Math.max(y, ...free) + BOTTOM * unit;
  }

  below(y, from, to, perTime, unit) {
    const wanted = (to - from) * perTime;
    const gap = Math.min(Math.max(wanted, GAP_MIN * unit), GAP_MAX * unit);
    if (wanted > 3 * GAP_MAX * unit) {
      this.breaks.push({y: y + gap / 2, text: timeText(to - from), from, to});
    }
    return y + gap;
  }

  reserve(group, y, free, unit) {
    const count = group.rows.reduce((sum, each) => sum + each.lines.length, 0);
    const height = (count > 0 ? count * ROW + 4 : 0) * unit;
    if (group.place >= 0) free[group.place] = Math.max(free[group.place], y + height);
  }

  yOf(time) {
    const i = lowerBound(this.times, time);
    if (i >= this.times.length) return this.places[this.places.length - 1];
    if (this.times[i] === time || i === 0) return this.places[i];
    const part = (time - this.times[i - 1]) / (this.times[i] - this.times[i - 1]);
    return this.places[i - 1] + part * (this.places[i] - this.places[i - 1]);
  }

  timeAt(y) {
    const i = lowerBound(this.places, y);
    if (i === 0) return this.times[0];
    if (i >= this.places.length) return this.times[this.times.length - 1];
    const part = (y - this.places[i - 1]) / (this.places[i] - this.places[i - 1]);
    return this.times[i - 1] + part * (this.times[i] - this.times[i - 1]);
  }
}

// Boxes that are taken, in stripes for a quick answer.
export class Boxes {
  constructor() {
    this.stripes = new Map();
  }

  stripesOf(box) {
    const first = Math.floor(box.y / 64);
    const last = Math.floor((box.y + box.height) / 64);
    return Array.from({length: last - first + 1}, (_, i) => first + i);
  }

  isFree(box) {
    return this.stripesOf(box).every((stripe) => (this.stripes.get(stripe) || []).every((it) =>
      box.x + box.width <= it.x || it.x + it.width <= box.x ||
      box.y + box.height <= it.y || it.y + it.height <= box.y));
  }

  add(box) {
    for (const stripe of this.stripesOf(box)) {
      if (!this.stripes.has(stripe)) this.stripes.set(stripe, []);
      this.stripes.get(stripe).push(box);
    }
  }
}

function placeGroups(groups, columns, scale, boxes, options) {
  const unit = options.scale;
  for (const group of groups) {
    group.y = scale.yOf(group.time);
    group.x = group.place < 0 ? columns.lanes[0] : columns.lanes[group.place];
    for (const row of group.rows) {
      row.x = group.x + (group.place < 0 ? 8 : group.proofs.length > 0 ? 16 : 12) * unit;
      row.y = group.y + (group.place < 0 ? -row.lines.length * ROW + ROW / 2 - 4 : row.row * ROW) *
        unit;
      row.widths = row.lines.map((it) => options.measure(it, row.event.kind === "output"));
      boxes.add({x: row.x - 4, y: row.y - 7 * unit, width: Math.max(...row.widths) + 8,
                 height: row.lines.length * ROW * unit});
    }
  }
}

// Where a message ends in the picture: a lost one half way, an open one at the end of the run.
function placeMessage(message, run, columns, scale) {
  const from = run.places.get(message.from);
  const to = run.places.get(message.to);
  const x1 = columns.lanes[from];
  const y1 = scale.yOf(message.sent);
  let x2 = columns.lanes[to];
  let part = 1;
  if (message.fate === "lost" && message.why !== message.to + " is down") part = 0.5;
  let ends = message.ends;
  if (message.fate === "open" && message.ends > run.endTime) {
    part = (run.endTime - message.sent) / Math.max(1, message.ends - message.sent);
    ends = run.endTime;
  }
  x2 = x1 + (x2 - x1) * part;
  const y2 = Math.max(scale.yOf(ends), y1);
  return {message, x1, y1, x2, y2, ends, from, to, isLoop: from === to, label: null};
}

// Candidate places of a label: the middle of each stretch between two lines, the receiver's first.
function* labelSpots(line, columns) {
  const direction = line.x2 > line.x1 ? 1 : -1;
  const inside = columns.lanes.filter((x) =>
    x > Math.min(line.x1, line.x2) + 1 && x < Math.max(line.x1, line.x2) - 1);
  const stops = [line.x1, ...(direction > 0 ? inside : inside.reverse()), line.x2];
  for (let i = stops.length - 1; i > 0; --i) {
    for (const part of [0.5, 0.68, 0.34]) {
      const x = stops[i - 1] + (stops[i] - stops[i - 1]) * part;
      yield {x, low: Math.min(stops[i - 1], stops[i]), high: Math.max(stops[i - 1], stops[i])};
    }
  }
}

// `said`: what stands between which lines, so that a broadcast is named once in each stretch.
function placeLabel(line, columns, boxes, said, options) {
  const unit = options.scale;
  if (columns.isDense || line.isLoop || line.x1 === line.x2) return null;
  const {message} = line;
  for (const text of [message.text, message.kind]) {
    if (text === "") continue;
    const width = options.measure(text, false, true);
    for (const spot of labelSpots(line, columns)) {
      const x = Math.min(Math.max(spot.x, spot.low + width / 2 + 9 * unit),
                         spot.high - width / 2 - 9 * unit);
      if (x - width / 2 < spot.low + 8 * unit || x + width / 2 > spot.high - 8 * unit) continue;
      const broadcast = `${message.send_event} ${message.kind} ${Math.round(spot.low)}`;
      if (said.has(broadcast)) continue;
      const y = line.y1 + (line.y2 - line.y1) * (x - line.x1) / (line.x2 - line.x1);
      const box = {x: x - width / 2 - 2, y: y - 7 * unit, width: width + 4, height: 14 * unit};
      if (!boxes.isFree(box)) continue;
      boxes.add(box);
      said.add(broadcast);
      return {x, y, text, width};
    }
  }
  return null;
}

// Times at a distance that can be read, the roundest first; none where time is cut short.
function ticksOf(scale, endTime, unit) {
  const ticks = [];
  const distance = 40 * unit;
  const isBroken = (time, y) => scale.breaks.some((each) =>
    (time > each.from && time < each.to) || Math.abs(y - each.y) < 18 * unit);
  const add = (time) => {
    const y = scale.yOf(time);
    const i = lowerBound(ticks, y, (tick) => tick.y);
    const isNear = [ticks[i - 1], ticks[i]].some((it) => it && Math.abs(it.y - y) < distance);
    if (!isNear && !isBroken(time, y)) ticks.splice(i, 0, {y, time, text: timeText(time)});
  };
  add(0);
  for (const step of TICK_STEPS_MS.map((ms) => ms * 1000)) {
    if (endTime / step > TICKS_MAX) break;
    for (let time = step; time <= endTime; time += step) add(time);
  }
  return ticks;
}

// Neighbours of different sides of a partition: where the cut is drawn.
function cutBetween(cut, run, columns) {
  const side = new Map();
  cut.groups.forEach((names, group) => names.forEach((name) => side.set(name, group)));
  const between = [];
  for (let i = 1; i < columns.lanes.length; ++i) {
    const left = side.get(run.processes[i - 1].name);
    const right = side.get(run.processes[i].name);
    if (left === undefined || right === undefined || left === right) continue;
    between.push(columns.lanes[i] - (columns.isDense ? columns.column / 2 : 10));
  }
  return between;
}

// options: {width, scale, measure(text, isBold, isSmall)}; scale 1 is the usual size of letters.
export function layOut(run, options) {
  const unit = options.scale;
  const columns = columnsOf(run, options);
  const groups = groupsOf(run);
  const proofs = proofsOf(run);
  for (const group of groups) {
    group.proofs = group.events.flatMap((event) => proofs.get(event.id) || []);
    group.rows = group.place < 0
      ? [{event: group.events[0], row: 0, lines: group.events.map((event) => event.text)}]
      : rowsOf(group, columns, options);
  }
  const scale = new TimeScale(run, groups, columns, unit);
  const boxes = new Boxes();
  placeGroups(groups, columns, scale, boxes, options);
  const messages = run.messages.map((message) => placeMessage(message, run, columns, scale));
  const said = new Set();
  for (const line of messages) line.label = placeLabel(line, columns, boxes, said, options);
  return {
    ...columns, unit, groups, messages, row: ROW * unit,
    width: Math.max(columns.width, options.width),
    height: scale.bottom,
    gutter: GUTTER * unit,
    breaks: scale.breaks,
    ticks: ticksOf(scale, run.endTime, unit),
    lives: livesOf(run).map((it) => ({...it, y1: scale.yOf(it.from), y2: scale.yOf(it.to)})),
    cuts: cutsOf(run).map((it) => ({...it, y1: scale.yOf(it.from), y2: scale.yOf(it.to),
                                    between: cutBetween(it, run, columns)})),
    yOf: (time) => scale.yOf(time),
    timeAt: (y) => scale.timeAt(y),
  };
}

// What lies under a point between the shapes: {time, place} of a line, {time, after} of the room
// between the lines `after - 1` and `after`, or {time} of the gutter.
export function placeAt(layout, x, y) {
  const time = layout.timeAt(y);
  if (x < layout.gutter) return {time};
  const near = layout.isDense ? layout.column / 4 : 9 * layout.unit;
  const place = layout.lanes.findIndex((lane) => Math.abs(lane - x) <= near);
  if (place >= 0) return {time, place};
  return {time, after: layout.lanes.filter((lane) => lane < x).length};
}
