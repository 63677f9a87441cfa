// What can be done to a run at a place of the picture: the menus that make interventions. A fork is
// the same request with one more of them.
import {el} from "./dom.js";
import {openMenu} from "./menu.js";
import {parseMilliseconds, roundTime, timeText, words} from "./words.js";

const WRONG_TIME = "A time is a number of milliseconds from 0, such as 50 or 12.5.";

// Calls `make` with the times that were typed, or says that one is none.
function withTimes(values, make) {
  const times = Object.fromEntries(
    Object.entries(values).map(([name, text]) => [name, parseMilliseconds(text)]));
  if (Object.values(times).some((time) => time === null)) return WRONG_TIME;
  return make(times);
}

function milliseconds(name, label, us, before) {
  return {name, label, value: String(us / 1000), unit: " ms", before};
}

function fateText(message) {
  if (message.fate === "lost") {
    return `lost at ${timeText(message.ends)}${message.why ? ": " + message.why : ""}`;
  }
  if (message.fate === "open") return "under way when the run ended";
  return `arrives at ${timeText(message.ends)}`;
}

export function messageText(message) {
  return `${message.from} to ${message.to}, sent at ${timeText(message.sent)}, ` +
    fateText(message);
}

// app: {fork(text), whyNoFork(), moveTo(time)}.
export function messageMenu(app, x, y, message) {
  const why = app.whyNoFork();
  const usual = Math.max(1000, Math.round((message.ends - message.sent) / 1000) * 1000);
  openMenu(x, y, {
    title: message.text || message.kind,
    text: messageText(message),
    note: why,
    items: [
      {label: "Drop", isOff: why, act: () => app.fork(words.drop(message.id))},
      {label: "Delay", isOff: why,
        fields: [milliseconds("by", "Delay by milliseconds", 2 * usual, "by ")],
        act: (values) => withTimes(values, ({by}) => app.fork(words.delay(message.id, by)))},
      {label: "Duplicate", isOff: why,
        fields: [milliseconds("after", "The copy leaves milliseconds later", 0, "after ")],
        act: (values) =>
          withTimes(values, ({after}) => app.fork(words.duplicate(message.id, after)))},
      {label: "Cursor to its sending", act: () => app.moveTo(message.sent)},
    ],
  });
}

function statusAt(run, layout, place, time) {
  const life = layout.lives.filter((it) => it.place === place && it.from <= time).pop();
  return life ? life.kind : "up";
}

export function processMenu(app, x, y, place, time) {
  const {run} = app;
  const {name} = run.processes[place];
  const at = roundTime(time, run.moments);
  const why = app.whyNoFork();
  const status = statusAt(run, app.layout, place, time);
  const isDown = status === "down";
  const when = (label) => milliseconds("at", label, at, "at ");
  openMenu(x, y, {
    title: `${name} at ${timeText(at)}`,
    text: [run.processes[place].role, status === "up" ? "" : `is ${status}`].filter(Boolean)
      .join(", "),
    note: why,
    items: [
      {label: "Crash", isOff: why || isDown, hint: isDown ? "it is down already" : undefined,
        fields: [when("Crash at milliseconds")],
        act: (values) => withTimes(values, (it) => app.fork(words.crash(name, it.at)))},
      {label: "Restart", isOff: why || !isDown,
        hint: isDown ? undefined : "it is up: crash it first",
        fields: [when("Restart at milliseconds")],
        act: (values) => withTimes(values, (it) => app.fork(words.restart(name, it.at)))},
      {label: "Pause", isOff: why || isDown,
        fields: [when("Pause at milliseconds"),
          milliseconds("length", "Pause for milliseconds", 50_000, "for ")],
        act: (values) =>
          withTimes(values, (it) => app.fork(words.pause(name, it.at, it.length)))},
      {label: "Move the cursor here", act: () => app.moveTo(time)},
    ],
  });
}

// Buttons that put each process on a side: 1, 2, or – for reached by all.
function sidesContent(run, sides, isOff) {
  const names = ["side 1", "side 2", "reached by all"];
  const chip = (process, place) => {
    const self = el("button", {type: "button", class: "chip", disabled: isOff, onclick: () => {
      sides[place] = (sides[place] + 1) % 3;
      paint();
    }});
    const paint = () => {
      self.dataset.side = sides[place];
      self.textContent = `${process.name} ${["1", "2", "–"][sides[place]]}`;
      self.setAttribute("aria-label", `${process.name}: ${names[sides[place]]}`);
    };
    paint();
    return self;
  };
  return el("div", {class: "chips", role: "group", "aria-label": "Sides of the partition"},
    run.processes.map(chip));
}

export function partitionMenu(app, x, y, after, time) {
  const {run} = app;
  const why = app.whyNoFork();
  const from = roundTime(time, run.moments);
  const sides = run.processes.map((_, place) => place < after ? 0 : 1);
  if (new Set(sides).size < 2) sides[after === 0 ? 0 : sides.length - 1] = after === 0 ? 0 : 1;
  const act = (values) => withTimes(values, (it) => {
    const groups = [0, 1].map((side) =>
      run.processes.filter((_, place) => sides[place] === side).map((each) => each.name));
    if (groups.some((group) => group.length === 0)) return "Each side needs a process.";
    if (it.until <= it.from) return "The end must be later than the beginning.";
    return app.fork(words.partition(groups, it.from, it.until));
  });
  openMenu(x, y, {
    title: `Partition at ${timeText(from)}`,
    text: "Nothing passes between side 1 and side 2. Click a process to change its side.",
    content: sidesContent(run, sides, Boolean(why)),
    note: why,
    items: [
      {label: "Partition", isOff: why || run.processes.length < 2,
        fields: [milliseconds("from", "From milliseconds", from, "from "),
          milliseconds("until", "Until milliseconds", from + 100_000, "until ")], act},
      {label: "Move the cursor here", act: () => app.moveTo(time)},
    ],
  });
}
