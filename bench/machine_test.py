#!/usr/bin/env python3
"""Tests of what is said about the machine, and of when something is installed on it."""
import contextlib
import io
import os
import tempfile
import unittest
from unittest import mock

import machine


class Disk(unittest.TestCase):
    def test_writers_are_counted_together_and_leave_nothing_behind(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(machine, "FILE_BLOCKS", 2):
            rate = machine.disk_mb_per_second(folder, 0.05)
            self.assertEqual(os.listdir(folder), [])
        # Each of the three has written at least one block before it looked at the time.
        self.assertGreaterEqual(rate, 3 * machine.BLOCK / 1e6 / 0.05)

    def test_the_innermost_mount_is_the_disk(self):
        mounts = ("/dev/a / ext4 rw 0 0\n/dev/b /data xfs rw,sync 0 0\n"
                  "/dev/c /database ext4 rw 0 0\n")
        with mock.patch("builtins.open", mock.mock_open(read_data=mounts)):
            self.assertEqual(machine.disk_of("/data/x"), "/dev/b, xfs (rw,sync)")
            self.assertEqual(machine.disk_of("/dat"), "/dev/a, ext4 (rw)")


class Install(unittest.TestCase):
    def install(self, lacking, wanted=False, terminal=False, answer="", after=()):
        """(systems that can run, whether packages were installed, what was said)."""
        said, ran = io.StringIO(), mock.Mock()
        with mock.patch.object(machine, "missing", side_effect=[list(lacking), list(after)]), \
                mock.patch.object(machine.subprocess, "run", ran), \
                mock.patch.object(machine.sys.stdin, "isatty", lambda: terminal), \
                mock.patch("builtins.input", return_value=answer), \
                contextlib.redirect_stderr(said):
            return machine.install(["ostraka", "etcd"], wanted), ran.called, said.getvalue()

    def test_nothing_is_installed_unless_it_is_missing_and_wanted(self):
        self.assertEqual(self.install([], wanted=True), (["ostraka", "etcd"], False, ""))
        systems, ran, said = self.install(["etcd"])
        self.assertEqual((systems, ran), (["ostraka"], False))
        self.assertIn("skipped: etcd", said)

    def test_it_is_asked_at_a_terminal_only(self):
        self.assertEqual(self.install(["etcd"], terminal=True, answer="y")[:2],
                         (["ostraka", "etcd"], True))
        self.assertEqual(self.install(["etcd"], terminal=True, answer="n")[:2],
                         (["ostraka"], False))

    def test_what_is_still_missing_afterwards_is_skipped(self):
        systems, ran, said = self.install(["etcd"], wanted=True, after=["etcd"])
        self.assertEqual((systems, ran), (["ostraka"], True))
        self.assertIn("skipped: etcd", said)


if __name__ == "__main__":
    unittest.main()
