// Elements by one call each. Text always enters as text nodes and attributes, never as markup: what
// comes from a run, a link or a file cannot become part of the page's code.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
  return element;
}

export function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// A button with a name for screen readers when its content is a sign only.
export function button(text, action, attributes) {
  return el("button", {type: "button", onclick: action, ...attributes}, text);
}

export function byId(id) {
  return document.getElementById(id);
}

export function show(element, isShown) {
  element.hidden = !isShown;
}

// localStorage is refused in some browsers for files: then choices last as long as the page.
export function remember(key, value) {
  try {
    localStorage.setItem("ostraka-lab-" + key, value);
  } catch {
    // nothing to do: the choice holds until the page is left
  }
}

export function remembered(key) {
  try {
    return localStorage.getItem("ostraka-lab-" + key);
  } catch {
    return null;
  }
}
