#!/usr/bin/env python3
"""The oracle is itself proven: what tests/chaos/sink.cc records is what was sent.

usage: sink_test.py --sink PROGRAM
"""

import argparse
import hashlib
import random
import socket
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from oracle_sink import OracleSink  # noqa: E402
from tidings import remove, work_folder  # noqa: E402

SINK = None


def stuffed(octets):
    return b"\r\n".join(b"." + line if line.startswith(b".") else line
                        for line in octets.split(b"\r\n")) + b".\r\n"


def transaction(octets, to, more=b""):
    return (b"MAIL FROM:<a@example.org>" + more + b"\r\nRCPT TO:<" + to + b">\r\nDATA\r\n"
            + stuffed(octets))


class Talk:
    def __init__(self, test, sink):
        host, port = sink.address.split(":")
        self.socket = socket.create_connection((host, int(port)), 5)
        self.file = self.socket.makefile("rb")
        test.addCleanup(self.close)

    def close(self):
        self.file.close()
        self.socket.close()

    def replies(self, count):
        codes = []
        while len(codes) < count:
            line = self.file.readline()
            if not line:
                break
            if line[3:4] == b" ":
                codes.append(int(line[:3]))
        return codes


class SinkTest(unittest.TestCase):
    def setUp(self):
        self.folder = work_folder("sink")

    def tearDown(self):
        remove(self.folder)

    def sink(self, **options):
        return OracleSink(SINK, self.folder, bodies=True, **options)

    def test_pipelined_messages_in_one_write_are_each_recorded_octet_for_octet(self):
        bodies = [b"Message-ID: <%d@x>\r\n\r\n.dot\r\n..two\r\ntext %d\r\n.\r\n" % (i, i)
                  for i in range(50)]
        with self.sink() as sink:
            talk = Talk(self, sink)
            talk.socket.sendall(b"EHLO x\r\n" + b"".join(
                transaction(body, b"p%d@example.com" % i) for i, body in enumerate(bodies))
                + b"QUIT\r\n")
            codes = talk.replies(2 + 4 * 50 + 1)
            self.assertEqual(codes, [220, 250] + [250, 250, 354, 250] * 50 + [221])
            sink.read()
            self.assertEqual([m["to"] for m in sink.messages],
                             [f"p{i}@example.com" for i in range(50)])
            self.assertEqual([m["id"] for m in sink.messages], [f"<{i}@x>" for i in range(50)])
            for body, message in zip(bodies, sink.messages):
                self.assertEqual(sink.octets(message), body)
                self.assertEqual(message["sha256"], hashlib.sha256(body).hexdigest())

    def test_a_message_cut_at_every_octet_is_recorded_the_same(self):
        body = b"Message-ID:\r\n <folded@x>\r\n\r\n.\r\n..\r\nend\r\n"
        wire = transaction(body, b"p@example.com")
        with self.sink() as sink:
            talk = Talk(self, sink)
            talk.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            talk.socket.sendall(b"EHLO x\r\n")
            for i in range(len(wire)):
                talk.socket.sendall(wire[i:i + 1])
            self.assertEqual(talk.replies(6)[2:], [250, 250, 354, 250])
            sink.read()
            self.assertEqual(sink.octets(sink.messages[0]), body)
            self.assertEqual(sink.messages[0]["id"], "<folded@x>")

    def test_random_content_comes_out_as_it_went_in(self):
        source = random.Random(7)
        with self.sink() as sink:
            talk = Talk(self, sink)
            talk.socket.sendall(b"EHLO x\r\n")
            talk.replies(2)
            for _ in range(200):
                body = b"".join(source.choice([b".", b"\r\n", b"a", b"\r\n."])
                                for _ in range(source.randrange(30))) + b"\r\n"
                talk.socket.sendall(transaction(body, b"p@example.com"))
                self.assertEqual(talk.replies(4), [250, 250, 354, 250])
                sink.read()
                self.assertEqual(sink.octets(sink.messages[-1]), body)

    def test_a_message_without_its_end_is_not_taken_and_the_loss_is_noted(self):
        with self.sink() as sink:
            talk = Talk(self, sink)
            talk.socket.sendall(b"EHLO x\r\n" + transaction(b"x\r\n", b"p@example.com")[:-3])
            talk.replies(5)
            talk.close()
            end = time.monotonic() + 5
            while not sink.ended and time.monotonic() < end:
                sink.read()
                time.sleep(0.01)
            self.assertEqual(sink.messages, [])
            self.assertEqual((sink.ended[0]["event"], sink.ended[0]["state"]), ("lost", "data"))

    def test_forbidden_content_is_named(self):
        cases = {b"a\nb\r\n": "bare_lf", b"a\rb\r\n": "bare_cr", b"a\0b\r\n": "nul",
                 b"x" * 998 + b"\r\n": "", b"x" * 999 + b"\r\n": "long_line",
                 b"\xc3\xa9\r\n": "undeclared_8bit"}
        with self.sink() as sink:
            talk = Talk(self, sink)
            talk.socket.sendall(b"EHLO x\r\n")
            talk.replies(2)
            for body, name in cases.items():
                talk.socket.sendall(transaction(body, b"p@example.com"))
                talk.replies(4)
                sink.read()
                self.assertEqual(sink.messages[-1]["defects"], name, body)
            talk.socket.sendall(transaction(b"\xc3\xa9\r\n", b"p@example.com", b" BODY=8BITMIME"))
            talk.replies(4)
            sink.read()
            self.assertEqual(sink.messages[-1]["defects"], "")

    def test_each_fault_strikes_and_is_noted(self):
        expected = {"mail_421": [421], "rcpt_4xx": [250, 450, 554], "rcpt_5xx": [250, 550, 554],
                    "data_4xx": [250, 250, 451], "dot_4xx": [250, 250, 354, 451],
                    "dot_5xx": [250, 250, 354, 554], "drop_in_data": [250, 250, 354],
                    "drop_unrecorded": [250, 250, 354], "drop_recorded": [250, 250, 354],
                    "drop_after_reply": [250, 250, 354, 250]}
        taken = {"drop_recorded", "drop_after_reply"}
        for name, codes in expected.items():
            with self.subTest(name), OracleSink(SINK, self.folder / name,
                                                faults={name: 1}) as sink:
                talk = Talk(self, sink)
                talk.socket.sendall(b"EHLO x\r\n")
                talk.replies(2)
                got = []
                for part in (b"MAIL FROM:<>\r\n", b"RCPT TO:<p@example.com>\r\n", b"DATA\r\n",
                             b"x\r\n.\r\n"):
                    try:
                        talk.socket.sendall(part)
                        reply = talk.replies(1)
                    except OSError:
                        break
                    got += reply
                    if not reply or got[-1] in (421, 451, 554):
                        break
                self.assertEqual(got, codes)
                sink.read()
                self.assertEqual([f["fault"] for f in sink.faults], [name])
                self.assertEqual(len(sink.messages), 1 if name in taken else 0)

    def test_latency_holds_back_the_reply_and_not_the_record(self):
        with self.sink(latency_ms=200) as sink:
            talk = Talk(self, sink)
            began = time.monotonic()
            talk.socket.sendall(b"EHLO x\r\n" + transaction(b"x\r\n", b"p@example.com") * 2)
            self.assertEqual(len(talk.replies(5)), 5)
            while not sink.messages and time.monotonic() - began < 0.15:
                sink.read()
                time.sleep(0.005)
            self.assertEqual(len(sink.messages), 1)
            self.assertEqual(talk.replies(5), [250, 250, 250, 354, 250])
            self.assertGreaterEqual(time.monotonic() - began, 0.4)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--sink", required=True)
    options, rest = parser.parse_known_args()
    SINK = options.sink
    unittest.main(argv=[sys.argv[0], *rest])
