#!/usr/bin/env python3
"""A campaign to people as they are, through a real Postfix to Dovecot's mailboxes and back: each
message ends in its right status, in the log, among the recipients, in the figures and in the History of
its contact."""

import argparse
import contextlib
import http.client
import json
import re
import sys
import time
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "peers"))
import mail_world  # noqa: E402
import postgres  # noqa: E402
from server import Server, free_port  # noqa: E402
from tidings import Tidings, remove, skip, work_folder  # noqa: E402

OPTIONS = None
DOMAIN = "bounces.school.example"
PUBLIC = "https://news.school.example"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
          "Chrome/130.0.0.0 Safari/537.36")
APPLE = "172.225.10.20"  # of the networks that Apple loads pictures from
LETTER = """<!doctype html><html><body><p>Dear {{ contact.first_name }},</p>
<p><a href="https://school.example/lessons">lessons</a>, <a href="https://school.example/party">the
party</a>, <a href="https://school.example/map">where it is</a>.</p>
<p><a href="{{ unsubscribe_url }}">No more</a></p></body></html>
"""
# Who there is, and what becomes of a message to them.
ENDS = {
    "quiet": "sent",         # does nothing
    "greylisted": "sent",    # their server wants us to come again
    "holiday": "sent",       # answers by a program
    "writer": "sent",        # answers
    "apple": "sent",         # their mail program loads all pictures, seen or not
    "scanned": "sent",       # their employer follows all links before they see the mail
    "opener": "opened",
    "clicker": "clicked",
    "full": "bounced",       # has no room left: known after Postfix took the message
    "left": "bounced",       # has no mailbox any more: likewise
    "nobody": "bounced",     # refused at once
    "angry": "marked as spam",
    "leaver": "unsubscribed",  # Gmail's button
}
REASONS = {"full": "mailbox_full", "left": "address_unknown", "nobody": "address_unknown"}
SUPPRESSED = {"left": "bounce", "nobody": "bounce", "angry": "complaint", "leaver": "unsubscribed"}


