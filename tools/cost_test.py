#!/usr/bin/env python3
"""Tests of tools/cost.py: what is counted as whose, and when it is too much."""
import unittest

import cost

PROFILE = """version: 1
events: Ir
fl=???
fn=ostraka::wal::append(int)
0 7
+3 5
cfn=malloc
calls=2 0
0 1000
0 1
fn=malloc
0 1000
fn=ostraka::wal::append(int)
* 2
totals: 1015
"""


def figures(instructions=100.0, allocations=10.0, size=50.0):
    one = {"instructions": instructions, "allocations": allocations, "bytes": size}
    return {"set": dict(one), "get": dict(one)}


class Profile(unittest.TestCase):
    def test_what_a_function_calls_is_not_its_own(self):
        self.assertEqual(cost.self_costs(PROFILE.splitlines(True)),
                         {"ostraka::wal::append(int)": 15, "malloc": 1000})

    def test_modules(self):
        for function, module in (
                ("ostraka::wal::append(int)", "wal"),
                ("ostraka::protocol::raft::Raft::step(ostraka::wal::X)", "protocol/raft"),
                ("ostraka::protocol::Message::reset()", "protocol"),
                ("ostraka::base::Result<int> ostraka::kv::apply(int)", "kv"),
                ("void std::sort<ostraka::replica::Entry*>(ostraka::replica::Entry*)", "replica"),
                ("void std::push_heap<ostraka::sim_ports::SimScheduler::Pending*>()", "simulator"),
                ("ostraka::engine_memory::VersionedMap::put()", "simulator"),
                ("malloc", "libraries")):
            self.assertEqual(cost.module_of(function), module, function)

    def test_the_simulators_own_instructions_are_told_apart(self):
        told = cost.figures_of({"malloc": 3000, "ostraka::wal::append(int)": 2000,
                                "ostraka::sim_ports::SimScheduler::step()": 9000},
                               {"allocations": 1, "bytes": 2})
        self.assertEqual(told["instructions"], 5000 / cost.OPERATIONS)
        self.assertEqual(told["simulator_instructions"], 9000 / cost.OPERATIONS)


class Limit(unittest.TestCase):
    def test_five_per_cent_more_of_anything_is_too_much(self):
        self.assertTrue(cost.compare(figures(instructions=105.0), figures())[1])
        for name, value in (("instructions", 105.1), ("allocations", 10.6), ("size", 52.6)):
            lines, good = cost.compare(figures(**{name: value}), figures())
            self.assertFalse(good, name)
            self.assertEqual(sum("MORE THAN" in line for line in lines), 2)

    def test_less_is_good_and_to_be_recorded(self):
        lines, good = cost.compare(figures(instructions=90.0), figures())
        self.assertTrue(good)
        self.assertTrue(any("less" in line for line in lines))


if __name__ == "__main__":
    unittest.main()
