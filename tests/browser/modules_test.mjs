// The viewer's files keep to what src/lab/web/assets.cc relies on when it makes one module of them,
// and the list of browser tests in CMakeLists.txt is whole.
import assert from "node:assert/strict";
import {readdirSync, readFileSync} from "node:fs";
import test from "node:test";

const folder = new URL("../../web/lab/", import.meta.url);
const cmake = readFileSync(new URL("../../src/lab/web/CMakeLists.txt", import.meta.url), "utf8");
const listed = /set\(files\n([^)]*)\)/.exec(cmake)[1].split("\n").map((it) => it.trim())
  .filter(Boolean);
const modules = listed.filter((name) => name.endsWith(".js"));
const textOf = (name) => readFileSync(new URL(name, folder), "utf8");

test("every file is listed", () => {
  const files = readdirSync(folder).filter((name) => name !== "README.md").sort();
  assert.deepEqual([...listed].sort(), files);
});

test("an import is one line and names a module that stands before", () => {
  for (const name of modules) {
    for (const line of textOf(name).split("\n").filter((it) => /^\s*import\b/.test(it))) {
      const found = /^import \{[\w, ]+\} from "\.\/([\w.]+)";$/.exec(line);
      assert.ok(found, `${name}: ${line}`);
      assert.ok(modules.indexOf(found[1]) >= 0 && modules.indexOf(found[1]) < modules.indexOf(name),
        `${name} imports ${found[1]}, which stands behind it`);
    }
    assert.doesNotMatch(textOf(name), /\bimport\(|^export (default|\{|\*)/m, name);
  }
});

test("what is imported is exported and used", () => {
  for (const name of modules) {
    const text = textOf(name);
    for (const [line, names, from] of text.matchAll(/^import \{([\w, ]+)\} from "\.\/(.+)";$/gm)) {
      for (const each of names.split(",").map((it) => it.trim())) {
        const exported = new RegExp(`^export (class|const|(async )?function\\*?) ${each}\\b`, "m");
        assert.match(textOf(from), exported, `${name} imports ${each} from ${from}`);
        const uses = text.replace(line, "").match(new RegExp(`\\b${each}\\b`, "g")) || [];
        assert.ok(uses.length > 0, `${name} does not use ${each}`);
      }
    }
  }
});

test("names of the top level are unique over all modules", () => {
  const owners = new Map();
  for (const name of modules) {
    const declarations = /^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)/gm;
    for (const [, each] of textOf(name).matchAll(declarations)) {
      assert.ok(!owners.has(each), `${each} stands in ${owners.get(each)} and in ${name}`);
      owners.set(each, name);
    }
  }
});

test("nothing makes markup of text or asks another host", () => {
  for (const name of listed) {
    assert.doesNotMatch(textOf(name),
      /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function/, name);
    assert.doesNotMatch(textOf(name), /https?:\/\/(?!www\.w3\.org)/, name);
    assert.ok(!textOf(name).includes("</script>") || name === "index.html", name);
  }
});

test("CMakeLists.txt names every browser test", () => {
  const own = new URL("./", import.meta.url);
  const tests = readFileSync(new URL("browser_test.mjs", own), "utf8");
  const names = [...tests.matchAll(/^ {2}async (\w+)\(world\)/gm)].map((found) => found[1]);
  const known = /foreach\(name IN ITEMS\n([^)]*)\)/
    .exec(readFileSync(new URL("CMakeLists.txt", own), "utf8"))[1].trim().split(/\s+/);
  assert.deepEqual(known, names);
});
