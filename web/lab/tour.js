// The guided tour: runs to look at in an order that teaches, with a few sentences each. Data; a
// stop whose protocol or scenario this program does not have is left out.
import {button, byId, el, show} from "./dom.js";

export const STOPS = [
  {protocol: "two_generals", scenario: "last_messenger",
    title: "Nobody can be sure",
    text: "Two generals win only together, and a messenger may be captured. Here the last one " +
      "is, and its sender attacks alone. Drop the order as well, and nobody attacks: safe, and " +
      "useless. More confirmations only leave the doubt to a later messenger."},
  {protocol: "two_generals", scenario: "many_messengers",
    title: "Almost sure is possible",
    text: "Forty messengers carry the same order and three of ten are captured. No certainty, " +
      "but good odds. Every system that repeats a message until it is confirmed lives by " +
      "this."},
  {protocol: "basic_paxos", scenario: "one_proposer",
    title: "A majority remembers",
    text: "One proposer, three acceptors. First it asks for promises, then for acceptance; a " +
      "majority is enough. Drop one of the accept messages: nothing is missing. Drop two: the " +
      "proposer begins again with a higher number, and the value stays."},
  {protocol: "basic_paxos", scenario: "worked_example",
    title: "Two proposers, one value",
    text: "Proposer 2 comes with the higher number, hears that an acceptor has accepted " +
      "something already, and gives up its own value for it. That courtesy is all of " +
      "Paxos."},
  {protocol: "basic_paxos", scenario: "forgetful_acceptor",
    title: "Memory carries the argument",
    text: "An acceptor forgets what it promised. Now two majorities choose two values: the " +
      "checker finds it, and the events that prove it are ringed in the diagram."},
  {protocol: "basic_paxos", scenario: "duel",
    title: "Safe, and never done",
    text: "Two proposers overtake each other for ever. Nothing wrong is decided, and nothing " +
      "is decided: the verdict on termination stays open. Crash one of them and see the " +
      "other finish."},
  {protocol: "basic_paxos", scenario: "duel_back_off",
    title: "Chance ends the duel",
    text: "The same two, but who was refused waits a random time. Change the seed: it ends " +
      "differently each time, and it ends."},
  {protocol: "two_phase_commit", scenario: "blocked",
    title: "All or nothing",
    text: "A commit needs everyone's yes, not a majority's. Here the coordinator dies between " +
      "the two phases, and the others wait for it with their locks held. Restart it, and they " +
      "are free."},
  {protocol: "multi_paxos", scenario: "pipelined",
    title: "From one value to a log",
    text: "A leader asks for promises once, for all entries to come, and then needs one round " +
      "trip for each, several under way at once. It is an engine of the product: servers can run " +
      "it."},
  {protocol: "raft", scenario: "leader_crash",
    title: "A log under one leader",
    text: "The product's own Raft. The leader dies with a write under way; another is elected, " +
      "goes on where a majority stood, and the old one follows when it is back."},
  {protocol: "raft", scenario: "partition_old_leader",
    title: "A log that survives",
    text: "A leader cut off from the majority may believe what it likes: it cannot commit. Add " +
      "faults of your own, crash and cut as you please: what was acknowledged stays."},
];

// catalogue: [{name, scenarios: [{name}]}].
export function stopsOf(catalogue) {
  return STOPS.filter((stop) => catalogue.some((protocol) => protocol.name === stop.protocol &&
    (stop.scenario === "" || protocol.scenarios.some((each) => each.name === stop.scenario))));
}

export function requestOfStop(stop) {
  return {protocol: stop.protocol, scenario: stop.scenario, seed: "1", set: [], interventions: []};
}

// `number` counts from 1; null hides the tour. go(number or null) moves on.
export function showTour(stops, number, go) {
  const place = byId("tour");
  show(place, number !== null);
  if (number === null) return;
  const stop = stops[number - 1];
  place.replaceChildren(
    el("div", {class: "tour-text"},
      el("p", {}, el("span", {class: "dim"}, `${number} of ${stops.length} `),
        el("strong", {}, stop.title)),
      el("p", {}, stop.text)),
    el("div", {class: "tour-steps"},
      button("Back", () => go(number - 1), {disabled: number === 1}),
      number < stops.length ? button("Next", () => go(number + 1), {class: "main"})
        : button("Done", () => go(null), {class: "main"}),
      button("Leave", () => go(null), {class: "plain link"})));
}
