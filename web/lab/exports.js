// Files out of a run, and a run out of a file.
import {el} from "./dom.js";
import {openMenu} from "./menu.js";
import {queryOf} from "./link.js";
import {Diagram} from "./diagram.js";

function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], {type}));
  saveFrom(name, url);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function saveFrom(name, url) {
  const link = el("a", {href: url, download: name});
  document.body.append(link);
  link.click();
  link.remove();
}

function nameOf(run, ending) {
  const parts = [run.protocol, run.scenario, run.seed].filter((each) => each !== "");
  return (parts.join("-").replace(/[^\w.-]+/g, "_") || "run") + "." + ending;
}

// The rules of the picture with the colours as they are on the page: the file needs no other.
function styleOf() {
  const root = getComputedStyle(document.documentElement);
  let text = "";
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      if (rule.selectorText?.includes(".dg")) text += rule.cssText + "\n";
    }
  }
  return text.replace(/var\((--[\w-]+)\)/g, (_, name) => root.getPropertyValue(name).trim());
}

// The whole picture with its names on top.
export function pictureOf(run, layout) {
  const diagram = new Diagram(run, layout);
  diagram.drawWhole();
  diagram.cursor.remove();
  const top = 34 * layout.unit;
  const heads = run.processes.map((process, place) => {
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    text.setAttribute("class", "dg-head-text");
    text.setAttribute("x", layout.lanes[place] - 6);
    text.setAttribute("y", -10);
    text.textContent = layout.isDense ? process.name : `${process.name}  ${process.role || ""}`;
    return text;
  });
  diagram.root.prepend(...heads);
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = styleOf();
  diagram.root.prepend(style);
  diagram.root.setAttribute("viewBox", `0 ${-top} ${layout.width} ${layout.height + top}`);
  diagram.root.setAttribute("height", layout.height + top);
  diagram.root.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return new XMLSerializer().serializeToString(diagram.root);
}

// app: {run, layout, source, request}.
export function exportMenu(app, x, y) {
  const {run} = app;
  const isServed = app.source === "server";
  const form = (ending) => () =>
    saveFrom(nameOf(run, ending), `api/run?${queryOf(app.request)}&form=${ending}`);
  const why = "needs the laboratory's server and one of its protocols";
  openMenu(x, y, {
    title: "Export",
    text: run.command ? `On a terminal: ${run.command}` : undefined,
    items: [
      {label: "SVG", hint: "the picture as it is here",
        act: () => save(nameOf(run, "svg"), "image/svg+xml", pictureOf(run, app.layout))},
      {label: "JSON", hint: "the run; this page opens it again",
        act: () => save(nameOf(run, "json"), "application/json", JSON.stringify(app.raw) + "\n")},
      {label: "NDJSON for ShiViz", isOff: !isServed, hint: isServed ? undefined : why,
        act: form("ndjson")},
      {label: "HTML that needs no server", isOff: !isServed, hint: isServed ? undefined : why,
        act: form("html")},
      {label: "Copy the link", isOff: !isServed, act: () => {
        navigator.clipboard?.writeText(location.href);
      }},
    ],
    note: isServed ? undefined : `NDJSON, HTML and a link: ${why}.`,
  });
}
