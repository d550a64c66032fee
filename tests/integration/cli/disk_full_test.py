#!/usr/bin/env python3
"""A disk that fills up at any point of a send: a clear refusal, nothing accepted lost, and it goes
on once there is room. On a small tmpfs, so it needs mount: as root, or in a user namespace."""

import os
import subprocess
import sys

import walk
from walk import Walk

RECIPIENTS = 4000


class DiskFullTest(Walk):
    def small_disk(self, kilobytes):
        self.disk = self.folder / f"disk{kilobytes}"
        self.disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs",
                                  self.disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], capture_output=True)
        self.program.data = self.disk / "data"

    def test_every_size_of_disk_ends_clearly_and_nobody_is_lost_or_written_to_twice(self):
        self.csv = self.write("people.csv", self.people(RECIPIENTS))
        filled = 0
        for kilobytes in (64, 400, 900, 2400):
            with self.subTest(kilobytes):
                self.small_disk(kilobytes)
                sink = walk.OracleSink(walk.SINK, self.folder / f"sink{kilobytes}")
                self.addCleanup(sink.__exit__)
                code, output = self.send(sink.url, timeout=180)
                accepted = "accepted" in output
                if code != 0:
                    filled += 1
                    self.assertIn(code, (2, 3), output)
                    self.assertRegex(output.lower(), "disk|space|full")
                    self.assertNotIn("terminate called", output)
                subprocess.run(["mount", "-o", "remount,size=200m", self.disk], check=True)
                if code != 0:
                    code, output = (self.program.run("send", "--resume", timeout=180) if accepted
                                    else self.send(sink.url, timeout=180))
                sink.read()
                reached = [m["to"] for m in sink.messages]
                doubtful = {r["address"] for r in self.program.log() if r["ambiguous"]}
                everybody = {f"person{n}@example.org" for n in range(RECIPIENTS)}
                self.assertEqual(everybody - set(reached) - doubtful, set(), output)
                twice = {a for a in reached if reached.count(a) > 1} if len(reached) > len(
                    set(reached)) else set()
                self.assertEqual(twice, set())
                self.assertLessEqual(len(doubtful), 10)
                self.assertEqual(code, 3 if doubtful else 0, output)
        self.assertGreater(filled, 2, "too few of the disks filled up to prove anything")


def in_own_namespace():
    """Without root, the same again where we may mount."""
    if os.geteuid() == 0 or os.environ.get("TIDINGS_IN_NAMESPACE"):
        return
    probe = subprocess.run(["unshare", "--mount", "--map-root-user", "true"], capture_output=True)
    if probe.returncode == 0:
        os.environ["TIDINGS_IN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--map-root-user", sys.executable, *sys.argv])


if __name__ == "__main__":
    in_own_namespace()
    walk.main()
