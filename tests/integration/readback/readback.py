#!/usr/bin/env python3
"""Sends to a real list and has strangers read every message back.

  readback.py --tidings PROGRAM [--peer smtp-server|smtp-sink] [--rows 10000] [--seed 1]

smtp-server (npm) with mailparser: right person, right fields, both parts, legal headers, nobody
twice, nobody missing; the log agrees row by row; `message show --raw` gives the octets received;
a second, small campaign carries two attachments. smtp-sink (Postfix) keeps the octets only: who,
how often, and that they are the ones the record shows.
Exit: 0 all right, 1 not, 77 not possible here.
"""

import argparse
import contextlib
import email
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE.parents[1] / "peers"
sys.path[:0] = [str(HERE), str(PEERS)]
import checks  # noqa: E402
import people_list  # noqa: E402
import postfix  # noqa: E402
from people_list import key  # noqa: E402
from tidings import Tidings, corpora, remove, skip, work_folder  # noqa: E402


def recipient(mail):
    """smtp-server shows an A-label decoded; smtp-sink, which does not, sees what was on the wire."""
    return key(people_list.on_the_wire(mail["rcpt_to"][0]))


class Report:
    """Collects what is wrong, a few of each kind."""

    def __init__(self):
        self.kinds = Counter()

    def wrong(self, what, whom=""):
        kind = "".join(c for c in what if not c.isdigit())[:24]
        self.kinds[kind] += 1
        if self.kinds[kind] <= 4:
            print(f"WRONG: {whom + ': ' if whom else ''}{what}", flush=True)

    def expect(self, holds, what, whom=""):
        if not holds:
            self.wrong(what, whom)


