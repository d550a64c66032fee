#!/usr/bin/env python3
"""The checks of readback.py fail on messages that are wrong, so that their silence means something."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import checks  # noqa: E402
import people_list  # noqa: E402

SOURCE = ("<p>Hi there</p> <p>Don't like these emails? "
          "<a href=\"http://htmlemail.io/blog\">Unsubscribe</a></p>")
LINK = "http://127.0.0.1:8080/u/token"


def person():
    return people_list.Person("zoë@example.org", {
        "first_name": "Zoë", "last_name": "Smith, \"Jr.\"", "city": "Leiden",
        "membership_no": "M-1", "note": "<b>Bold</b>\r\nsecond"})


def mail(**changes):
    source = checks.template(SOURCE)
    page = checks.expected_html(source, person(), "zoë@example.org")
    made = {"rcpt_to": ["zoë@example.org"], "to": [{"address": "zoë@example.org"}],
            "from": [{"name": checks.FROM_NAME, "address": checks.FROM_ADDRESS}],
            "reply_to": [{"address": checks.REPLY_TO}], "subject": "News for Zoë of the club",
            "html": page.replace("{{ unsubscribe_url }}", LINK),
            "text": "Hi Zoë Smith, \"Jr.\" Leiden M-1 <b>Bold</b> second " + LINK}
    made.update(changes)
    return made


def raw(**changes):
    fields = {"Date": "x", "From": "x", "To": "x", "Subject": "x", "Message-ID": "<1@x>",
              "MIME-Version": "1.0", "Content-Type": "text/plain", "Reply-To": "x",
              "List-Unsubscribe": f"<{LINK}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    fields.update(changes)
    return ("".join(f"{n}: {v}\r\n" for n, v in fields.items() if v is not None)
            + "\r\ntext\r\n").encode()


class ChecksTest(unittest.TestCase):
    def fields(self, **changes):
        made = mail(**changes)
        return [*checks.check_envelope(made, person()),
                *checks.check_fields(made, person(), checks.template(SOURCE))]

    def test_a_right_message_is_right(self):
        self.assertEqual(self.fields(), [])
        self.assertEqual([*checks.check_octets(raw(), "<1@x>", False)], [])

    def test_each_wrong_field_is_seen(self):
        page = mail()["html"]
        for changes in ({"rcpt_to": ["other@example.org"]}, {"to": [{"address": "o@example.org"}]},
                        {"html": page.replace("M-1", "M-2")}, {"html": page.replace("Zoë", "Zoe")},
                        {"html": page.replace("&lt;b&gt;", "<b>").replace("&lt;/b&gt;", "</b>")},
                        {"html": page.replace("The open day", "")}, {"html": None},
                        {"html": page.replace(LINK, "{{ unsubscribe_url }}")}, {"text": None},
                        {"text": mail()["text"].replace("Leiden", "")}, {"subject": "News for of"},
                        {"text": mail()["text"].replace(LINK, "")}, {"reply_to": None},
                        {"from": [{"name": "", "address": checks.FROM_ADDRESS}]}):
            self.assertNotEqual(self.fields(**changes), [], changes)

    def test_each_illegal_header_is_seen(self):
        for changes in ({"Date": None}, {"Bcc": "x"}, {"From": "x\r\nFrom: y"}, {"Subject": "é"},
                        {"Subject": "a\r\n \r\n b"}, {"Subject": "x" * 999}, {"To": "a\nb"},
                        {"Subject": "=?utf-8?q?" + "x" * 80 + "?="}, {"Message-ID": "<2@x>"},
                        {"List-Unsubscribe": "<mailto:x@y>"}, {"List-Unsubscribe-Post": "yes"}):
            self.assertNotEqual([*checks.check_octets(raw(**changes), "<1@x>", False)], [], changes)

    def test_the_list_has_every_kind_of_row(self):
        with tempfile.TemporaryDirectory() as folder:
            made = people_list.write(Path(folder) / "a.csv", 10_000, 1)
            again = people_list.write(Path(folder) / "b.csv", 10_000, 1)
            self.assertEqual((Path(folder) / "a.csv").read_bytes(),
                             (Path(folder) / "b.csv").read_bytes())
        self.assertEqual(made.people.keys(), again.people.keys())
        self.assertGreater(min(made.broken, made.missing, made.repeated), 100)
        self.assertEqual(len(made.people) + made.broken + made.missing + made.repeated, 10_000)
        self.assertTrue(any(not p.address.isascii() for p in made.people.values()))
        self.assertTrue(any("xn--" in p.address for p in made.people.values()))
        self.assertTrue(any("\r\nBcc" in p.values["first_name"] for p in made.people.values()))


if __name__ == "__main__":
    unittest.main()