class RealWorld(unittest.TestCase):
    maxDiff = 6000

    def setUp(self):
        self.folder = work_folder("real-world")
        self.addCleanup(remove, self.folder)
        self.folder.chmod(0o755)
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        program = Tidings(OPTIONS.tidings, self.folder / "data")
        program.data.mkdir()
        inbound = free_port()
        settings = [f'inbound_listen = "127.0.0.1:{inbound}"', 'inbound_name = "in.school.example"',
                    f'public_url = "{PUBLIC}"']
        if OPTIONS.database == "postgres":
            settings.append(f'database = "{stack.enter_context(postgres.database())}"')
        (program.data / "tidings.toml").write_text("\n".join(settings) + "\n")
        boxes = self.folder / "dovecot"
        boxes.mkdir()
        people = {name: 100 if name == "full" else None for name in ENDS
                  if name not in ("left", "nobody")}
        self.world = stack.enter_context(mail_world.running(
            boxes, {**people, "office": None}, gone=["left"],
            greylisted=["greylisted@people.example"],
            domains=("people.example", "school.example"), reports=(DOMAIN, inbound)))
        self.program = program
        self.server = Server(program)
        stack.callback(self.server.kill)
        self.server.add_transport(f"smtp://127.0.0.1:{self.world.port}")
        self.sender = self.server.add_sender("office@school.example")
        self.server.call("POST", "/domains", {"name": "school.example", "return_path_domain": DOMAIN,
                                              "keys": {"algorithms": ["ed25519-sha256"]}})
        self.server.call("PATCH", "/organisation", {"tracking": "individual"})
        self.mailbox = json.loads(self.server._command(
            "mailbox add", f"imaps://office@localhost:{self.world.boxes.imap}/"
            f"?ca={self.world.boxes.authority}", "--json", words="geheim\n"))["id"]
        csv = self.folder / "people.csv"
        csv.write_text("email,first_name\n" + "".join(
            f"{name}@people.example,{name.title()}\n" for name in ENDS))
        self.server.import_people(csv)

    def wait(self, done, what, seconds=40):
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                self.fail(f"{what}: {self.statuses()} {self.server.call('GET', '/returned-mail')}"
                          f" {self.world.log()}")
            time.sleep(0.1)

    def send(self, subject):
        campaign = self.server.call("POST", "/campaigns", {
            "name": subject, "audience": {"everybody": True},
            "draft": {"sender_id": self.sender["id"], "subject": subject, "html": LETTER}})["id"]
        self.server.begin(campaign)
        return campaign

    def messages(self):
        """{name: message} of the campaign."""
        items = self.server.call("GET", f"/messages?campaign={self.campaign}&limit=200")["items"]
        return {item["address"].split("@")[0]: item for item in items if item["direction"] == "out"}

    def statuses(self):
        return {name: message["status"] for name, message in self.messages().items()}

    def events(self, name):
        found = self.server.call("GET", f"/messages/{self.messages()[name]['id']}")
        return [event["type"] for event in found["events"]]

    def ask(self, url, method="GET", body=None, address="198.51.100.7", agent=FIREFOX, **headers):
        """As it comes through the proxy in front of us."""
        parts = urllib.parse.urlsplit(url)
        self.assertEqual(f"{parts.scheme}://{parts.netloc}", PUBLIC)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, {
            "Host": parts.netloc, "X-Forwarded-For": address, "X-Forwarded-Proto": "https",
            "User-Agent": agent, **headers})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def html(self, name):
        return self.world.read(name)[0].get_body(("html",)).get_content().replace("&amp;", "&")

    def links(self, name):
        return re.findall(r'href="([^"]+)"', self.html(name))

    def picture(self, name):
        return re.search(r'<img src="([^"]+)"', self.html(name))[1]

    def test_each_message_ends_where_it_really_ended(self):
        self.campaign = self.send("News")
        self.come_again()
        self.wait(lambda: all(self.statuses().get(name) == "bounced" for name in REASONS), "bounces")
        time.sleep(2.2)  # nobody reads sooner: hit_judgement.h
        self.programs_look()
        self.people_read()
        self.mail_comes_back()
        self.wait(lambda: self.statuses() == ENDS, "statuses")
        self.wait(lambda: "replied" in self.events("writer"), "the answer")
        self.wait(lambda: "auto-replied" in self.events("holiday"), "the automatic answer")
        self.check_each()
        self.check_answer()
        self.check_figures()
        self.check_metrics()
        self.nobody_is_written_to_who_should_not_be()

    def come_again(self):
        self.wait(lambda: self.statuses().get("greylisted") == "deferred", "greylisting")
        self.assertEqual(self.world.greylist.told, ["greylisted@people.example"])
        said = self.server.call("GET", f"/messages/{self.messages()['greylisted']['id']}")
        attempt = next(event["attempt"] for event in said["events"] if event["type"] == "deferred")
        self.assertEqual(attempt["reply_code"], 450)
        self.assertIn("Greylisted", attempt["reply_text"])
        self.server.call("POST", "/queue/steer", {"action": "retry", "campaign_id": self.campaign})
        self.server.wait_finished(self.campaign, timeout=40)
        self.assertEqual(self.events("greylisted").count("sent"), 1)

    def programs_look(self):
        self.assertEqual(self.ask(self.picture("apple"), address=APPLE, agent="Mozilla/5.0").status,
                         200)
        for url in [*self.links("scanned"), self.picture("scanned")]:
            self.assertIn(self.ask(url, agent=CHROME, address="203.0.113.9").status, (200, 302), url)

    def people_read(self):
        self.ask(self.picture("opener"))
        self.ask(self.picture("clicker"))
        answer = self.ask(self.links("clicker")[1])
        self.assertEqual((answer.status, answer.getheader("Location")),
                         (302, "https://school.example/party"))
        mail = self.world.read("leaver")[0]
        self.assertEqual(mail["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        url = re.search(r"<(https:[^>]+)>", mail["List-Unsubscribe"])[1]
        self.assertEqual(self.ask(url, "POST", "List-Unsubscribe=One-Click", **{
            "Content-Type": "application/x-www-form-urlencoded"}).status, 200)

    def mail_comes_back(self):
        mail = self.world.read("writer")[0]
        self.assertEqual(mail["From"].addresses[0].addr_spec, "office@school.example")
        self.world.send("writer@people.example", "office@school.example", (
            "From: Writer <writer@people.example>\r\nTo: office@school.example\r\n"
            f"Subject: Re: {mail['Subject']}\r\nMessage-ID: <1@people.example>\r\n"
            f"In-Reply-To: {mail['Message-ID']}\r\nReferences: {mail['Message-ID']}\r\n"
            "\r\nCan I bring my sister?\r\n"))
        self.world.read("office")
        self.server.call("POST", f"/mailboxes/{self.mailbox}/poll")
        mail = self.world.read("holiday")[0]
        self.assertRegex(mail["Return-Path"], rf"<bounce\+[a-z2-7]{{39}}@{DOMAIN}>")
        self.world.send("", mail["Return-Path"].strip("<>"), (
            f"From: holiday@people.example\r\nTo: {mail['Return-Path']}\r\nSubject: Away until Monday\r\n"
            f"Auto-Submitted: auto-replied\r\nIn-Reply-To: {mail['Message-ID']}\r\n\r\nAway.\r\n"))
        # As mailbox providers do: the original with the recipient blotted out.
        mail = self.world.read("angry")[0]
        original = mail.as_string().replace("angry@people.example", "redacted@people.example")
        original = re.sub(r"(?m)^(Return-Path|Delivered-To|X-Original-To): .*\n", "", original)
        self.world.send("feedback@provider.example", f"complaints@{DOMAIN}", (
            f"From: feedback@provider.example\r\nTo: complaints@{DOMAIN}\r\nSubject: FW: News\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; "
            'boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nAn abuse report.\r\n'
            "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"
            "User-Agent: Provider/1.0\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
            + original.replace("\r\n", "\n").replace("\n", "\r\n") + "\r\n--b--\r\n").encode())

    def check_each(self):
        log = {row["address"].split("@")[0]: row["status"] for row in self.program.log()
               if row["campaign_id"] == self.campaign and row["direction"] == "out"}
        self.assertEqual(log, ENDS)
        items = self.server.call("GET", f"/campaigns/{self.campaign}/recipients?limit=200")["items"]
        self.assertEqual({r["address"].split("@")[0]: r["status"] for r in items}, ENDS)
        for name, message in self.messages().items():
            history = self.server.call("GET", f"/contacts/{message['contact_ids'][0]}/history")
            self.assertEqual([(m["id"], m["status"]) for m in history["items"]
                              if m["campaign_id"] == self.campaign and m["id"] == message["id"]],
                             [(message["id"], ENDS[name])], name)
            if name in REASONS:
                self.assertEqual(message["reason"], REASONS[name], name)
        # Told by Postfix's own report, after it had taken the message; the other was refused.
        self.assertEqual([e for e in self.events("left") if e in ("sent", "bounced")],
                         ["sent", "bounced"])
        self.assertNotIn("sent", self.events("nobody"))
        for name in ("apple", "scanned"):
            hits = [e["hit"] for e in self.server.call(
                "GET", f"/messages/{self.messages()[name]['id']}")["events"] if e["hit"]]
            self.assertEqual({h["by"] for h in hits}, {"machine"}, name)
            self.assertIn({"apple": "apple_mail_privacy", "scanned": "every_link"}[name],
                          {h["why"] for h in hits})
        found = {s["address"].split("@")[0]: s["reason"] for s in
                 self.server.call("GET", "/suppressions?limit=200")["items"]}
        self.assertEqual(found, SUPPRESSED)

    def check_answer(self):
        """It stands in the contact's History and in the log, with its message and campaign."""
        message = self.messages()["writer"]
        lists = [self.server.call("GET", target)["items"] for target in (
            f"/contacts/{message['contact_ids'][0]}/history", f"/messages?campaign={self.campaign}",
            "/messages?kind=reply", "/messages?status=received")]
        for items in lists:
            answer, = [item for item in items if item["direction"] == "in"]
            self.assertEqual((answer["answers"], answer["campaign_id"], answer["contact_ids"]),
                             (message["id"], self.campaign, message["contact_ids"]))
            self.assertEqual((answer["kind"], answer["status"], answer["subject"], answer["sender"]),
                             ("reply", "received", "Re: News", "writer@people.example"))
            self.assertIn("bring my sister", answer["text"])
        self.assertEqual([len(items) for items in lists], [2, len(ENDS) + 1, 1, 1])
        self.assertGreater(lists[0][0]["queued_at"], lists[0][1]["queued_at"])
        logged = self.program.log("--campaign", self.campaign)
        self.assertEqual([row["answers"] for row in logged if row["direction"] == "in"],
                         [message["id"]])
        self.assertEqual(len(logged), len(ENDS) + 1)
        figures = {f["figure"]: f["people"] for f in self.server.call(
            "GET", f"/campaigns/{self.campaign}/statistics")["along_the_way"]}
        self.assertEqual(figures["answered"], 1)
        self.assertEqual([row["answered"] for row in self.server.call("GET", "/send-outs")["items"]
                          if row["id"] == self.campaign], [1])
        whole = self.server.call("GET", f"/returned-mail/{lists[0][0]['id']}")
        self.assertEqual((whole["message_id"], whole["source"]), (message["id"], "mailbox"))

    def live(self):
        """The first figures that the stream of a campaign that has ended tells."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", f"/api/v1/campaigns/{self.campaign}/events?statistics=true",
                               headers={"Authorization": f"Bearer {self.server.token}"})
            answer, kind = connection.getresponse(), ""
            while line := answer.readline().decode().strip("\n"):
                kind = line.removeprefix("event: ") if line.startswith("event: ") else kind
                if line.startswith("data: ") and kind == "statistics":
                    return json.loads(line.removeprefix("data: "))
                if line.startswith("data: "):
                    answer.readline()
        return None

    def check_metrics(self):
        """Everything that came back came by SMTP but the answer, and was read."""
        _, text = self.server.ask("GET", "/metrics")
        figures = dict(re.findall(r"(?m)^(tidings_\S+) (\d+)$", text))
        self.assertEqual(figures["tidings_inbound_mail_total"], "4")  # two bounces, away, complaint
        read = {name: amount for name, amount in figures.items() if "returned_mail" in name}
        self.assertEqual(read, {
            f'tidings_returned_mail_total{{kind="{kind}",outcome="applied"}}': amount
            for kind, amount in (("auto-reply", "1"), ("bounce", "2"), ("complaint", "1"),
                                 ("reply", "1"))})

    def check_figures(self):
        figures = self.server.call("GET", f"/campaigns/{self.campaign}/statistics")
        self.assertEqual(self.live(), figures)
        self.assertEqual(figures["total"], len(ENDS))
        ended = {line["line"]: line["amount"] for line in figures["ended"]}
        # The one who left by the button stays where the message was: sent.
        self.assertEqual({line: ended[line] for line in ("opened", "sent", "suppressed", "failed")},
                         {"opened": 2, "sent": 7, "suppressed": 1, "failed": 3})
        self.assertEqual(sum(ended.values()), len(ENDS))
        along = {each["figure"]: each for each in figures["along_the_way"]}
        self.assertEqual({figure: along[figure]["people"] for figure in (
            "sent", "opened", "clicked", "bounced", "marked_as_spam", "unsubscribed")},
            {"sent": 12, "opened": 2, "clicked": 1, "bounced": 3, "marked_as_spam": 1,
             "unsubscribed": 1})
        self.assertEqual((along["opened"]["machine"], along["clicked"]["machine"]), (2, 3))

    def nobody_is_written_to_who_should_not_be(self):
        self.campaign = self.send("Again")
        self.server.wait_finished(self.campaign, timeout=40)
        self.assertEqual({name for name, status in self.statuses().items() if status == "dropped"},
                         set(SUPPRESSED))
        self.assertEqual(len(self.world.read("quiet", 2)), 2)
        self.assertEqual(len(self.world.read("greylisted", 2)), 2)
        for name in ("angry", "leaver"):
            self.assertEqual(len(self.world.read(name)), 1, name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tidings", required=True)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    OPTIONS, rest = parser.parse_known_args()
    if why := mail_world.why_not():
        skip(why)
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
