#!/usr/bin/env python3
"""`tidings campaign new`: from a saved message to messages that arrive, on the command line alone;
and what it says when a name is wrong."""

import re
import time

import walk
from walk import Walk

from server import Server


class CampaignNewTest(Walk):
    def setUp(self):
        super().setUp()
        self.server = Server(self.program)
        self.addCleanup(self.server.kill)
        members = self.write("members.csv", self.people(5, "member"))
        board = self.write("board.csv", "email,first_name\nmember1@example.org,Person 1\n"
                                        "chair@example.org,Chair\n")
        self.run_with("import", members, "--group", "Members")
        self.run_with("import", board, "--group", "Board")
        self.run_with("sender add", "The office <office@school.example>")
        self.letter = self.write(
            "autumn.html", "<p>Dear {{ contact.first_name }},</p>\n"
            "<p><a href=\"{{ unsubscribe_url }}\">Unsubscribe</a></p>\n")
        self.assertIn("saved", self.run_with("template import", self.letter, "--subject", "Autumn"))

    def run_with(self, command, *rest, code=0):
        got, said = self.program.run(command, *rest)
        self.assertEqual(got, code, said)
        return said

    def new(self, *flags, sender="office@school.example", code=0):
        return self.run_with("campaign new", "autumn", "--sender", sender, *flags, code=code)

    def test_a_saved_message_goes_to_a_group_without_another(self):
        sink = self.sink()
        self.server.add_transport(sink.url)
        said = self.new("--group", "Members", "--except-group", "Board")
        self.assertIn("4 would get it.", said)
        self.assertIn("Nothing is sent yet.", said)
        campaign = re.search(r"campaign start (\w{13})", said)[1]
        self.assertEqual(self.server.call("GET", f"/campaigns/{campaign}")["name"], "autumn")
        self.run_with("campaign start", campaign, "--override-sender", "--override-findings")
        end = time.monotonic() + 60
        while len(sink.messages) < 4:
            self.assertLess(time.monotonic(), end, f"only {sink.messages}")
            sink.read()
            time.sleep(0.05)
        self.assertEqual(sorted(m["to"] for m in sink.messages),
                         [f"member{n}@example.org" for n in (0, 2, 3, 4)])

    def test_what_is_given_goes_over_what_was_saved(self):
        self.new("--everybody", "--name", "Second", "--subject", "Other")
        listed = self.server.call("GET", "/campaigns?name=Second")["items"]
        draft = self.server.call("GET", f"/campaigns/{listed[0]['id']}")
        self.assertEqual(draft["draft"]["subject"], "Other")
        self.assertTrue(draft["audience"]["everybody"])
        self.assertIn("first_name", draft["draft"]["html"])

    def test_without_an_audience_it_says_what_is_in_the_way(self):
        self.assertRegex(self.new(), r"in the way: .*(whom|who)")

    def test_a_name_that_is_nobodys_is_told_with_where_to_look(self):
        for flags, words in ((("--group", "Choir"), "tidings group list"),
                             (("--except-segment", "Late"), "tidings segment list")):
            with self.subTest(flags=flags):
                self.assertIn(words, self.new(*flags, code=2))
        self.assertIn("tidings sender add x@y.example",
                      self.new("--everybody", sender="x@y.example", code=2))
        self.assertIn("tidings template list",
                      self.run_with("campaign new", "winter", "--everybody", code=2))
        self.assertEqual(self.server.call("GET", "/campaigns")["items"], [])


if __name__ == "__main__":
    walk.main()
