#!/usr/bin/env python3
"""Sends signed mail and has strangers check every signature: libopendkim, and mailauth from npm.

  signed_run.py --tidings PROGRAM --sink PROGRAM [--messages 60] [--database URL]

Three runs: RSA, Ed25519, both. Each message arrives with the signatures that are due and each of them
passes with both verifiers; what the record shows is what arrived; of a message with one octet changed
none passes. Then mail from another domain: not signed.
Exit: 0 all right, 1 not, 77 not possible here.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE.parents[1] / "peers"
sys.path.insert(0, str(PEERS))
import opendkim  # noqa: E402
from oracle_sink import OracleSink  # noqa: E402
from tidings import Tidings, remove, skip, work_folder  # noqa: E402

# What canonical forms are about: white space at line ends and in rows, tabs, empty lines, dots.
LETTER = ("<p>Dear {{ contact.first_name }},</p>  \n\n\n<p>Grüße \t und   Küsse. </p>\n.\n..dots\n"
          + "<p>" + "A long line, " * 60 + "</p>\n" + "{{ contact.note }}\n   \n\n\n")
NAMES = ["Zoë", "Ann", "Łukasz  Two", "O'Neill, \"X\"", "日本語の名前をもつ人", ""]


def people(count):
    rows = ["email,first_name,note"]
    for n in range(count):
        name = NAMES[n % len(NAMES)].replace('"', '""')
        rows.append(f'person{n}@example.org,"{name} {n}","{" " * (n % 5)}note {n}\t{"x" * (n % 90)} "')
    return "\n".join(rows) + "\n"


def command(program, words, *rest, given=""):
    done = subprocess.run([str(a) for a in program.arguments(words, *rest)], input=given,
                          capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"tidings {words} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def add_domain(program, algorithms, folder):
    """Adds and activates; returns the file of its public keys."""
    made = json.loads(command(program, "domain add", "club.example", "--algorithm", algorithms, "--json"))
    keys = folder / "keys"
    keys.write_text("".join(f"{r['name']} {r['value']}\n" for r in made["records"]
                            if r["purpose"] == "dkim"))
    command(program, "domain activate", "club.example")
    return keys


def send(program, sink, folder, count, sender):
    (folder / "people.csv").write_text(people(count), "utf-8")
    (folder / "letter.html").write_text(LETTER, "utf-8")
    code, output = program.run(
        "send", "--yes", "--csv", folder / "people.csv", "--template", folder / "letter.html",
        "--subject", "Nieuws für {{ contact.first_name }}, and a subject long enough to be folded twice",
        "--from", sender, "--smtp", sink.url, timeout=1800)
    assert code == 0, output[-2000:]
    sink.read()
    assert len(sink.messages) == count, f"{len(sink.messages)} of {count} arrived"
    return output


def check(program, sink, keys, due):
    """`due`: the algorithms of the signatures, sorted."""
    verifier = opendkim.Opendkim(keys)
    results = Counter()
    for record in sink.messages:
        results[tuple(verifier.check(sink.octets(record)))] += 1
    assert results == {("",) * len(due): len(sink.messages)}, f"opendkim: {results}"
    told = subprocess.run(["node", PEERS / "mailauth_check.mjs", keys, sink.path, sink.bodies],
                          capture_output=True, text=True, timeout=1800)
    assert told.returncode == 0, told.stderr
    wanted = ", ".join(f"{algorithm} pass club.example" for algorithm in due)
    assert json.loads(told.stdout) == {wanted: len(sink.messages)}, f"mailauth: {told.stdout}"
    spoiled = bytearray(sink.octets(sink.messages[0]))
    spoiled[-20] ^= 1
    assert all(verifier.check(bytes(spoiled))), "a changed message passes"
    arrived = {sink.octets(record) for record in sink.messages}
    for row in program.log()[:5]:
        assert program.message_octets(row["id"]) in arrived, "the record shows something else"


def run(options, name, algorithms, due):
    folder = work_folder(f"dkim-{name}")
    program = Tidings(options.tidings, folder / "data", options.database)
    command(program, "init", "--name", "Club", "--owner", "ada@club.example", "--owner-name", "Ada",
            "--password-stdin", given="mauve otter\n")
    keys = add_domain(program, algorithms, folder)
    with OracleSink(options.sink, folder / "sink", bodies=True) as sink:
        print(send(program, sink, folder, options.messages, "Club <news@club.example>").splitlines()[-1])
        check(program, sink, keys, due)
        print(f"{name}: {len(sink.messages)} messages, {len(due)} signatures each: all pass", flush=True)
        before = len(sink.messages)
        command(program, "domain remove", "club.example")
        (folder / "one").mkdir()
    with OracleSink(options.sink, folder / "later", bodies=True) as sink:
        send(program, sink, folder / "one", 1, "Club <news@club.example>")
        assert b"DKIM-Signature" not in sink.octets(sink.messages[0]), f"signed after {before}"
    remove(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tidings", required=True)
    parser.add_argument("--sink", required=True)
    parser.add_argument("--messages", type=int, default=60)
    parser.add_argument("--only", choices=["rsa", "ed25519", "both"])
    parser.add_argument("--database")
    options = parser.parse_args()
    if opendkim.library() is None:
        skip("libopendkim is not installed (Debian: opendkim-tools)")
    if not (PEERS / "node_modules" / "mailauth").is_dir():
        skip("mailauth is not installed (npm ci in tests/peers)")
    passed = failed = 0
    for name, algorithms, due in (("rsa", "rsa", ["rsa-sha256"]),
                                  ("ed25519", "ed25519", ["ed25519-sha256"]),
                                  ("both", "rsa,ed25519", ["ed25519-sha256", "rsa-sha256"])):
        if options.only not in (None, name):
            continue
        try:
            run(options, name, algorithms, due)
            passed += 1
        except AssertionError as wrong:
            print(f"WRONG: {name}: {wrong}", flush=True)
            failed += 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
