// The viewer's logic without a browser: links, words, runs, layout, playback.
import assert from "node:assert/strict";
import test from "node:test";
import {layOut, placeAt, wrap} from "../../web/lab/layout.js";
import {LinkError, linkOf, parseLink, queryOf, requestOf} from "../../web/lab/link.js";
import {nextMoment, Playback, previousMoment} from "../../web/lab/playback.js";
import {niceTicks, numberText} from "../../web/lab/plots.js";
import {cutsOf, groupsOf, livesOf, proofsOf, readRun, RunError, StateCursor}
  from "../../web/lab/run.js";
import {STOPS, stopsOf} from "../../web/lab/tour.js";
import {parseMilliseconds, roundTime, timeText, touchedMessages, words}
  from "../../web/lab/words.js";

const measure = (text) => text.length * 7;
const OPTIONS = {width: 1000, scale: 1, measure};

function event(id, time, process, kind, more = {}) {
  return {id, time, ...(process ? {process} : {}), kind, text: `${kind} ${id}`, ...more};
}

function message(id, from, to, sent, ends, more = {}) {
  return {id, from, to, kind: "ask", text: "ask(n=1)", sent, ends, fate: "delivered", ...more};
}

// Two processes; b crashes and comes back; a partition; one message is lost, one open at the end.
function sample(more = {}) {
  return readRun({
    format: "ostraka-lab-run", version: 1, protocol: "p", scenario: "s", seed: 7, set: {x: "1"},
    interventions: [{text: "drop a.b.ask.2", by: "user", acted: true},
      {text: "crash b at 20ms", by: "scenario", acted: true}],
    processes: [{name: "a", role: "r"}, {name: "b"}, {name: "c"}],
    end: {time: 2_000_000, reason: "quiet"},
    events: [
      event(1, 0, "a", "start", {sent: ["a.b.ask.1", "a.b.ask.2"], state: {k: "1"}}),
      event(2, 0, "b", "start"),
      event(3, 10_000, "b", "receive", {message: "a.b.ask.1", step: 2, state: {got: "x"}}),
      event(4, 10_000, "b", "note", {cause: 3, step: 2, text: "says a rather long sentence here"}),
      event(5, 10_000, "b", "output", {cause: 3, step: 3, text: "decides"}),
      event(6, 20_000, "b", "crash"),
      event(7, 30_000, undefined, "partition", {text: "partition a | b, c"}),
      event(8, 40_000, "b", "restart"),
      event(9, 50_000, "a", "pause"),
      event(10, 60_000, "a", "resume", {state: {k: ""}}),
      event(11, 70_000, undefined, "heal", {text: "healed: a | b, c"}),
    ],
    messages: [
      message("a.b.ask.1", "a", "b", 0, 10_000, {send_event: 1, receive_event: 3}),
      message("a.b.ask.2", "a", "b", 0, 8000, {send_event: 1, fate: "lost", why: "intervention"}),
      message("a.c.ask.1", "a", "c", 1_990_000, 2_040_000, {fate: "open"}),
      message("c.c.ask.1", "c", "c", 100, 200),
    ],
    properties: [{name: "safe", verdict: "violated", events: [5]},
      {name: "live", verdict: "open", events: [3]}],
    ...more,
  });
}

test("a link holds the whole run and comes back", () => {
  const request = {protocol: "basic_paxos", scenario: "duel", seed: "18446744073709551615",
    set: [["loss", "10"], ["back_off", "none"]],
    interventions: ["duplicate p1.a1.prepare.1+1", "partition p1|a1,a2 at 10ms until 30ms"]};
  const link = linkOf(request, 12_345, 3);
  assert.deepEqual(parseLink(link), {request, time: 12_345, tour: 3});
  assert.match(link, /do=duplicate\+p1\.a1\.prepare\.1%2B1;partition\+p1\|a1,a2\+at/);
  assert.ok(link.startsWith("?" + queryOf(request)));
  assert.deepEqual(parseLink(linkOf(request, null, null)), {request, time: null, tour: null});
  assert.deepEqual(parseLink(""), {request: null, time: null, tour: null});
});

