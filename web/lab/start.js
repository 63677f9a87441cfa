// Pages without a picture: the catalogue, what is wrong, and the forms of a run's parameters.
import {button, byId, el, show} from "./dom.js";
import {openDialog} from "./menu.js";
import {linkOf} from "./link.js";

const KINDS = {"famous failure": "fails", "famous fix": "holds"};

export function showPage(...content) {
  byId("page").replaceChildren(...content.flat().filter(Boolean));
  show(byId("page"), true);
}

function scenarioLink(protocol, scenario) {
  const request = {protocol: protocol.name, scenario: scenario.name, seed: "1", set: [],
                   interventions: []};
  return el("li", {}, el("a", {href: linkOf(request, null, null), title: scenario.title},
    scenario.name.replaceAll("_", " ")),
  KINDS[scenario.kind] && el("span", {class: "tag"}, KINDS[scenario.kind]));
}

function protocolCard(protocol) {
  return el("article", {class: "card"}, el("h3", {}, protocol.title),
    el("p", {}, protocol.summary),
    el("ul", {class: "plain-list"},
      protocol.scenarios.map((scenario) => scenarioLink(protocol, scenario))));
}

export function catalogueContent(catalogue, startTour) {
  const families = [...new Set(catalogue.map((protocol) => protocol.family))];
  return [
    el("div", {class: "lead"},
      el("p", {}, "Protocols of distributed systems as running code. Choose a run, play it, " +
        "break it: drop a message, crash a process, cut the network, and see what still holds."),
      button("Take the tour", startTour, {class: "main"})),
    ...families.map((family) => el("section", {}, el("h2", {}, family),
      el("div", {class: "cards"},
        catalogue.filter((it) => it.family === family).map(protocolCard)))),
  ];
}

export function problemContent(text, actions) {
  return el("div", {class: "problem-page", role: "alert"}, el("h2", {}, "This run cannot be shown"),
    el("p", {class: "problem-text"}, text),
    el("p", {}, actions.map(([label, act]) => button(label, act))));
}

// The value that a scenario gives to a parameter when nobody sets it.
export function baseValue(parameter, scenario) {
  const set = scenario?.set?.[parameter.name];
  if (set !== undefined) return set;
  return parameter.choices.length > 0 ? parameter.choices[parameter.value]
    : String(parameter.value);
}

function field(parameter, base, value) {
  const id = "parameter-" + parameter.name;
  const range = `${parameter.min} to ${parameter.max}${parameter.unit ? " " + parameter.unit : ""}`;
  const isSwitch = parameter.choices.length === 0 && parameter.min === 0 && parameter.max === 1;
  const options = parameter.choices.length > 0 ? parameter.choices.map((it) => [it, it])
    : [["0", "no"], ["1", "yes"]];
  const hasOptions = parameter.choices.length > 0 || isSwitch;
  const input = hasOptions
    ? el("select", {id, name: parameter.name}, options.map(([option, text]) =>
      el("option", {value: option, selected: option === value}, text)))
    : el("input", {id, name: parameter.name, type: "number", min: parameter.min,
      max: parameter.max, value, required: true});
  return el("div", {class: "field" + (value === base ? "" : " changed-field")},
    el("label", {for: id}, parameter.name.replaceAll("_", " ")), input,
    el("span", {class: "dim"}, parameter.unit || ""),
    el("small", {}, parameter.doc + (hasOptions ? "" : ` (${range})`)));
}

// set: [[name, value]] of the caller; apply(set) gets what differs from the scenario.
export function parametersDialog(declaration, scenarioName, set, apply) {
  const scenario = declaration.scenarios.find((each) => each.name === scenarioName) ||
    declaration.scenarios[0];
  const own = new Map(set);
  const group = (title, parameters) => parameters.length > 0 && el("fieldset", {},
    el("legend", {}, title), parameters.map((parameter) => {
      const base = baseValue(parameter, scenario);
      return field(parameter, base, own.get(parameter.name) ?? base);
    }));
  const form = el("form", {onsubmit: (event) => {
    event.preventDefault();
    const values = new FormData(form);
    dialog.close();
    apply(declaration.parameters.map((it) => [it.name, values.get(it.name), it])
      .filter(([, value, it]) => value !== null && value !== baseValue(it, scenario))
      .map(([name, value]) => [name, value]));
  }},
  group(declaration.title, declaration.parameters.filter((it) => !it.common)),
  group("Network, disk and time", declaration.parameters.filter((it) => it.common)),
  el("div", {class: "buttons"},
    button("As the scenario has them", () => { dialog.close(); apply([]); }),
    el("button", {type: "submit", class: "main"}, "Run")));
  const dialog = openDialog(`Parameters of ${declaration.title}`, form);
}
