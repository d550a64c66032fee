#!/usr/bin/env python3
"""Security: staff who may read everything that was sent cannot get hold of the link that verifies a
sender, and so cannot verify an address that is not theirs: not in the message as sent, raw or as
HTML, not at the command line, not in exports, not in the sandbox, not in the data folder."""

import email
import email.policy
import re
import subprocess
import time
import urllib.parse

import walk
from walk import Walk

from server import Server


class SenderLinkTest(Walk):
    def serve(self):
        self.server = Server(self.program)
        self.addCleanup(self.server.kill)
        return self.server

    def wait_sent(self, message):
        end = time.monotonic() + 30
        while self.server.call("GET", f"/messages/{message}")["status"] != "sent":
            self.assertLess(time.monotonic(), end, "it is not sent")
            time.sleep(0.05)

    def command(self, command, *rest):
        done = subprocess.run([str(a) for a in self.program.arguments(command, *rest)],
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def everything_readable(self, message):
        """What the record gives out about a message, in every way there is."""
        base = f"/api/v1/messages/{message}"
        texts = {}
        for way in ("", "/content", "/raw", "/html", "/eml"):
            status, answer = self.server.ask("GET", base + way)
            if status == 200:
                texts["GET" + way] = str(answer)
        self.assertGreaterEqual(len(texts), 4, texts.keys())
        for flags in ([], ["--raw"], ["--json"]):
            texts["message show " + " ".join(flags)] = self.command("message show", message, *flags)
        texts["log --json"] = self.command("log", "--json")
        return texts

    def assert_nowhere(self, secret, texts):
        for where, text in texts.items():
            unfolded = text.replace("=\r\n", "").replace("=\n", "").replace("=\\r\\n", "")
            self.assertNotIn(secret, unfolded, where)

    def files(self):
        return {str(path): path.read_bytes().decode("latin-1")
                for path in self.program.data.rglob("*") if path.is_file()}

    def test_the_link_reaches_its_address_and_no_reader_of_the_record(self):
        sink = self.sink(bodies=True)
        server = self.serve()
        server.add_transport(sink.url)
        sender = server.add_sender("principal@other.example")
        sent = server.call("POST", f"/senders/{sender['id']}/verification")["message_id"]
        self.wait_sent(sent)
        sink.read()
        parsed = email.message_from_bytes(sink.octets(sink.messages[0]), policy=email.policy.SMTP)
        link = re.search(r"http\S+/sender/(\S+)", parsed.get_content())
        self.assertIsNotNone(link)
        self.assert_nowhere(link[1], self.everything_readable(sent))
        self.assert_nowhere(link[1], self.files())
        # What stands there instead verifies nothing; what was mailed does.
        self.assertEqual(server.ask("GET", "/sender/hidden-hidden-hidden-hidden-hid-")[0], 404)
        path = urllib.parse.urlsplit(link[0]).path
        self.assertEqual(server.ask("GET", path)[0], 200)
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        self.assertEqual(server.ask("POST", path, "action=confirm", **form)[0], 200)
        self.assertTrue(server.call("GET", f"/senders/{sender['id']}")["is_verified"])

    def test_a_test_token_does_not_get_it_from_the_sandbox(self):
        server = self.serve()
        trial = server.make_token("all", test=True)
        sender = server.add_sender("principal@other.example")
        sent = server.call("POST", f"/senders/{sender['id']}/verification", token=trial)
        self.wait_sent(sent["message_id"])
        texts = self.everything_readable(sent["message_id"]) | self.files()
        shown = server.call("GET", f"/sandbox/messages/{sent['message_id']}", token=trial)
        self.assertEqual(shown["message"]["address"], "principal@other.example")
        texts["sandbox"] = str(shown["content"])
        listed = server.call("GET", "/sandbox/messages", token=trial)["items"]
        self.assertEqual([one["id"] for one in listed], [sent["message_id"]])
        tokens = set()
        for text in texts.values():
            unfolded = text.replace("=\r\n", "").replace("=\n", "")
            tokens |= set(re.findall(r"/sender/([\w-]{32})", unfolded))
        self.assertEqual(tokens, {"hidden-hidden-hidden-hidden-hid-"})


if __name__ == "__main__":
    walk.main()
