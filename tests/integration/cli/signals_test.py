#!/usr/bin/env python3
"""Ctrl-C: the first drains, the second stops at once; both can be resumed. So can SIGTERM."""

import signal
import time

import walk
from walk import Walk

RECIPIENTS = 600


class SignalTest(Walk):
    def begin(self, **options):
        self.csv = self.write("people.csv", self.people(RECIPIENTS))
        running = self.program.start("send", *self.words(self.relay.url, **options))
        self.addCleanup(running.kill)
        self.assertTrue(running.wait_for(r"accepted", 30), running.output)
        end = time.monotonic() + 30
        while len(self.relay.messages) < 20 and time.monotonic() < end:
            self.relay.read()
            time.sleep(0.005)
        self.assertGreaterEqual(len(self.relay.messages), 20, running.output)
        return running

    def finish(self, doubtful_max):
        """Resumes to the end: everybody once, but for what the record says is uncertain."""
        code, output = self.program.run("send", "--resume")
        self.relay.read()
        rows = self.program.log()
        doubtful = {r["address"] for r in rows if r["ambiguous"]}
        self.assertLessEqual(len(doubtful), doubtful_max)
        self.assertEqual(code, 3 if doubtful else 0, output)
        reached = [m["to"] for m in self.relay.messages]
        self.assertEqual(len(reached), len(set(reached)), "somebody got it twice")
        everybody = {f"person{n}@example.org" for n in range(RECIPIENTS)}
        self.assertEqual(everybody - set(reached) - doubtful, set())
        self.assertEqual(set(reached) - everybody, set())
        self.assertEqual(len(rows), RECIPIENTS)

    def drained(self, which):
        self.relay = self.sink(latency_ms=20)
        running = self.begin(connections=5)
        running.interrupt(which)
        interrupted = time.monotonic()
        code = running.wait(60)
        self.assertLess(time.monotonic() - interrupted, 20)
        self.relay.read()
        self.assertLess(len(self.relay.messages), RECIPIENTS, "it was over before the signal")
        # Drained: what had begun was finished, connections were closed with QUIT.
        time.sleep(0.1)
        self.relay.read()
        self.assertEqual([c["event"] for c in self.relay.ended if c["accepted"]].count("lost"), 0)
        self.assertIn("--resume", running.output)
        statuses = {r["status"] for r in self.program.log()}
        self.assertLessEqual(statuses, {"sent", "queued"})
        self.finish(doubtful_max=0)
        return code

    def test_the_first_ctrl_c_drains(self):
        self.assertEqual(self.drained(signal.SIGINT), 130)

    def test_sigterm_drains_too(self):
        self.assertIn(self.drained(signal.SIGTERM), (130, 143))

    def test_the_second_ctrl_c_stops_at_once(self):
        # The relay takes long to answer each message: draining must wait for it, stopping not.
        self.relay = self.sink(latency_ms=800)
        running = self.begin(connections=40)
        running.interrupt()
        time.sleep(0.05)
        running.interrupt()
        stopped = time.monotonic()
        self.assertEqual(running.wait(20), 130, running.output)
        self.assertLess(time.monotonic() - stopped, 0.7)
        self.finish(doubtful_max=40)


if __name__ == "__main__":
    walk.main()
