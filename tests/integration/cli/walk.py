"""What the walks share: the program under test, a small list and letter, a fresh folder each."""

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "peers"))
from oracle_sink import OracleSink  # noqa: E402
from tidings import Tidings, remove, work_folder  # noqa: E402

TIDINGS = None
SINK = None
LETTER = "<p>Dear {{ contact.first_name }},</p>\n<p>All is well.</p>\n"


class Walk(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.folder = work_folder("walk")
        self.addCleanup(remove, self.folder)
        self.program = Tidings(TIDINGS, self.folder / "data")
        self.csv = self.write("people.csv", self.people(3))
        self.letter = self.write("letter.html", LETTER)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    @staticmethod
    def people(count, prefix="person"):
        return "email,first_name\n" + "".join(
            f"{prefix}{n}@example.org,Person {n}\n" for n in range(count))

    def sink(self, **options):
        sink = OracleSink(SINK, self.folder / "sink", **options)
        self.addCleanup(sink.__exit__)
        return sink

    def words(self, smtp_url, **changes):
        """The arguments of a right `tidings send`, with changes; None takes an option away."""
        options = {"csv": self.csv, "template": self.letter, "subject": "News",
                   "from": "The office <office@example.org>", "smtp": smtp_url}
        options.update({name.replace("_", "-"): value for name, value in changes.items()})
        words = ["--yes"]
        for name, value in options.items():
            if value is not None:
                words += [f"--{name}", value]
        return words

    def send(self, smtp_url, timeout=60, **changes):
        return self.program.run("send", *self.words(smtp_url, **changes), timeout=timeout)

    def assert_refused(self, outcome, *named, code=2):
        """Ended with that code and says each of `named`, in a sentence, without a stack of it."""
        got, output = outcome
        self.assertEqual(got, code, output)
        for word in named:
            self.assertIn(word.lower(), output.lower())
        said = [line for line in output.splitlines() if line.startswith("tidings: ")]
        self.assertTrue(said, f"no sentence that begins with `tidings: ` in {output!r}")
        for secret in ("what():", "terminate called", "AddressSanitizer", "std::", "errno"):
            self.assertNotIn(secret, output)


def main():
    """`python3 NAME_test.py --tidings PROGRAM --sink PROGRAM [unittest arguments]`"""
    global TIDINGS, SINK
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--tidings", required=True)
    parser.add_argument("--sink", required=True)
    options, rest = parser.parse_known_args()
    sys.modules["walk"].TIDINGS, sys.modules["walk"].SINK = options.tidings, options.sink
    result = unittest.main(argv=[sys.argv[0], *rest], module="__main__", exit=False).result
    for test, why in result.skipped:
        print(f"SKIP: {test}: {why}")
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    # What was skipped proved nothing, so it does not count as passed.
    print(f"{result.testsRun - failed - len(result.skipped)} passed, {failed + len(result.skipped)} "
          "failed", flush=True)
    sys.exit(failed != 0)