@contextlib.contextmanager
def mail_reader(folder):
    """smtp-server with mailparser; yields (port, read) where read() gives the messages so far."""
    records, bodies = folder / "reader.jsonl", folder / "reader.bodies"
    records.touch()
    process = subprocess.Popen(["node", HERE / "reader.mjs", PEERS, records, bodies],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline().split()
    if line[:1] != ["listening"]:
        raise RuntimeError("smtp-server did not start")

    def read():
        mails = [json.loads(line) for line in records.read_text("utf-8").splitlines()]
        with open(bodies, "rb") as file:
            for mail in mails:
                file.seek(mail["offset"])
                mail["raw"] = file.read(mail["bytes"])
        return mails

    try:
        yield int(line[1]), read
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def send(program, report, port, csv, template, *more):
    """One whole `tidings send`; returns the campaign's id."""
    began = time.monotonic()
    running = program.start(
        "send", "--csv", csv, "--template", template, "--subject", checks.SUBJECT,
        "--from", f"{checks.FROM_NAME} <{checks.FROM_ADDRESS}>", "--reply-to", checks.REPLY_TO,
        "--smtp", f"smtp://127.0.0.1:{port}", "--yes", *more)
    code = running.wait(1200)
    print(running.output[-1500:], f"\nexit {code} after {time.monotonic() - began:.1f} s", flush=True)
    report.expect(code == 0, f"`tidings send` ended with {code}")
    accepted = running.wait_for(r"accepted\s+(\S+)", 0)
    report.expect(accepted, "`accepted ID` was not printed")
    return accepted.group(1) if accepted else None


def check_everybody_once(report, people, received):
    """received: the folded address of each message, in any order."""
    counts = Counter(received)
    for address in people:
        if counts[address] != 1:
            report.wrong(f"got {counts[address]} messages", address)
    for address in counts.keys() - people.keys():
        report.wrong("is not on the list and got a message", address)


def check_log(report, program, campaign, people, received, not_sent):
    """received: {folded address: Message-ID}. Returns {Message-ID: row id}."""
    rows = [r for r in program.log() if r["campaign_id"] == campaign]
    sent = [r for r in rows if r["status"] == "sent"]
    others = [r for r in rows if r["status"] != "sent"]
    report.expect(len(sent) == len(people), f"the log has {len(sent)} sent, {len(people)} are due")
    report.expect(len({r["id"] for r in rows}) == len(rows), "an id stands twice in the log")
    seen = set()
    for row in sent:
        address = key(people_list.on_the_wire(row["address"]))
        seen.add(address)
        report.expect(received.get(address) == row["message_id"],
                      f"the log says {row['message_id']}, received {received.get(address)}", address)
        report.expect(row["attempts"] == 1 and row["ambiguous"] is False, f"odd row {row}")
        report.expect(row["contact_ids"], f"a row without contact {row}")
        report.expect(row["channel"] == "email" and row["kind"] == "campaign", f"odd row {row}")
        report.expect(row["changed_at"] and row["subject"], f"a row lacks something {row}")
    report.expect(seen == set(received), "log and mail server disagree about who")
    for row in others:
        report.expect(row["status"] == "skipped" and "address" in row["reason"],
                      f"row {row['status']}: {row['reason']}")
    report.expect(not_sent[0] <= len(others) <= not_sent[1],
                  f"{len(others)} rows not sent, {not_sent} are due")
    return {r["message_id"]: r["id"] for r in sent}


def check_shown(report, program, ids, octets, how_many):
    """`message show --raw` against what was received, on a sample."""
    sample = random.Random(3).sample(sorted(ids), min(how_many, len(ids)))
    for message_id in sample:
        shown = program.message_octets(ids[message_id])
        report.expect(shown == octets(message_id), "`message show --raw` differs from what was "
                                                   "received", message_id)
    code, words = program.run("message show", ids[sample[0]])
    report.expect(code == 0 and sample[0].strip("<>").split("@")[0] in words or "sent" in words,
                  f"`message show` says {words[:300]!r}")


def check_mails(report, made, mails, source):
    links = set()
    for mail in mails:
        person = made.people.get(recipient(mail))
        if not person:
            continue
        smtputf8 = not person.address.isascii()
        whom = person.address
        for wrong in checks.check_envelope(mail, person):
            report.wrong(wrong, whom)
        for wrong in checks.check_fields(mail, person, source):
            report.wrong(wrong, whom)
        for wrong in checks.check_octets(mail["raw"], mail["message_id"], smtputf8):
            report.wrong(wrong, whom)
        links.add(checks.unsubscribe_link(mail["html"] or ""))
    report.expect(len(links) == len(made.people), "unsubscribe links are not one for each")
    report.expect(len({m["message_id"] for m in mails}) == len(mails), "a Message-ID stands twice")
    for mail in mails[:20]:
        types = checks.part_types(mail["raw"])
        report.expect(types == ["multipart/alternative", "text/plain", "text/html"],
                      f"the parts are {types}")


def with_smtp_server(options, folder, report):
    source = checks.template((corpora() / checks.NEWSLETTER).read_text("utf-8"))
    template, csv = folder / "newsletter.html", folder / "people.csv"
    template.write_text(source, "utf-8")
    made = people_list.write(csv, options.rows, options.seed)
    print(f"{made.rows} rows: {len(made.people)} people, {made.missing} without address, "
          f"{made.broken} with a broken one, {made.repeated} repeated", flush=True)
    program = Tidings(options.tidings, folder / "data")
    with mail_reader(folder) as (port, read):
        campaign = send(program, report, port, csv, template)
        mails = read()
    check_everybody_once(report, made.people, [key(people_list.on_the_wire(a)) for m in mails for a in m["rcpt_to"]])
    check_mails(report, made, mails, source)
    received = {recipient(m): m["message_id"] for m in mails}
    ids = check_log(report, program, campaign, made.people, received,
                    (made.missing, made.missing + made.broken))
    raw = {m["message_id"]: m["raw"] for m in mails}
    if ids:
        check_shown(report, program, ids, raw.get, options.show)


def with_attachments(options, folder, report):
    """Two attachments, one with a name beyond ASCII, to a few people."""
    source = random.Random(options.seed)
    pdf, table = folder / "Jaarverslag – één ‘mooi’ jaar.pdf", folder / "table.csv"
    pdf.write_bytes(b"%PDF-1.4\n" + source.randbytes(70_001))
    table.write_text("naam;bedrag\nZoë;€ 12,50\n", "utf-8")
    template, csv = folder / "short.html", folder / "few.csv"
    template.write_text("<p>Dear {{ contact.first_name }}, see below.</p>", "utf-8")
    made = people_list.write(csv, 60, options.seed + 1)
    program = Tidings(options.tidings, folder / "data-attachments")
    with mail_reader(folder) as (port, read):
        send(program, report, port, csv, template, "--attach", pdf, "--attach", table)
        mails = read()
    check_everybody_once(report, made.people, [key(people_list.on_the_wire(a)) for m in mails for a in m["rcpt_to"]])
    wanted = [(f.name, hashlib.sha256(f.read_bytes()).hexdigest()) for f in (pdf, table)]
    for mail in mails:
        got = [(a["filename"], a["sha256"]) for a in mail["attachments"]]
        report.expect(got == wanted, f"attachments {got}", mail["rcpt_to"][0])
        kinds = [a["type"] for a in mail["attachments"]]
        report.expect(kinds == ["application/pdf", "text/csv"], f"attachment types {kinds}")
        report.expect(all(a["disposition"] == "attachment" for a in mail["attachments"]),
                      "not marked as attachment")
        types = checks.part_types(mail["raw"])
        report.expect(types[:4] == ["multipart/mixed", "multipart/alternative", "text/plain",
                                    "text/html"], f"the parts are {types}")
        for wrong in checks.check_octets(mail["raw"], mail["message_id"],
                                         not recipient(mail).isascii()):
            report.wrong(wrong, mail["rcpt_to"][0])
        names = [p.get_filename() for p in email.message_from_bytes(mail["raw"]).walk()
                 if p.get_content_disposition() == "attachment"]
        report.expect(len(names) == 2, f"Python's reader sees attachments {names}")


def with_smtp_sink(options, folder, report):
    """Postfix's smtp-sink writes a file per message: envelope lines, its Received, the octets."""
    source = checks.template((corpora() / checks.NEWSLETTER).read_text("utf-8"))
    template, csv = folder / "newsletter.html", folder / "people.csv"
    template.write_text(source, "utf-8")
    made = people_list.write(csv, options.rows, options.seed)
    # This sink does not offer SMTPUTF8: those people must fail, clearly and alone.
    beyond = {k for k, p in made.people.items() if not p.address.isascii()}
    dumps = folder / "dumps"
    dumps.mkdir()
    folder.chmod(0o711)
    dumps.chmod(0o777)
    program = Tidings(options.tidings, folder / "data")
    with postfix.smtp_sink("-d", dumps / "m.") as (port, _):
        running = program.start(
            "send", "--csv", csv, "--template", template, "--subject", checks.SUBJECT, "--from",
            f"{checks.FROM_NAME} <{checks.FROM_ADDRESS}>", "--reply-to", checks.REPLY_TO, "--smtp",
            f"smtp://127.0.0.1:{port}", "--yes")
        code = running.wait(1200)
        report.expect(code == (1 if beyond else 0), f"`tidings send` ended with {code}: "
                                                    f"{running.output[-800:]}")
        time.sleep(0.2)
    dumped = [read_dump(path.read_bytes()) for path in dumps.iterdir()]
    reachable = {k: p for k, p in made.people.items() if k not in beyond}
    check_everybody_once(report, reachable, [key(to) for to, _ in dumped])
    rows = {r["message_id"]: r for r in program.log()}
    octets = {}
    for to, raw in dumped:
        fields = dict(checks.header_fields(raw))
        message_id = fields["message-id"].split(b":", 1)[1].strip().decode()
        octets[message_id] = raw
        row = rows.get(message_id)
        report.expect(row and row["status"] == "sent" and
                      key(people_list.on_the_wire(row["address"])) == key(to),
                      f"the log says {row} of {message_id}", to)
        report.expect(to.isascii(), "an address beyond ASCII went to a server without SMTPUTF8", to)
        for wrong in checks.check_octets(raw, message_id, False):
            report.wrong(wrong, to)
    sent = {m: r["id"] for m, r in rows.items() if r["status"] == "sent"}
    report.expect(set(sent) == set(octets), "log and smtp-sink disagree about which messages")
    failed = [r for r in rows.values() if r["status"] == "failed"]
    report.expect({key(r["address"].rsplit("@")[0]) for r in failed}
                  == {k.rsplit("@")[0] for k in beyond}, "others failed than those who need SMTPUTF8")
    report.expect(all("SMTPUTF8" in r["reason"].upper() for r in failed),
                  f"the reason is {failed[0]['reason'] if failed else ''!r}")
    check_shown(report, program, {m: sent[m] for m in sent if m in octets}, octets.get, options.show)


def read_dump(data):
    """(recipient, octets) of a file of smtp-sink, which writes LF for CRLF."""
    data = data.replace(b"\n", b"\r\n")
    head, rest = data.split(b"\r\nReceived: ", 1)
    to = head.split(b"X-Rcpt-Args: <", 1)[1].split(b">", 1)[0].decode()
    lines = rest.split(b"\r\n")
    first = next(i for i in range(1, len(lines)) if lines[i][:1] not in (b" ", b"\t"))
    octets = b"\r\n".join(lines[first:])
    return to, octets[:-2] if octets.endswith(b"\r\n\r\n") else octets


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tidings", required=True)
    parser.add_argument("--peer", choices=["smtp-server", "smtp-sink"], default="smtp-server")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=60, help="messages shown and compared")
    options = parser.parse_args()
    if not corpora():
        skip("the corpora are not there (beside the checkout, or in TIDINGS_CORPORA)")
    if options.peer == "smtp-server" and not (PEERS / "node_modules" / "smtp-server").exists():
        skip("tests/peers is not installed; ./dev setup does it")
    if options.peer == "smtp-sink" and not postfix.program("smtp-sink"):
        skip("smtp-sink is not there; ./dev setup unpacks it")
    folder = work_folder("readback")
    report = Report()
    if options.peer == "smtp-server":
        with_smtp_server(options, folder, report)
        second = folder / "attachments"
        second.mkdir()
        with_attachments(options, second, report)
    else:
        with_smtp_sink(options, folder, report)
    if report.kinds:
        print(f"{sum(report.kinds.values())} things are wrong; kept in {folder}", flush=True)
        for kind, count in report.kinds.most_common():
            print(f"  {count:6} × {kind}")
        return 1
    remove(folder)
    print(f"every message was read back right ({options.peer})", flush=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(main())
