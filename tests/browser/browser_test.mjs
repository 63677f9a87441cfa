// The viewer in a real browser: node browser_test.mjs [NAME]. Without a name all are run.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {ostraka, pointIn, toNextRun, verdictOf, World} from "./harness.mjs";
import {letFall, showsViolation, simulate} from "./simulated.mjs";
import {checkStop, TOLD} from "./told.mjs";

const ONE = "protocol=basic_paxos&scenario=one_proposer&seed=1";
const GENERALS = "protocol=two_generals&scenario=no_capture&seed=1";

// The picture as text, with nothing under the mouse.
async function picture(page) {
  await page.mouse.move(2, 2);
  const text = await page.locator("svg.dg").evaluate((it) => it.outerHTML);
  return text.replaceAll(' class=""', "").replaceAll(' data-before="yes"', "");
}

const cursorOf = (page) => new URL(page.url()).searchParams.get("t");
const doOf = (page) => new URL(page.url()).searchParams.get("do");
const cursorIs = (page, time) => page.waitForFunction(
  (t) => new URL(location.href).searchParams.get("t") === t, time === null ? null : String(time));

async function clickMessage(page, id) {
  const spot = await page.locator(`[data-message="${id}"] .dg-hit`).evaluate((path) => {
    const at = path.getPointAtLength(path.getTotalLength() * 0.8);
    return {x: at.x, y: at.y};
  });
  const {x, y} = await pointIn(page, spot.x, spot.y);
  await page.mouse.click(x, y);
}

async function choose(page, label) {
  await toNextRun(page, () =>
    page.locator("#menu").getByRole("button", {name: label, exact: true}).click());
}

