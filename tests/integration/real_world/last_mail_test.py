#!/usr/bin/env python3
"""Who unsubscribes or complains while a campaign runs is written to no more (R12): of what a receiving
server sees, no MAIL to them begins after that was acknowledged. On PostgreSQL, where another node
than the sending one takes it in, none does a second later."""

import argparse
import contextlib
import email
import email.policy
import http.client
import re
import shutil
import smtplib
import sys
import time
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "peers"))
import postgres  # noqa: E402
from oracle_sink import OracleSink  # noqa: E402
from server import Server, free_port  # noqa: E402
from tidings import Tidings, remove, work_folder  # noqa: E402

OPTIONS = None
DOMAIN = "bounces.school.example"
PUBLIC = "https://news.school.example"
PEOPLE = 300
SLACK = {"sqlite": 0, "postgres": 1_000_000}  # microseconds


def complaint(original):
    return ("From: feedback@provider.example\r\nSubject: FW: News\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\nAn abuse report.\r\n"
            "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"
            "User-Agent: Provider/1.0\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n"
            "\r\n").encode() + original + b"\r\n--b--\r\n"


class LastMail(unittest.TestCase):
    def setUp(self):
        self.folder = work_folder("last-mail")
        self.addCleanup(remove, self.folder)
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.relay = OracleSink(OPTIONS.sink, self.folder / "sink", bodies=True)
        stack.callback(self.relay.__exit__)
        self.inbound = free_port()
        taking_in = f'inbound_listen = "127.0.0.1:{self.inbound}"\n'
        names = f'public_url = "{PUBLIC}"\ninbound_name = "in.school.example"\n'
        two_nodes = OPTIONS.database == "postgres"
        if two_nodes:
            names += f'database = "{stack.enter_context(postgres.database())}"\n'
        program = Tidings(OPTIONS.tidings, self.folder / "data")
        program.data.mkdir()
        (program.data / "tidings.toml").write_text(names + ("" if two_nodes else taking_in))
        self.server = Server(program)
        stack.callback(self.server.kill)
        self.server.add_transport(self.relay.url)
        self.sender = self.server.add_sender("office@school.example")
        self.server.call("POST", "/domains", {"name": "school.example", "return_path_domain": DOMAIN,
                                              "keys": {"algorithms": ["ed25519-sha256"]}})
        self.server.import_people(self.people())
        self.port = self.server.port  # of the node that people and providers reach
        if two_nodes:
            self.port = self.start_other(stack, program, names + taking_in)

    def start_other(self, stack, program, settings):
        other = Tidings(OPTIONS.tidings, self.folder / "other")
        other.data.mkdir()
        shutil.copy(program.data / "secret.key", other.data)
        (other.data / "tidings.toml").write_text(settings)
        port = free_port()
        running = other.start("serve", "--listen", f"127.0.0.1:{port}")
        stack.callback(running.kill)
        self.assertTrue(running.wait_for(rf":{port}", 60), running.output)
        return port

    def people(self):
        csv = self.folder / "people.csv"
        csv.write_text("email\n" + "".join(f"person{n}@example.org\n" for n in range(PEOPLE)))
        return csv

    def campaign(self, subject, **more):
        made = self.server.campaign(self.sender, subject, "Hello", **more)
        self.server.begin(made)
        return made

    def one_click(self, mail):
        url = re.fullmatch(r"<(\S+)>", mail["List-Unsubscribe"])[1]
        self.assertTrue(url.startswith(PUBLIC))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("POST", urllib.parse.urlsplit(url).path,
                               "List-Unsubscribe=One-Click",
                               {"Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual(connection.getresponse().status, 200)

    def test_no_mail_begins_after_somebody_left_or_complained(self):
        self.server.wait_finished(self.campaign("News"))
        self.relay.read()
        first = {m["to"]: self.relay.octets(m) for m in self.relay.messages}
        self.assertEqual(len(first), PEOPLE)
        before = len(self.relay.messages)
        again = self.campaign("Again", rate_per_second=40)
        left, complained = {}, {}
        with smtplib.SMTP("127.0.0.1", self.inbound, timeout=20) as provider:
            for number in range(PEOPLE - 1, PEOPLE - 161, -2):  # the sending meets them half-way
                to = f"person{number}@example.org"
                if number % 4 == 1:
                    provider.sendmail("feedback@provider.example", [f"complaints@{DOMAIN}"],
                                      complaint(first[to]))
                    complained[to] = time.monotonic() * 1e6
                else:
                    self.one_click(email.message_from_bytes(first[to], policy=email.policy.default))
                    left[to] = time.monotonic() * 1e6
                time.sleep(0.03)
        self.server.wait_finished(again, timeout=60)
        self.relay.read()
        mailed = {m["to"]: m["mail_t"] for m in self.relay.messages[before:]}
        # A complaint is acknowledged when it is stored, and read within a moment.
        for acknowledged, slack in ((left, SLACK[OPTIONS.database]), (complained, 1_000_000)):
            late = {to: mailed[to] - at for to, at in acknowledged.items()
                    if mailed.get(to, 0) > at + slack}
            self.assertEqual(late, {}, "microseconds after the acknowledgement")
            self.assertGreater(len(set(acknowledged) - set(mailed)), 10)
        self.assertGreater(len(mailed), 150)
        # Who got no mail was held back for this very reason, and nobody else was.
        held = {}
        for reason, people in (("unsubscribed", left), ("earlier complaint", complained)):
            held.update({to: reason for to in people if to not in mailed})
        dropped = self.server.call("GET", f"/messages?campaign={again}&status=dropped&limit=200")
        self.assertEqual({m["address"]: m["reason"] for m in dropped["items"]}, held)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tidings", required=True)
    parser.add_argument("--sink", required=True)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
