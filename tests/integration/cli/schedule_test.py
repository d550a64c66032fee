#!/usr/bin/env python3
"""`tidings send --at … --zone …`: accepted now, sent then; told of by status, resume and cancel."""

import json
import subprocess
import time
from datetime import datetime, timedelta, timezone

import walk
from walk import Walk

from server import free_port

ZONE = "Europe/Amsterdam"


def soon(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


class ScheduleTest(Walk):
    def setUp(self):
        super().setUp()
        self.relay = self.sink()

    def later(self, at="2030-12-01 09:00", zone=ZONE, **changes):
        code, said = self.send(self.relay.url, at=at, zone=zone, **changes)
        self.assertEqual(code, 0, said)
        return said.split("accepted ")[1].split()[0], said

    def status(self):
        done = subprocess.run([str(a) for a in self.program.arguments("status", "--json")],
                              capture_output=True, text=True, timeout=60)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def arrived(self):
        self.relay.read()
        return sorted(m["to"] for m in self.relay.messages)

    def wait_arrived(self, count, seconds=30):
        end = time.monotonic() + seconds
        while len(self.arrived()) < count:
            self.assertLess(time.monotonic(), end, f"only {self.arrived()}")
            time.sleep(0.05)

    def test_it_is_accepted_told_of_and_taken_back(self):
        campaign, said = self.later()
        self.assertIn("2030-12-01 09:00 Europe/Amsterdam (2030-12-01 08:00 UTC)", said)
        self.assertIn(f"tidings cancel {campaign}", said)
        told = self.status()[0]
        self.assertEqual((told["state"], told["starts_at"][:16]), ("scheduled", "2030-12-01T08:00"))
        self.assertEqual(told["schedule"], {"at": "2030-12-01T09:00:00", "time_zone": ZONE})
        for flags in ([], [campaign]):
            self.assertIn("2030-12-01 09:00 Europe/Amsterdam", self.program.run("status", *flags)[1])
        code, said = self.program.run("send", "--resume")
        self.assertEqual(code, 0, said)
        self.assertIn("starts 2030-12-01 09:00 Europe/Amsterdam", said)
        self.assertIn("nothing to resume", said)
        code, said = self.program.run("cancel", campaign)
        self.assertEqual(code, 0, said)
        self.assertIn("it was to start 2030-12-01 09:00 Europe/Amsterdam", said)
        self.assertEqual(self.status()[0]["state"], "cancelled")
        self.assertEqual(self.arrived(), [])

    def test_a_time_that_cannot_be_meant_is_refused_and_nothing_is_kept(self):
        for at, zone, words in (("2020-01-01 09:00", ZONE, "is past"),
                                ("2027-03-28 02:30", ZONE, "the clocks go forward"),
                                ("tomorrow", ZONE, "is not a date and time"),
                                ("2030-12-01 09:00", "Europe/Nowhere", "no time zone"),
                                (None, ZONE, "--at")):
            with self.subTest(at=at, zone=zone):
                self.assert_refused(self.send(self.relay.url, at=at, zone=zone), words)
        self.assert_refused(self.program.run("send", "--resume", "--at", "2030-12-01 09:00"),
                            "--resume")
        self.assertEqual(self.status() if self.program.data.exists() else [], [])

    def test_of_a_time_that_comes_twice_the_first_is_meant_unless_told(self):
        _, said = self.later(at="2030-10-27 02:30")
        self.assertIn("2030-10-27 00:30 UTC", said)
        self.assertIn("--fold later", said)
        _, said = self.later(at="2030-10-27 02:30", fold="later")
        self.assertIn("2030-10-27 01:30 UTC", said)

    def test_the_zone_is_the_organisations_when_none_is_said(self):
        self.program.run("init", "--name", "Club", "--time-zone", "America/New_York")
        _, said = self.later(zone=None)
        self.assertIn("2030-12-01 09:00 America/New_York (2030-12-01 14:00 UTC)", said)

    def test_a_running_server_sends_it_at_its_time(self):
        server = self.program.start("serve", "--listen", f"127.0.0.1:{free_port()}")
        self.addCleanup(server.kill)
        self.assertTrue(server.wait_for(r"^Serving", 30), server.output)
        self.later(at=soon(3), zone="UTC")
        self.assertEqual(self.arrived(), [], "not before its time")
        self.wait_arrived(3)

    def test_without_a_server_the_next_resume_sends_what_is_due(self):
        self.later(at=soon(2), zone="UTC")
        time.sleep(2.5)
        self.assertEqual(self.arrived(), [])
        code, said = self.program.run("send", "--resume")
        self.assertEqual(code, 0, said)
        self.assertEqual(len(self.arrived()), 3)


if __name__ == "__main__":
    walk.main()
