// The small windows over the page: a menu of things to do at a place, and dialogs.
import {button, byId, el, show} from "./dom.js";

let giveBackFocus = null;

export function isMenuOpen() {
  return !byId("menu").hidden;
}

export function closeMenu() {
  const menu = byId("menu");
  if (menu.hidden) return;
  const hadFocus = menu.contains(document.activeElement);
  show(menu, false);
  menu.replaceChildren();
  if (hadFocus && giveBackFocus?.isConnected) giveBackFocus.focus();
  giveBackFocus = null;
}

// One thing to do: {label, hint, isOff, fields: [{name, label, value, unit}], act(values)}. `act`
// answers with a text when a value is wrong; the menu then stays.
function itemForm(item, problem) {
  const inputs = new Map();
  const parts = (item.fields || []).map((field) => {
    const input = el("input", {value: field.value, size: Math.max(4, field.value.length + 1),
      "aria-label": field.label, autocomplete: "off", disabled: Boolean(item.isOff)});
    inputs.set(field.name, input);
    return el("label", {}, field.before || "", input, field.unit || "");
  });
  return el("form", {
    class: "menu-item",
    onsubmit: (event) => {
      event.preventDefault();
      const values = Object.fromEntries([...inputs].map(([name, input]) => [name, input.value]));
      const wrong = item.act(values);
      if (wrong) problem.textContent = wrong;
      else closeMenu();
    },
  },
  el("button", {type: "submit", disabled: Boolean(item.isOff), title: item.hint}, item.label),
  parts);
}

// {title, text, content, items, note}: `note` says why items are off. At x, y of the window.
export function openMenu(x, y, what) {
  const menu = byId("menu");
  const from = menu.contains(document.activeElement) ? giveBackFocus : document.activeElement;
  giveBackFocus = from;
  const problem = el("p", {class: "problem", role: "alert"});
  menu.setAttribute("aria-label", what.title);
  menu.replaceChildren(...[
    el("div", {class: "menu-head"}, el("h2", {}, what.title),
      button("×", closeMenu, {class: "plain", "aria-label": "Close"})),
    what.text && el("p", {class: "dim"}, what.text),
    what.content,
    what.note && el("p", {class: "note"}, what.note),
    what.items.map((item) => itemForm(item, problem)),
    problem,
  ].flat().filter(Boolean));
  show(menu, true);
  const {width, height} = menu.getBoundingClientRect();
  menu.style.left = Math.max(8, Math.min(x + 6, innerWidth - width - 8)) + "px";
  menu.style.top = Math.max(8, Math.min(y + 6, innerHeight - height - 8)) + "px";
  (menu.querySelector("form button:enabled") || menu.querySelector("button")).focus();
}

export function openDialog(title, ...content) {
  const dialog = byId("dialog");
  dialog.setAttribute("aria-label", title);
  dialog.replaceChildren(
    el("div", {class: "menu-head"}, el("h2", {}, title),
      button("×", () => dialog.close(), {class: "plain", "aria-label": "Close"})),
    ...content.flat().filter(Boolean));
  if (!dialog.open) dialog.showModal();
  return dialog;
}

export function say(text) {
  byId("status").textContent = text;
}
