#!/usr/bin/env python3
"""Mail that comes back to the real program: the return path in what it sends, reports and answers
taken in by SMTP and what follows, hostile clients, and kill -9: what was answered 250 is there."""

import contextlib
import re
import smtplib
import socket
import subprocess
import threading
import time

import walk
from walk import Walk

import mail_servers
from server import Server, free_port

DOMAIN = "bounces.school.example"


def report(recipient, status="5.1.1", words="550 5.1.1 User unknown", number=0):
    return (f"From: MAILER-DAEMON@mx.example\r\nTo: <x@{DOMAIN}>\r\nSubject: Undelivered {number}\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; "
            'boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n'
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
            f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\n"
            f"Diagnostic-Code: smtp; {words}\r\n\r\n--b--\r\n")


class ReturnedMailTest(Walk):
    def setUp(self):
        super().setUp()
        self.inbound = free_port()
        self.program.data.mkdir(parents=True)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "10", "-subj", "/CN=in.school.example", "-keyout",
             self.folder / "tls.key", "-out", self.folder / "tls.pem"],
            check=True, stderr=subprocess.DEVNULL)
        (self.program.data / "tidings.toml").write_text(
            f'inbound_listen = "127.0.0.1:{self.inbound}"\ninbound_name = "in.school.example"\n'
            f'inbound_certificate = "{self.folder}/tls.pem"\ninbound_key = "{self.folder}/tls.key"\n')
        self.server = Server(self.program)
        self.addCleanup(self.server.kill)
        self.relay = self.sink(bodies=True)
        self.server.add_transport(self.relay.url)
        self.server.add_sender("office@school.example")
        made = self.server.call("POST", "/domains", {
            "name": "school.example", "return_path_domain": DOMAIN,
            "keys": {"algorithms": ["ed25519-sha256"]}})
        self.assertIn(f"{DOMAIN}. IN MX 10 in.school.example.",
                      [record["zone_line"] for record in made["records"]])

    def write_to(self, address):
        """(id, return path) of a message that left."""
        before = len(self.relay.messages)
        made = self.server.call("POST", "/messages", {
            "to": address, "sender": "office@school.example", "override_sender": True,
            "subject": "Hello", "text": "Hello"})
        self.wait(lambda: self.relay.read() or len(self.relay.messages) > before)
        return made["id"], self.relay.messages[-1]["from"]

    def wait(self, done, seconds=30):
        end = time.monotonic() + seconds
        while not done():
            self.assertLess(time.monotonic(), end, "it took too long")
            time.sleep(0.05)

    def deliver(self, recipient, octets, sender=""):
        with smtplib.SMTP("127.0.0.1", self.inbound, timeout=20) as client:
            return client.sendmail(sender, [recipient], octets)

    def mails(self, **filters):
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return self.server.call("GET", f"/returned-mail?{query}")["items"]

    def wait_read(self, count):
        self.wait(lambda: len([m for m in self.mails() if m["read_at"]]) >= count)

    def raw(self, text, wait_first=True):
        """What is answered to octets as they stand."""
        with socket.create_connection(("127.0.0.1", self.inbound), 20) as client:
            answers = client.recv(1000) if wait_first else b""
            with contextlib.suppress(OSError):  # who says too much is not listened to
                client.sendall(text)
                client.shutdown(socket.SHUT_WR)
                while got := client.recv(65536):
                    answers += got
        return answers.decode()

    def test_reports_and_answers_reach_their_messages(self):
        message, path = self.write_to("anna@example.org")
        self.assertRegex(path, rf"^bounce\+[a-z2-7]{{39}}@{re.escape(DOMAIN)}$")
        self.deliver(path, report("anna@example.org"))
        self.wait_read(1)
        bounce = self.mails(kind="bounce")[0]
        self.assertEqual((bounce["outcome"], bounce["message_id"]), ("applied", message))
        self.assertEqual(self.server.call("GET", f"/messages/{message}")["status"], "bounced")
        status, octets = self.server.ask("GET", f"/api/v1/returned-mail/{bounce['id']}/eml")
        self.assertEqual((status, octets), (200, report("anna@example.org")))
        # In upper case, as some servers write it back, and forged.
        other, path = self.write_to("bert@example.org")
        local, domain = path.split("@")
        self.deliver(f"{local.upper()}@{domain.upper()}",
                     "From: bert@example.org\r\nSubject: Re: Hello\r\n\r\nThank you!\r\n")
        # Not the last character: three of its bits say nothing, and those must be zero.
        forged = f"{local[:-2]}{'a' if local[-2] != 'a' else 'b'}{local[-1]}@{domain}"
        self.deliver(forged, report("bert@example.org"))
        self.wait_read(3)
        reply = self.mails(kind="reply")[0]
        self.assertEqual((reply["outcome"], reply["message_id"]), ("applied", other))
        self.assertIn("Thank you!", reply["text"])
        self.assertEqual(self.mails(outcome="unverified")[0]["kind"], "bounce")
        self.assertNotEqual(self.server.call("GET", f"/messages/{other}")["status"], "bounced")
        said = self.server._command("bounce list")
        self.assertIn("could be forged", said)
        self.assertIn("Thank you!", self.server._command("bounce show", reply["id"]))
        self.assertEqual(self.server._command("bounce show", bounce["id"], "--raw"),
                         report("anna@example.org").replace("\r\n", "\n"))
        self.assertIn("1 to be read again", self.server._command("bounce reread", bounce["id"]))

    def test_an_answer_goes_on_to_staff_and_not_in_circles(self):
        self.server.call("PATCH", "/organisation", {"reply_forward_to": "staff@school.example"})
        _, path = self.write_to("anna@example.org")
        before = len(self.relay.messages)
        self.deliver(path, "From: Anna <anna@example.org>\r\nSubject: Re: Hello\r\n\r\n{{ x }} Hi\r\n")
        self.wait(lambda: self.relay.read() or len(self.relay.messages) > before)
        copy = self.relay.messages[-1]
        self.assertEqual(copy["to"], "staff@school.example")
        octets = self.relay.octets(copy).decode()
        for words in ("Reply-To: anna@example.org", "Auto-Submitted: auto-generated",
                      "Subject: Re: Hello", "{{ x }} Hi"):
            self.assertIn(words, octets)
        # The colleague's holiday answer to that comes back, and stays here.
        self.deliver(copy["from"], "From: staff@school.example\r\nSubject: Away\r\n"
                                   "Auto-Submitted: auto-replied\r\n\r\nAway.\r\n")
        self.wait_read(2)
        time.sleep(1)
        self.relay.read()
        self.assertEqual(len(self.relay.messages), before + 1)

    def test_nothing_is_relayed_and_hostile_clients_do_no_harm(self):
        _, path = self.write_to("anna@example.org")
        with smtplib.SMTP("127.0.0.1", self.inbound, timeout=20) as client:
            client.ehlo("c.example")
            for word in ("pipelining", "size", "8bitmime", "smtputf8", "enhancedstatuscodes",
                         "starttls"):
                self.assertTrue(client.has_extn(word), word)
            client.mail("a@b.example")
            self.assertEqual(client.rcpt("x@example.com")[0], 550)
            self.assertEqual(client.rcpt("anybody@" + DOMAIN)[0], 550)
            self.assertEqual(client.rcpt("bounce+tooshort@" + DOMAIN)[0], 550)
            self.assertEqual(client.rcpt("postmaster@" + DOMAIN)[0], 250)
            self.assertEqual(client.docmd("VRFY", "postmaster")[0], 252)
        # Encrypted, and what was slipped in before that is not obeyed.
        with smtplib.SMTP("127.0.0.1", self.inbound, timeout=20) as client:
            client.starttls()
            client.sendmail("", [path], report("x@example.org", number=1))
        hello = b"EHLO c\r\n"
        injected = self.raw(hello + b"STARTTLS\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster@"
                            + DOMAIN.encode() + b">\r\nDATA\r\nx\r\n.\r\n")
        self.assertTrue(injected.endswith("220 2.0.0 Go on\r\n"), injected)
        self.assertTrue(self.raw(hello, wait_first=False).startswith("554 5.5.1"))
        smuggled = self.raw(hello + f"MAIL FROM:<>\r\nRCPT TO:<{path}>\r\nDATA\r\na\n.\nMAIL FROM:<>"
                            f"\r\nRCPT TO:<{path}>\r\nDATA\r\nb\r\n.\r\nQUIT\r\n".encode())
        self.assertIn("\r\n521 5.5.2", smuggled)
        self.assertNotIn("250 2.0.0 Kept", smuggled)
        many = self.raw(hello + b"MAIL FROM:<>\r\n" + b"RCPT TO:<x@y.example>\r\n" * 10_000)
        self.assertNotIn("250 2.1.5", many)
        self.assertLessEqual(many.count("550 5.7.1"), 20)
        with socket.create_connection(("127.0.0.1", self.inbound), 20) as client:
            client.recv(1000)
            with self.assertRaises(OSError):  # a line without an end
                for _ in range(10_000):
                    client.sendall(b"x" * 65536)
        # More connections than one address may have.
        held = [socket.create_connection(("127.0.0.1", self.inbound), 20) for _ in range(30)]
        answers = [client.recv(100)[:3] for client in held]
        self.assertEqual(answers.count(b"220"), 20)
        self.assertEqual(answers.count(b"421"), 10)
        for client in held:
            client.close()
        time.sleep(0.3)
        self.deliver(path, report("anna@example.org", number=2))
        self.wait_read(2)
        self.assertEqual(len(self.mails()), 2, "what was taken in, and nothing else")
        self.figures_are_right()

    def figures_are_right(self):
        _, text = self.server.ask("GET", "/metrics")
        figures = {name: int(amount) for name, amount in
                   re.findall(r"(?m)^(tidings_(?:inbound|returned)\S*(?: [\d.]+\"})?) (\d+)$", text)}
        self.assertEqual(figures["tidings_inbound_mail_total"], 2)
        self.assertGreaterEqual(figures["tidings_inbound_connections_total"], 36)
        refused = {name[-11:-2]: amount for name, amount in figures.items() if "refused" in name}
        self.assertEqual(refused["550 5.1.1"], 2)
        self.assertEqual(refused["521 5.5.2"], 1)
        self.assertGreaterEqual(refused["421 4.7.0"], 10)
        self.assertEqual(
            sum(amount for name, amount in figures.items() if "returned_mail_total" in name), 2)

    def test_a_domain_counts_as_soon_as_it_is_set(self):
        with smtplib.SMTP("127.0.0.1", self.inbound, timeout=20) as client:
            client.ehlo()
            client.mail("")
            for number in range(5):
                domain = f"bounces.s{number}.example"
                self.assertEqual(client.rcpt(f"postmaster@{domain}")[0], 550)
                self.server.call("POST", "/domains", {
                    "name": f"s{number}.example", "return_path_domain": domain,
                    "keys": {"algorithms": ["ed25519-sha256"]}})
                self.assertEqual(client.rcpt(f"postmaster@{domain}")[0], 250)

    def test_a_real_postfix_reports_what_it_could_not_deliver(self):
        if why := mail_servers.why_not("postfix"):
            self.fail(f"Postfix is not there to be tried: {why}")
        port = free_port()
        with mail_servers.postfix({"127.0.0.1": ""}, port, (DOMAIN, self.inbound)) as postfix:
            self.server.add_transport(f"smtp://127.0.0.1:{port}")
            message = self.server.call("POST", "/messages", {
                "to": "anna@gone.example", "sender": "office@school.example",
                "override_sender": True, "subject": "Hello", "text": "Hello"})["id"]
            self.wait(lambda: self.server.call("GET", f"/messages/{message}")["status"] == "bounced",
                      60)
            log = (postfix.folder / "maillog").read_text()
        self.assertRegex(log, r"to=<bounce\+[a-z2-7]{39}@bounces\.school\.example>.*status=sent")
        bounce = self.mails(kind="bounce")[0]
        self.assertEqual((bounce["outcome"], bounce["message_id"]), ("applied", message))
        about = bounce["recipients"][0]
        self.assertEqual((about["address"], about["severity"], about["reason"]),
                         ("anna@gone.example", "hard", "userunknown"))

    def test_what_was_answered_250_survives_kill_9(self):
        _, path = self.write_to("anna@example.org")
        kept, stop = set(), threading.Event()
        lock = threading.Lock()

        def client(first):
            number = first
            while not stop.is_set():
                try:
                    with smtplib.SMTP("127.0.0.1", self.inbound, timeout=5) as connection:
                        while not stop.is_set():
                            number += 10
                            connection.sendmail("", [path], report("a@example.org", number=number))
                            with lock:
                                kept.add(f"Undelivered {number}")
                except (OSError, smtplib.SMTPException):
                    time.sleep(0.05)

        clients = [threading.Thread(target=client, args=(n,)) for n in range(4)]
        for each in clients:
            each.start()
        kills = 0
        try:
            for _ in range(5):
                before = len(kept)
                self.wait(lambda: len(kept) > before + 10, 60)
                self.server.kill()
                kills += 1
                self.server.start()
        finally:
            stop.set()
            for each in clients:
                each.join()
        self.assertGreater(len(kept), 50)
        subjects, cursor = set(), ""
        self.wait(lambda: all(c["kind"] for c in
                              self.server.call("GET", "/returned-mail/counts")["items"]), 60)
        while cursor is not None:
            page = self.server.call("GET", f"/returned-mail?limit=200{cursor}")
            subjects |= {m["subject"] for m in page["items"]}
            cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"]
        self.assertEqual(kept - subjects, set(), f"{len(kept)} were answered 250, {kills} kills")


if __name__ == "__main__":
    walk.main()
