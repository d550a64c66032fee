#!/usr/bin/env python3
"""`tidings domain check` against a real name server (Unbound on loopback) with zones of our own.

  check_test.py --tidings PROGRAM
Exit: 0 all right, 1 not, 77 without Unbound.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "peers"))
import name_server  # noqa: E402
from tidings import Tidings, remove, skip, work_folder  # noqa: E402

ZONE = """$ORIGIN club.example.
$TTL 60
@ IN SOA ns.club.example. hostmaster.club.example. 1 3600 600 86400 60
@ IN NS ns.club.example.
ns IN A 192.0.2.53
relay IN A 192.0.2.25
links IN CNAME www
www IN A 9.9.9.9
"""

REVERSE = """$ORIGIN 2.0.192.in-addr.arpa.
$TTL 60
@ IN SOA ns.club.example. hostmaster.club.example. 1 3600 600 86400 60
@ IN NS ns.club.example.
25 IN PTR relay.club.example.
"""


def run(program, words, *rest, code=0, env=None, given=""):
    done = subprocess.run([str(a) for a in program.arguments(words, *rest)], input=given,
                          capture_output=True, text=True, timeout=120, env={**os.environ, **(env or {})})
    if done.returncode != code:
        raise AssertionError(f"tidings {words}: {done.returncode}, not {code}: {done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def dns(*records):
    with name_server.name_server([ZONE + "\n".join(records) + "\n", REVERSE]) as server:
        yield {"TIDINGS_DNS_SERVERS": server.address}


def status(checked):
    return {one["check"]: one["status"] for one in checked["findings"]}


def walk(program):
    run(program, "init", "--name", "Club", "--owner", "ada@club.example", "--owner-name", "Ada",
        "--password-stdin", given="mauve otter\n")
    (program.data / "tidings.toml").write_text('public_url = "https://links.club.example"\n')
    made = json.loads(run(program, "domain add", "club.example", "--json"))
    records = [record["zone_line"] for record in made["records"] if record["is_required"]]
    run(program, "sender add", "Club <news@club.example>")

    with dns() as env:
        checked = json.loads(run(program, "domain check", "club.example", "--json", code=1, env=env))
        got = status(checked)
        assert (got["dkim"], got["spf"], got["dmarc"]) == ("problem",) * 3, got
        assert {key["state"] for key in checked["keys"]} == {"waiting"}, checked["keys"]
        assert "not verified" in run(program, "sender list")

    # As printed, word for word, into a zone file: Unbound reads it, and the check is content.
    with dns(*records, 'club.example. IN TXT "v=spf1 a:relay.club.example -all"') as env:
        said = run(program, "domain check", "club.example", env=env)
        assert "club.example is verified" in said, said
        checked = json.loads(run(program, "domain check", "club.example", "--json", env=env))
        got = status(checked)
        assert (got["dkim"], got["dmarc"], got["links"]) == ("good",) * 3, checked["findings"]
        assert {key["state"] for key in checked["keys"]} == {"active"}, checked["keys"]
        assert "not verified" not in run(program, "sender list")
        for address, due in (("192.0.2.25", "good"), ("192.0.2.26", "problem")):
            checked = json.loads(run(program, "domain check", "club.example", "--json",
                                     code=due != "good",
                                     env={**env, "TIDINGS_SENDING_ADDRESSES": address}))
            got = status(checked)
            assert (got["spf"], got["ptr"]) == (due, due), checked["findings"]

    # New keys wait while the old ones sign; the next check takes them when they are there.
    rotated = json.loads(run(program, "domain rotate", "club.example", "--json"))
    fresh = [r["zone_line"] for r in rotated["records"] if r["purpose"] == "dkim"]
    spf = 'club.example. IN TXT "v=spf1 a:relay.club.example -all"'
    with dns(*fresh, spf, '_dmarc.club.example. IN TXT "v=DMARC1; p=reject"') as env:
        checked = json.loads(run(program, "domain check", "club.example", "--json", env=env))
        assert [key["state"] for key in checked["keys"]] == ["active", "active", "retired", "retired"]

    # Somebody took the records away: the domain is not verified any more, nor is the sender.
    with dns(spf) as env:
        assert "not verified" in run(program, "domain check", "club.example", code=1, env=env)
        assert "not verified" in run(program, "sender list")

    # No name server answers: nothing changes.
    with dns(*fresh, spf, '_dmarc.club.example. IN TXT "v=DMARC1; p=none"') as env:
        run(program, "domain check", "club.example", env=env)
    silent = {"TIDINGS_DNS_SERVERS": "127.0.0.1@1"}
    checked = json.loads(run(program, "domain check", "club.example", "--json", env=silent))
    assert status(checked)["dkim"] == "unknown" and checked["is_verified"], checked["findings"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tidings", required=True)
    options = parser.parse_args()
    if name_server.program() is None:
        skip("Unbound is not here: ./dev setup unpacks it")
    folder = work_folder("domain-check")
    try:
        walk(Tidings(options.tidings, folder / "data"))
    except AssertionError as wrong:
        print(f"WRONG: {wrong}\n0 passed, 1 failed")
        sys.exit(1)
    remove(folder)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
