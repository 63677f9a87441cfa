#!/usr/bin/env python3
"""Plants forbidden includes and shows that include_graph.py finds them."""

import pathlib
import tempfile
import unittest

import include_graph

MANIFEST = "module base 0\nmodule model 0\ndep model base\nmodule port 1a\ndep port base\n"


class IncludeGraphTest(unittest.TestCase):
    def run_on(self, files, manifest=MANIFEST):
        with tempfile.TemporaryDirectory() as tmp:
            root = pathlib.Path(tmp)
            for name, text in files.items():
                path = root / "src" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            (root / "manifest").write_text(manifest)
            return include_graph.check(root, *include_graph.read_manifest(root / "manifest"))

    def test_declared_edge_passes(self):
        violations, edges = self.run_on({"model/id.h": '#include "base/bytes.h"\n'})
        self.assertEqual(violations, [])
        self.assertEqual(edges, {("model", "base")})

    def test_undeclared_edge_is_found(self):
        violations, _ = self.run_on({"port/clock.h": '#pragma once\n#include "model/id.h"\n'})
        self.assertEqual(len(violations), 1)
        self.assertIn("src/port/clock.h:2:", violations[0])

    def test_test_dependency_counts_only_in_tests(self):
        manifest = MANIFEST + "test_dep port model\n"
        line = '#include "model/id.h"\n'
        self.assertEqual(self.run_on({"port/a_test.cc": line}, manifest)[0], [])
        self.assertEqual(self.run_on({"port/testing/a.h": line}, manifest)[0], [])
        self.assertEqual(len(self.run_on({"port/a.cc": line}, manifest)[0]), 1)

    def test_cycle_is_found(self):
        manifest = MANIFEST + "dep base model\n"
        files = {"base/a.h": '#include "model/b.h"\n', "model/b.h": '#include "base/a.h"\n'}
        self.assertTrue(any("cycle" in v for v in self.run_on(files, manifest)[0]))


if __name__ == "__main__":
    unittest.main()
