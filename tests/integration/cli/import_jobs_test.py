#!/usr/bin/env python3
"""Imports given to a running server: started with an answer at once, killed in the middle, taken up
again with each row once, cancelled, undone."""

import json
import random
import time

import walk
from served import Served

import postgres  # of tests/peers, which walk names

ROWS = 60_000


def people(first, count):
    return "email,first_name\n" + "".join(
        f"pupil{n}@school.example,Pupil {n}\n" for n in range(first, first + count))


class ImportJobsTest(Served):
    def setUp(self):
        super().setUp()
        self.program.database = self.database()
        self.init()
        self.program.database = None  # from here on tidings.toml knows it
        self.serve_again()
        self.token = self.run_with("token create", "--name", "imports", "--scope", "contacts:read",
                                   "--scope", "contacts:write", "--scope",
                                   "contacts:export").strip()

    def database(self):
        return None  # the folder's own

    def serve_again(self):
        self.server = self.serve()

    def api(self, method, target, body=None, status=200, **headers):
        answer, text = self.ask(method, f"/api/v1{target}", body,
                                Authorization=f"Bearer {self.token}", **headers)
        self.assertEqual(answer.status, status, text)
        return json.loads(text) if text else None

    def give(self, text):
        return self.api("POST", "/imports?file_name=pupils.csv", text, 201,
                        Content_Type="text/csv")["id"]

    def start(self, given):
        began = time.monotonic()
        job = self.api("POST", f"/imports/{given}/start", status=202)
        self.assertLess(time.monotonic() - began, 2, "the start does not wait for the end")
        return job

    def ended(self, given, timeout=120):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            job = self.api("GET", f"/imports/{given}")
            if job["state"] not in ("waiting", "running"):
                return job
            time.sleep(0.05)
        self.fail(f"still {job}")

    def count(self):
        """How many contacts there are, and that no address has two."""
        answer, text = self.ask("GET", "/api/v1/contact-export",
                                Authorization=f"Bearer {self.token}")
        self.assertEqual(answer.status, 200, text)
        addresses = [line.split(",")[1] for line in text.splitlines()[1:]]
        self.assertEqual(len(addresses), len(set(addresses)))
        return len(addresses)

    def test_a_kill_in_the_middle_loses_and_repeats_no_row(self):
        given = self.give(people(0, ROWS))
        waiting = self.give(people(ROWS // 2, ROWS))
        self.assertIn(self.start(given)["state"], ("waiting", "running"))
        self.start(waiting)
        kills = 0
        while kills < 4:
            time.sleep(random.uniform(0.2, 0.7))
            if self.api("GET", f"/imports/{waiting}")["state"] == "finished":
                break
            self.assertTrue(self.server.kill())
            kills += 1
            self.serve_again()
        self.assertGreater(kills, 0, "nothing was killed while it ran")
        first, second = self.ended(given), self.ended(waiting)
        self.assertEqual([first["state"], second["state"]], ["finished", "finished"])
        self.assertEqual([first["rows"], first["created"], first["bad"]], [ROWS, ROWS, 0])
        self.assertEqual([second["rows"], second["created"], second["unchanged"]],
                         [ROWS, ROWS // 2, ROWS // 2])
        self.assertEqual(self.count(), ROWS * 3 // 2)

    def test_a_cancelled_import_stops_and_is_undone(self):
        given = self.give(people(0, ROWS))
        behind = self.give(people(ROWS, 10))
        self.start(given)
        self.start(behind)
        while self.api("GET", f"/imports/{given}")["rows"] == 0:
            time.sleep(0.01)
        job = self.api("POST", f"/imports/{given}/cancel")
        self.assertEqual(job["state"], "cancelled")
        self.assertLess(job["rows"], ROWS)
        self.assertEqual(self.ended(behind)["created"], 10, "the next one has its turn")
        self.assertEqual(self.api("GET", f"/imports/{given}")["rows"], job["rows"])
        self.assertEqual(self.count(), job["rows"] + 10)
        self.assertIn(f"{job['rows']} removed", self.run_with("import", "--undo", given))
        self.assertEqual(self.count(), 10)
        self.assertIn("cancelled", self.run_with("import", "--list"))

    def test_a_file_beyond_the_setting_is_refused_before_it_is_here(self):
        self.assertTrue(self.server.kill())
        with open(self.program.data / "tidings.toml", "a") as settings:
            settings.write('import_bytes_max = "2kB"\n')
        self.serve_again()
        self.give("email\nsmall@school.example\n")
        self.api("POST", "/imports", "x" * 3000, 413, Content_Type="text/csv")


class ImportJobsOnPostgresTest(ImportJobsTest):
    def database(self):
        return self.enterContext(postgres.database())


if __name__ == "__main__":
    walk.main()
