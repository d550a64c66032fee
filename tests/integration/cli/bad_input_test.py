#!/usr/bin/env python3
"""Bad input, each with the clear error a person sees: what is wrong and what to do."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import unittest

import walk
from stubborn_server import StubbornServer, free_port, self_signed
from tidings import Tidings
from walk import Walk

NOWHERE = "sandbox:"  # what is wrong must show before any mail server matters


class TemplateTest(Walk):
    def test_an_unclosed_tag_is_named_with_line_and_column(self):
        self.letter = self.write("letter.html", "<p>one</p>\n<p>{% if contact.first_name %}x</p>\n")
        self.assert_refused(self.send(NOWHERE), "if", "line 2", "column 4")

    def test_an_unclosed_object_is_named_with_line_and_column(self):
        self.letter = self.write("letter.html", "<p>one</p>\n<p>two</p>\n<p>{{ contact.first_name\n")
        self.assert_refused(self.send(NOWHERE), "line 3", "column 4")

    def test_an_unknown_tag_is_named(self):
        self.letter = self.write("letter.html", "<p>{% blink %}</p>")
        self.assert_refused(self.send(NOWHERE), "blink", "line 1", "column 4")

    def test_an_unknown_filter_is_named(self):
        self.letter = self.write("letter.html", "<p>{{ contact.first_name | shuot }}</p>")
        self.assert_refused(self.send(NOWHERE), "shuot")

    def test_an_unknown_column_is_named_with_the_nearest(self):
        self.letter = self.write("letter.html", "<p>\n{{ contact.first_nam }}</p>")
        self.assert_refused(self.send(NOWHERE), "first_nam", "first_name")

    def test_an_unknown_column_in_the_subject_is_named(self):
        self.assert_refused(self.send(NOWHERE, subject="Hi {{ contact.nickname }}"), "nickname")

    def test_a_malformed_subject_is_refused(self):
        self.assert_refused(self.send(NOWHERE, subject="Hi {{ contact.first_name"), "subject",
                            "column 4")

    def test_a_template_that_is_not_utf8_is_refused_with_what_to_do(self):
        self.letter = self.write("letter.html", "<p>Café {{ contact.first_name }}</p>".encode("latin-1"))
        self.assert_refused(self.send(NOWHERE), "letter.html", "UTF-8")


class FileTest(Walk):
    def test_each_missing_file_is_named(self):
        for option in ("csv", "template", "text", "attach", "password_file"):
            with self.subTest(option):
                missing = self.folder / f"missing-{option}.txt"
                self.assert_refused(self.send(NOWHERE, **{option: missing}), missing.name)

    def test_a_folder_in_the_place_of_a_file_is_refused(self):
        for option in ("csv", "template", "attach"):
            with self.subTest(option):
                self.assert_refused(self.send(NOWHERE, **{option: self.folder}), self.folder.name)

    def test_an_empty_list_is_refused(self):
        self.csv = self.write("people.csv", "")
        self.assert_refused(self.send(NOWHERE), "people.csv")

    def test_a_list_of_nobody_is_refused(self):
        self.csv = self.write("people.csv", "email,first_name\n")
        self.assert_refused(self.send(NOWHERE), "nobody")

    def test_a_list_of_broken_addresses_only_writes_to_nobody(self):
        self.csv = self.write("people.csv", "email,first_name\nnonsense,A\n,B\n")
        self.assert_refused(self.send(NOWHERE), "nobody")

    def test_a_list_without_an_address_column_is_refused(self):
        self.csv = self.write("people.csv", "naam,woonplaats\nJan,Leiden\n")
        self.assert_refused(self.send(NOWHERE), "address")

    def test_a_list_that_is_no_text_is_refused(self):
        self.csv = self.write("people.csv", os.urandom(4000) + b"\0" * 100)
        self.assert_refused(self.send(NOWHERE), "not text", "CSV")

    def test_a_spreadsheet_file_is_refused(self):
        self.csv = self.write("people.xlsx", b"PK\x03\x04" + os.urandom(2000))
        self.assert_refused(self.send(NOWHERE), "spreadsheet", "CSV")

    def test_lists_in_latin1_and_windows_1250_are_understood(self):
        for encoding, name in (("latin-1", "Zoë Müller"), ("cp1250", "Łukasz Żółć")):
            with self.subTest(encoding):
                self.program.data = self.folder / encoding
                sink = walk.OracleSink(walk.SINK, self.folder / f"sink-{encoding}", bodies=True)
                self.addCleanup(sink.__exit__)
                text = "email,first_name\n" + "".join(
                    f"p{n}@example.org,{name}\n" for n in range(40))
                self.csv = self.write("people.csv", text.encode(encoding))
                code, output = self.send(sink.url)
                self.assertEqual(code, 0, output)
                sink.read()
                import email
                import email.policy
                mail = email.message_from_bytes(sink.octets(sink.messages[-1]),
                                                policy=email.policy.default)
                self.assertIn(name, mail.get_body(("html",)).get_content())

    def test_a_data_folder_that_is_a_file_is_refused(self):
        self.program.data = self.write("data-file", "x")
        self.assert_refused(self.send(NOWHERE), "data-file")


class OptionTest(Walk):
    def test_each_missing_option_is_named(self):
        for option in ("csv", "template", "subject", "from", "smtp"):
            with self.subTest(option):
                code, output = self.send(NOWHERE, **{option: None})
                self.assertEqual(code, 2, output)
                self.assertIn(option, output)

    def test_wrong_values_are_named(self):
        for option, value, named in (("from", "not an address", "not an address"), ("smtp", "ftp://x", "smtp"),
                                     ("smtp", "smtp://", "smtp"), ("reply_to", "a@", "reply-to"),
                                     ("smtp", "smtp://host:99999", "99999"), ("rate", "fast", "rate"),
                                     ("connections", "0", "connections"), ("wait", "soon", "wait"),
                                     ("database", "mysql://x", "database"),
                                     ("envelope_from", "b ad", "b ad")):
            with self.subTest(option, value=value):
                code, output = self.send(NOWHERE, **{option: value})
                self.assertEqual(code, 2, output)
                self.assertIn(named, output.lower())

    def test_an_unknown_option_and_an_unknown_command_are_refused(self):
        for words in (["send", "--no-such-option"], ["snd"], []):
            done = subprocess.run([walk.TIDINGS, *words], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2 if words else done.returncode, done.stderr)
            self.assertNotEqual(done.stderr + done.stdout, "")

    def test_an_unknown_setting_is_refused_with_a_suggestion(self):
        self.program.data.mkdir()
        (self.program.data / "tidings.toml").write_text('listn = "127.0.0.1:1"\n')
        self.assert_refused(self.send(NOWHERE), "listn", "listen")

    def test_ids_that_do_not_exist_are_refused(self):
        sink = self.sink()
        self.assertEqual(self.send(sink.url)[0], 0)
        self.assert_refused(self.program.run("message show", "0000000000abc"), "0000000000abc")
        self.assert_refused(self.program.run("message show", "what?"), "what?")
        self.assert_refused(self.program.run("cancel", "0000000000abc"), "0000000000abc")

    def test_commands_on_a_folder_without_data_say_so(self):
        for command in ("status", "log", "send --resume"):
            with self.subTest(command):
                self.assert_refused(self.program.run(command), "data")
                self.assertFalse(self.program.data.exists())

    def test_a_dry_run_sends_nothing_and_leaves_nothing(self):
        sink = self.sink()
        code, output = self.program.run("send", *self.words(sink.url), "--dry-run")
        self.assertEqual(code, 0, output)
        self.assertIn("3", output)
        self.assertIn("Person 0", output)
        sink.read()
        self.assertEqual(sink.messages, [])


class ServerTest(Walk):
    """Trouble with the mail server is never the recipient's: nothing is lost, all can go on."""

    def assert_nothing_begun(self, outcome, *named):
        """Refused before anything was accepted: the same command works once the trouble is over."""
        self.assert_refused(outcome, *named)
        self.assertNotIn("accepted", outcome[1])

    def test_a_server_that_is_down_is_named_and_nothing_was_begun(self):
        port = free_port()
        self.assert_nothing_begun(self.send(f"smtp://127.0.0.1:{port}"), "refused", str(port))
        with StubbornServer() as server:
            self.assertEqual(self.send(f"smtp://127.0.0.1:{server.port}")[0], 0)
            self.assertEqual(len(server.messages), 3)

    def test_a_server_that_goes_down_meanwhile_is_named_and_the_send_goes_on_later(self):
        os.environ["TIDINGS_RETRY_DELAYS"] = "1s"
        self.addCleanup(os.environ.pop, "TIDINGS_RETRY_DELAYS")
        sink = self.sink(latency_ms=10)
        port = int(sink.address.split(":")[1])
        self.csv = self.write("people.csv", self.people(300))
        running = self.program.start("send", *self.words(sink.url, connections=3, wait="5s"))
        self.assertTrue(running.wait_for("accepted", 30), running.output)
        while len(sink.messages) < 30 and running.running():
            sink.read()
        sink.__exit__()
        self.assertEqual(running.wait(150), 3, running.output)
        self.assertIn("refused", running.output)
        self.assertIn(str(port), running.output)
        self.assertIn("--resume", running.output)
        statuses = {r["status"] for r in self.program.log()}
        self.assertLessEqual(statuses, {"sent", "queued", "deferred", "uncertain"})
        again = walk.OracleSink(walk.SINK, self.folder / "again", port=port)
        self.addCleanup(again.__exit__)
        code, output = self.program.run("send", "--resume", "--wait", "1m", timeout=150)
        for relay in (sink, again):
            relay.read()
        reached = [m["to"] for m in sink.messages + again.messages]
        doubtful = {r["address"] for r in self.program.log() if r["ambiguous"]}
        self.assertEqual(len(reached), len(set(reached)), "somebody got it twice")
        self.assertEqual({f"person{n}@example.org" for n in range(300)} - set(reached) - doubtful,
                         set(), output)
        self.assertLessEqual(len(doubtful), 3)
        self.assertEqual(code, 3 if doubtful else 0, output)

    def test_a_host_that_does_not_exist_is_named(self):
        self.assert_nothing_begun(self.send("smtp://no-such-host.invalid:25"),
                                  "no-such-host.invalid")

    def test_refused_credentials_are_told_in_the_servers_words(self):
        secret = self.write("password", "wrong horse\n")
        with StubbornServer(auth="refuse", tls="starttls", certificate=self_signed(self.folder)) as s:
            os.environ["SSL_CERT_FILE"] = str(self.folder / "localhost.crt")
            self.addCleanup(os.environ.pop, "SSL_CERT_FILE", None)
            outcome = self.send(f"smtp://ann@localhost:{s.port}", password_file=secret)
        self.assert_nothing_begun(outcome, "those credentials are not known here", "password")
        self.assertNotIn("wrong horse", outcome[1])

    def test_right_credentials_over_a_trusted_certificate_are_taken(self):
        secret = self.write("password", "right horse\n")
        certificate = self_signed(self.folder)
        os.environ["SSL_CERT_FILE"] = str(certificate[0])
        self.addCleanup(os.environ.pop, "SSL_CERT_FILE", None)
        for tls, scheme in (("starttls", "smtp"), ("implicit", "smtps")):
            with self.subTest(tls), StubbornServer(auth="take", tls=tls,
                                                   certificate=certificate) as server:
                self.program.data = self.folder / f"data-{tls}"
                code, output = self.send(f"{scheme}://ann@localhost:{server.port}",
                                         password_file=secret)
                self.assertEqual(code, 0, output)
                self.assertEqual(len(server.messages), 3)

    def test_a_password_does_not_go_over_a_line_without_tls(self):
        secret = self.write("password", "right horse\n")
        with StubbornServer(auth="take") as server:
            self.assert_nothing_begun(
                self.send(f"smtp://ann@127.0.0.1:{server.port}", password_file=secret),
                "not encrypted")
            self.assertFalse([c for c in server.commands if c.upper().startswith("AUTH")])

    def test_a_certificate_nobody_signed_is_refused(self):
        for tls, scheme in (("starttls", "smtp"), ("implicit", "smtps")):
            with self.subTest(tls), StubbornServer(
                    auth="take", tls=tls, certificate=self_signed(self.folder)) as server:
                self.program.data = self.folder / f"data-{tls}"
                self.assert_nothing_begun(
                    self.send(f"{scheme}://ann@localhost:{server.port}",
                              password_file=self.write("password", "right horse\n")), "certificate")
                self.assertEqual(server.messages, [])

    def test_a_certificate_for_another_name_is_refused(self):
        certificate = self_signed(self.folder, "other.example")
        cert, key = certificate
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=other.example", "-addext", "subjectAltName=DNS:other.example",
                        "-keyout", key, "-out", cert], check=True, capture_output=True)
        os.environ["SSL_CERT_FILE"] = str(cert)
        self.addCleanup(os.environ.pop, "SSL_CERT_FILE", None)
        with StubbornServer(tls="implicit", certificate=certificate) as server:
            self.assert_nothing_begun(self.send(f"smtps://localhost:{server.port}"), "localhost",
                                      "certificate")
            self.assertEqual(server.messages, [])

    def test_a_refused_recipient_bounces_alone(self):
        with StubbornServer(replies={"RCPT": "550 5.1.1 no such person here"}) as server:
            code, output = self.send(f"smtp://127.0.0.1:{server.port}")
            self.assertEqual(code, 1, output)
        for row in self.program.log():
            self.assertEqual(row["status"], "bounced", row)
            self.assertIn("no such person here", self.program.run("message show", row["id"])[1])

    def test_a_server_that_says_later_leaves_all_deferred(self):
        with StubbornServer(replies={"RCPT": "450 4.2.1 mailbox busy"}) as server:
            code, output = self.send(f"smtp://127.0.0.1:{server.port}")
        self.assertEqual(code, 3, output)
        self.assertIn("--resume", output)
        for row in self.program.log():
            self.assertEqual(row["status"], "deferred", row)

    def test_a_refused_sender_is_no_recipients_fault(self):
        with StubbornServer(greeting="554 5.7.1 go away") as server:
            self.assert_nothing_begun(self.send(f"smtp://127.0.0.1:{server.port}"), "go away")