test("a wrong link is said to be wrong", () => {
  const cases = [["?protocol=a&protocol=b", /twice/], ["?protocl=a", /'protocl'/],
    ["?protocol=a&seed=x", /seed is 'x'/], ["?protocol=a&seed=-1", /seed is '-1'/],
    ["?protocol=a&set=b", /name:value/], ["?protocol=a&t=1.5", /t is '1.5'/],
    ["?protocol=%z", /hexadecimal/], ["?protocol=%ff", /hexadecimal/], ["?seed=3", /missing/]];
  for (const [link, text] of cases) {
    assert.throws(() => parseLink(link), (error) => error instanceof LinkError &&
      text.test(error.message), link);
  }
});

test("a run asks for itself", () => {
  assert.deepEqual(requestOf(sample()), {protocol: "p", scenario: "s", seed: "7", set: [["x", "1"]],
    interventions: ["drop a.b.ask.2"]});
});

test("interventions are the runtime's words", () => {
  assert.equal(words.drop("a.b.x.1"), "drop a.b.x.1");
  assert.equal(words.delay("m", 12_500), "delay m 12500us");
  assert.equal(words.duplicate("m", 0), "duplicate m");
  assert.equal(words.duplicate("m", 5000), "duplicate m 5ms");
  assert.equal(words.crash("p", 120_000), "crash p at 120ms");
  assert.equal(words.restart("p", 1), "restart p at 1us");
  assert.equal(words.pause("p", 1000, 2000), "pause p at 1ms for 2ms");
  assert.equal(words.partition([["a", "b"], ["c"]], 0, 9000), "partition a,b|c at 0ms until 9ms");
  assert.deepEqual([...touchedMessages(sample().interventions)], [["a.b.ask.2", "drop"]]);
});

test("times are read and written", () => {
  assert.deepEqual([0, 1500, 12_000, 123_456, 1_500_000, 12_000_000].map(timeText),
    ["0 ms", "1.5 ms", "12 ms", "123 ms", "1.50 s", "12.0 s"]);
  assert.deepEqual(["50", " 12.5 ", "0,25", "x", "-1", "", "1e3"].map(parseMilliseconds),
    [50_000, 12_500, 250, null, null, null, null]);
  assert.equal(roundTime(43_210, [10_000, 90_000]), 40_000);
  assert.equal(roundTime(43_210, [41_000, 90_000]), 45_000, "no event lies between");
  assert.equal(roundTime(43_217, [43_215, 43_219]), 43_217);
});

test("what is no run is refused with a reason", () => {
  const good = {format: "ostraka-lab-run", version: 1, processes: [{name: "a"}]};
  assert.equal(readRun(good).moments.length, 1);
  const cases = [[null, /JSON object/], [[], /JSON object/], [{}, /format/],
    [{...good, version: 2}, /version 2/], [{...good, processes: []}, /no processes/],
    [{...good, processes: [{name: "a"}, {name: "a"}]}, /two processes/],
    [{...good, events: {}}, /not a list/], [{...good, events: [null]}, /event 1/],
    [{...good, events: [event(2, 0, "a", "start")]}, /id 2/],
    [{...good, events: [event(1, -1, "a", "start")]}, /no time/],
    [{...good, events: [event(1, 0, "z", "start")]}, /process 'z'/],
    [{...good, events: [event(1, 5, "a", "x"), event(2, 4, "a", "x")]}, /earlier/],
    [{...good, messages: [message("m", "a", "z", 0, 1)]}, /to 'z'/],
    [{...good, messages: [message("m", "a", "a", 0, "x")]}, /no times/]];
  for (const [value, text] of cases) {
    assert.throws(() => readRun(value), (error) => error instanceof RunError &&
      text.test(error.message), JSON.stringify(value));
  }
});

