#!/usr/bin/env python3
"""The way out: a link that looks changes nothing, one click does, and the next send respects it
(RFC 2369, RFC 8058)."""

import email
import email.policy
import http.client
import json
import re
import signal
import socket
import time
import urllib.parse

import walk
from walk import Walk


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class UnsubscribeTest(Walk):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.program.data.mkdir()
        (self.program.data / "tidings.toml").write_text(
            f'listen = "127.0.0.1:{self.port}"\npublic_url = "http://127.0.0.1:{self.port}"\n')
        self.letter = self.write("letter.html", walk.LETTER +
                                 '<p><a href="{{ unsubscribe_url }}">No more</a></p>\n')
        self.relay = self.sink(bodies=True)

    def mails(self):
        """{address: parsed message} of what arrived since the last call."""
        before = len(self.relay.messages)
        self.relay.read()
        return {m["to"]: email.message_from_bytes(self.relay.octets(m), policy=email.policy.default)
                for m in self.relay.messages[before:]}

    def serve(self):
        server = self.program.start("serve", "--listen", f"127.0.0.1:{self.port}")
        self.addCleanup(server.kill)
        self.assertTrue(server.wait_for(rf":{self.port}", 20), server.output)
        return server

    def ask(self, method, url, body=None, headers=None):
        parts = urllib.parse.urlsplit(url)
        self.assertEqual(parts.netloc, f"127.0.0.1:{self.port}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body,
                           headers or {})
        answer = connection.getresponse()
        page = answer.read().decode()
        connection.close()
        return answer, page

    def one_click(self, url, kind="form"):
        if kind == "form":
            return self.ask("POST", url, "List-Unsubscribe=One-Click",
                            {"Content-Type": "application/x-www-form-urlencoded"})
        body = ("--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n"
                "One-Click\r\n--b--\r\n")
        return self.ask("POST", url, body, {"Content-Type": "multipart/form-data; boundary=b"})

    def status_of(self, address):
        rows = [r for r in self.program.log() if r["address"] == address]
        return max(rows, key=lambda r: r["id"])

    def test_the_whole_way(self):
        self.assertEqual(self.send(self.relay.url)[0], 0)
        first = self.mails()
        self.assertEqual(len(first), 3)
        links = {}
        for address, mail in first.items():
            links[address] = re.fullmatch(r"<(\S+)>", mail["List-Unsubscribe"]).group(1)
            self.assertEqual(mail["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
            self.assertNotIn(address.split("@")[0], links[address])
        self.assertEqual(len(set(links.values())), 3)

        server = self.serve()
        # Looking, as scanners of mail do, changes nothing: not the header's link, not the letter's.
        page_link = re.search(r'href="([^"]+)"', first["person0@example.org"].get_body(
            ("html",)).get_content()).group(1).replace("&amp;", "&")
        for url in (links["person0@example.org"], page_link):
            for method in ("GET", "HEAD"):
                answer, page = self.ask(method, url)
                self.assertEqual(answer.status, 200)
                self.assertIsNone(answer.getheader("Set-Cookie"))
            self.assertIn("<form", self.ask("GET", url)[1].lower())
        # One click, in both forms RFC 8058 names: at once, without redirect, cookie or login.
        for address, kind in (("person1@example.org", "form"), ("person2@example.org", "multipart")):
            answer, _ = self.one_click(links[address], kind)
            self.assertEqual(answer.status, 200)
            self.assertIsNone(answer.getheader("Set-Cookie"))
        # Again is no error, a forged token is, and neither changes anything.
        self.assertEqual(self.one_click(links["person1@example.org"])[0].status, 200)
        token = links["person0@example.org"]
        for forged in (token[:-1] + ("a" if token[-1] != "a" else "b"), token[:-6], token + "a"):
            self.assertIn(self.one_click(forged)[0].status, (400, 403, 404, 410), forged)
            self.assertIn(self.ask("GET", forged)[0].status, (400, 403, 404, 410), forged)
        server.interrupt(signal.SIGTERM)
        self.assertIn(server.wait(30), (0, 130, 143), server.output)

        self.next_send_leaves_them_out()

    def next_send_leaves_them_out(self):
        code, output = self.send(self.relay.url, subject="Again")
        self.assertEqual(code, 0, output)
        self.assertEqual(set(self.mails()), {"person0@example.org"})
        self.assertEqual(self.status_of("person0@example.org")["status"], "sent")
        for address in ("person1@example.org", "person2@example.org"):
            row = self.status_of(address)
            self.assertIn(row["status"], ("skipped", "dropped"), json.dumps(row))
            self.assertIn("unsubscribed", row["reason"], json.dumps(row))
        # An import of the same people never releases them.
        code, output = self.program.run("import", self.csv)
        self.assertEqual(code, 0, output)
        self.assertEqual(self.send(self.relay.url, subject="Third")[0], 0)
        self.assertEqual(set(self.mails()), {"person0@example.org"})

    def test_a_person_can_press_the_button_of_the_page(self):
        self.assertEqual(self.send(self.relay.url)[0], 0)
        mail = self.mails()["person0@example.org"]
        link = re.search(r'href="([^"]+)"', mail.get_body(("html",)).get_content()).group(1)
        self.serve()
        _, page = self.ask("GET", link.replace("&amp;", "&"))
        self.assertNotIn("<script", page.lower())
        form = re.search(r"<form[^>]*>(.*?)</form>", page, re.S | re.I)
        self.assertIn('method="post"', form.group(0).lower())
        action = re.search(r'action="([^"]*)"', form.group(0))
        fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form.group(1)))
        target = urllib.parse.urljoin(link, action.group(1) if action else "")
        answer, said = self.ask("POST", target.replace("&amp;", "&"), urllib.parse.urlencode(fields),
                                {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(answer.status, 200, said)
        # While `serve` runs, a send is handed to it, and the person is left out at once.
        self.assertEqual(self.send(self.relay.url, subject="Again")[0], 0)
        self.assertEqual(set(self.mails()), {"person1@example.org", "person2@example.org"})

    def test_someone_who_leaves_while_a_send_is_running_is_not_written_to_any_more(self):
        self.csv = self.write("people.csv", self.people(300))
        self.assertEqual(self.send(self.relay.url)[0], 0)
        mails = self.mails()
        link = re.fullmatch(r"<(\S+)>", mails["person299@example.org"]["List-Unsubscribe"]).group(1)
        self.serve()
        running = self.program.start("send", *self.words(self.relay.url, subject="Again",
                                                         rate="60/s"))
        self.assertTrue(running.wait_for("accepted", 20), running.output)
        self.assertEqual(self.one_click(link)[0].status, 200)
        self.assertEqual(running.wait(60), 0, running.output)
        self.assertEqual(set(mails) - set(self.mails()), {"person299@example.org"})
        self.assertEqual(self.status_of("person299@example.org")["status"], "dropped")

    def test_no_mail_begins_after_an_unsubscription_was_acknowledged(self):
        self.csv = self.write("people.csv", self.people(300))
        self.assertEqual(self.send(self.relay.url)[0], 0)
        links = {to: re.fullmatch(r"<(\S+)>", mail["List-Unsubscribe"]).group(1)
                 for to, mail in self.mails().items()}
        self.serve()
        running = self.program.start("send", *self.words(self.relay.url, subject="Again",
                                                         rate="100/s"))
        self.assertTrue(running.wait_for("accepted", 20), running.output)
        before = len(self.relay.messages)
        acknowledged = {}
        for number in range(299, 99, -2):  # from the end: the sending meets them half-way
            to = f"person{number}@example.org"
            self.assertEqual(self.one_click(links[to])[0].status, 200)
            acknowledged[to] = time.monotonic() * 1e6
        self.assertEqual(running.wait(60), 0, running.output)
        self.relay.read()
        again = {m["to"]: m["mail_t"] for m in self.relay.messages[before:]}
        late = {to: again[to] - at for to, at in acknowledged.items()
                if again.get(to, 0) > at}
        self.assertEqual(late, {}, "microseconds after the acknowledgement")
        self.assertGreater(len(set(acknowledged) - set(again)), 20)
        self.assertGreater(len(again), 150)


if __name__ == "__main__":
    walk.main()
