"use strict";

function add(parent, tag, text, className) {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className || "";
  return parent.appendChild(element);
}

function table(parent, rows) {
  const body = parent.appendChild(document.createElement("table"));
  for (const cells of rows) {
    const row = body.insertRow();
    for (const cell of cells) row.insertCell().textContent = cell;
  }
}

function showRun(run) {
  const main = document.getElementById("main");
  main.replaceChildren();
  add(main, "h2", run.title + ": " + run.scenario_title);
  for (const property of run.properties) {
    add(main, "p", property.verdict + " " + property.name + ": " +
        (property.sentence || property.doc), property.verdict);
  }
  table(main, run.events.map((event) =>
    [event.id, (event.time / 1000).toFixed(3) + " ms", event.process || "", event.text]));
}

async function get(path) {
  const response = await fetch(path);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.text);
  return answer;
}

async function start() {
  const embedded = document.getElementById("run");
  if (embedded) return showRun(JSON.parse(embedded.textContent));
  const choice = document.getElementById("choice");
  for (const protocol of (await get("api/protocols")).protocols) {
    add(choice, "h3", protocol.title);
    for (const scenario of protocol.scenarios) {
      const link = add(choice.appendChild(document.createElement("p")), "a", scenario.title);
      link.href = "?protocol=" + protocol.name + "&scenario=" + scenario.name;
    }
  }
  if (location.search) showRun(await get("api/run" + location.search));
}

start().catch((error) => add(document.getElementById("main"), "p", error.message, "violated"));
