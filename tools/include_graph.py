#!/usr/bin/env python3
"""Checks the actual #include lines of src/ against the declared dependencies, and draws them.

Reads the manifest that CMake writes (module, dep, test_dep lines). A module that includes a header
of a module it does not declare fails, and so does a cycle. The graph goes to a dot file.
"""

import argparse
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def read_manifest(path):
    """Returns (layers, deps, test_deps), each by module."""
    layers, deps, test_deps = {}, {}, {}
    for line in pathlib.Path(path).read_text().splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "module":
            layers[words[1]] = words[2]
            deps.setdefault(words[1], set())
            test_deps.setdefault(words[1], set())
        elif words[0] == "dep":
            deps[words[1]].add(words[2])
        elif words[0] == "test_dep":
            test_deps[words[1]].add(words[2])
    return layers, deps, test_deps


def module_of(path, modules):
    """The module whose folder holds the path (relative to src), the deepest one."""
    parts = path.split("/")[:-1]
    while parts:
        name = "/".join(parts)
        if name in modules:
            return name
        parts.pop()
    return None


def is_test(path, owner):
    """Also what stands in a module's own folder `testing`."""
    if path.startswith(f"{owner}/testing/"):
        return True
    name = path.rsplit("/", 1)[-1]
    return name.startswith("test_") or name.endswith(("_test.cc", "_test.h", "_fuzz.cc"))


def check(root, layers, deps, test_deps):
    """Returns (violations, edges); an edge is (from, to) and is seen in non-test code."""
    violations, edges = [], set()
    src = pathlib.Path(root) / "src"
    for file in sorted(p for p in src.rglob("*") if p.suffix in (".h", ".cc")):
        path = file.relative_to(src).as_posix()
        owner = module_of(path, layers)
        if owner is None:
            continue  # the style check reports files that belong to no module
        text = file.read_text(errors="replace")
        for found in INCLUDE.finditer(text):
            target = module_of(found.group(1), layers)
            if target is None or target == owner:
                continue
            allowed = deps[owner] | (test_deps[owner] if is_test(path, owner) else set())
            if not is_test(path, owner):
                edges.add((owner, target))
            if target not in allowed:
                line = text.count("\n", 0, found.start(1)) + 1
                violations.append(
                    f'src/{path}:{line}: include-edge: "{found.group(1)}" is of module {target}, '
                    f"which {owner} does not declare in DEPS"
                )
    violations += [f"include cycle: {' -> '.join(c)}" for c in cycles(edges)]
    return violations, edges


def cycles(edges):
    """One cycle for each strongly connected walk found by depth-first search."""
    out, done = [], set()
    following = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)

    def walk(node, path):
        if node in path:
            out.append(path[path.index(node):] + [node])
            return
        if node in done:
            return
        for succ in sorted(following.get(node, [])):
            walk(succ, path + [node])
        done.add(node)

    for start in sorted(following):
        walk(start, [])
    return out


def to_dot(layers, edges):
    lines = ["digraph ostraka {", "  rankdir=BT;", "  node [shape=box];"]
    for layer in sorted(set(layers.values())):
        names = " ".join(f'"{m}";' for m in sorted(layers) if layers[m] == layer)
        lines.append(f"  {{ rank=same; {names} }}  // layer {layer}")
    lines += [f'  "{a}" -> "{b}";' for a, b in sorted(edges)]
    return "\n".join(lines + ["}", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=".")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--dot")
    args = parser.parse_args()
    layers, deps, test_deps = read_manifest(args.manifest)
    violations, edges = check(args.root, layers, deps, test_deps)
    if args.dot:
        pathlib.Path(args.dot).write_text(to_dot(layers, edges))
    for module in sorted(layers, key=lambda m: (layers[m], m)):
        used = " ".join(sorted(b for a, b in edges if a == module))
        print(f"{layers[module]:3} {module}: {used or '-'}")
    for violation in violations:
        print(violation, file=sys.stderr)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
