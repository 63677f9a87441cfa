#!/usr/bin/env python3
"""Plants violations and shows that the style test finds each, and does not cry wolf."""

import pathlib
import tempfile
import unittest

import style_check
import style_rules
import style_sizes
from style_source import strip_literals

EDGES = """
ostraka_edges(base 0)
ostraka_edges(protocol/raft 1b base)
ostraka_edges(net 2 base)
ostraka_edges(wal 3a base)
ostraka_edges(cli 5c base)
"""


class StyleCheckTest(unittest.TestCase):
    def run_on(self, files, manifest=None):
        """The rules that fire for these files."""
        with tempfile.TemporaryDirectory() as tmp:
            root = pathlib.Path(tmp)
            for name, text in {"cmake/edges.cmake": EDGES, **files}.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            if manifest is not None:
                (root / "manifest").write_text(manifest)
                manifest = root / "manifest"
            return [v.split(": ")[1] for v in style_check.check(root, manifest)]

    def found_in(self, path, text):
        return self.run_on({path: ("#pragma once\n" if path.endswith(".h") else "") + text})

    def test_clean_files_pass(self):
        self.assertEqual(self.found_in("src/wal/a.h", "#include <vector>\nint f();\n"), [])
        self.assertEqual(self.found_in("src/base/a.cc", "#include <atomic>\n"), [])

    def test_banned_includes_by_layer(self):
        for header in ("boost/asio.hpp", "rocksdb/db.h", "thread", "mutex", "atomic", "filesystem",
                       "iostream", "random", "grpcpp/grpcpp.h", "google/protobuf/message.h"):
            self.assertIn("banned-include",
                          self.found_in("src/protocol/raft/a.cc", f"#include <{header}>\n"), header)
        self.assertEqual(self.found_in("src/net/a.cc", "#include <boost/asio.hpp>\n"), [])
        self.assertEqual(self.found_in("src/wal/a.cc", "#include <boost/asio.hpp>\n"),
                         ["banned-include"])
        self.assertEqual(self.found_in("src/net/a.cc", "#include <rocksdb/db.h>\n"),
                         ["banned-include"])

    def test_clock_and_chance(self):
        clock = "auto t = std::chrono::steady_clock::now();\n"
        self.assertEqual(self.found_in("src/wal/a.cc", clock), ["clock"])
        self.assertEqual(self.found_in("src/net/a.cc", clock), [])
        self.assertEqual(self.found_in("src/wal/a.cc", "std::random_device d;\n"), ["randomness"])
        self.assertEqual(self.found_in("src/wal/a.cc", "std::hash<int> h;\n"), ["unstable"])
        self.assertEqual(self.found_in("src/wal/a.cc", "std::map<Node*, int> m;\n"),
                         ["pointer-key"])
        self.assertEqual(self.found_in("src/wal/a.cc", "std::map<int, Node*> m;\n"), [])

    def test_hash_iteration(self):
        table = "std::unordered_map<int, std::vector<int>> seen_;\n"
        loop = "void f() { for (const auto& [k, v] : seen_) { g(k); } }\n"
        self.assertEqual(self.found_in("src/wal/a.cc", table + loop), ["hash-iteration"])
        self.assertEqual(self.found_in("src/cli/a.cc", table + loop), [])
        header = {"src/wal/a.h": "#pragma once\n" + table, "src/wal/a.cc": loop}
        self.assertEqual(self.run_on(header), ["hash-iteration"])
        alias = "using Seen = absl::flat_hash_map<int, int>;\nSeen seen_;\n"
        self.assertEqual(self.found_in("src/wal/a.cc", alias + loop), ["hash-iteration"])
        ordered = "std::map<int, int> seen_;\n"
        self.assertEqual(self.found_in("src/wal/a.cc", ordered + loop), [])
        lookup = "bool f() { return seen_.find(1) != seen_.end(); }\n"
        self.assertEqual(self.found_in("src/wal/a.cc", table + lookup), [])

    def test_tests_and_headers(self):
        self.assertEqual(self.found_in("src/net/a_test.cc", "void f() { sleep(1); }\n"),
                         ["sleep-in-test"])
        self.assertEqual(self.found_in("src/net/a_test.cc", "void f() { GTEST_SKIP(); }\n"),
                         ["skip"])
        self.assertEqual(
            self.found_in("src/net/a_test.cc", 'void f() { GTEST_SKIP() << "no disk"; }\n'), [])
        self.assertEqual(self.run_on({"src/net/a.h": "int f();\n"}), ["pragma-once"])
        self.assertEqual(self.found_in("src/net/a.h", "using namespace std;\n"),
                         ["using-namespace"])
        self.assertEqual(self.found_in("src/net/a.cc", '#include "b.h"\n'), ["include-style"])
        self.assertEqual(self.found_in("src/net/a.cc", '#include "../base/b.h"\n'),
                         ["include-style"])
        self.assertEqual(self.found_in("src/net/a.cc", "if (is_simulated) {}\n"),
                         ["simulation-branch"])
        self.assertEqual(self.found_in("src/other/a.cc", "int x;\n"), ["unknown-module"])

    def test_words_and_names(self):
        for word in style_rules.BANNED_WORDS:
            self.assertEqual(self.found_in("docs/a.md", f"see {word}: later\n"), ["banned-word"])
        self.assertEqual(self.run_on({"src/net/old_socket.cc": ""}), ["file-name"])
        self.assertEqual(self.run_on({"src/net/tcp.cc": "", "src/net/tcp2.cc": ""}), ["file-name"])
        self.assertEqual(self.run_on({"src/net/http2.cc": ""}), [])

    def test_comments_and_strings_do_not_count(self):
        text = '// std::hash\nconst char* s = "std::random_device";\n/* usleep(1) */\n'
        self.assertEqual(self.found_in("src/wal/a_test.cc", text), [])
        self.assertEqual(strip_literals("x = 1'000; // y").rstrip(), "x = 1'000;")

    def test_sizes(self):
        long_function = "int f(int a) {\n" + "  a += 1;\n" * 80 + "  return a;\n}\n"
        self.assertEqual(self.found_in("src/net/a.cc", long_function), ["function-length"])
        self.assertEqual(self.found_in("src/net/a.cc", "int x;\n" * 601), ["file-length"])
        self.assertEqual(self.found_in("src/net/a.h", "int x;\n" * 300), ["file-length"])
        self.assertEqual(self.found_in("src/net/a.cc", "// " + "y" * 98 + "\n"), ["line-length"])
        many = "namespace a {\n" + "int f() {\n  return 1;\n}\n" * 40 + "}\n"
        self.assertEqual(self.found_in("src/net/a.cc", many), [])

    def test_files_of_the_web(self):
        good = "export function f() {\n  return 1;\n}\n"
        self.assertEqual(self.found_in("web/lab/a.js", good), [])
        self.assertEqual(self.found_in("web/lab/a.js", good + "let x; \n"), ["blank"])
        self.assertEqual(self.found_in("web/lab/a.css", "a {\n\tcolor: red;\n}\n"), ["blank"])
        self.assertEqual(self.found_in("web/lab/a.js", good + "\n"), ["blank"])
        self.assertEqual(self.found_in("web/lab/a.js", good[:-1]), ["blank"])
        self.assertEqual(self.found_in("tests/browser/a.mjs", "// " + "y" * 98 + "\n"),
                         ["line-length"])
        self.assertEqual(self.found_in("web/lab/a.js", "f();\n" * 601), ["file-length"])

    def test_ratchet(self):
        def with_entry(entry, lines=601):
            return self.run_on({"src/net/a.cc": "int x;\n" * lines, style_sizes.RATCHET: entry})

        reason = "imported table, to be split"
        self.assertEqual(with_entry(f"file-length src/net/a.cc 601 {reason}\n"), [])
        self.assertEqual(with_entry(f"file-length src/net/a.cc 601 {reason}\n", 602),
                         ["file-length"])
        self.assertEqual(with_entry(f"file-length src/net/a.cc 650 {reason}\n"), ["ratchet"])
        self.assertEqual(with_entry(f"file-length src/net/a.cc 601 {reason}\n", 10), ["ratchet"])
        self.assertIn("ratchet", with_entry("file-length src/net/a.cc 601\n"))

    def test_dead_files(self):
        files = {"src/net/a.cc": "", "src/net/b_test.cc": "", "src/net/c.cc": ""}
        manifest = "module net 2\nsource net src/net/a.cc\nsource net src/net/b_test.cc\n"
        self.assertEqual(self.run_on(files, manifest), ["dead-file", "dead-file"])


if __name__ == "__main__":
    unittest.main()