test("a run tells lives, partitions, counter-examples and states", () => {
  const run = sample();
  assert.deepEqual(livesOf(run).filter((it) => it.place < 2).map((it) => [it.place, it.kind,
    it.from / 1000, it.to / 1000]), [[0, "up", 0, 50], [0, "paused", 50, 60], [0, "up", 60, 2000],
    [1, "up", 0, 20], [1, "down", 20, 40], [1, "up", 40, 2000]]);
  assert.deepEqual(cutsOf(run).map((it) => [it.from, it.to, it.groups]),
    [[30_000, 70_000, [["a"], ["b", "c"]]]]);
  assert.deepEqual([...proofsOf(run)], [[5, ["safe"]]]);
  assert.deepEqual(groupsOf(run).map((it) => it.events.length), [1, 1, 3, 1, 1, 1, 1, 1, 1]);
  const cursor = new StateCursor(run);
  assert.deepEqual([...cursor.seek(10_000)[1].lines], [["got", "x"]]);
  assert.equal(cursor.seek(25_000)[1].status, "down");
  assert.equal(cursor.seek(25_000)[1].lines.size, 0, "a crash empties the state");
  assert.equal(cursor.seek(2_000_000)[0].lines.size, 0, "an empty text takes a line away");
  assert.deepEqual([...cursor.seek(0)[0].lines], [["k", "1"]], "back");
});

test("time keeps its order, silence is cut short, and places come back as times", () => {
  const run = sample();
  const layout = layOut(run, OPTIONS);
  const ys = run.moments.map((time) => layout.yOf(time));
  ys.slice(1).forEach((y, i) => assert.ok(y > ys[i]));
  assert.equal(layout.breaks.length, 1);
  assert.ok(layout.height < 900);
  for (const time of [0, 5000, 10_000, 33_000, 1_000_000, 2_000_000]) {
    assert.ok(Math.abs(layout.timeAt(layout.yOf(time)) - time) < 1e-3, String(time));
  }
  assert.ok(layout.ticks.every((tick, i) => i === 0 || tick.y - layout.ticks[i - 1].y >= 40));
});

test("messages end where they are lost or where the run ends", () => {
  const layout = layOut(sample(), OPTIONS);
  const [arrived, lost, open, self] = layout.messages;
  assert.equal(arrived.x2, layout.lanes[1]);
  assert.equal(lost.x2, (layout.lanes[0] + layout.lanes[1]) / 2);
  assert.ok(open.x2 < layout.lanes[2] && open.y2 === layout.yOf(2_000_000));
  assert.ok(self.isLoop);
  assert.equal(layout.cuts[0].between.length, 1);
});

// Texts of one line of life follow each other; those of messages avoid them and each other.
test("no text lies over another", () => {
  const events = [];
  const messages = [];
  for (let i = 0; i < 120; ++i) {
    const process = ["a", "b", "c"][i % 3];
    events.push(event(i + 1, i * 700, process, i % 2 ? "note" : "output",
      {text: `says number ${i} and more words than fit into one row of it`}));
    messages.push(message(`m${i}`, process, ["b", "c", "a"][i % 3], i * 700, i * 700 + 9000,
      {send_event: i + 1}));
  }
  const layout = layOut(sample({events, messages, properties: []}), OPTIONS);
  const boxes = layout.groups.flatMap((group) => group.rows.flatMap((row) =>
    row.lines.map((line, i) => ({x: row.x, y: row.y + i * layout.row, width: measure(line),
      height: 12}))));
  for (const {label} of layout.messages.filter((line) => line.label)) {
    const width = measure(label.text);
    boxes.push({x: label.x - width / 2, y: label.y, width, height: 12});
  }
  assert.ok(boxes.length > 130);
  boxes.forEach((one, i) => boxes.slice(i + 1).forEach((two) => assert.ok(
    one.x + one.width <= two.x || two.x + two.width <= one.x ||
    one.y + one.height <= two.y || two.y + two.height <= one.y, JSON.stringify([one, two]))));
});

