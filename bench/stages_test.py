#!/usr/bin/env python3
"""Tests of stages: what a sample counts for."""
import importlib.machinery
import importlib.util
import os
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
loader = importlib.machinery.SourceFileLoader("stages", os.path.join(HERE, "stages"))
stages = importlib.util.module_from_spec(importlib.util.spec_from_loader("stages", loader))
loader.exec_module(stages)

SCRIPT = """\
ostraka     101
\tffffffff821e9fe6 _raw_spin_unlock ([kernel.kallsyms])
\tffffffff81e2a57d ___sys_sendmsg ([kernel.kallsyms])
\t          10ac4d __libc_sendmsg (/lib/libc.so.6)

ostraka     101
\t          163f12 __memmove_avx_unaligned_erms (/lib/libc.so.6)
\t          4a1b2c ostraka::codec::RespParser::next() (/bin/ostraka)
\t          4a1b2d ostraka::net::Reactor::turn() (/bin/ostraka)

rocksdb:low 102/107
\tffffffff81e2a57d ___sys_sendmsg ([kernel.kallsyms])

ostraka     102
\t          7b9c67 [unknown] (/usr/lib/librocksdb.so.7.8.3)
\t          4a1b2c ostraka::engine_rocksdb::RocksEngine::write(batch) (/bin/ostraka)

ostraka     102
\t          7b9c67 rocksdb::DBImpl::Get (/usr/lib/librocksdb.so.7.8.3)

ostraka     102
\t          163f12 malloc (/lib/libc.so.6)
""".splitlines()


class Stages(unittest.TestCase):
    def test_a_sample_of_the_kernel_counts_for_its_system_call(self):
        self.assertEqual(stages.count_stages(SCRIPT)[101],
                         {"kernel: send to sockets, with the receiver's TCP": 1,
                          "gateway, codec: parse and answer": 1})

    def test_the_engine_is_told_apart_by_thread_and_by_caller(self):
        self.assertEqual(stages.count_stages(SCRIPT)[102],
                         {"engine: compaction": 1, "engine: insert": 1,
                          "engine: read and the rest": 1,
                          "C library and others, caller unknown": 1})

    def test_a_system_call_that_has_no_stage_is_other(self):
        lines = ["ostraka 1", "\tffffffff8 do_syscall_64 ([kernel.kallsyms])"]
        self.assertEqual(stages.count_stages(lines)[1], {"kernel: other": 1})


class Table(unittest.TestCase):
    def test_shares_times_what_was_used(self):
        counts = {1: {"a": 3, "b": 1}, 2: {"a": 1}, 3: {"a": 1}}
        lines = stages.table(counts, 1, {1: 8.0, 2: 2.0, 3: 4.0})
        self.assertEqual(lines[2:], ["| a | 6.00 | 3.00 | 12.00 |", "| b | 2.00 | 0.00 | 2.00 |",
                                     "| **all** | 8.00 | 3.00 | 14.00 |"])


class Counted(unittest.TestCase):
    def test_what_the_machine_does_not_count_is_missing(self):
        text = "120,,context-switches,5,100.00,,\n<not supported>,,raw_syscalls:sys_enter,0,0,,\n"
        self.assertEqual(stages.counted(text), {"context-switches": 120})


if __name__ == "__main__":
    unittest.main()
