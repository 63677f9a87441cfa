// Plots of a run as SVG: lines and bars, with a table behind them for those who do not see them.
import {el, svg} from "./dom.js";

const WIDTH = 560;
const HEIGHT = 300;
const LETTER = 7;  // about as wide as one of the scales
const FRAME = {left: 62, right: 16, top: 14, bottom: 46};

// Round values that cover [low, high], about `count` of them.
export function niceTicks(low, high, count) {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const ticks = [];
  for (let i = Math.floor(low / step); i * step < high + step; ++i) {
    ticks.push(Number((i * step).toPrecision(12)));
    if (i * step >= high) break;
  }
  return ticks;
}

export function numberText(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return (value / 1e6).toFixed(1).replace(/\.0$/, "") + " M";
  if (size >= 1e4) return (value / 1e3).toFixed(1).replace(/\.0$/, "") + " k";
  return String(Number(value.toPrecision(4)));
}

function points(plot) {
  return plot.series.flatMap((series) => series.points);
}

function range(values) {
  return values.length === 0 ? [0, 1]
    : [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}

function scaleOf(plot) {
  const isBars = plot.form === "bars";
  const [lowX, highX] = range(points(plot).map((point) => point[0]));
  const [lowY, highY] = range(points(plot).map((point) => point[1]));
  const top = highY === 0 && lowY === 0 ? 1 : Math.max(0, highY);
  const ticksY = niceTicks(Math.min(0, lowY), top, 5);
  const ticksX = isBars ? [] : niceTicks(lowX, highX, 6);
  const from = isBars ? lowX - 0.5 : ticksX[0];
  const to = isBars ? highX + 0.5 : ticksX[ticksX.length - 1];
  const wide = WIDTH - FRAME.left - FRAME.right;
  const high = HEIGHT - FRAME.top - FRAME.bottom;
  const lastY = ticksY[ticksY.length - 1];
  return {
    ticksX, ticksY, lowX, highX,
    x: (value) => FRAME.left + (value - from) / (to - from || 1) * wide,
    y: (value) => FRAME.top + high - (value - ticksY[0]) / (lastY - ticksY[0] || 1) * high,
    unit: wide / (to - from || 1),
  };
}

function frame(plot, scale) {
  const parts = scale.ticksY.map((value) => svg("g", {},
    svg("path", {class: "pl-rule", d: `M${FRAME.left} ${scale.y(value)}H${WIDTH - FRAME.right}`}),
    svg("text", {x: FRAME.left - 8, y: scale.y(value) + 4, "text-anchor": "end"},
      numberText(value))));
  for (const value of scale.ticksX) {
    parts.push(svg("text", {x: scale.x(value), y: HEIGHT - 26, "text-anchor": "middle"},
      numberText(value)));
  }
  const middle = (FRAME.top + HEIGHT - FRAME.bottom) / 2;
  parts.push(
    svg("text", {class: "pl-name", x: (FRAME.left + WIDTH - FRAME.right) / 2, y: HEIGHT - 6,
      "text-anchor": "middle"}, plot.x),
    svg("text", {class: "pl-name", x: 14, y: middle, "text-anchor": "middle",
      transform: `rotate(-90 14 ${middle})`}, plot.y));
  return parts;
}

function lines(plot, scale) {
  return plot.series.map((series, i) => svg("path", {
    class: `pl-line pl-${i % 6}`,
    d: series.points.map(([x, y], k) => `${k ? "L" : "M"}${scale.x(x)} ${scale.y(y)}`).join("")}));
}

function bars(plot, scale) {
  const count = plot.series.length;
  const wide = Math.max(1, scale.unit * 0.8 / count);
  return plot.series.flatMap((series, i) => series.points.map(([x, y]) => svg("rect", {
    class: `pl-bar pl-${i % 6}`, x: scale.x(x) + (i - count / 2) * wide, width: wide,
    y: Math.min(scale.y(y), scale.y(0)), height: Math.abs(scale.y(y) - scale.y(0))},
    svg("title", {}, `${series.name}: ${plot.categories?.[x] ?? x}, ${numberText(y)}`))));
}

function shortened(text, letters) {
  return text.length <= letters ? text : text.slice(0, Math.max(1, letters - 1)) + "…";
}

// Names below the bars, as many as fit.
function categories(plot, scale) {
  const names = plot.categories || [];
  const every = Math.max(1, Math.ceil(names.length / 8));
  const from = names.length > 0 ? 0 : Math.ceil(scale.lowX);
  const to = names.length > 0 ? names.length - 1 : scale.highX;
  const texts = [];
  const step = names.length > 0 ? every : Math.max(1, Math.ceil((to - from) / 8));
  for (let x = from; x <= to; x += step) {
    texts.push(svg("text", {x: scale.x(x), y: HEIGHT - 26, "text-anchor": "middle"},
      shortened(String(names[x] ?? x), Math.floor(scale.unit * step / LETTER))));
  }
  return texts;
}

function tableOfPoints(plot) {
  const rows = plot.series.flatMap((series) => series.points.slice(0, 400).map(([x, y]) =>
    el("tr", {}, el("td", {}, series.name), el("td", {}, plot.categories?.[x] ?? numberText(x)),
      el("td", {}, numberText(y)))));
  return el("details", {class: "pl-table"}, el("summary", {}, "As a table"),
    el("div", {class: "scroll", tabindex: 0}, el("table", {},
      el("tr", {}, el("th", {}, ""), el("th", {}, plot.x), el("th", {}, plot.y)), rows)));
}

export function drawPlot(plot) {
  const scale = scaleOf(plot);
  const isBars = plot.form === "bars";
  const legend = plot.series.length < 2 ? null : el("ul", {class: "pl-legend"},
    plot.series.map((series, i) => el("li", {}, svg("svg", {viewBox: "0 0 32 8"}, isBars
      ? svg("rect", {class: `pl-bar pl-${i % 6}`, width: 32, height: 8})
      : svg("path", {class: `pl-line pl-${i % 6}`, d: "M0 4H32"})), series.name)));
  return el("figure", {class: "plot"}, el("figcaption", {}, plot.title), legend,
    svg("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": plot.title},
      frame(plot, scale), isBars ? bars(plot, scale) : lines(plot, scale),
      isBars ? categories(plot, scale) : []),
    tableOfPoints(plot));
}
