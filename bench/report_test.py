#!/usr/bin/env python3
"""Tests of the judgement: what is void, ratios, targets, the table, how clients share
connections."""
import importlib.machinery
import importlib.util
import os
import tempfile
import unittest

import report
import rows
import targets
from systems import Etcd, Ostraka, Zookeeper


def load(rate=1000.0, p99=1.0, client=5.0, **other):
    return {"throughput": rate, "p50_ms": 0.5, "p99_ms": p99, "client_cpu_us_per_op": client,
            "server_cpu_us_per_op": 50.0, "syncs_per_op_per_node": None, "in_flight": 64,
            "errors": 0, "first_error": "", "absent": 0, "elections": 0, "seconds": 60.0,
            "operations": 60_000, "unsent": 0, "busy": 0, "busy_p99_ms": 0.0, **other}


def kill(gap=300.0, **other):
    return {"gap_ms": gap, "checked": 100, "lost": 0, "unchecked": 0, "elections": 1, "errors": 0,
            "disconnects": 0, "false_elections": 0, "per_second": [second()], **other}


def second(operations=100, p99=1.0, **other):
    return {"operations": operations, "p50_ms": 0.5, "p99_ms": p99, "p999_ms": 2.0, "max_ms": 3.0,
            "busy": 0, "errors": 0, **other}


def timeline(**other):
    return load(**{"p999_ms": 9.0, "worst_p999_ms": 20.0, "longest_write_gap_ms": 5.0,
                   "per_second": [second()], **other})


def overload(**other):
    return load(**{"goodput_share": 0.95, "capacity": 1000.0, "back_seconds": 0, "spike_busy": 10,
                   "per_second": [second()], **other})


def restart(**other):
    return {"keys": 10_000_000, "value_bytes": 64, "resident_mb": 500.0, "clean_seconds": 2.0,
            "killed_seconds": 8.0, **other}


def growth(many=900.0):
    def point(nodes, keys, rate):
        return {"nodes": nodes, "keys": keys, "set64": load(rate), "get64": load(rate)}
    return {"points": [point(3, 10 ** 5, 1000.0), point(3, 10 ** 6, many), point(5, 10 ** 5, 9.0)]}


def big():
    return load(rate=10.0, user_mb_per_s=10.0, disk_mb_per_s=100.0)


EVERY_KIND = {"idle": {"resident_mb": 20.0, "cpu_percent": 0.5}, "set64": load(), "big": big(),
              "timeline": timeline(), "overload": overload(), "elections": load(),
              "failover": {"events": [kill()]}, "stopped": {"events": [kill()]},
              "transfer": {"events": [kill()]}, "restart": restart(), "growth": growth()}


def target(results, beginning):
    return next(t for t in targets.targets(results) if t[0].startswith(beginning))


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

    def test_an_election_in_the_row_that_counts_them_is_its_figure(self):
        self.assertEqual(report.void_reasons("elections", "ostraka", [load(elections=1)]), [])

    def test_an_open_loop_that_could_not_send_is_void(self):
        self.assertEqual(report.void_reasons("timeline", "etcd", [timeline(unsent=600)]), [])
        self.assertEqual(len(report.void_reasons("timeline", "etcd", [timeline(unsent=601)])), 1)

    def test_a_kill_whose_writes_were_not_read_back_proves_nothing(self):
        for kills, count in (([kill()], 0), ([kill(), kill(unchecked=1)], 1), ([], 1),
                             ([kill(checked=0)], 1), ([kill(elections=0)], 1)):
            reasons = report.void_reasons("failover", "etcd", [{"events": kills}])
            self.assertEqual(len(reasons), count, kills)


