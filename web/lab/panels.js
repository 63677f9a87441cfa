// The panels beside and over the picture. Each function fills its element from values; what a
// reader may do comes in as functions.
import {button, byId, el, show} from "./dom.js";
import {eventsAt} from "./run.js";
import {timeText} from "./words.js";

const SIGNS = {held: "✓", violated: "✕", open: "?"};
const MOMENT_ITEMS_MAX = 14;

function heading(text, ...more) {
  return el("h2", {}, text, more);
}

function endText(run) {
  const reasons = {quiet: "quiet since", time_limit: "time limit", event_limit: "too many events",
    output_limit: "too long a record"};
  return `${reasons[run.end?.reason] || "ended at"} ${timeText(run.endTime)}`;
}

function verdict(property, before, isAsWritten, actions) {
  const changed = before && before !== property.verdict;
  const isPromised = isAsWritten && property.verdict !== "held" &&
    property.expected === property.verdict;
  return el("li", {class: `verdict ${property.verdict}`, "data-property": property.name},
    el("span", {class: "sign", "aria-hidden": "true"}, SIGNS[property.verdict] || "?"),
    el("div", {},
      el("p", {class: "verdict-head"},
        el("strong", {title: property.doc}, property.name.replaceAll("_", " ")), " ",
        el("span", {class: "word"}, property.verdict),
        el("span", {class: "dim"}, ` ${property.kind}`),
        changed && el("span", {class: "changed"}, `was ${before}`)),
      property.verdict === "held"
        ? el("p", {class: "dim one-line", title: property.sentence || property.doc}, property.doc)
        : el("p", {}, property.sentence || property.doc),
      isPromised && el("p", {class: "dim"}, "This is what the scenario is there to show."),
      property.verdict === "violated" && (property.events || []).length > 0 &&
        button("Show the counter-example", () => actions.showProof(property),
          {class: "plain link"})));
}

// `before`: verdicts by name of the run that this one was forked from, if any.
export function showVerdicts(run, before, actions) {
  const isAsWritten = Object.keys(run.set).length === 0 &&
    run.interventions.every((each) => each.by === "scenario");
  byId("verdicts").replaceChildren(
    heading("Verdict", el("small", {title: "how the run ended"}, endText(run))),
    run.properties.length === 0 ? el("p", {class: "dim"}, "This run has no properties to judge.")
      : el("ul", {class: "plain-list"},
        run.properties.map((each) => verdict(each, before.get(each.name), isAsWritten, actions))),
    ...run.remarks.map((text) => el("p", {class: "note"}, text)));
}

export function showAlgorithm(run) {
  const steps = run.steps.map((step) => el("li", {value: step.number, "data-step": step.number},
    el("span", {}, step.text), step.source && el("small", {}, step.source)));
  show(byId("algorithm"), steps.length > 0);
  byId("algorithm").replaceChildren(heading("Algorithm"), el("ol", {class: "steps"}, steps));
}

// Lights up these steps; `isPointed`: because a reader points at something.
export function lightSteps(steps, isPointed) {
  for (const item of byId("algorithm").querySelectorAll("li")) {
    const isLit = steps.has(Number(item.dataset.step));
    item.classList.toggle("lit", isLit);
    if (isLit) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    if (isLit && isPointed) item.scrollIntoView({block: "nearest"});
  }
}

function momentItem(run, event, actions) {
  const sent = event.sent.map((id) => run.messageById.get(id)).filter(Boolean);
  return el("li", {},
    event.process && button(event.process, (click) => actions.processMenu(click, event),
      {class: "plain link", title: "Crash, restart or pause it here"}),
    " ", el("span", {class: "kind-" + event.kind}, event.text || event.kind),
    sent.length > 0 && el("ul", {class: "plain-list"}, sent.map((message) => el("li", {},
      button(`${message.text || message.kind} → ${message.to}`,
        (click) => actions.messageMenu(click, message),
        {class: "plain link", title: "Drop, delay or duplicate it"}),
      message.fate !== "delivered" && el("span", {class: "dim"}, ` ${message.fate}`)))));
}

// What happens at the moment of the cursor: the picture in words, and everything in it to act on.
export function showMoment(run, moment, actions) {
  const events = eventsAt(run, moment);
  const more = events.length - MOMENT_ITEMS_MAX;
  byId("moment").replaceChildren(
    heading("At ", el("span", {}, timeText(moment))),
    events.length === 0
      ? el("p", {class: "dim"},
        moment === run.endTime ? "The run ends." : "Nothing happens at this moment.")
      : el("ul", {class: "moment"},
        events.slice(0, MOMENT_ITEMS_MAX).map((event) => momentItem(run, event, actions))),
    ...(more > 0 ? [el("p", {class: "dim"}, `and ${more} more`)] : []));
}

