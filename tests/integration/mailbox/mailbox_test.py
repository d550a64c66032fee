#!/usr/bin/env python3
"""Returned mail collected from Dovecot by IMAP and POP3: what was stored leaves the mailbox, nothing
else does, and nothing is stored twice, whatever happens in between."""

import argparse
import contextlib
import http.server
import json
import os
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "peers"))
import dovecot  # noqa: E402
from postfix import free_port  # noqa: E402
from tidings import remove, skip, work_folder  # noqa: E402

PROGRAM = None


def report(number, size=0):
    """A mail as it comes to a return path."""
    return (f"Return-Path: <>\r\nDelivered-To: bounces@school.example\r\nFrom: mailer@x.example\r\n"
            f"Subject: Undelivered {number}\r\n\r\nNo such user {number}.\r\n").encode() + b"x" * size


class Tokens:
    """What gives access tokens for a refresh token that changes each time, and tells Dovecot (over
    plain HTTP) whether one is good."""

    def __init__(self, certificates):
        self.refresh, self.access = "refresh-1", ""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                form = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode()))
                status, told = outer.answer(self.path, form)
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
                        for _ in range(2)]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
        self.servers[0].socket = context.wrap_socket(self.servers[0].socket, server_side=True)
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self.token_url = f"https://127.0.0.1:{self.servers[0].server_address[1]}/token"
        self.introspection = f"http://127.0.0.1:{self.servers[1].server_address[1]}/introspect"

    def answer(self, path, form):
        if path == "/introspect":
            is_good = form.get("token") == self.access != ""
            return 200, {"active": is_good, "username": dovecot.USER}
        if form.get("refresh_token") != self.refresh or form.get("client_secret") != "s3cret":
            return 400, {"error": "invalid_grant"}
        number = int(self.refresh.split("-")[1]) + 1
        self.refresh, self.access = f"refresh-{number}", f"access-{number}"
        return 200, {"access_token": self.access, "refresh_token": self.refresh}

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