const tests = {
  async load(world) {
    const page = await world.run("protocol=basic_paxos&scenario=duel");
    assert.equal(await page.locator("#protocol").inputValue(), "basic_paxos");
    assert.equal(await page.locator("#scenario").inputValue(), "duel");
    assert.equal(await page.locator("#heads .head").count(), 6);
    assert.equal(await verdictOf(page, "agreement"), "held");
    assert.equal(await verdictOf(page, "termination"), "open");
    assert.ok(await page.locator(".dg-message").count() > 20);
    await page.waitForFunction(() => location.search.includes("seed=1"));
    await page.locator("#views").getByText("About").click();
    await page.locator("#about h2", {hasText: "Basic Paxos"}).waitFor();
  },

  async start(world) {
    const page = await world.page();
    await page.goto(world.url);
    await page.locator('a[href*="protocol=basic_paxos&scenario=duel&"]').click();
    await page.locator("svg.dg").waitFor();
    await page.locator("#scenario").selectOption("one_proposer");
    await page.waitForFunction(() => document.title.includes("one_proposer"));
    await toNextRun(page, () => page.locator("#next-seed").click());
    assert.equal(await page.locator("#seed").inputValue(), "2");
    await page.locator("#parameters").click();
    await page.getByLabel("acceptors", {exact: true}).fill("5");
    await toNextRun(page, () => page.locator("dialog").getByText("Run", {exact: true}).click());
    assert.equal(await page.locator("#heads .head").count(), 8);
    assert.equal(new URL(page.url()).searchParams.get("set"), "acceptors:5");
  },

  async play(world) {
    const page = await world.run(ONE);
    await page.locator("#rewind").click();
    await cursorIs(page, 0);
    assert.ok(await page.locator(".dg-group.dg-future").count() > 5);
    await page.locator("#speed").selectOption("8");
    await page.locator("#play").click();
    await page.waitForFunction(() => document.querySelectorAll(".dg-flight circle").length > 0);
    await page.waitForFunction(() => document.getElementById("play").textContent === "Play");
    await cursorIs(page, null);
    assert.equal(await page.locator(".dg-future").count(), 0);
  },

  async step(world) {
    const page = await world.run(ONE);
    const run = await world.get(`api/run?${ONE}`);
    const moments = [...new Set(run.events.map((event) => event.time))];
    await page.keyboard.press("Home");
    await cursorIs(page, moments[0]);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await cursorIs(page, moments[2]);
    const at = run.events.filter((event) => event.time === moments[2]);
    for (const event of at) {
      await page.locator("#moment", {hasText: event.text}).waitFor();
    }
    const step = at.find((event) => event.step)?.step;
    assert.equal(await page.locator(".steps li.lit").getAttribute("data-step"), String(step));
    await page.locator("#back").click();
    await cursorIs(page, moments[1]);
    await page.keyboard.press("End");
    await cursorIs(page, null);
  },

  async drop(world) {
    const page = await world.run(GENERALS);
    assert.equal(await verdictOf(page, "attack"), "held");
    await clickMessage(page, "a.b.order.1");
    await choose(page, "Drop");
    assert.equal(doOf(page), "drop a.b.order.1");
    assert.equal(await verdictOf(page, "attack"), "violated");
    await page.locator('[data-property="attack"] .changed', {hasText: "was held"}).waitFor();
    assert.equal(await page.locator('.dg-cross[data-message="a.b.order.1"]').count(), 1);
    assert.ok(await page.locator(".dg-proof").count() > 0);
    await page.locator("#status", {hasText: "attack violated, was held"})
      .waitFor({state: "attached"});
  },

  async link(world) {
    const page = await world.run(GENERALS);
    await clickMessage(page, "b.a.confirmation.1");
    await choose(page, "Drop");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => Number(new URL(location.href).searchParams.get("t")) > 0);
    const other = await world.page();
    await other.goto(page.url());
    await other.locator("svg.dg").waitFor();
    await other.waitForFunction(() => document.querySelector(".dg-future") !== null);
    assert.equal(await picture(other), await picture(page));
    assert.equal(cursorOf(other), cursorOf(page));
    assert.equal(await verdictOf(other, "agreement"), await verdictOf(page, "agreement"));
    assert.equal(await other.locator("#moment").innerText(),
      await page.locator("#moment").innerText());
  },

  async history(world) {
    const page = await world.run(GENERALS);
    const first = await picture(page);
    await clickMessage(page, "a.b.order.1");
    await choose(page, "Drop");
    const second = await picture(page);
    assert.notEqual(second, first);
    await toNextRun(page, () => page.goBack());
    assert.equal(await picture(page), first);
    assert.equal(await verdictOf(page, "attack"), "held");
    await toNextRun(page, () => page.goForward());
    assert.equal(await picture(page), second);
    await toNextRun(page, () =>
      page.getByRole("button", {name: "Remove: drop a.b.order.1"}).click());
    assert.equal(doOf(page), null);
    assert.equal(await picture(page), first);
  },

  async faults(world) {
    const page = await world.run(ONE);
    const line = await page.evaluate(async () => {
      const circle = document.querySelectorAll(".dg-life")[2];
      const box = circle.getBBox();
      return {x: box.x, y: box.y + 60};
    });
    const at = await pointIn(page, line.x, line.y + 11);
    await page.mouse.click(at.x, at.y);
    await page.getByLabel("Crash at milliseconds").fill("20");
    await choose(page, "Crash");
    await page.locator(".dg-band.dg-down").first().waitFor({state: "attached"});
    await page.locator("#changes input").fill("restart a1 at 60ms");
    await toNextRun(page, () => page.locator("#changes").getByText("Add").click());
    assert.equal(doOf(page), "crash a1 at 20ms;restart a1 at 60ms");
    await page.locator("#changes input").fill("pause a2 at 30ms for 40ms");
    await toNextRun(page, () => page.locator("#changes").getByText("Add").click());
    assert.ok(await page.locator(".dg-band.dg-paused").count() > 0);
    const gap = await pointIn(page, line.x - 30, line.y + 300);
    await page.mouse.click(gap.x, gap.y);
    await page.locator("#menu h2", {hasText: "Partition"}).waitFor();
    await page.getByRole("button", {name: "p1: side 1"}).click();
    await page.getByLabel("From milliseconds").fill("100");
    await page.getByLabel("Until milliseconds").fill("150");
    await choose(page, "Partition");
    assert.match(doOf(page), /;partition p2\|p1,a1,a2,a3,l1 at 100ms until 150ms$/);
    assert.equal(await page.locator(".dg-cut rect").count(), 1);
  },

  // The list beside the diagram offers the same menus to those who use no mouse.
  async keyboard(world) {
    const page = await world.run(GENERALS);
    await page.keyboard.press("Home");
    await page.locator("#moment").getByRole("button", {name: /order\(/}).focus();
    await page.keyboard.press("Enter");
    await page.locator("#menu").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Drop");
    await page.keyboard.press("Escape");
    await page.locator("#menu").waitFor({state: "hidden"});
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^order\(/);
    await page.keyboard.press("Enter");
    await toNextRun(page, () => page.keyboard.press("Enter"));
    assert.equal(doOf(page), "drop a.b.order.1");
    await page.keyboard.press("?");
    await page.locator("dialog h2", {hasText: "Help"}).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog h2", {hasText: "Help"}).waitFor({state: "hidden"});
    await page.keyboard.press("+");
    assert.equal(await page.locator("#speed").inputValue(), "2");
    await page.keyboard.press("t");
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await page.keyboard.press("l");
    assert.ok(await page.evaluate(() => document.documentElement.classList.contains("large")));
    const unnamed = await page.evaluate(() =>
      [...document.querySelectorAll("button, input:not([type=file]), select")].filter((it) =>
        !it.textContent.trim() && !it.getAttribute("aria-label") && !it.closest("label"))
        .map((it) => it.outerHTML));
    assert.deepEqual(unnamed, []);
  },

  async hover(world) {
    const page = await world.run(ONE);
    const id = "p1.a1.prepare.1";
    const spot = await page.locator(`[data-message="${id}"] .dg-hit`).evaluate((path) => {
      const at = path.getPointAtLength(path.getTotalLength() * 0.9);
      return {x: at.x, y: at.y};
    });
    const {x, y} = await pointIn(page, spot.x, spot.y);
    await page.mouse.move(x, y);
    await page.locator("#tip", {hasText: id}).waitFor();
    await page.locator("#tip", {hasText: "Step 1."}).waitFor();
    assert.equal(await page.locator(".steps li.lit").getAttribute("data-step"), "1");
    assert.equal(await page.locator(`.dg-message.dg-on`).getAttribute("data-message"), id);
  },

  async wrong(world) {
    const cases = [
      ["protocol=basic_paxs", "did you mean 'basic_paxos'?"],
      ["protocol=basic_paxos&scenario=dual", "duel"],
      ["protocol=basic_paxos&set=loss:300", "must be a number from 0 to 100"],
      ["protocol=basic_paxos&do=drop", "drop"],
      ["protocol=basic_paxos&seed=minus", "seed is 'minus'"],
      ["protocol=basic_paxos&seeed=1", "'seeed'"],
      ["protocol=basic_paxos&t=soon", "t is 'soon'"],
      ["scenario=duel", "protocol=NAME is missing"],
      ["protocol=%zz", "hexadecimal"],
      ["protocol=a&protocol=b", "stands twice"],
      ["protocol=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "<img src=x"],
    ];
    for (const [query, text] of cases) {
      const page = await world.page();
      await page.goto(`${world.url}?${query}`);
      await page.getByRole("alert").filter({hasText: text}).waitFor();
      assert.equal(await page.locator("img").count(), 0);
      assert.ok(await page.locator("#protocol option").count() > 1, "one can go on from here");
      await page.context().close();
    }
    // The browser itself reports answers of 400; nothing else may be there.
    world.complaints = world.complaints.filter((text) => !text.includes("status of 400"));
  },

  async file(world) {
    const path = join(world.folder, "run.html");
    execFileSync(ostraka(), ["lab", "run", "two_generals", "--scenario", "last_messenger", "--out",
      path]);
    world.requests = [];
    const page = await world.page({offline: true});
    await page.goto("file://" + path);
    await page.locator("svg.dg").waitFor();
    assert.equal(await verdictOf(page, "agreement"), "violated");
    await page.keyboard.press("Home");
    await page.locator("#speed").selectOption("8");
    await page.keyboard.press(" ");
    await page.waitForFunction(() => document.querySelectorAll(".dg-flight circle").length > 0);
    await page.waitForFunction(() => document.getElementById("play").textContent === "Play");
    assert.equal(await page.locator(".dg-future").count(), 0);
    await clickMessage(page, "a.b.order.1");
    assert.ok(await page.locator("#menu").getByRole("button", {name: "Drop"}).isDisabled());
    await page.locator("#menu .note", {hasText: "ostraka lab serve"}).waitFor();
    assert.equal(await page.locator("#choice").isVisible(), false);
    assert.deepEqual(world.requests.filter((url) => !url.startsWith("file:") &&
      !url.startsWith("data:")), []);
  },

  async open(world) {
    const path = join(world.folder, "run.json");
    execFileSync(ostraka(), ["lab", "run", "basic_paxos", "--scenario", "duel_back_off", "--out",
      path]);
    const page = await world.page();
    await page.goto(world.url);
    await page.locator("#file").setInputFiles(path);
    await page.locator("svg.dg").waitFor();
    await page.locator("#embedded-title", {hasText: "run.json"}).waitFor();
    await toNextRun(page, () => page.getByRole("button", {name: "Run it here"}).click());
    assert.match(page.url(), /scenario=duel_back_off/);
    // Of a protocol that is not one of the laboratory's, with texts that are not meant well.
    const evil = '<img src=x onerror="window.evil=1"></script><script>window.evil=1</script>';
    const run = JSON.parse(readFileSync(path, "utf8"));
    Object.assign(run, {protocol: "sim", title: evil, scenario_title: evil, steps: [], plots: [
      {name: "p", title: evil, x: evil, y: evil, form: "bars", categories: [evil],
        series: [{name: evil, points: [[0, 1]]}]}],
      remarks: [evil], properties: [{name: evil, kind: "safety", doc: evil, verdict: "violated",
        sentence: evil, events: [1]}]});
    run.processes.forEach((process) => { process.role = evil; });
    run.events.forEach((event) => {
      event.text = evil;
      event.state = {x: evil};
    });
    run.messages.forEach((message) => Object.assign(message, {text: evil, kind: evil}));
    run.interventions = [{text: evil, by: "user", acted: false, remark: evil}];
    writeFileSync(path, JSON.stringify(run));
    await page.locator("#file").setInputFiles(path);
    await page.locator("#changes .note", {hasText: "no protocol of the laboratory"}).waitFor();
    await page.locator("#views").getByText(/Plots/).click();
    await page.locator("#plots svg").waitFor();
    assert.equal(await page.evaluate(() => window.evil), undefined);
    assert.equal(await page.locator("img, body script:not([src])").count(), 0);
    writeFileSync(path, "not json");
    await page.locator("#file").setInputFiles(path);
    await page.getByRole("alert").filter({hasText: "is not JSON"}).waitFor();
    writeFileSync(path, '{"format": "ostraka-lab-run", "version": 2}');
    await page.locator("#file").setInputFiles(path);
    await page.getByRole("alert").filter({hasText: "version 2"}).waitFor();
  },

  async simulation(world) {
    const page = await world.page();
    await page.goto(world.url);
    await page.locator("#file").setInputFiles(simulate(world.folder, "json"));
    await page.locator("#embedded-title", {hasText: "sim.json"}).waitFor();
    await showsViolation(page);
    await page.locator("#changes .note", {hasText: "no protocol of the laboratory"}).waitFor();
  },

  async simulation_file(world) {
    const path = simulate(world.folder, "html");
    world.requests = [];
    const page = await world.page({offline: true});
    await page.goto("file://" + path);
    await showsViolation(page);
    assert.deepEqual(world.requests.filter((url) => !url.startsWith("file:") &&
      !url.startsWith("data:")), []);
  },

  async drag(world) {
    const page = await world.page();
    await page.goto(world.url);
    await page.locator("#page h2").first().waitFor();
    const text = readFileSync(simulate(world.folder, "json"), "utf8");
    await letFall(page, "mine.json", text);
    await page.locator("#embedded-title", {hasText: "mine.json"}).waitFor();
    assert.equal(await verdictOf(page, "safety"), "violated");
    const run = JSON.parse(text);
    const cases = [
      ["notes.txt", "Dear diary", /notes\.txt is not JSON/],
      ["list.json", "[1, 2]", /must be a JSON object/],
      ["other.json", '{"events": []}', /'format' is not ostraka-lab-run/],
      ["next.json", JSON.stringify({...run, version: 2}), /version 2, this page reads version 1/],
      ["torn.json", text.slice(0, text.length / 2), /torn\.json is not JSON/],
      ["empty.json", JSON.stringify({...run, processes: []}), /no processes/],
      ["foreign.json", JSON.stringify({...run, processes: run.processes.slice(1)}), /does not/],
    ];
    for (const [name, content, problem] of cases) {
      await letFall(page, name, content);
      await page.getByRole("alert").filter({hasText: problem}).waitFor();
      assert.equal(await page.locator("svg.dg:visible").count(), 0, "nothing else stands there");
    }
    await letFall(page, "mine.json", text);
    await page.locator("svg.dg").waitFor();
    await letFall(page, "", "a text that was dragged, not a file");
    assert.equal(await verdictOf(page, "safety"), "violated", "what is there stays");
  },

  // The longest run that there can be: only what is near the visible part is in the document.
  async long(world) {
    const path = join(world.folder, "long.json");
    execFileSync(ostraka(), ["sim", "--scenario", "storm", "--seed", "3", "--trace", path, "--from",
      "0"]);
    const run = JSON.parse(readFileSync(path, "utf8"));
    assert.ok(run.events.length >= 20_000, `${run.events.length} events`);
    const page = await world.page();
    await page.goto(world.url);
    const start = performance.now();
    await page.locator("#file").setInputFiles(path);
    await page.locator("svg.dg").waitFor();
    const load = performance.now() - start;
    const drawn = () => page.locator("svg.dg *").count();
    const counts = [await drawn()];
    const steps = await page.evaluate(() => {
      const stage = document.getElementById("stage");
      const times = [];
      for (let i = 0; i <= 20; ++i) {
        const begin = performance.now();
        stage.scrollTop = stage.scrollHeight * i / 20;
        stage.dispatchEvent(new Event("scroll"));
        times.push(performance.now() - begin);
      }
      return times;
    });
    counts.push(await drawn());
    await page.keyboard.press("Home");
    counts.push(await drawn());
    await page.locator("#speed").selectOption("8");
    const frames = await page.evaluate(() => new Promise((resolve) => {
      document.getElementById("play").click();
      const begin = performance.now();
      let count = 0;
      const frame = () => {
        count += 1;
        if (performance.now() - begin < 1000) requestAnimationFrame(frame);
        else resolve(count);
      };
      requestAnimationFrame(frame);
    }));
    await page.keyboard.press(" ");
    assert.ok(Number(await page.locator("#cursor").inputValue()) > 0);
    await page.keyboard.press("End");
    counts.push(await drawn());
    assert.ok(Math.max(...counts) < 6000, `elements: ${counts}`);
    console.log(`${run.events.length} events, ${run.messages.length} messages: shown after ` +
      `${load.toFixed(0)} ms, a jump takes ${Math.max(...steps).toFixed(0)} ms at most, ` +
      `${frames} frames in a second of playing, ${Math.max(...counts)} elements`);
  },

  async export(world) {
    const page = await world.run(ONE);
    const files = {};
    for (const label of ["SVG", "JSON", "NDJSON for ShiViz", "HTML that needs no server"]) {
      await page.locator("#export").click();
      const [download] = await Promise.all([page.waitForEvent("download"),
        page.locator("#menu").getByRole("button", {name: label, exact: true}).click()]);
      const path = join(world.folder, download.suggestedFilename());
      await download.saveAs(path);
      files[path.split(".").pop()] = {path, text: readFileSync(path, "utf8")};
    }
    const run = JSON.parse(files.json.text);
    assert.equal(run.format, "ostraka-lab-run");
    const own = run.events.filter((event) => event.process);
    assert.equal(files.ndjson.text.trim().split("\n").length, own.length);
    assert.match(files.svg.text, /^<svg/);
    assert.doesNotMatch(files.svg.text, /var\(--/);
    const svg = await world.page();
    await svg.goto("file://" + files.svg.path);
    assert.ok(await svg.locator(".dg-message").count() === run.messages.length);
    const html = await world.page();
    await html.goto("file://" + files.html.path);
    await html.locator("svg.dg").waitFor();
  },

  async tour(world) {
    const page = await world.page();
    await page.goto(world.url);
    await page.locator("#tour-start").click();
    const seen = [];
    for (;;) {
      await page.locator("#tour strong").waitFor();
      await page.locator("svg.dg, #plots svg").first().waitFor();
      seen.push(await page.locator("#tour strong").textContent());
      await checkStop(world, page, seen.at(-1));
      const next = page.locator("#tour").getByRole("button", {name: "Next"});
      if (await next.count() === 0) break;
      await next.click();
      await page.waitForFunction((number) =>
        new URL(location.href).searchParams.get("tour") === String(number), seen.length + 1);
      await page.waitForFunction((title) =>
        document.querySelector("#tour strong")?.textContent !== title, seen.at(-1));
    }
    assert.deepEqual(seen, Object.keys(TOLD), "every stop of the tour is there");
    await page.locator("#tour").getByRole("button", {name: "Done"}).click();
    await page.locator("#tour").waitFor({state: "hidden"});
  },

  // On a phone everything can be reached without scrolling sideways, but for the picture itself.
  async narrow(world) {
    for (const query of ["", ONE, "protocol=two_generals&scenario=last_messenger&tour=1",
      "protocol=gossip"]) {
      const page = await world.page({viewport: {width: 380, height: 760}});
      await page.goto(`${world.url}?${query}`);
      await page.locator("svg.dg, #page h2").first().waitFor();
      const outside = await page.evaluate(() =>
        [...document.querySelectorAll("button, select, input, h1, h2, h3, p, .plot")]
          .filter((it) => it.checkVisibility() && !it.closest("#stage, dialog, .unseen"))
          .filter((it) => it.getBoundingClientRect().right > innerWidth + 0.5 ||
            it.getBoundingClientRect().left < 0)
          .filter((it) => !it.matches(".unseen"))
          .map((it) => it.outerHTML.slice(0, 120)));
      assert.deepEqual(outside, [], query);
      if (query.includes("gossip")) {
        await page.locator("#views").getByText(/Plots/).click();
        await page.locator("#plots svg").first().waitFor();
      }
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    }
  },

  // Reduced motion: the cursor rests on moments, it never glides between them.
  async motion(world) {
    const page = await world.run(ONE, {reducedMotion: "reduce"});
    const run = await world.get(`api/run?${ONE}`);
    await page.keyboard.press("Home");
    await page.locator("#speed").selectOption("8");
    await page.evaluate(() => {
      window.seen = new Set();
      const now = document.getElementById("now");
      new MutationObserver(() => window.seen.add(now.textContent)).observe(now, {childList: true});
    });
    await page.keyboard.press(" ");
    await page.waitForFunction(() => document.getElementById("play").textContent === "Play");
    const seen = await page.evaluate(() => [...window.seen].length);
    assert.ok(seen > 3 && seen <= new Set(run.events.map((event) => event.time)).size + 1);
  },

  // No two texts of a picture lie over each other, in any scenario and size.
  async overlaps(world) {
    const {protocols} = await world.get("api/protocols");
    const page = await world.page();
    await page.goto(world.url);
    for (const [width, isLarge] of [[900, false], [1450, false], [1100, true]]) {
      for (const protocol of protocols) {
        for (const scenario of protocol.scenarios) {
          const query = `protocol=${protocol.name}&scenario=${scenario.name}&seed=3`;
          const found = await page.evaluate(textOverlaps, {query, width, isLarge});
          assert.deepEqual(found, [], `${query} at ${width} ${isLarge ? "large" : ""}`);
        }
      }
    }
  },
};

// Runs in the page.
async function textOverlaps({query, width, isLarge}) {
  const {readRun} = await import("/static/run.js");
  const {layOut} = await import("/static/layout.js");
  const {Diagram} = await import("/static/diagram.js");
  document.documentElement.classList.toggle("large", isLarge);
  const scale = isLarge ? 1.35 : 1;
  const context = document.createElement("canvas").getContext("2d");
  const measure = (text, isBold, isSmall) => {
    const family = getComputedStyle(document.body).fontFamily;
    context.font = `${isBold ? 600 : 400} ${(isSmall ? 11.5 : 12) * scale}px ${family}`;
    return context.measureText(text).width;
  };
  const run = readRun(await (await fetch("api/run?" + query)).json());
  const diagram = new Diagram(run, layOut(run, {width, scale, measure}));
  diagram.drawWhole();
  diagram.cursor.remove();
  const place = document.getElementById("canvas");
  document.getElementById("stage").hidden = false;
  place.replaceChildren(diagram.root);
  const boxes = [...diagram.root.querySelectorAll("text")].map((text) => {
    const {x, y, width: wide, height} = text.getBBox();
    return {x, y: y + height * 0.15, right: x + wide, bottom: y + height * 0.85,
            text: text.textContent};
  }).sort((a, b) => a.y - b.y);
  const found = [];
  boxes.forEach((box, i) => {
    for (let k = i + 1; k < boxes.length && boxes[k].y < box.bottom; ++k) {
      if (boxes[k].x < box.right && box.x < boxes[k].right) found.push([box.text, boxes[k].text]);
    }
  });
  return found;
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(tests);
const world = await World.make();
let failed = 0;
for (const name of names) {
  if (!tests[name]) throw new Error(`no test is named ${name}: ${Object.keys(tests).join(", ")}`);
  world.complaints = [];
  try {
    await tests[name](world);
    assert.deepEqual(world.complaints, [], "the console is quiet");
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log([`FAILED ${name}: ${error.stack}`, ...world.complaints].join("\n"));
  }
  await world.closePages();
}
await world.end();
process.exit(failed === 0 ? 0 : 1);
