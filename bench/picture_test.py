#!/usr/bin/env python3
"""Tests of the picture: well-formed, everything in it, legible in both schemes."""
import re
import unittest
import xml.etree.ElementTree as tree

import picture
from report_test import EVERY_KIND, TEXTS, kill, load, record, second, timeline

NAMES = {"s": "http://www.w3.org/2000/svg"}


def draw(results):
    return tree.fromstring(picture.svg(record(results), TEXTS))


def words(root):
    return [t.text for t in root.iterfind(".//s:text", NAMES)]


def bars_of(root, name):
    """Widths of a system's bars, without the square of the legend."""
    return [float(r.get("width")) for r in root.iterfind(".//s:rect", NAMES)
            if r.get("class").split()[0] == name][1:]


class Picture(unittest.TestCase):
    def test_bars_are_as_long_as_their_figures(self):
        root = draw({"set64": {"ostraka": [load(2000.0, p99=1.0)], "etcd": [load(500.0, p99=4.0)]}})
        ours, theirs = bars_of(root, "ostraka"), bars_of(root, "etcd")
        self.assertAlmostEqual(ours[0] / theirs[0], 4, places=1)
        self.assertAlmostEqual(ours[1] / theirs[1], 0.25, places=1)
        for text in ("2,000/s", "500/s", "1 ms", "4 ms", "SET, 64 clients", "etcd"):
            self.assertIn(text, words(root))

    def test_void_is_said(self):
        root = draw({"set64": {"ostraka": [load()], "etcd": [load(client=11.0)]}})
        self.assertIn("1,000/s (void)", words(root))
        self.assertNotIn("zookeeper", words(root))

    def test_every_kind_of_row_can_be_drawn(self):
        root = draw({row: {"ostraka": [one]} for row, one in EVERY_KIND.items()})
        self.assertIn("300 ms", words(root))

    def test_nothing_is_outside(self):
        results = {row: {name: [one] for name in picture.SYSTEMS}
                   for row, one in EVERY_KIND.items()}
        root = draw(results)
        width, height = (float(root.get(side)) for side in ("width", "height"))
        for shape in root.iterfind(".//s:rect", NAMES):
            x = float(shape.get("x", 0))
            self.assertLessEqual(x + float(shape.get("width")), width)
        for text in root.iterfind(".//s:text", NAMES):
            self.assertTrue(0 < float(text.get("x")) <= width and 0 < float(text.get("y")) < height)

    def test_latency_over_time_is_a_line_with_holes(self):
        quiet = second(operations=0, p999_ms=0.0, max_ms=0.0)
        seconds = [second(), second(), quiet, second()]
        root = draw({"timeline": {"etcd": [timeline(per_second=seconds)]},
                     "failover": {"etcd": [{"events": [kill(per_second=seconds)]}]}})
        lines = [p.get("d") for p in root.iterfind(".//s:path", NAMES)
                 if p.get("class") == "line-etcd"]
        self.assertEqual(len(lines), 2)
        self.assertEqual([line.count("M") for line in lines], [2, 2])
        self.assertEqual([line.count("L") for line in lines], [1, 1])

    def test_both_schemes_have_every_colour(self):
        text = picture.svg(record({"set64": {"ostraka": [load()]}}), TEXTS)
        light, dark = text.split("prefers-color-scheme: dark", 1)
        for name in ("paper", "ink", "faint", "line-rule", *picture.SYSTEMS):
            colours = [re.search(rf"\.{name} {{ \w+: (#\w+)", part).group(1)
                       for part in (light, dark)]
            self.assertNotEqual(*colours, name)

    def test_every_shape_has_a_colour_of_the_scheme(self):
        root = draw({row: {"ostraka": [one]} for row, one in EVERY_KIND.items()})
        for kind in ("text", "rect", "path"):
            for shape in root.iterfind(f".//s:{kind}", NAMES):
                name = shape.get("class").split()[0].removeprefix("line-")
                self.assertIn(name, picture.COLOURS)

    def test_words_are_escaped(self):
        self.assertTrue(any("A & B <CPU>" in (w or "") for w in words(draw({}))))


if __name__ == "__main__":
    unittest.main()
