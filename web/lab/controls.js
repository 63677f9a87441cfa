// The buttons and fields around the picture, bound to what the page does.
import {byId, el} from "./dom.js";
import {closeMenu, isMenuOpen} from "./menu.js";
import {exportMenu} from "./exports.js";
import {SPEEDS} from "./playback.js";

function bindChoice(app) {
  const plain = {set: [], interventions: []};
  byId("choice").addEventListener("submit", (event) => event.preventDefault());
  byId("protocol").addEventListener("change", ({target}) => {
    if (target.value === "") return;
    app.go({protocol: target.value, scenario: "", seed: "1", ...plain}, null, null);
  });
  byId("scenario").addEventListener("change", ({target}) =>
    app.go({...app.request, ...plain, scenario: target.value}, null, null));
  byId("seed").addEventListener("change", ({target}) => app.setSeed(target.value.trim()));
  byId("seed").addEventListener("input", ({target}) => target.setCustomValidity(""));
  byId("next-seed").addEventListener("click", () =>
    app.setSeed(String(BigInt(app.request.seed) + 1n)));
  byId("parameters").addEventListener("click", () => app.openParameters());
}

export function bindControls(app) {
  bindChoice(app);
  const clicks = {
    rewind: () => app.rewind(), back: () => app.stepBack(), play: () => app.toggle(),
    forth: () => app.stepOn(), "to-end": () => app.toEnd(), help: () => app.help(),
    theme: () => app.switchTheme(), large: () => app.switchLarge(),
    open: () => byId("file").click(), "tour-start": () => app.goTour(1),
  };
  for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
  byId("export").addEventListener("click", ({currentTarget}) => {
    const box = currentTarget.getBoundingClientRect();
    exportMenu(app, box.left, box.bottom);
  });
  byId("file").addEventListener("change", ({target}) => {
    app.openFile(target.files[0]);
    target.value = "";
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    if (app.source !== "embedded") app.openFile(event.dataTransfer.files[0]);
  });
  addEventListener("pointerdown", (event) => {
    const isInside = event.target.closest("#menu, #canvas, #export, #moment");
    if (isMenuOpen() && !isInside) closeMenu();
  });
  byId("cursor").addEventListener("input", ({target}) =>
    app.moveTo(app.run.moments[Number(target.value)]));
  byId("speed").replaceChildren(...SPEEDS.map((it) => el("option", {value: it}, `${it}×`)));
  byId("speed").addEventListener("change", ({target}) => {
    app.speed = Number(target.value);
    app.playback.speed = app.speed;
  });
}
