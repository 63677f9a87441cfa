// Times for people, and interventions in the words that the laboratory's runtime reads
// (src/lab/core/intervention.h). Pure functions; times are microseconds.

export function timeText(us) {
  if (us >= 10_000_000) return (us / 1e6).toFixed(1) + " s";
  if (us >= 1_000_000) return (us / 1e6).toFixed(2) + " s";
  if (us >= 100_000) return (us / 1000).toFixed(0) + " ms";
  if (us === 0) return "0 ms";
  return (us / 1000).toFixed(us % 1000 === 0 ? 0 : 1) + " ms";
}

// The exact word: 120ms or 1500us.
export function timeWord(us) {
  const whole = Math.max(0, Math.round(us));
  return whole % 1000 === 0 ? whole / 1000 + "ms" : whole + "us";
}

// "12.5" milliseconds as a person writes them; null when that is no time.
export function parseMilliseconds(text) {
  const trimmed = String(text).trim().replace(",", ".");
  if (!/^\d{1,7}(\.\d{1,3})?$/.test(trimmed)) return null;
  return Math.round(Number(trimmed) * 1000);
}

// A place that was pointed at, as a round number if no event lies between the two.
export function roundTime(us, moments) {
  const exact = Math.max(0, Math.round(us));
  for (const grain of [10_000, 5000, 1000, 500, 100, 10]) {
    const rounded = Math.round(exact / grain) * grain;
    const low = Math.min(exact, rounded);
    const high = Math.max(exact, rounded);
    if (!moments.some((moment) => moment >= low && moment <= high)) return rounded;
  }
  return exact;
}

export const words = {
  drop: (message) => `drop ${message}`,
  delay: (message, by) => `delay ${message} ${timeWord(by)}`,
  duplicate: (message, after) =>
    `duplicate ${message}` + (after > 0 ? ` ${timeWord(after)}` : ""),
  crash: (process, at) => `crash ${process} at ${timeWord(at)}`,
  restart: (process, at) => `restart ${process} at ${timeWord(at)}`,
  pause: (process, at, length) => `pause ${process} at ${timeWord(at)} for ${timeWord(length)}`,
  partition: (groups, from, until) =>
    `partition ${groups.map((group) => group.join(",")).join("|")} at ${timeWord(from)} ` +
    `until ${timeWord(until)}`,
};

// The messages that interventions name.
export function touchedMessages(interventions) {
  const touched = new Map();
  for (const each of interventions) {
    const found = /^(drop|delay|duplicate) (\S+)/.exec(each.text);
    if (found) touched.set(found[2], found[1]);
  }
  return touched;
}
