// The address of a run: everything that fixes it, and where the cursor stands.
//
//   ?protocol=NAME&scenario=NAME&seed=N&set=k:v,k:v&do=drop+p1.a1.accept.1;crash+a2+at+50ms
//   &t=MICROSECONDS   the cursor; the end of the run if absent
//   &tour=N           the stop of the guided tour, from 1
//
// The part before t is also the query of /api/run. Pure functions.

export class LinkError extends Error {}

const KEYS = ["protocol", "scenario", "seed", "set", "do", "t", "tour"];

function decode(text) {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new LinkError(`'${text}' has a % without two hexadecimal digits behind it`);
  }
}

function encode(text) {
  const signs = {"%3A": ":", "%2C": ",", "%3B": ";", "%7C": "|", "%20": "+"};
  return encodeURIComponent(text).replace(/%(3A|2C|3B|7C|20)/g, (sign) => signs[sign]);
}

function pairs(text) {
  const found = new Map();
  for (const part of text.replace(/^[?#]/, "").split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const key = decode(equals < 0 ? part : part.slice(0, equals));
    if (!KEYS.includes(key)) {
      throw new LinkError(`the address has '${key}'; known are ${KEYS.join(", ")}`);
    }
    if (found.has(key)) throw new LinkError(`${key} stands twice in the address`);
    found.set(key, equals < 0 ? "" : decode(part.slice(equals + 1)));
  }
  return found;
}

function wholeNumber(found, key) {
  const text = found.get(key);
  if (text === undefined) return null;
  if (!/^\d{1,15}$/.test(text)) {
    throw new LinkError(`${key} is '${text}', but must be a number from 0`);
  }
  return Number(text);
}

function settings(text) {
  return text.split(",").filter((each) => each !== "").map((each) => {
    const colon = each.indexOf(":");
    if (colon < 0) throw new LinkError(`set has '${each}', but must be name:value,name:value`);
    return [each.slice(0, colon), each.slice(colon + 1)];
  });
}

// {request, time, tour}; request is null when the address names no run. time: null is the end.
// The seed stays text, since it may be larger than the numbers of this language are exact.
export function parseLink(text) {
  const found = pairs(text);
  const time = wholeNumber(found, "t");
  const tour = wholeNumber(found, "tour");
  if (!found.has("protocol")) {
    if ([...found.keys()].some((key) => key !== "tour")) {
      throw new LinkError("the address names no protocol: protocol=NAME is missing");
    }
    return {request: null, time, tour};
  }
  const seed = found.get("seed") ?? "1";
  if (!/^\d{1,20}$/.test(seed)) {
    throw new LinkError(`seed is '${seed}', but must be a number from 0`);
  }
  const request = {
    protocol: found.get("protocol"),
    scenario: found.get("scenario") ?? "",
    seed,
    set: settings(found.get("set") ?? ""),
    interventions: (found.get("do") ?? "").split(";").filter((each) => each !== ""),
  };
  return {request, time, tour};
}

// The query of /api/run.
export function queryOf(request) {
  const parts = ["protocol=" + encode(request.protocol)];
  if (request.scenario) parts.push("scenario=" + encode(request.scenario));
  parts.push("seed=" + encode(String(request.seed)));
  if (request.set.length > 0) {
    parts.push("set=" + encode(request.set.map((each) => each.join(":")).join(",")));
  }
  if (request.interventions.length > 0) {
    parts.push("do=" + encode(request.interventions.join(";")));
  }
  return parts.join("&");
}

export function linkOf(request, time, tour) {
  const parts = [];
  if (request) parts.push(queryOf(request));
  if (request && time !== null) parts.push("t=" + Math.round(time));
  if (tour !== null && tour !== undefined) parts.push("tour=" + tour);
  return "?" + parts.join("&");
}

// What to ask for to get this run again.
export function requestOf(run) {
  return {
    protocol: run.protocol,
    scenario: run.scenario,
    seed: String(run.seed),
    set: Object.entries(run.set),
    interventions: run.interventions.filter((it) => it.by !== "scenario").map((it) => it.text),
  };
}
