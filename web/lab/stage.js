// The picture on the page: its size, what of it is visible, what lies under the pointer.
import {byId, show} from "./dom.js";
import {layOut, placeAt} from "./layout.js";
import {Diagram} from "./diagram.js";
import {makeHeads, showStates, lightSteps, messageTip, groupTip} from "./panels.js";
import {mostStateLines, StateCursor, stepsAt} from "./run.js";
import {messageMenu, messageText, partitionMenu, processMenu} from "./forks.js";
import {closeMenu, isMenuOpen} from "./menu.js";

const STATE_ROWS_MAX = 5;

function measurer(scale) {
  const context = document.createElement("canvas").getContext("2d");
  const family = getComputedStyle(document.body).fontFamily;
  const widths = new Map();
  return (text, isBold, isSmall) => {
    const key = `${isBold ? "b" : ""}${isSmall ? "s" : ""} ${text}`;
    if (!widths.has(key)) {
      context.font = `${isBold ? 600 : 400} ${(isSmall ? 11.5 : 12) * scale}px ${family}`;
      widths.set(key, context.measureText(text).width);
    }
    return widths.get(key);
  };
}

export class Stage {
  constructor(app) {
    this.app = app;
    this.element = byId("stage");
    this.heads = byId("heads");
    this.canvas = byId("canvas");
    this.tip = byId("tip");
    this.element.addEventListener("scroll", () => this.reveal(), {passive: true});
    this.canvas.addEventListener("click", (event) => this.click(event));
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.unpoint());
    new ResizeObserver(() => this.resized()).observe(this.element);
    this.width = 0;
  }

  get layout() {
    return this.diagram?.layout;
  }

  get scale() {
    return document.documentElement.classList.contains("large") ? 1.35 : 1;
  }

  setRun(run, keepsPlace) {
    const top = keepsPlace ? this.element.scrollTop : 0;
    this.run = run;
    this.states = new StateCursor(run);
    this.rows = Math.min(STATE_ROWS_MAX, mostStateLines(run));
    this.build();
    this.element.scrollTop = top;
    this.reveal();
  }

  build() {
    this.width = this.element.clientWidth;
    const layout = layOut(this.run, {
      width: this.width, scale: this.scale, measure: measurer(this.scale)});
    this.diagram = new Diagram(this.run, layout);
    this.canvas.replaceChildren(this.diagram.root);
    makeHeads(this.run, layout, this.rows);
    this.element.setAttribute("aria-label", `Space–time diagram: ${this.run.processes.length} ` +
      `processes, ${this.run.messages.length} messages, ${this.run.events.length} events`);
  }

  resized() {
    if (!this.run || this.element.clientWidth === 0) return;
    if (Math.abs(this.element.clientWidth - this.width) > 2) this.app.relayout();
    else this.reveal();
  }

  reveal() {
    if (!this.diagram) return;
    const top = this.element.scrollTop;
    this.diagram.reveal(top, top + this.element.clientHeight);
  }

  // follow: scroll so that the cursor stays in sight.
  moveTo(time, follow) {
    const {layout} = this;
    if (follow) this.scrollTo(layout.yOf(time));
    this.diagram.moveTo(time);
    showStates(this.run, layout, this.states.seek(time));
  }

  scrollTo(y) {
    const room = this.element.clientHeight - this.heads.offsetHeight;
    const top = this.element.scrollTop;
    if (y < top + 30 || y > top + room * 0.7) {
      const isJump = y < top || y > top + room;
      this.element.scrollTop = Math.max(0, isJump ? y - room * 0.4 : y < top + 30 ? y - 30
        : y - room * 0.7);
    }
    this.reveal();
  }

  // What an event's target is part of: {message} or {group} or null.
  targetOf(event) {
    const message = event.target.closest("[data-message]");
    if (message) return {message: message.dataset.message};
    const group = event.target.closest("[data-group]");
    return group ? {group: Number(group.dataset.group)} : null;
  }

  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return placeAt(this.layout, event.clientX - box.left, event.clientY - box.top);
  }

  click(event) {
    const {app} = this;
    const target = this.targetOf(event);
    const {clientX: x, clientY: y} = event;
    this.unpoint();
    if (isMenuOpen()) {
      closeMenu();
      return;
    }
    if (target?.message) {
      messageMenu(app, x, y, this.run.messageById.get(target.message));
      return;
    }
    const group = target && this.layout.groups[target.group];
    if (group && group.place >= 0) {
      processMenu(app, x, y, group.place, group.time);
      return;
    }
    const place = this.placeOf(event);
    if (place.place !== undefined) processMenu(app, x, y, place.place, place.time);
    else if (place.after !== undefined) partitionMenu(app, x, y, place.after, place.time);
    else app.moveTo(place.time);
  }

  point(event) {
    const target = this.targetOf(event);
    const place = target ? null : this.placeOf(event);
    this.canvas.dataset.over = target ? "shape"
      : place.place !== undefined ? "line" : place.after !== undefined ? "space" : "gutter";
    if (!target || isMenuOpen()) {
      this.unpoint();
      return;
    }
    const key = JSON.stringify(target);
    if (this.pointed !== key) {
      this.pointed = key;
      this.diagram.choose(target);
      this.showTip(target);
    }
    const {width, height} = this.tip.getBoundingClientRect();
    const right = event.clientX + 16 + width < innerWidth;
    const below = event.clientY + 16 + height < innerHeight;
    const left = right ? event.clientX + 14 : event.clientX - width - 12;
    const top = below ? event.clientY + 14 : event.clientY - height - 12;
    this.tip.style.left = Math.max(4, left) + "px";
    this.tip.style.top = Math.max(4, top) + "px";
  }

  showTip(target) {
    if (target.message) {
      const message = this.run.messageById.get(target.message);
      this.tip.replaceChildren(...messageTip(this.run, message, messageText(message)));
      lightSteps(new Set([message.step]), true);
    } else {
      const group = this.layout.groups[target.group];
      this.tip.replaceChildren(...groupTip(this.run, group));
      lightSteps(new Set(group.events.map((it) => it.step)), true);
    }
    show(this.tip, true);
  }

  unpoint() {
    if (this.pointed === null || this.pointed === undefined) return;
    this.pointed = null;
    show(this.tip, false);
    this.diagram.choose(null);
    lightSteps(stepsAt(this.run, this.app.moment), false);
  }
}
