// The little Markdown that the protocols' pages use, as elements: headings, paragraphs, lists,
// tables, emphasis, code. Everything else stays text.
import {el} from "./dom.js";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\(([^)\s]+)\)/g;

function inline(text) {
  const parts = [];
  let last = 0;
  for (const found of text.matchAll(INLINE)) {
    parts.push(text.slice(last, found.index));
    const [, code, strong, emphasis, name] = found;
    if (code) parts.push(el("code", {}, code));
    else if (strong) parts.push(el("strong", {}, strong));
    else if (emphasis) parts.push(el("em", {}, emphasis));
    else parts.push(name);  // links lead into the source tree, which is not here
    last = found.index + found[0].length;
  }
  parts.push(text.slice(last));
  return parts.filter((part) => part !== "");
}

function blocks(text) {
  return text.replaceAll("\r", "").split(/\n{2,}/).map((block) => block.trim()).filter(Boolean);
}

function items(block, pattern) {
  const found = [];
  for (const line of block.split("\n")) {
    if (pattern.test(line)) found.push(line.replace(pattern, ""));
    else found[found.length - 1] += " " + line.trim();
  }
  return found.map((each) => el("li", {}, inline(each)));
}

function tableOf(block) {
  const rows = block.split("\n").filter((line) => !/^\|[\s|:-]+\|$/.test(line))
    .map((line) => line.replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim()));
  return el("table", {}, rows.map((cells, i) =>
    el("tr", {}, cells.map((cell) => el(i === 0 ? "th" : "td", {}, inline(cell))))));
}

export function markdown(text) {
  return blocks(text).flatMap((block) => {
    const heading = /^(#{1,4})\s+([^\n]*)\n?([\s\S]*)$/.exec(block);
    if (heading) {
      const rest = heading[3].trim();
      const head = el("h" + Math.min(4, heading[1].length + 1), {}, inline(heading[2]));
      return rest ? [head, ...markdown(rest)] : [head];
    }
    if (block.startsWith("```")) {
      return [el("pre", {}, block.replace(/^```[^\n]*\n?|\n?```$/g, ""))];
    }
    if (/^[-*]\s/.test(block)) return [el("ul", {}, items(block, /^[-*]\s+/))];
    if (/^\d+\.\s/.test(block)) return [el("ol", {}, items(block, /^\d+\.\s+/))];
    if (block.startsWith("|")) return [tableOf(block)];
    return [el("p", {}, inline(block))];
  });
}
