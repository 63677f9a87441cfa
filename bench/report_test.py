#!/usr/bin/env python3
"""Tests of the judgement: what is void, ratios, targets, how clients share connections."""
import tempfile
import unittest

import report
from systems import Etcd, Ostraka, Zookeeper


def load(rate=1000.0, p99=1.0, client=5.0, **other):
    return {"throughput": rate, "p50_ms": 0.5, "p99_ms": p99, "client_cpu_us_per_op": client,
            "server_cpu_us_per_op": 50.0, "syncs_per_op_per_node": None, "in_flight": 64,
            "errors": 0, "first_error": "", "absent": 0, "elections": 0, **other}


def kill(gap=300.0, **other):
    return {"gap_ms": gap, "checked": 100, "lost": 0, "unchecked": 0, "elections": 1,
            "false_elections": 0, **other}


def target(results, beginning):
    return next(t for t in report.targets(results) if t[0].startswith(beginning))


class Void(unittest.TestCase):
    def test_a_client_above_the_limit_makes_a_peers_row_void(self):
        self.assertEqual(report.void_reasons("set64", "etcd", [load(client=10.0)]), [])
        self.assertIn("10.1", report.void_reasons("set64", "etcd", [load(client=10.1)])[0])

    def test_the_median_of_the_runs_counts(self):
        runs = [load(client=c) for c in (30.0, 9.0, 8.0)]
        self.assertEqual(report.void_reasons("set64", "etcd", runs), [])

    def test_our_own_row_and_other_depths_are_not_judged_by_the_client(self):
        self.assertEqual(report.void_reasons("set64", "ostraka", [load(client=30.0)]), [])
        self.assertEqual(report.void_reasons("set1", "etcd", [load(client=30.0, in_flight=1)]), [])

    def test_errors_missing_keys_and_elections_make_any_row_void(self):
        for name, value in (("errors", 1), ("absent", 2), ("elections", 1)):
            reasons = report.void_reasons("get64", "ostraka", [load(), load(**{name: value})])
            self.assertEqual(len(reasons), 1, name)

    def test_a_kill_whose_writes_were_not_read_back_proves_nothing(self):
        for kills, count in (([kill()], 0), ([kill(), kill(unchecked=1)], 1),
                             ([kill(checked=0)], 1), ([], 1)):
            reasons = report.void_reasons("failover", "etcd", [{"kills": kills}])
            self.assertEqual(len(reasons), count, kills)


class Ratios(unittest.TestCase):
    def test_are_ours_divided_by_theirs(self):
        results = {"set64": {"etcd": [load(rate=500.0, p99=4.0)], "ostraka": [load(rate=2000.0)]},
                   "failover": {"etcd": [{"kills": [kill(1000.0)]}],
                                "ostraka": [{"kills": [kill(g) for g in (1, 250, 900)]}]},
                   "get64": {"etcd": [load()]}}
        ratios = report.ratios(results)
        self.assertEqual(ratios["set64"]["etcd"], {"rate": 4.0, "p99": 0.25, "server CPU": 1.0})
        self.assertEqual(ratios["failover"]["etcd"], {"gap": 0.25})
        self.assertNotIn("get64", ratios)


class Targets(unittest.TestCase):
    def test_a_void_comparison_gives_no_figure(self):
        results = {"set64": {"etcd": [load(rate=500.0)], "ostraka": [load(rate=2000.0)]}}
        self.assertEqual(target(results, "SET, 64 clients: rate")[1:], (4.0, True))
        results["set64"]["etcd"][0]["client_cpu_us_per_op"] = 11.0
        self.assertEqual(target(results, "SET, 64 clients: rate")[1:], (None, None))

    def test_losses_and_elections_are_summed(self):
        results = {"set64": {"ostraka": [load()]},
                   "failover": {"ostraka": [{"kills": [kill(), kill(lost=2)]},
                                            {"kills": [kill(false_elections=1)]}]}}
        self.assertEqual(target(results, "leader killed: acknowledged")[1:], (2, False))
        self.assertEqual(target(results, "elections under load")[1:], (1, False))
        self.assertEqual(target(results, "leader killed: longest")[1:], (300.0, True))

    def test_what_was_not_measured_has_no_verdict(self):
        self.assertEqual({met for _, _, met in report.targets({})}, {None})


class Lines(unittest.TestCase):
    def test_the_summary_names_what_is_void_and_why(self):
        results = {"set64": {"etcd": [load(client=20.0)], "ostraka": [load()]}}
        lines = report.summary(results, {"set64": "SET, 64 clients"})
        self.assertTrue(any("etcd" in text and text.endswith("VOID") for text in lines))
        self.assertIn("  etcd, SET, 64 clients: the client cost 20.0 CPU-us an operation, above 10",
                      lines)

    def test_every_kind_of_report_has_a_line(self):
        for one in (load(), {"kills": [kill()]}, {"resident_mb": 20.0, "cpu_percent": 0.5}):
            self.assertIn("etcd", report.line("row", "etcd", one))


class Shape(unittest.TestCase):
    def test_clients_share_connections_where_the_protocol_allows_it(self):
        with tempfile.TemporaryDirectory() as folder:
            etcd, ostraka = Etcd(folder + "/e"), Ostraka(folder + "/o")
            zookeeper = Zookeeper(folder + "/z")
        self.assertEqual(etcd.shape(1, 1), (1, 1))
        self.assertEqual(etcd.shape(64, 64), (2, 32))
        self.assertEqual(zookeeper.shape(64, 64), (8, 8))
        self.assertEqual(zookeeper.shape(64, 64, reads=True), (16, 4))
        self.assertEqual(etcd.shape(1024, 64), (8, 128))
        self.assertEqual(ostraka.shape(64, 64), (64, 1))
        self.assertEqual(ostraka.shape(1024, 64), (64, 16))


if __name__ == "__main__":
    unittest.main()
