#!/usr/bin/env python3
"""What an operator sees: /metrics as Prometheus's own reader understands it, and the attempt log,
against what a receiving server really took and refused."""

import collections
import json
import subprocess
import time

import walk
from walk import Walk

from server import Server

PEOPLE = 400

# Debian's python3-prometheus-client belongs to Debian's own Python, which may not be the first.
READER = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([[f.name, f.type, f.documentation, [[s.name, s.labels, s.value] for s in f.samples]]
                  for f in text_string_to_metric_families(sys.stdin.read())]))
"""


class MetricsTest(Walk):
    def read(self, **headers):
        status, text = self.server.ask("GET", "/metrics", **headers)
        self.assertEqual(status, 200, text)
        read = subprocess.run(["/usr/bin/python3", "-c", READER], input=text, capture_output=True,
                              text=True, timeout=30)
        self.assertEqual(read.returncode, 0, read.stderr)
        families = {}
        for name, kind, words, samples in json.loads(read.stdout):
            self.assertNotEqual(kind, "unknown", name)
            self.assertTrue(words, name)
            families[name] = samples
        return families

    def value(self, name, **labels):
        return sum(value for sample, named, value in self.read()[name]
                   if sample in (name, name + "_total", name + "_count")
                   and labels.items() <= named.items())

    def log_lines(self):
        lines = []
        for path in (self.program.data / "log").iterdir():
            lines += [json.loads(line) for line in path.read_text().splitlines()]
        return lines

    def send_all(self, sink):
        server = self.server = Server(self.program)
        self.addCleanup(server.kill)
        server.add_transport(sink.url)
        server.import_people(self.write("people.csv", self.people(PEOPLE)))
        campaign = server.campaign(server.add_sender("office@school.example"), "News", "Hello")
        server.begin(campaign)
        return campaign

    def test_the_figures_and_the_log_are_what_the_server_took_and_refused(self):
        sink = self.sink(faults={"rcpt_5xx": 0.1})
        campaign = self.send_all(sink)
        self.server.wait_finished(campaign)
        sink.read()
        rows = [r for r in self.program.log() if r["kind"] == "campaign"]
        want = collections.Counter(r["status"] for r in rows)
        self.assertGreater(want["bounced"], 5)
        self.assertEqual(want["sent"], len(sink.messages))
        self.assertEqual(want["sent"] + want["bounced"], PEOPLE)
        for outcome in ("sent", "bounced"):
            self.assertEqual(self.value("tidings_attempts", kind="campaign", outcome=outcome),
                             want[outcome])
        self.assertEqual(self.value("tidings_wait_seconds", kind="campaign"), want["sent"])
        self.assertEqual(self.value("tidings_queue_messages"), 0)
        self.assertEqual(self.value("tidings_oldest_due_seconds"), 0)
        self.assertEqual(self.value("tidings_database_up"), 1)
        self.assertGreater(self.value("tidings_journal_sync_seconds"), 0)
        self.assertGreater(self.value("process_resident_memory_bytes"), 1e6)
        # Labels name kinds and outcomes; nothing that grows with people, organisations, campaigns.
        named = {label for samples in self.read().values() for _, labels, _ in samples
                 for label in labels}
        self.assertLessEqual(named, {"kind", "outcome", "type", "lane", "state", "reply", "le"})
        # The log: a line for each attempt, none with an address.
        self.server.stop()
        lines = [line for line in self.log_lines() if line.get("campaign") == campaign]
        self.assertEqual(collections.Counter(line["outcome"] for line in lines), want)
        self.assertEqual({line["message"] for line in lines}, {r["id"] for r in rows})
        refused = [line for line in lines if line["outcome"] == "bounced"]
        self.assertEqual({line["reply_code"] // 100 for line in refused}, {5})
        everything = "".join(p.read_text() for p in (self.program.data / "log").iterdir())
        self.assertNotIn("person1", everything)
        self.assertIn("example.org", everything)

    def test_what_waits_is_counted_while_it_waits(self):
        sink = self.sink(latency_ms=200)
        campaign = self.send_all(sink)
        end = time.monotonic() + 20
        while self.value("tidings_attempts", kind="campaign") < 10:
            self.assertLess(time.monotonic(), end)
        self.server.step(campaign, "pause")
        # What was claimed goes back.
        while not self.value("tidings_queue_messages", lane="campaign", state="waiting"):
            self.assertLess(time.monotonic(), end)
        self.assertEqual(self.value("tidings_campaigns", state="paused"), 1)
        self.assertEqual(self.value("tidings_oldest_due_seconds"), 0, "a paused one is not due")
        self.server.step(campaign, "resume")
        self.server.wait_finished(campaign)
        self.assertEqual(self.value("tidings_campaigns"), 0)

    def test_only_this_machine_may_read_them(self):
        self.server = Server(self.program)
        self.addCleanup(self.server.kill)
        self.read()
        for headers in ({"X_Forwarded_For": "192.0.2.7"}, {"Forwarded": "for=192.0.2.7"},
                        {"Host": "tidings.example"}):
            status, text = self.server.ask("GET", "/metrics", **headers)
            self.assertEqual(status, 404, headers)
            self.assertNotIn("tidings_", str(text))


if __name__ == "__main__":
    walk.main()
