#!/usr/bin/env python3
"""While `serve` holds the data folder, other commands hand their work to it and watch."""

import walk
from unsubscribe_test import free_port
from walk import Walk


class HandOverTest(Walk):
    def setUp(self):
        super().setUp()
        self.relay = self.sink()
        port = free_port()
        server = self.program.start("serve", "--listen", f"127.0.0.1:{port}")
        self.addCleanup(server.kill)
        self.assertTrue(server.wait_for(rf":{port}", 20), server.output)

    def run_well(self, *words):
        code, output = self.program.run(*words)
        self.assertEqual(code, 0, output)
        return output

    def test_an_import_a_suppression_and_a_send_are_done_by_the_server(self):
        self.assertIn("3 new", self.run_well("import", self.csv, "--group", "Everybody"))
        self.run_well("suppression add", "person1@example.org", "--reason", "asked by phone")
        code, output = self.program.run("send", *self.words(self.relay.url, csv=None,
                                                            group="Everybody"))
        self.assertEqual(code, 0, output)
        self.relay.read()
        self.assertEqual(sorted(m["to"] for m in self.relay.messages),
                         ["person0@example.org", "person2@example.org"])
        dropped = [row for row in self.program.log() if row["status"] == "dropped"]
        self.assertEqual([row["address"] for row in dropped], ["person1@example.org"])
        self.run_well("suppression release", "person1@example.org", "--reason", "is back")

    def test_what_the_server_refuses_is_said_in_its_words(self):
        code, output = self.program.run("import", self.folder / "missing.csv")
        self.assertEqual(code, 2, output)
        self.assertIn("missing.csv", output)
        code, output = self.program.run("suppression release", "nobody@example.org",
                                        "--reason", "none")
        self.assertEqual(code, 2, output)
        self.assertIn("not suppressed", output)


if __name__ == "__main__":
    walk.main()
