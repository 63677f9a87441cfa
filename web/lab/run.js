// A run (docs/formats/lab-run.md): checked when it is read, and the questions that a page asks of
// it. Pure; nothing here touches the document. Times are microseconds.

export class RunError extends Error {}

const PROCESS_KINDS = ["crash", "restart", "pause", "resume"];

function need(condition, text) {
  if (!condition) throw new RunError(text);
}

function list(value, name) {
  need(value === undefined || Array.isArray(value), `the run's '${name}' is not a list`);
  return value || [];
}

function isTime(value) {
  return Number.isFinite(value) && value >= 0;
}

function checkedEvent(event, index, names) {
  const where = `event ${index + 1}`;
  need(event !== null && typeof event === "object", `${where} is not an object`);
  need(event.id === index + 1, `${where} has the id ${event.id}; ids count from 1 without gaps`);
  need(isTime(event.time), `${where} has no time`);
  need(typeof event.kind === "string", `${where} has no kind`);
  need(event.process === undefined || names.has(event.process),
    `${where} is of process '${event.process}', which the run does not have`);
  return {topic: "", text: "", step: 0, cause: 0, sent: [], state: {}, fields: {}, ...event};
}

function checkedMessage(message, index, names, events) {
  const where = `message ${index + 1}`;
  need(message !== null && typeof message === "object", `${where} is not an object`);
  need(typeof message.id === "string", `${where} has no id`);
  need(names.has(message.from) && names.has(message.to),
    `${where} is from '${message.from}' to '${message.to}', which the run does not both have`);
  need(isTime(message.sent) && isTime(message.ends), `${where} has no times`);
  need(message.send_event === undefined || message.send_event <= events,
    `${where} was sent by event ${message.send_event}, which the run does not have`);
  return {kind: "", text: "", step: 0, why: "", fate: "open", fields: {}, ...message};
}

function checkHead(value) {
  need(value !== null && typeof value === "object" && !Array.isArray(value),
    "this is not a run of the laboratory: it must be a JSON object");
  need(value.format === "ostraka-lab-run",
    "this is not a run of the laboratory: its 'format' is not ostraka-lab-run");
  need(value.version === 1, `the run has version ${value.version}, this page reads version 1`);
  need(Array.isArray(value.processes) && value.processes.length > 0, "the run has no processes");
}

// The run with every optional key filled in, and `moments`: the times at which something happens.
export function readRun(value) {
  checkHead(value);
  const names = new Map();
  value.processes.forEach((process, place) => {
    need(process && typeof process.name === "string", `process ${place + 1} has no name`);
    need(!names.has(process.name), `two processes are named ${process.name}`);
    names.set(process.name, place);
  });
  const events = list(value.events, "events").map((it, i) => checkedEvent(it, i, names));
  for (let i = 1; i < events.length; ++i) {
    need(events[i].time >= events[i - 1].time, `event ${i + 1} is earlier than the one before it`);
  }
  const messages = list(value.messages, "messages")
    .map((it, i) => checkedMessage(it, i, names, events.length));
  const last = events.length > 0 ? events[events.length - 1].time : 0;
  const end = Math.max(last, isTime(value.end?.time) ? value.end.time : 0);
  const run = {
    protocol: "", title: "", scenario: "", scenario_title: "", seed: 1, command: "",
    parameters: {}, set: {}, ...value,
    events, messages, places: names, endTime: end,
    interventions: list(value.interventions, "interventions"),
    steps: list(value.steps, "steps"),
    properties: list(value.properties, "properties"),
    plots: list(value.plots, "plots"),
    remarks: list(value.remarks, "remarks"),
  };
  run.messageById = new Map(messages.map((message) => [message.id, message]));
  run.moments = [...new Set([...events.map((event) => event.time), end])].sort((a, b) => a - b);
  return run;
}

