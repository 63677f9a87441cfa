// Keys of the page, and the help that lists them.
import {byId, el} from "./dom.js";
import {closeMenu, isMenuOpen, openDialog} from "./menu.js";

// [keys, what they are called, what they do, method of the app].
export const KEYS_HELP = [
  [[" "], "Space", "play or pause", "toggle"],
  [["ArrowRight"], "→", "one step on", "stepOn"],
  [["ArrowLeft"], "←", "one step back", "stepBack"],
  [["Home"], "Home", "to the beginning", "rewind"],
  [["End"], "End", "to the end", "toEnd"],
  [["+", "="], "+", "faster", "faster"],
  [["-"], "−", "slower", "slower"],
  [["t"], "t", "light or dark", "switchTheme"],
  [["l"], "l", "large letters", "switchLarge"],
  [["?"], "?", "this help", "help"],
];

const SIGNS_HELP = [
  ["◆", "a decision or result, which properties are judged on"],
  ["○", "a change that the process tells of"],
  ["•", "a message is received"],
  ["▷", "a client asks"],
  ["□", "a timer fires"],
  ["✕", "a message is lost, a process crashes"],
  ["◎", "red ring: part of a counter-example"],
];

function table(rows) {
  return el("table", {class: "keys"}, rows.map(([sign, text]) =>
    el("tr", {}, el("td", {}, el("kbd", {}, sign)), el("td", {}, text))));
}

export function helpDialog() {
  openDialog("Help",
    el("p", {}, "Time runs down, each process is a line. What lies behind the cursor is faint. " +
      "Time is not to scale: long silences are cut short (⋮)."),
    el("p", {}, "Click a message to drop, delay or duplicate it; the line of a process to " +
      "crash, restart or pause it; the space between lines for a partition. The run forks " +
      "there and goes on under the real code. The address bar holds the whole run: send it to " +
      "someone."),
    el("div", {class: "help-columns"},
      el("div", {}, el("h3", {}, "Keys"),
        table([...KEYS_HELP.map(([, sign, text]) => [sign, text]),
          ["Esc", "close what is open"]])),
      el("div", {}, el("h3", {}, "Signs"), table(SIGNS_HELP))),
    el("p", {class: "dim"}, "Without a mouse: step to a moment; the list beside the diagram " +
      "names its processes and messages as buttons that open the same menus."));
}

// A dialog that has just closed keeps the focus until the browser draws again.
const TYPING = "input:not([type=range]), select, textarea, dialog[open], #menu";

function isTyping(target) {
  return target.closest?.(TYPING) !== null;
}

export function bindKeys(app) {
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isMenuOpen()) {
      closeMenu();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (byId("dialog").open) return;
    const found = KEYS_HELP.find(([keys]) => keys.includes(event.key));
    if (!found) return;
    if (event.key === " " && event.target.closest?.("button, a, summary")) return;
    if (event.target.type === "range" && event.key.startsWith("Arrow")) return;
    event.preventDefault();
    app[found[3]]();
  });
}