function changeItem(each, remove) {
  const isOwn = each.by !== "scenario";
  return el("li", {class: each.acted ? "" : "idle"},
    el("code", {}, each.text),
    isOwn ? remove && button("×", () => remove(each.text),
      {class: "plain", "aria-label": `Remove: ${each.text}`, title: "Remove it"})
      : el("span", {class: "dim"}, "of the scenario"),
    !each.acted && each.remark && el("small", {}, `did nothing: ${each.remark}`));
}

// actions: {fork(text), remove(text), removeAll(), whyNoFork()}.
export function showChanges(run, actions) {
  const why = actions.whyNoFork();
  const own = run.interventions.filter((each) => each.by !== "scenario");
  const input = el("input", {"aria-label": "An intervention in words", size: 24,
    disabled: Boolean(why), placeholder: "crash p1 at 50ms", autocomplete: "off",
    spellcheck: "false"});
  const remove = why ? null : (text) => actions.remove(text);
  const removeAll = own.length > 1 && !why &&
    button("Remove all", () => actions.removeAll(), {class: "plain link"});
  byId("changes").replaceChildren(
    heading("Changes", removeAll),
    run.interventions.length === 0
      ? el("p", {class: "dim"}, why ? "None."
        : "None yet. Click a message, the line of a process, or the space between two lines.")
      : el("ul", {class: "plain-list changes"},
        run.interventions.map((each) => changeItem(each, remove))),
    why ? el("p", {class: "note"}, why, run.command && [" On a terminal: ",
      el("code", {}, run.command)])
      : el("form", {class: "add-change", onsubmit: (event) => {
        event.preventDefault();
        if (input.value.trim() !== "") actions.fork(input.value.trim());
      }}, input, el("button", {type: "submit"}, "Add")),
    ...(why ? actions.wayOut() : []));
}

const STATUS = {up: "", down: "down", paused: "paused"};

function stateLines(state) {
  return [...state.lines].map(([key, text]) =>
    el("div", {class: "state-line", title: `${key}: ${text}`}, el("span", {}, key), " ", text));
}

// The heads of the lines with the state of each process below its name.
export function makeHeads(run, layout, rows) {
  const heads = byId("heads");
  heads.style.width = layout.width + "px";
  heads.style.setProperty("--state-rows", rows);
  heads.classList.toggle("dense", layout.isDense);
  heads.replaceChildren(...run.processes.map((process, place) => {
    const left = layout.lanes[place] - (layout.isDense ? layout.column / 2 : 10 * layout.unit);
    return el("div", {class: "head", style: `left: ${left}px; width: ${layout.column - 6}px`,
      title: `${process.name}${process.role ? ", " + process.role : ""}`},
    el("div", {class: "head-name"}, el("strong", {}, process.name), " ",
      el("span", {class: "dim"}, process.role || ""), " ", el("span", {class: "head-status"})),
    el("div", {class: "head-state"}));
  }));
}

export function showStates(run, layout, states) {
  byId("heads").querySelectorAll(".head").forEach((head, place) => {
    head.dataset.status = states[place].status;
    head.querySelector(".head-status").textContent = STATUS[states[place].status];
    const lines = layout.isDense ? [] : stateLines(states[place]);
    head.querySelector(".head-state").replaceChildren(...lines);
  });
  show(byId("states"), layout.isDense);
  if (!layout.isDense) return;
  byId("states").replaceChildren(heading("State"), el("dl", {class: "state-list"},
    run.processes.map((process, place) => [
      el("dt", {}, process.name, " ", el("span", {class: "head-status"},
        STATUS[states[place].status])),
      el("dd", {}, stateLines(states[place]))])));
}

function fieldsText(fields) {
  return Object.entries(fields).map(([name, value]) =>
    `${name} = ${Array.isArray(value) ? value.join(", ") : value}`).join("   ");
}

function stepLine(run, number) {
  const step = run.steps.find((each) => each.number === number);
  return step && el("p", {class: "tip-step"}, el("b", {}, `Step ${number}. `), step.text);
}

export function messageTip(run, message, text) {
  return [
    el("p", {}, el("strong", {}, message.kind), " ", el("span", {class: "dim"}, message.id)),
    Object.keys(message.fields).length > 0 &&
      el("p", {class: "fields"}, fieldsText(message.fields)),
    el("p", {}, text),
    stepLine(run, message.step),
  ].filter(Boolean);
}

export function groupTip(run, group) {
  const steps = [...new Set(group.events.map((event) => event.step).filter((it) => it > 0))];
  const state = group.events.flatMap((event) => Object.entries(event.state));
  return [
    el("p", {}, el("strong", {}, group.place < 0 ? "Network" : run.processes[group.place].name),
      el("span", {class: "dim"}, ` at ${timeText(group.time)}`)),
    ...group.events.map((event) => el("p", {}, event.text || event.kind)),
    state.length > 0 && el("p", {class: "fields"},
      state.map(([key, text]) => text === "" ? `${key} gone` : `${key}: ${text}`).join("   ")),
    ...group.proofs.map((name) => el("p", {class: "bad"}, `✕ counter-example of ${name}`)),
    ...steps.slice(0, 3).map((number) => stepLine(run, number)),
  ].filter(Boolean);
}