class Ratios(unittest.TestCase):
    def test_are_ours_divided_by_theirs(self):
        results = {"set64": {"etcd": [load(rate=500.0, p99=4.0)], "ostraka": [load(rate=2000.0)]},
                   "failover": {"etcd": [{"events": [kill(1000.0)]}],
                                "ostraka": [{"events": [kill(g) for g in (1, 250, 900)]}]},
                   "get64": {"etcd": [load()]}}
        ratios = report.ratios(results)
        self.assertEqual(ratios["set64"]["etcd"], {"rate": 4.0, "p99": 0.25, "server CPU": 1.0})
        self.assertEqual(ratios["failover"]["etcd"], {"gap": 0.25})
        self.assertNotIn("get64", ratios)


    def test_a_row_that_redis_has_not_borrows_its_plain_gets(self):
        results = {"getstale64": {"ostraka": [load(rate=800.0)]}, "get64": {"redis": [load()]}}
        self.assertEqual(report.ratios(results)["getstale64"]["redis"]["rate"], 0.8)
        results["get64"]["redis"] = [load(client=11.0)]
        self.assertEqual(report.ratios(results)["getstale64"], {})


class Targets(unittest.TestCase):
    def test_a_void_comparison_gives_no_figure(self):
        results = {"set64": {"etcd": [load(rate=500.0)], "ostraka": [load(rate=2500.0)]}}
        self.assertEqual(target(results, "SET, 64 clients: rate")[1:], (5.0, True))
        results["set64"]["etcd"][0]["client_cpu_us_per_op"] = 11.0
        self.assertEqual(target(results, "SET, 64 clients: rate")[1:], (None, None))

    def test_stale_reads_are_compared_with_redis_own_gets(self):
        results = {"getstale64": {"ostraka": [load(rate=800.0)]}, "get64": {"redis": [load()]}}
        self.assertEqual(target(results, "GET bounded-stale")[1:], (0.8, True))

    def test_losses_and_elections_are_summed(self):
        results = {"set64": {"ostraka": [load()]},
                   "failover": {"ostraka": [{"events": [kill(), kill(lost=2)]},
                                            {"events": [kill(false_elections=1)]}]}}
        self.assertEqual(target(results, "acknowledged writes lost")[1:], (2, False))
        self.assertEqual(target(results, "elections in all other rows")[1:], (1, False))
        self.assertEqual(target(results, "leader killed: longest gap in ms, median")[1:],
                         (300.0, True))

    def test_one_bad_kill_or_transfer_is_seen(self):
        results = {"failover": {"ostraka": [{"events": [kill(), kill(), kill(1001.0)]}]},
                   "transfer": {"ostraka": [{"events": [kill(40.0), kill(50.1, errors=1)]}]}}
        self.assertEqual(target(results, "leader killed: longest gap in ms, worst")[2], False)
        self.assertEqual(target(results, "leadership handed over: longest")[2], False)
        self.assertEqual(target(results, "leadership handed over: errors")[1:], (1, False))

    def test_ten_minutes_are_ten_minutes(self):
        def judged(seconds, elections):
            runs = [load(seconds=seconds, elections=elections)]
            return target({"elections": {"ostraka": runs}}, "elections in the row")[2]
        self.assertIsNone(judged(60.0, 0))
        self.assertTrue(judged(600.0, 0))
        self.assertFalse(judged(600.0, 1))

    def test_values_of_a_mebibyte_count_three_times_against_the_disk(self):
        self.assertAlmostEqual(target({"big": {"ostraka": [big()]}}, "SET of 1 MiB")[1], 0.3)

    def test_restart_is_judged_with_ten_million_keys_only(self):
        for keys, met in ((10_000_000, True), (1_000_000, None)):
            results = {"restart": {"ostraka": [restart(keys=keys)]}}
            self.assertEqual(target(results, "restart with 10 million keys: seconds after a")[2],
                             met)

    def test_growth_may_be_logarithmic(self):
        for many, met in ((840.0, True), (820.0, False)):  # log 10^5 / log 10^6 = 0.833
            results = {"growth": {"ostraka": [growth(many)]}}
            self.assertEqual(target(results, "more keys: SET")[2], met)

    def test_overload_must_be_answered_busy_and_end(self):
        for changed, beginning in ((dict(unsent=1), "twice the capacity: the rest"),
                                   (dict(errors=1), "twice the capacity: the rest"),
                                   (dict(goodput_share=0.89), "twice the capacity: share"),
                                   (dict(busy_p99_ms=101.0), "twice the capacity: p99"),
                                   (dict(back_seconds=None), "twice the capacity, and back")):
            self.assertEqual(target({"overload": {"ostraka": [overload()]}}, beginning)[2], True)
            wrong = {"overload": {"ostraka": [overload(**changed)]}}
            self.assertEqual(target(wrong, beginning)[2], False, beginning)

    def test_other_engines_keep_up_with_raft(self):
        results = {"set64": {"ostraka": [load()], "zab": [load(rate=899.0)]},
                   "get64": {"ostraka": [load()], "zab": [load(rate=900.0, client=11.0)]}}
        self.assertEqual(target(results, "set64 under zab")[1:], (0.899, False))
        self.assertEqual(target(results, "get64 under zab")[1:], (0.9, True))
        self.assertNotIn("multi-paxos", " ".join(what for what, _, _ in targets.targets(results)))

    def test_what_was_not_measured_has_no_verdict(self):
        self.assertEqual({met for _, _, met in targets.targets({})}, {None})


