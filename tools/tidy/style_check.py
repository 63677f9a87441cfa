#!/usr/bin/env python3
"""The style test: banned includes and calls by layer, banned words, size budget, dead files.

Prints one line per violation, `path:line: rule: message`, and fails if there is any. The rules
live in style_rules.py, the sizes in style_sizes.py. Layers come from cmake/edges.cmake, the files
that are built from the manifest that CMake writes into the build folder.
"""

import argparse
import pathlib
import subprocess
import sys

import style_rules
import style_sizes
from style_source import Source, modules_from_edges

TEXT_SUFFIXES = {".h", ".cc", ".py", ".sh", ".cmake", ".txt", ".md", ".json", ".toml", ".ts", ".js",
                 ".mjs", ".css", ".html", ".yml", ".yaml", ""}


def tracked_files(root):
    """Paths of the files that git knows or would add; every file when there is no git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        out = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
        names = out.splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = [p.relative_to(root).as_posix() for p in root.rglob("*")]
    return sorted(n for n in set(names) if (root / n).is_file())


def check(root, manifest=None):
    """Returns the sorted list of violations under root."""
    root = pathlib.Path(root)
    modules = modules_from_edges(root / "cmake" / "edges.cmake")
    names = tracked_files(root)
    violations, sources = [], []
    for name in names:
        violations += style_rules.check_file_name(name, names)
        if pathlib.PurePosixPath(name).suffix not in TEXT_SUFFIXES:
            continue
        try:
            text = (root / name).read_text()
        except UnicodeDecodeError:
            continue
        source = Source(root, name, text, modules)
        violations += style_rules.check_words(source)
        if source.is_cpp:
            violations += style_rules.check_cpp(source)
        elif name.endswith(style_sizes.WEB_SUFFIXES):
            violations += style_rules.check_web(source)
        sources.append(source)
    violations += style_sizes.check(root, sources)
    if manifest:
        violations += style_rules.check_dead_files(names, pathlib.Path(manifest).read_text())
    return sorted(set(violations))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=".")
    parser.add_argument("--manifest")
    args = parser.parse_args()
    violations = check(args.root, args.manifest)
    for violation in violations:
        print(violation)
    print(f"style: {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
