// The page: loads what the address names, plays it, and asks for another run when it is changed.
// The run is a value; the only state here is which run, where the cursor is, and what is open.
import {byId, el, remember, remembered, show, button} from "./dom.js";
import {linkOf, parseLink, queryOf, requestOf} from "./link.js";
import {timeText} from "./words.js";
import {readRun, stepsAt} from "./run.js";
import {momentIndex, Playback} from "./playback.js";
import {drawPlot} from "./plots.js";
import {markdown} from "./markdown.js";
import {closeMenu, openDialog, say} from "./menu.js";
import {messageMenu, processMenu} from "./forks.js";
import {lightSteps, showAlgorithm, showChanges, showMoment, showVerdicts} from "./panels.js";
import {requestOfStop, showTour, stopsOf} from "./tour.js";
import {catalogueContent, parametersDialog, problemContent, showPage} from "./start.js";
import {bindKeys, helpDialog} from "./keys.js";
import {bindControls} from "./controls.js";
import {Stage} from "./stage.js";

const VIEWS = ["diagram", "plots", "about"];
const ADDRESS_EVERY_MS = 400;

class ServerError extends Error {}

async function getJson(path) {
  let response;
  try {
    response = await fetch(path);
  } catch {
    throw new ServerError("The server does not answer. Is `ostraka lab serve` still running?");
  }
  const answer = await response.json().catch(() => {
    throw new ServerError(`The server's answer (${response.status}) cannot be read.`);
  });
  if (!response.ok) throw new ServerError(answer.text || `The server answers ${response.status}.`);
  return answer;
}

class Lab {
  constructor() {
    this.stage = new Stage(this);
    this.catalogue = [];
    this.declarations = new Map();
    this.request = null;
    this.run = null;
    this.source = "none";  // or "server", "file", "embedded"
    this.tour = null;
    this.speed = 1;
    this.turn = 0;
    bindControls(this);
    bindKeys(this);
  }

  get layout() {
    return this.stage.layout;
  }

  // The moment at or before the cursor.
  get moment() {
    return this.run.moments[momentIndex(this.run.moments, this.playback.time)];
  }

  async begin() {
    const embedded = byId("run");
    if (embedded) {
      this.beginEmbedded(embedded);
      return;
    }
    addEventListener("popstate", () => this.load());
    try {
      this.catalogue = (await getJson("api/protocols")).protocols;
    } catch (error) {
      this.fail(error);
      return;
    }
    await this.load();
  }

  beginEmbedded(element) {
    for (const id of ["choice", "tour-start", "open"]) show(byId(id), false);
    try {
      const raw = JSON.parse(element.textContent);
      this.show(readRun(raw), raw, "embedded");
      const time = parseLink(location.hash.replace("#", "?protocol=file&")).time;
      if (time !== null) this.moveTo(time);
    } catch (error) {
      this.fail(error);
    }
  }

  // Shows what the address names.
  async load() {
    const turn = ++this.turn;
    clearTimeout(this.addressTimer);  // it would write the old run into the new entry
    if (this.playback) this.playback.isPlaying = false;
    closeMenu();
    byId("dialog").close();
    try {
      const link = parseLink(location.search);
      this.tour = link.tour;
      if (!link.request) {
        this.showStart();
        return;
      }
      this.request = link.request;
      const raw = await getJson("api/run?" + queryOf(link.request));
      if (turn !== this.turn) return;
      const run = readRun(raw);
      this.request = {...link.request, scenario: run.scenario};
      this.show(run, raw, "server");
      if (link.time === null) return;
      this.playback.moveTo(link.time);
      this.moved(true);
    } catch (error) {
      if (turn === this.turn) this.fail(error);
    }
  }

  // Another run, as a new entry of the history.
  go(request, time = null, tour = this.tour) {
    history.pushState(null, "", linkOf(request, time, tour));
    this.load();
  }

  // The cursor as the address holds it.
  get linkTime() {
    return this.playback.isAtEnd ? null : this.playback.time;
  }

