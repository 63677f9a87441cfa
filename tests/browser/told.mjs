// What each stop of the tour shows: verdicts of the run itself, and of the changes that its text
// proposes.
import assert from "node:assert/strict";
import {verdictOf} from "./harness.mjs";

export const TOLD = {
  "Nobody can be sure": [["", {agreement: "violated"}],
    ["drop a.b.order.1", {agreement: "held", attack: "violated"}]],
  "Almost sure is possible": [["", {agreement: "held", attack: "held"}]],
  "A majority remembers": [["", {agreement: "held", termination: "held"}],
    ["drop p1.a1.accept.1", {termination: "held"}],
    ["drop p1.a1.accept.1;drop p1.a2.accept.1", {agreement: "held", termination: "held"}]],
  "Two proposers, one value": [["", {agreement: "held", termination: "held"}]],
  "Memory carries the argument": [["", {agreement: "violated"}]],
  "Safe, and never done": [["", {agreement: "held", termination: "open"}],
    ["crash p1 at 200ms", {agreement: "held", termination: "held"}]],
  "Chance ends the duel": [["", {agreement: "held", termination: "held"}]],
  "All or nothing": [["", {agreement: "held", termination: "open"}],
    ["restart c at 300ms", {agreement: "held", termination: "held"}]],
  "From one value to a log": [["", {invariants: "held", progress: "held"}]],
  "A log under one leader": [["", {durability: "held", progress: "held"}]],
  "A log that survives": [["", {same_order: "held", durability: "held", progress: "held"}]],
};

export async function checkStop(world, page, title) {
  const [own, ...proposed] = TOLD[title];
  for (const [property, verdict] of Object.entries(own[1])) {
    assert.equal(await verdictOf(page, property), verdict, `${title}: ${property}`);
  }
  for (const [changes, verdicts] of proposed) {
    const query = new URLSearchParams(new URL(page.url()).search);
    ["t", "tour"].forEach((each) => query.delete(each));
    query.set("do", changes);
    const run = await world.get("api/run?" + query);
    for (const [name, verdict] of Object.entries(verdicts)) {
      const found = run.properties?.find((it) => it.name === name);
      assert.equal(found?.verdict, verdict, `${title}, ${changes}: ${name} ${run.text || ""}`);
    }
  }
}