class FolderTest(Walk):
    def test_a_second_sender_on_the_folder_is_refused_or_handed_to_the_first(self):
        sink = self.sink(latency_ms=20)
        self.csv = self.write("people.csv", self.people(400))
        first = self.program.start("send", *self.words(sink.url, connections=2, rate="100/s"))
        self.assertTrue(first.wait_for(r"accepted", 30), first.output)
        self.csv = self.write("others.csv", self.people(5, "other"))
        code, output = self.send(sink.url)
        alive = first.running()
        self.assertEqual(first.wait(60), 0, first.output)
        sink.read()
        got = [m["to"] for m in sink.messages]
        self.assertEqual(len(got), len(set(got)), "somebody got it twice")
        self.assertTrue(alive, "the first was over before the second could meet it")
        others = [a for a in got if a.startswith("other")]
        if code == 2:
            self.assertIn(str(first.process.pid), output)
            self.assertEqual(others, [])
        else:
            self.assertEqual((code, len(others)), (0, 5), output)
        self.assertEqual(len(got) - len(others), 400)

    def test_a_folder_with_another_key_sends_nothing_from_the_database_and_says_why(self):
        database = f"sqlite:{self.folder / 'shared.db'}"
        self.assertEqual(self.send("sandbox:", database=database)[0], 0)
        other = Tidings(walk.TIDINGS, self.folder / "other")
        outcome = other.run("send", *self.words("sandbox:", database=database), timeout=60)
        self.assert_refused(outcome, "secret.key", "copy")
        self.assertEqual([r["status"] for r in self.program.log("--database", database)],
                         ["sent"] * 3)
        shutil.copy(self.program.data / "secret.key", other.data / "secret.key")
        again = other.run("send", *self.words("sandbox:", database=database), timeout=60)
        self.assertEqual(again[0], 0, again[1])

    def test_a_second_server_on_the_folder_is_refused(self):
        self.assertEqual(self.send(self.sink().url)[0], 0)
        first = self.program.start("serve", "--listen", f"127.0.0.1:{free_port()}")
        self.addCleanup(first.kill)
        self.assertTrue(first.wait_for(r"127\.0\.0\.1", 20), first.output)
        self.assert_refused(self.program.run("serve", "--listen", f"127.0.0.1:{free_port()}",
                                             timeout=20), str(first.process.pid))
        first.interrupt(signal.SIGTERM)
        self.assertIn(first.wait(30), (0, 130, 143), first.output)

    def test_a_port_that_is_taken_is_named(self):
        self.assertEqual(self.send(self.sink().url)[0], 0)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.assert_refused(self.program.run("serve", "--listen", f"127.0.0.1:{port}",
                                                 timeout=20), str(port), "already")

    def test_a_newer_schema_is_refused_and_left_alone(self):
        self.assertEqual(self.send(self.sink().url)[0], 0)
        path = self.program.data / "tidings.db"
        with sqlite3.connect(path) as database:
            database.execute("INSERT INTO schema_migration SELECT 9999, 'later', checksum, applied_at "
                             "FROM schema_migration LIMIT 1")
        database.close()
        for command in ("status", "log", "send --resume", "serve"):
            with self.subTest(command):
                self.assert_refused(self.program.run(command, timeout=20), "9999", "newer")
        self.assert_refused(self.send(NOWHERE), "9999", "newer")

    def test_a_database_that_is_none_is_refused(self):
        self.program.data.mkdir()
        (self.program.data / "tidings.db").write_bytes(b"this is no database " * 1000)
        self.assert_refused(self.send(NOWHERE), "tidings.db")

    def test_a_postgres_that_is_down_is_named(self):
        port = free_port()
        outcome = self.send(NOWHERE, database=f"postgres://ann:secret@127.0.0.1:{port}/x")
        self.assert_refused(outcome, str(port))
        self.assertNotIn("secret", outcome[1])


if __name__ == "__main__":
    walk.main()
