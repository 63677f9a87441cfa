// Runs of the simulator, as the viewer gets and shows them.
import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import {join} from "node:path";
import {ostraka, verdictOf} from "./harness.mjs";

// A run of the simulator in which a planted bug is found, as the file that --trace writes.
export function simulate(folder, ending) {
  const path = join(folder, "sim." + ending);
  const ended = spawnSync(ostraka(), ["sim", "--scenario", "s1_old_term", "--mutant",
    "raft:commit_any_term", "--trace", path]);
  assert.equal(ended.status, 1, "the bug is found");
  return path;
}

export async function showsViolation(page) {
  await page.locator("svg.dg").waitFor();
  assert.equal(await page.locator("#heads .head").count(), 5);
  assert.ok(await page.locator(".dg-message").count() > 20);
  assert.equal(await verdictOf(page, "safety"), "violated");
  await page.locator('[data-property="safety"]', {hasText: "a quorum has"}).waitFor();
  await page.locator("#changes", {hasText: "ostraka sim --scenario s1_old_term --seed 1 " +
    "--mutant raft:commit_any_term"}).waitFor();
  await page.keyboard.press("Home");
  assert.equal(await page.locator("#cursor").inputValue(), "0");
  await page.locator('[data-property="safety"]').getByRole("button").click();
  assert.ok(await page.locator(".dg-proof").count() >= 1, "the counter-example is ringed");
  await page.locator(".dg-text-proof", {hasText: "violation"}).waitFor();
  await page.keyboard.press("Home");
  await page.locator("#speed").selectOption("8");
  await page.locator("#play").click();
  await page.waitForFunction(() => document.querySelectorAll(".dg-flight circle").length > 0);
  await page.locator("#play", {hasText: "Pause"}).click();
  const before = Number(await page.locator("#cursor").inputValue());
  assert.ok(before > 0);
  await page.keyboard.press("ArrowRight");
  assert.ok(Number(await page.locator("#cursor").inputValue()) > before);
}

// A file let fall on the page, as a person does with the mouse.
export async function letFall(page, name, text) {
  const files = await page.evaluateHandle(([fileName, content]) => {
    const transfer = new DataTransfer();
    if (fileName) transfer.items.add(new File([content], fileName));
    else transfer.setData("text/plain", content);
    return transfer;
  }, [name, text]);
  await page.dispatchEvent("#body", "dragover", {dataTransfer: files});
  await page.dispatchEvent("#body", "drop", {dataTransfer: files});
}
