#!/usr/bin/env python3
"""A correction (B13) made while messages are in flight: everybody has one right text in the end.

Who got the wrong text, or may have got it, gets the correction; everybody else gets the right text;
nobody gets both and nobody neither, those whom the campaign had not got to by name included."""

import contextlib
import time
from collections import defaultdict

import walk
from walk import Walk

import postgres
from oracle_sink import OracleSink
from server import Server
from tidings import Tidings


class CorrectionTest(Walk):
    people_count = 6000

    def serve(self, url):
        self.program = Tidings(walk.TIDINGS, self.folder / f"data{bool(url)}", url)
        server = Server(self.program)
        self.addCleanup(server.kill)
        return server

    def correct_in_flight(self, url, after, faults):
        """A correction once `after` messages have arrived, whose two parts are begun at once."""
        people = [f"person{n}@example.org" for n in range(self.people_count)]
        csv = self.write("list.csv", "email,first_name\n" + "".join(
            f"{address},Person {n}\n" for n, address in enumerate(people)) + ",Nobody\n")
        sink = OracleSink(walk.SINK, self.folder / f"sink{bool(url)}", latency_ms=2, faults=faults)
        self.addCleanup(sink.__exit__)
        server = self.serve(url)
        server.import_people(csv)
        server.add_transport(sink.url)
        wrong = server.campaign(server.add_sender(), "Wrong", "Come on Monday.")
        server.begin(wrong)
        end = time.monotonic() + 60
        while len(sink.messages) < after:
            self.assertLess(time.monotonic(), end, "nothing arrives")
            sink.read()
            time.sleep(0.001)
        both = server.step(wrong, "correction", draft={"subject": "Right"})
        remainder, correction = both["remainder"]["id"], both["correction"]["id"]
        server.begin(correction)
        server.begin(remainder)
        server.wait_finished(wrong, remainder, correction)
        server.stop()
        sink.read()
        self.check(people, sink, wrong, remainder, correction)

    def check(self, people, sink, wrong, remainder, correction):
        rows = defaultdict(dict)  # campaign → address → row
        for row in self.program.log():
            if not row["address"]:
                continue
            known = rows[row["campaign_id"]]
            self.assertNotIn(row["address"], known, "one message each")
            known[row["address"]] = row
        arrived = {(m["to"], m["id"]) for m in sink.messages}
        uncertain = 0
        for person in people:
            was = rows[wrong].get(person)
            self.assertIsNotNone(was, f"{person} is not in the record of what was corrected")
            got_wrong = (person, was["message_id"]) in arrived
            may_have = got_wrong or was["status"] == "uncertain"
            uncertain += was["status"] == "uncertain"
            if got_wrong:
                self.assertIn(was["status"], ("sent", "uncertain"))
            else:
                self.assertNotEqual(was["status"], "sent")
            right, other = (correction, remainder) if may_have else (remainder, correction)
            self.assertNotIn(person, rows[other], f"{person}: {was['status']}, and in both")
            self.assertIn(person, rows[right], f"{person}: {was['status']}, and in neither")
            self.assertIn(rows[right][person]["status"], ("sent", "uncertain"))
        self.assertEqual(set(rows[remainder]) | set(rows[correction]), set(people))
        self.assertGreater(len(rows[correction]), 0)
        self.assertGreater(len(rows[remainder]), 0, "the campaign had ended: nothing was tested")
        return uncertain

    def databases(self):
        yield contextlib.nullcontext(None)
        yield postgres.database()

    def test_everybody_gets_the_right_text_once(self):
        for database in self.databases():
            with self.subTest(database=str(database)), database as url:
                self.correct_in_flight(url, after=800, faults={"drop_recorded": 0.02,
                                                                "drop_unrecorded": 0.02})

    def test_whom_the_campaign_had_not_got_to_is_not_forgotten(self):
        for database in self.databases():
            with self.subTest(database=str(database)), database as url:
                self.correct_in_flight(url, after=1, faults={})


if __name__ == "__main__":
    walk.main()
