// What the browser tests share: the program that serves, Chromium, and a page that collects what it
// complains about. A test that cannot run ends with 77 after "skipped: reason".
import {spawn} from "node:child_process";
import {existsSync, mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";

const SKIPPED = 77;

function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(SKIPPED);
}

function chromiumPath() {
  const path = process.env.OSTRAKA_CHROMIUM || "/usr/bin/chromium";
  if (!existsSync(path)) skip(`${path} is not installed (scripts/install-deps --test)`);
  return path;
}

async function playwright() {
  try {
    return (await import("playwright-core")).chromium;
  } catch {
    return skip("playwright-core is not installed (npm ci in tests/browser)");
  }
}

export function ostraka() {
  const path = process.env.OSTRAKA_BINARY;
  if (!path || !existsSync(path)) throw new Error("OSTRAKA_BINARY must name the program");
  return path;
}

// The laboratory on a free port: {url, stop()}.
async function serve() {
  const server = spawn(ostraka(), ["lab", "serve", "--http", "127.0.0.1:0"],
    {stdio: ["ignore", "pipe", "inherit"]});
  const ended = new Promise((resolve) => server.once("exit", resolve));
  for await (const line of createInterface({input: server.stdout})) {
    const found = /http:\/\/\S+/.exec(line);
    if (!found) continue;
    return {url: found[0], stop: async () => {
      server.kill("SIGTERM");
      await ended;
    }};
  }
  throw new Error("the laboratory did not start");
}

export class World {
  static async make() {
    const world = new World();
    const chromium = await playwright();
    const args = process.getuid() === 0 ? ["--no-sandbox"] : [];
    world.browser = await chromium.launch({executablePath: chromiumPath(), args});
    world.server = await serve();
    world.url = world.server.url;
    world.folder = mkdtempSync(join(tmpdir(), "ostraka-browser-"));
    world.complaints = [];
    world.requests = [];
    return world;
  }

  async closePages() {
    for (const context of this.browser.contexts()) await context.close();
  }

  async end() {
    await this.browser.close();
    await this.server.stop();
    rmSync(this.folder, {recursive: true});
  }

  // A page of its own window; every console error and every exception in it fails the test.
  async page(options = {}) {
    const context = await this.browser.newContext({
      viewport: {width: 1280, height: 720}, ...options});
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error.stack)));
    page.on("request", (request) => this.requests.push(request.url()));
    return page;
  }

  // A page with a run in it: `query` without the question mark.
  async run(query, options) {
    const page = await this.page(options);
    await page.goto(`${this.url}?${query}`);
    await page.locator("svg.dg").waitFor();
    return page;
  }

  async get(path) {
    const response = await fetch(this.url + path);
    return response.json();
  }
}

export async function verdictOf(page, property) {
  return page.locator(`[data-property="${property}"] .word`).textContent();
}

// Does what leads to another address and another run, and waits for it.
export async function toNextRun(page, act) {
  const before = await page.evaluate(() => {
    const picture = document.querySelector("svg.dg");
    if (picture) picture.dataset.before = "yes";
    return location.href;
  });
  await act();
  await page.waitForFunction((href) => location.href !== href &&
    document.querySelector("svg.dg") && !document.querySelector("svg.dg").dataset.before, before);
}

// A point of the diagram, in pixels of the picture, brought into view: for the mouse.
export async function pointIn(page, x, y) {
  return page.evaluate(([atX, atY]) => {
    const stage = document.getElementById("stage");
    stage.scrollTop = Math.max(0, atY - 150);
    const box = document.getElementById("canvas").getBoundingClientRect();
    return {x: box.left + atX, y: box.top + atY};
  }, [x, y]);
}