  keepAddress() {
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => {
      if (this.source === "file" || !this.run) return;
      const link = this.source === "embedded"
        ? (this.linkTime === null ? "#" : "#t=" + Math.round(this.linkTime))
        : linkOf(this.request, this.linkTime, this.tour);
      try {
        history.replaceState(null, "", link);
      } catch {
        // some browsers refuse it for files; the file replays all the same
      }
    }, this.playback.isPlaying ? ADDRESS_EVERY_MS : 60);
  }

  show(run, raw, source) {
    const isFork = this.run && source === "server" && this.run.protocol === run.protocol &&
      this.run.scenario === run.scenario && this.source === source;
    const before = new Map(isFork ? this.run.properties.map((it) => [it.name, it.verdict]) : []);
    Object.assign(this, {run, raw, source});
    this.reset();
    show(byId("stage"), true);
    show(byId("transport"), true);
    show(byId("side"), true);
    this.stage.setRun(run, isFork);
    this.playback = new Playback(this.layout, run.moments);
    this.playback.speed = this.speed;
    this.playback.isStepwise = matchMedia("(prefers-reduced-motion: reduce)").matches;
    byId("cursor").max = run.moments.length - 1;
    this.fillChoice();
    this.fillPanels(before);
    const hasPicture = run.messages.length > 0 || run.plots.length === 0;
    this.setView(isFork && this.view ? this.view : hasPicture ? "diagram" : "plots");
    this.moved(false);
    this.tell(before);
  }

  // Takes away what another page showed.
  reset() {
    const parts = ["page", "stage", "plots", "about", "transport", "side"];
    for (const id of parts) show(byId(id), false);
    byId("run-title").replaceChildren();
    byId("views").replaceChildren();
    if (this.playback) this.playback.isPlaying = false;
  }

  fillPanels(before) {
    const {run} = this;
    byId("run-title").replaceChildren(run.title || run.protocol, el("span", {class: "dim"},
      run.scenario_title ? " " + run.scenario_title : ""));
    document.title = `${run.title || run.protocol}: ${run.scenario} – Ostraka laboratory`;
    show(byId("embedded-title"), this.source !== "server");
    byId("embedded-title").textContent = this.source === "embedded"
      ? `A run in a file, seed ${run.seed}` : `From the file ${this.fileName}, seed ${run.seed}`;
    showVerdicts(run, before, {showProof: (property) => this.showProof(property)});
    showAlgorithm(run);
    showChanges(run, this);
    this.fillTour();
  }

  fillTour() {
    const stops = stopsOf(this.catalogue);
    const isOn = this.tour !== null && this.tour >= 1 && this.tour <= stops.length;
    if (!isOn) this.tour = null;
    showTour(stops, this.tour, (number) => this.goTour(number));
  }

  goTour(number) {
    if (number === null) {
      this.tour = null;
      this.fillTour();
      if (this.run) this.keepAddress();
      return;
    }
    this.go(requestOfStop(stopsOf(this.catalogue)[number - 1]), null, number);
  }

  fillChoice() {
    const option = (value, text, isChosen) => el("option", {value, selected: isChosen}, text);
    const protocols = this.catalogue.map((it) =>
      option(it.name, it.title, it.name === this.request?.protocol));
    const known = this.catalogue.find((it) => it.name === this.request?.protocol);
    if (!known || this.source === "file") {
      protocols.unshift(el("option", {value: "", selected: true}, "choose…"));
    }
    byId("protocol").replaceChildren(...protocols);
    byId("scenario").replaceChildren(...(known?.scenarios || []).map((it) =>
      option(it.name, it.name.replaceAll("_", " "), it.name === this.request.scenario)));
    byId("seed").value = this.request?.seed ?? "1";
    for (const id of ["scenario", "seed", "next-seed", "parameters"]) {
      byId(id).disabled = !known || this.source === "file";
    }
    const set = this.request?.set.length || 0;
    byId("parameters").textContent = set > 0 ? `Parameters (${set})` : "Parameters";
    show(byId("export"), this.run !== null);
  }

  setView(view) {
    this.view = view;
    const {run} = this;
    const hasPage = this.source === "server";
    const views = VIEWS.filter((it) => it === "diagram" ||
      (it === "plots" && run.plots.length > 0) || (it === "about" && hasPage));
    const names = {diagram: "Diagram", plots: `Plots (${run.plots.length})`, about: "About"};
    byId("views").replaceChildren(...(views.length < 2 ? [] : views.map((it) =>
      button(names[it], () => this.setView(it), {"aria-pressed": String(it === view)}))));
    show(byId("stage"), view === "diagram");
    show(byId("transport"), view === "diagram");
    show(byId("plots"), view === "plots");
    show(byId("about"), view === "about");
    if (view === "plots") byId("plots").replaceChildren(...run.plots.map(drawPlot));
    if (view === "about") this.showAbout();
    if (view === "diagram") this.stage.resized();
  }

  async declaration(name) {
    if (!this.declarations.has(name)) {
      this.declarations.set(name, await getJson("api/protocol?name=" + encodeURIComponent(name)));
    }
    return this.declarations.get(name);
  }

  async showAbout() {
    const {run} = this;
    try {
      const {page} = await this.declaration(run.protocol);
      if (this.run === run) byId("about").replaceChildren(...markdown(page));
    } catch (error) {
      byId("about").replaceChildren(el("p", {class: "problem"}, error.message));
    }
  }

  showStart() {
    this.run = null;
    this.request = null;
    this.source = "none";
    this.reset();
    show(byId("embedded-title"), false);
    document.title = "Ostraka laboratory";
    this.fillChoice();
    this.fillTour();
    showPage(catalogueContent(this.catalogue, () => this.goTour(1)));
  }

  fail(error) {
    this.run = null;
    this.source = "none";
    this.reset();
    this.fillChoice();
    this.fillTour();
    const actions = [];
    if (this.request && (this.request.set.length > 0 || this.request.interventions.length > 0)) {
      actions.push(["Without parameters and changes",
        () => this.go({...this.request, set: [], interventions: []})]);
    }
    actions.push(["Try again", () => location.reload()]);
    if (this.catalogue.length > 0) {
      actions.push(["All protocols", () => { location.href = "?"; }]);
    }
    showPage(problemContent(error.message, actions));
    console.info(error);
  }

  // Why this run cannot be forked, or an empty text.
  whyNoFork() {
    if (this.source === "server") return "";
    const {protocol} = this.run;
    const isKnown = this.catalogue.some((it) => it.name === protocol);
    if (protocol === "sim" || (this.source === "file" && !isKnown)) {
      return `'${protocol}' is no protocol of the laboratory: its run can be replayed, not ` +
        "changed.";
    }
    return isKnown ? "This run was read from a file. Run it here to change it."
      : "This file replays one run and has no protocol inside. To change it, start " +
        "`ostraka lab serve` and open the run there.";
  }

  wayOut() {
    const isKnown = this.catalogue.some((it) => it.name === this.run.protocol);
    return this.source === "file" && isKnown
      ? [button("Run it here", () => this.go(requestOf(this.run), this.linkTime))] : [];
  }

  fork(text) {
    const {request} = this;
    this.forked = text;
    this.go({...request, interventions: [...request.interventions, text]}, this.linkTime);
  }

  remove(text) {
    const interventions = [...this.request.interventions];
    interventions.splice(interventions.indexOf(text), 1);
    this.go({...this.request, interventions}, this.linkTime);
  }

  removeAll() {
    this.go({...this.request, interventions: []}, this.linkTime);
  }

  tell(before) {
    const verdicts = this.run.properties.map((it) => {
      const was = before.get(it.name);
      return `${it.name} ${it.verdict}${was && was !== it.verdict ? ", was " + was : ""}`;
    });
    say(`${this.run.title}, ${this.run.scenario}. ${verdicts.join("; ")}`);
  }

  showProof(property) {
    this.setView("diagram");
    const times = property.events.map((id) => this.run.events[id - 1]?.time ?? 0);
    this.moveTo(Math.max(...times));
    const group = this.layout.groups.findIndex((it) =>
      it.events.some((event) => event.id === property.events[property.events.length - 1]));
    if (group >= 0) this.stage.diagram.choose({group});
  }

  // After every change of the cursor.
  moved(follow) {
    if (!this.run) return;
    const {time} = this.playback;
    this.stage.moveTo(time, follow);
    const {moment} = this;
    if (this.shownMoment !== moment || this.shownRun !== this.run) {
      this.shownMoment = moment;
      this.shownRun = this.run;
      showMoment(this.run, moment, {
        messageMenu: (click, message) => messageMenu(this, click.clientX, click.clientY, message),
        processMenu: (click, event) => processMenu(this, click.clientX, click.clientY,
          this.run.places.get(event.process), event.time)});
      lightSteps(stepsAt(this.run, moment), false);
    }
    const slider = byId("cursor");
    slider.value = momentIndex(this.run.moments, time);
    slider.setAttribute("aria-valuetext", timeText(moment));
    byId("now").textContent = `${timeText(time)} of ${timeText(this.run.endTime)}`;
    byId("play").textContent = this.playback.isPlaying ? "Pause" : "Play";
    byId("speed").value = String(this.playback.speed);
    this.keepAddress();
  }

  relayout() {
    if (!this.run) return;
    this.stage.build();
    this.playback.layout = this.layout;
    this.stage.reveal();
    this.moved(false);
  }

  moveTo(time) {
    this.act(() => this.playback.moveTo(time));
  }

  act(change) {
    if (!this.run || this.view !== "diagram") return;
    change();
    this.moved(true);
  }

  stepOn() { this.act(() => this.playback.step(1)); }
  stepBack() { this.act(() => this.playback.step(-1)); }
  rewind() { this.act(() => this.playback.rewind()); }
  toEnd() { this.act(() => this.playback.toEnd()); }
  faster() { this.setSpeed(1); }
  slower() { this.setSpeed(-1); }
  help() { helpDialog(); }

  setSpeed(direction) {
    this.act(() => this.playback.faster(direction));
    if (this.run) this.speed = this.playback.speed;
  }

  toggle() {
    if (!this.run || this.view !== "diagram") return;
    this.playback.toggle();
    this.moved(true);
    if (!this.playback.isPlaying) return;
    const {playback} = this;
    let last = performance.now();
    const frame = (now) => {
      if (playback !== this.playback || !playback.isPlaying) return;
      playback.advance(Math.min(200, now - last));
      last = now;
      this.moved(true);
      if (playback.isPlaying) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  switchTheme() {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    remember("theme", root.dataset.theme);
  }

  switchLarge() {
    const isLarge = document.documentElement.classList.toggle("large");
    byId("large").setAttribute("aria-pressed", String(isLarge));
    remember("large", isLarge ? "yes" : "no");
    this.relayout();
  }

  openFile(file) {
    if (!file) return;
    file.text().then((text) => {
      ++this.turn;
      this.fileName = file.name;
      let raw;
      try {
        raw = JSON.parse(text);
      } catch {
        throw new Error(`${file.name} is not JSON. A run is written by \`ostraka lab run NAME ` +
          "--out FILE.json`.");
      }
      this.tour = null;
      this.request = null;
      this.show(readRun(raw), raw, "file");
      history.pushState(null, "", "?");
    }).catch((error) => this.fail(error));
  }

  async openParameters() {
    try {
      const declaration = await this.declaration(this.request.protocol);
      parametersDialog(declaration, this.request.scenario, this.request.set,
        (set) => this.go({...this.request, set}, null));
    } catch (error) {
      openDialog("Parameters", el("p", {class: "problem"}, error.message));
    }
  }

  setSeed(text) {
    if (!/^\d{1,20}$/.test(text)) {
      byId("seed").setCustomValidity("A seed is a number from 0.");
      byId("seed").reportValidity();
      return;
    }
    byId("seed").setCustomValidity("");
    if (text !== this.request.seed) this.go({...this.request, seed: text});
  }
}

const theme = remembered("theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
if (remembered("large") === "yes") {
  document.documentElement.classList.add("large");
  byId("large").setAttribute("aria-pressed", "true");
}
new Lab().begin();