class MailboxTest(unittest.TestCase):
    def setUp(self):
        self.at = work_folder("mailbox")
        self.addCleanup(remove, self.at)
        self.data = self.at / "data"
        server = self.at / "dovecot"
        server.mkdir()
        self.at.chmod(0o755)
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        dovecot.make_certificate(server)
        self.tokens = Tokens(server)
        stack.callback(self.tokens.close)
        self.dovecot = stack.enter_context(
            dovecot.running(server, self.tokens.introspection))
        self.tidings("init", "--name", "School", "--owner", "ada@school.example", "--owner-name",
                     "Ada", "--password-stdin", words="mauve otter\n")

    def tidings(self, *words_of_it, words="", code=0):
        done = subprocess.run([PROGRAM, *words_of_it, "--data", self.data], input=words,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code, f"{words_of_it}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def add(self, kind="imaps", *options, password=dovecot.PASSWORD, trusted=True):
        port = self.dovecot.imap if kind == "imaps" else self.dovecot.pop3
        authority = f"?ca={self.dovecot.authority}" if trusted else ""
        url = f"{kind}://{dovecot.USER}@localhost:{port}/{authority}"
        return json.loads(self.tidings("mailbox", "add", url, "--json", *options,
                                       words=password + "\n"))["id"]

    def poll(self, mailbox, code=0):
        return json.loads(self.tidings("mailbox", "poll", mailbox, "--json", code=code))

    def put(self, first, last):
        for number in range(first, last):
            self.dovecot.put(report(number), number)

    def stored(self):
        with sqlite3.connect(self.data / "tidings.db") as database:
            return database.execute("SELECT COUNT(*) FROM returned_mail").fetchone()[0]

    def test_what_is_stored_leaves_the_mailbox_by_either_protocol(self):
        for kind in ("imaps", "pop3s"):
            mailbox = self.add(kind)
            before = self.stored()
            self.assertEqual(self.poll(mailbox)["taken"], 0)
            self.put(before, before + 3)
            self.assertIn("3 mails", self.tidings("mailbox", "test", mailbox))
            self.assertEqual(self.dovecot.count(), 3, "a test changes nothing")
            self.assertEqual(self.poll(mailbox)["taken"], 3)
            self.assertEqual(self.stored(), before + 3)
            self.assertEqual(self.dovecot.count(), 0)

    def test_a_mailbox_that_is_kept_has_its_mail_moved(self):
        mailbox = self.add("imaps", "--move-to", "Read")
        self.put(0, 4)
        self.poll(mailbox)
        self.assertEqual((self.dovecot.count(), self.dovecot.count("Read"), self.stored()), (0, 4, 4))
        self.poll(mailbox)
        self.assertEqual(self.stored(), 4)

    def test_500_mails_and_more_are_taken_and_a_huge_one_is_left(self):
        mailbox = self.add()
        self.dovecot.put(report(0, 11 << 20), 0)
        self.put(1, 521)
        self.assertEqual(self.poll(mailbox)["taken"], 500)
        told = self.poll(mailbox)
        self.assertEqual((told["taken"], told["left"]), (520, 1))
        self.assertEqual((self.stored(), self.dovecot.count()), (520, 1))

    def test_what_cannot_be_entered_says_why_and_changes_nothing(self):
        self.put(0, 1)
        for mailbox, words in ((self.add(password="falsch"), "user and password"),
                               (self.add("pop3s", password="falsch"), "user and password"),
                               (self.add(trusted=False), "certificate")):
            self.assertIn(words, self.poll(mailbox, code=1)["trouble"])
            self.assertIn(words, self.tidings("mailbox", "test", mailbox, code=1))
        self.assertEqual((self.stored(), self.dovecot.count()), (0, 1))

    def test_a_connection_that_is_cut_loses_and_doubles_nothing(self):
        for kind, proxy in (("imaps", self.dovecot.imap_proxy), ("pop3s", self.dovecot.pop3_proxy)):
            mailbox = self.add(kind)
            before = self.stored()
            self.put(before, before + 60)
            proxy.cut_after = 9_000
            self.assertTrue(self.poll(mailbox, code=1)["trouble"])
            self.assertLess(self.stored(), before + 60)
            proxy.cut_after = None
            self.poll(mailbox)
            self.assertEqual((self.stored(), self.dovecot.count()), (before + 60, 0))

    def test_killed_between_storing_and_deleting_it_stores_nothing_twice(self):
        mailbox = self.add()
        self.put(0, 10)
        self.dovecot.imap_proxy.hold_at = b"STORE"
        visit = subprocess.Popen([PROGRAM, "mailbox", "poll", mailbox, "--data", self.data],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.assertTrue(self.dovecot.imap_proxy.held.wait(60))
        visit.kill()
        visit.wait()
        self.assertEqual((self.stored(), self.dovecot.count()), (10, 10))
        self.dovecot.imap_proxy.hold_at = None
        self.poll(mailbox)
        self.assertEqual((self.stored(), self.dovecot.count()), (10, 0))

    def test_a_token_logs_in_and_a_new_refresh_token_is_kept(self):
        oauth = self.at / "oauth.json"
        oauth.write_text(json.dumps({
            "token_url": self.tokens.token_url, "client_id": "tidings", "client_secret": "s3cret",
            "refresh_token": self.tokens.refresh}))
        mailbox = self.add("imaps", "--oauth-file", oauth)
        self.put(0, 3)
        self.assertIn("no public address", self.poll(mailbox, code=1)["trouble"])
        os.environ["TIDINGS_MX_PRIVATE_NETWORKS"] = "127.0.0.0/8"
        self.addCleanup(os.environ.pop, "TIDINGS_MX_PRIVATE_NETWORKS")
        self.assertEqual(self.poll(mailbox)["taken"], 3)
        self.assertEqual(self.tokens.refresh, "refresh-2")
        self.put(3, 5)
        self.assertEqual(self.poll(mailbox)["taken"], 5)
        self.tokens.refresh = "refresh-99"
        self.assertIn("consent again", self.poll(mailbox, code=1)["trouble"])

    def test_a_running_server_visits_by_itself(self):
        self.add()
        self.put(0, 5)
        server = subprocess.Popen([PROGRAM, "serve", "--listen", f"127.0.0.1:{free_port()}", "--data", self.data],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while self.dovecot.count() > 0 and time.monotonic() < end:
            time.sleep(0.05)
        server.terminate()
        server.wait(60)
        self.assertEqual((self.stored(), self.dovecot.count()), (5, 0))


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--tidings", required=True)
    options, rest = options.parse_known_args()
    PROGRAM = options.tidings
    if dovecot.folder() is None:
        skip("no Dovecot: ./dev setup unpacks it")
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