class Overload(unittest.TestCase):
    STAGES = ((0.5, 3), (2, 2), (0.5, 3))

    def judge(self, after):
        calm, spike = second(500), second(950, p99=900.0, busy=1000)
        return rows.judge_overload([calm] * 3 + [spike] * 2 + after, 1000, self.STAGES)

    def test_goodput_and_the_way_back(self):
        slow = second(500, p99=51.0)
        self.assertEqual(self.judge([slow, second(440), second(500)]),
                         {"goodput_share": 0.95, "back_seconds": 2, "spike_busy": 2000})

    def test_never_back(self):
        self.assertIsNone(self.judge([second(440)] * 3)["back_seconds"])
        self.assertIsNone(self.judge([])["back_seconds"])


class Lines(unittest.TestCase):
    def test_the_summary_names_what_is_void_and_why(self):
        results = {"set64": {"etcd": [load(client=20.0)], "ostraka": [load()]}}
        lines = report.summary(results, {"set64": "SET, 64 clients"}, targets.targets(results))
        self.assertTrue(any("etcd" in text and text.endswith("VOID") for text in lines))
        self.assertIn("  etcd, SET, 64 clients: the client cost 20.0 CPU-us an operation, above 10",
                      lines)

    def test_every_kind_of_report_has_a_line(self):
        for one in EVERY_KIND.values():
            self.assertIn("etcd", report.line("row", "etcd", one))


def record(results):
    return {"date": "2026-01-02 03:04 +0000", "commit": "abc", "cpu": "A & B <CPU>", "cores": 2,
            "memory_gb": 8.0, "kernel": "6.1", "disk": "/dev/x, ext4 (rw)",
            "versions": {"ostraka": "ostraka 1", "etcd": "etcd 3"},
            "settings": {}, "failed": {}, "loopback_send_receive_us": 9.0,
            "arguments": {"keys": 1_000_000, "seconds": 60.0, "runs": 3}, "rows": results}


TEXTS = {name: row["text"] for name, row in rows.ROWS.items()}