test("many processes are drawn close and without texts", () => {
  const processes = Array.from({length: 60}, (_, i) => ({name: `n${i}`}));
  const layout = layOut(sample({processes, events: [event(1, 5, "n1", "note")], messages: [],
    properties: []}), OPTIONS);
  assert.ok(layout.isDense);
  assert.deepEqual(layout.groups[0].rows, []);
});

test("texts are wrapped and shortened", () => {
  assert.deepEqual(wrap("aa bb cc", 35, 2, measure), ["aa bb", "cc"]);
  assert.deepEqual(wrap("aa bb cc dd ee", 35, 2, measure), ["aa bb", "cc d…"]);
  assert.deepEqual(wrap("abcdefghij", 35, 1, measure), ["abcd…"]);
  assert.deepEqual(wrap("", 35, 1, measure), []);
});

test("a place of the picture is a line, a gap or the scale of time", () => {
  const layout = layOut(sample(), OPTIONS);
  const y = layout.yOf(20_000);
  assert.equal(placeAt(layout, layout.lanes[1] + 5, y).place, 1);
  assert.equal(placeAt(layout, (layout.lanes[1] + layout.lanes[2]) / 2, y).after, 2);
  const gutter = placeAt(layout, 5, y);
  assert.ok(gutter.place === undefined && gutter.after === undefined);
  assert.ok(Math.abs(gutter.time - 20_000) < 1e-3);
});

test("the cursor steps from moment to moment", () => {
  const moments = [0, 10, 20];
  assert.deepEqual([0, 5, 10, 20].map((time) => nextMoment(moments, time)), [10, 10, 20, 20]);
  assert.deepEqual([0, 5, 10, 20].map((time) => previousMoment(moments, time)), [0, 0, 0, 10]);
});

test("playing goes from the beginning to the end and stops there", () => {
  const run = sample();
  const playback = new Playback(layOut(run, OPTIONS), run.moments);
  assert.ok(playback.isAtEnd);
  playback.toggle();
  assert.equal(playback.time, 0, "from the end it begins anew");
  playback.advance(100);
  const first = playback.time;
  assert.ok(first > 0 && first < run.endTime);
  playback.toggle();
  playback.advance(5000);
  assert.equal(playback.time, first, "paused");
  playback.toggle();
  playback.faster(1);
  assert.equal(playback.speed, 2);
  for (let i = 0; i < 200; ++i) playback.advance(100);
  assert.ok(playback.isAtEnd && !playback.isPlaying);
  for (let i = 0; i < 20; ++i) playback.faster(-1);
  assert.equal(playback.speed, 0.25);
});

test("without motion the cursor rests on moments only", () => {
  const run = sample();
  const playback = new Playback(layOut(run, OPTIONS), run.moments);
  playback.isStepwise = true;
  playback.toggle();
  const seen = new Set();
  for (let i = 0; i < 400; ++i) {
    playback.advance(50);
    seen.add(playback.time);
  }
  assert.deepEqual([...seen], run.moments);
});

test("scales of plots are round", () => {
  assert.deepEqual(niceTicks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(niceTicks(0, 0.37, 4), [0, 0.1, 0.2, 0.3, 0.4]);
  assert.deepEqual(niceTicks(3, 3, 5), [3]);
  assert.deepEqual([0.1 + 0.2, 1234, 12_345, 2_500_000].map(numberText),
    ["0.3", "1234", "12.3 k", "2.5 M"]);
});

test("the tour leaves out what is not there", () => {
  assert.ok(STOPS.length >= 8 && STOPS.at(-1).protocol === "raft");
  const catalogue = [{name: "two_generals", scenarios: [{name: "last_messenger"}]},
    {name: "raft", scenarios: [{name: "leader_crash"}]}];
  assert.deepEqual(stopsOf(catalogue).map((stop) => stop.protocol), ["two_generals", "raft"]);
});