// The events of one process at one time: a step and what it said. The unit that is drawn.
export function groupsOf(run) {
  const groups = [];
  const latest = new Map();
  for (const event of run.events) {
    if (event.process === undefined) {
      const cut = latest.get(undefined);
      if (cut && cut.time === event.time) {
        cut.events.push(event);
        continue;
      }
      const group = {time: event.time, place: -1, events: [event]};
      latest.set(undefined, group);
      groups.push(group);
      continue;
    }
    const before = latest.get(event.process);
    if (before && before.time === event.time) {
      before.events.push(event);
      continue;
    }
    const group = {time: event.time, place: run.places.get(event.process), events: [event]};
    latest.set(event.process, group);
    groups.push(group);
  }
  return groups;
}

// For each process the stretches of its line: {place, kind: up|down|paused, from, to}.
export function livesOf(run) {
  const kinds = {crash: "down", restart: "up", pause: "paused", resume: "up"};
  const lives = run.processes.map((_, place) => [{place, kind: "up", from: 0, to: run.endTime}]);
  for (const event of run.events) {
    if (event.process === undefined || !PROCESS_KINDS.includes(event.kind)) continue;
    const line = lives[run.places.get(event.process)];
    line[line.length - 1].to = event.time;
    line.push({place: line[0].place, kind: kinds[event.kind], from: event.time, to: run.endTime});
  }
  return lives.flat();
}

function groupNames(text) {
  return text.split("|").map((part) => part.split(",").map((name) => name.trim()));
}

// Partitions: {from, to, groups, text}. An open one lasts to the end.
export function cutsOf(run) {
  const cuts = [];
  for (const event of run.events) {
    if (event.kind !== "partition" && event.kind !== "heal") continue;
    const text = event.text.replace(/^(partition|healed:)\s*/, "");
    if (event.kind === "partition") {
      cuts.push({from: event.time, to: run.endTime, isOpen: true, groups: groupNames(text), text});
      continue;
    }
    const cut = cuts.find((each) => each.isOpen && each.text === text);
    if (cut) Object.assign(cut, {to: event.time, isOpen: false});
  }
  return cuts;
}

// The events that a violated property names: event id -> names of the properties.
export function proofsOf(run) {
  const proofs = new Map();
  for (const property of run.properties) {
    if (property.verdict !== "violated") continue;
    for (const id of property.events || []) {
      proofs.set(id, [...(proofs.get(id) || []), property.name]);
    }
  }
  return proofs;
}

// What each process shows at a time. Seeking forward goes on from where it stands.
export class StateCursor {
  constructor(run) {
    this.run = run;
    this.reset();
  }

  reset() {
    this.next = 0;
    this.states = this.run.processes.map(() => ({status: "up", lines: new Map()}));
    this.time = -1;
  }

  seek(time) {
    if (time < this.time) this.reset();
    this.time = time;
    const {events, places} = this.run;
    for (; this.next < events.length && events[this.next].time <= time; ++this.next) {
      const event = events[this.next];
      if (event.process !== undefined) this.take(event, this.states[places.get(event.process)]);
    }
    return this.states;
  }

  take(event, state) {
    if (event.kind === "crash") {
      state.status = "down";
      state.lines.clear();
    } else if (event.kind === "pause") {
      state.status = "paused";
    } else if (event.kind === "restart" || event.kind === "resume") {
      state.status = "up";
    }
    for (const [key, text] of Object.entries(event.state)) {
      if (text === "") state.lines.delete(key);
      else state.lines.set(key, text);
    }
  }
}

// The most lines that any process shows at once: room that a page keeps free.
export function mostStateLines(run) {
  const cursor = new StateCursor(run);
  let most = 0;
  for (const moment of run.moments) {
    for (const state of cursor.seek(moment)) most = Math.max(most, state.lines.size);
  }
  return most;
}

// Index of the first element that is not less than `value`.
export function lowerBound(sorted, value, key = (it) => it) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(sorted[middle]) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function eventsAt(run, time) {
  const first = lowerBound(run.events, time, (event) => event.time);
  const found = [];
  for (let i = first; i < run.events.length && run.events[i].time === time; ++i) {
    found.push(run.events[i]);
  }
  return found;
}

// Steps of the algorithm that the moment at or before `time` belongs to.
export function stepsAt(run, time) {
  return new Set(eventsAt(run, time).map((event) => event.step).filter((step) => step > 0));
}