class Table(unittest.TestCase):
    def test_holds_what_was_recorded_and_nothing_else(self):
        results = {"set64": {"ostraka": [load(2000.0)], "etcd": [load(500.0)]},
                   "get64": {"ostraka": [load(3000.0)]}}
        text = report.table(record(results), TEXTS)
        self.assertIn("| SET, 64 clients | 2,000/s, p99 1.0 ms | 500/s, p99 1.0 ms | etcd 4.00 |",
                      text)
        self.assertIn("| GET linearizable, 64 clients | 3,000/s, p99 1.0 ms |  |  |", text)
        self.assertIn("2026-01-02", text)
        self.assertNotIn("Redis", text)
        self.assertNotIn("SET, 1 client", text)

    def test_void_figures_are_marked_and_not_compared(self):
        results = {"set64": {"ostraka": [load(2000.0)], "etcd": [load(500.0, client=11.0)]}}
        text = report.table(record(results), TEXTS)
        self.assertIn("| 500/s, p99 1.0 ms (void) |  |", text)

    def test_has_a_cell_for_every_kind_of_row(self):
        results = {row: {"ostraka": [one]} for row, one in EVERY_KIND.items()}
        lines = report.table(record(results), TEXTS).splitlines()
        self.assertEqual(len(lines), 4 + len(EVERY_KIND))
        self.assertEqual({line.count("|") for line in lines[2:]}, {4})

    def test_of_rows_measured_one_after_the_other(self):
        writes = record({"set64": {"ostraka": [load(2000.0)], "etcd": [load(500.0)]}})
        reads = record({"get64": {"ostraka": [load(3000.0)]}})
        reads["arguments"] = {"keys": 1_000_000, "seconds": 20.0, "runs": 1}
        reads["failed"] = {"etcd": ["slow"]}
        one = report.joined([writes, reads])
        self.assertEqual(one["failed"], {"etcd": ["slow"]})
        self.assertEqual(report.shape(one),
                         "set64: 60 s a row, median of 3; get64: 20 s a row, one run")
        self.assertEqual(report.seconds_a_row(one), "20 to 60 s a row")
        text = report.table(one, TEXTS)
        self.assertIn("| SET, 64 clients | 2,000/s, p99 1.0 ms | 500/s, p99 1.0 ms | etcd 4.00 |",
                      text)
        self.assertIn("| GET linearizable, 64 clients | 3,000/s, p99 1.0 ms |  |  |", text)
        again = report.joined([one, record({"big": {"ostraka": [big()]}})])
        self.assertEqual([part["rows"] for part in again["parts"]], [["set64"], ["get64"], ["big"]])

    def test_of_more_runs_of_the_same_rows(self):
        runs = [record({"set64": {"ostraka": [load(rate)]}}) for rate in (10.0, 70.0, 30.0)]
        for one in runs:
            one["arguments"] = {"keys": 1_000_000, "seconds": 60.0, "runs": 1}
        text = report.table(report.joined(runs), TEXTS)
        self.assertIn("60 s a row, median of 3.", text)
        self.assertIn("| SET, 64 clients | 30/s,", text)

    def test_two_machines_and_runs_of_different_length_are_not_joined(self):
        one, other = record({"set64": {}}), record({"get64": {}})
        other["cpu"] = "another"
        self.assertRaisesRegex(ValueError, "two machines: cpu", report.joined, [one, other])
        longer = record({"set64": {}})
        longer["arguments"] = {"keys": 1_000_000, "seconds": 90.0, "runs": 1}
        self.assertRaisesRegex(ValueError, "60 and 90 s: set64", report.joined, [one, longer])

    def test_takes_its_place_between_the_marks(self):
        marked = f"a\n{report.TABLE_BEGIN}\nold\n{report.TABLE_END}\nb\n"
        put = report.put_table(marked, "new\n")
        self.assertEqual(put, f"a\n{report.TABLE_BEGIN}\nnew\n{report.TABLE_END}\nb\n")
        self.assertEqual(report.put_table(put, "new\n"), put)
        self.assertRaises(ValueError, report.put_table, "a\n", "new\n")


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

    def test_rows_are_made_for_the_systems_that_can(self):
        able = {row: [n for n in ("ostraka", "etcd", "zookeeper", "redis")
                      if rows.makes_sense(n, row)] for row in rows.ROWS}
        self.assertEqual(able["set64"], ["ostraka", "etcd", "zookeeper", "redis"])
        self.assertEqual(able["getf64"], ["ostraka", "etcd", "zookeeper"])
        self.assertEqual(able["transfer"], ["ostraka", "etcd"])
        self.assertEqual(able["big"], ["ostraka", "redis"])
        self.assertEqual(able["restart"], ["ostraka"])
        self.assertEqual(set(rows.RUN), set(rows.ROWS))


class Arguments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "compare")
        loader = importlib.machinery.SourceFileLoader("compare", path)
        spec = importlib.util.spec_from_loader("compare", loader)
        cls.compare = importlib.util.module_from_spec(spec)
        loader.exec_module(cls.compare)

    def test_quick_changes_defaults_only(self):
        args = self.compare.arguments(["--quick", "--seconds", "9"])
        self.assertEqual((args.seconds, args.runs), (9.0, 1))
        self.assertEqual(self.compare.arguments([]).runs, 3)

    def test_every_row_is_run_unless_others_are_named(self):
        self.assertEqual(self.compare.arguments([]).rows, list(rows.ROWS))
        self.assertEqual(self.compare.arguments(["--rows", "big"]).rows, ["big"])


if __name__ == "__main__":
    unittest.main()
