#!/usr/bin/env python3
"""Mail directly to real servers, by the whole program.

  peers.py --tidings PROGRAM --peer postfix|exim|opensmtpd [--rows 120]

A name server (Unbound) with a zone of our own gives each of a few domains a mail host of its own; all
are one server on several loopback addresses, each with another extension switched off. Every message
must be accepted, be in the box exactly once, and be octet for octet what the record says was sent.
Exit: 0 all right, 1 not, 77 not possible here.
"""

import argparse
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE.parents[1] / "peers"
sys.path[:0] = [str(PEERS)]
import mail_servers  # noqa: E402
import name_server  # noqa: E402
from tidings import Tidings, remove, skip, work_folder  # noqa: E402

# The host of each domain: its address, and what is off there.
SERVERS = {
    "postfix": {"127.0.0.31": "", "127.0.0.32": "pipelining", "127.0.0.33": "starttls",
                "127.0.0.34": "8bitmime,smtputf8", "127.0.0.35": "size,enhancedstatuscodes,chunking",
                "127.0.0.36": "pipelining,starttls,8bitmime,smtputf8,size,enhancedstatuscodes,dsn"},
    "exim": {"127.0.0.41": "", "127.0.0.42": "pipelining", "127.0.0.43": "starttls",
             "127.0.0.44": "smtputf8"},
    "opensmtpd": {"127.0.0.51": "", "127.0.0.52": "starttls"},
}
# Whose first host takes addresses beyond ASCII.
SMTPUTF8 = {"postfix", "exim"}


def zone(addresses):
    lines = ["$ORIGIN peers.", "$TTL 300", "@ SOA ns hostmaster 1 3600 600 86400 60", "@ NS ns",
             "ns A 127.0.0.1"]
    for number, address in enumerate(addresses):
        lines += [f"mx{number} A {address}", f"d{number} MX 10 mx{number}"]
    return "\n".join(lines) + "\n"


def write_people(path, rows, domains, beyond_ascii):
    people = []
    for i in range(rows):
        people.append((f"person{i}@d{i % domains}.peers", f"Persoon {i} – Zoë"))
    if beyond_ascii:
        people += [(f"zoë{i}@d0.peers", "Zoë") for i in range(5)]
    path.write_text("email,first_name\n" + "".join(f"{a},{n}\n" for a, n in people), "utf-8")
    return [a for a, _ in people]


def check(report, program, server, people):
    rows = {r["message_id"]: r for r in program.log()}
    report(len(rows) == len(people), f"the log has {len(rows)} rows of {len(people)}")
    for row in rows.values():
        report(row["status"] == "delivered", f"{row['address']} is {row['status']}: {row['reason']}")
    server.wait_for(len(people))
    arrived = server.read()
    report(set(arrived) == set(rows),
           f"{len(arrived)} arrived, {len(set(rows) - set(arrived))} are missing")
    for message_id, octets in arrived.items():
        if message_id in rows:
            sent = program.message_octets(rows[message_id]["id"])
            report(octets.rstrip(b"\r\n") == sent.rstrip(b"\r\n"),
                   f"what arrived for {rows[message_id]['address']} is not what was sent")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tidings", required=True)
    parser.add_argument("--peer", choices=SERVERS, required=True)
    parser.add_argument("--rows", type=int, default=120)
    parser.add_argument("--database", help="postgres://…; else SQLite")
    options = parser.parse_args()
    why = mail_servers.why_not(options.peer)
    if why:
        skip(why)
    if name_server.program() is None:
        skip("Unbound is not there; ./dev setup unpacks it")
    wrongs = []

    def report(holds, what):
        if not holds:
            wrongs.append(what)

    addresses = SERVERS[options.peer]
    folder = work_folder("peers")
    template, csv = folder / "letter.html", folder / "people.csv"
    template.write_text("<p>Beste {{ contact.first_name }},</p>\n<p>.\n.. één punt</p>\n" +
                        "<p>" + "woorden en € 12,50 " * 400 + "</p>", "utf-8")
    people = write_people(csv, options.rows, len(addresses), options.peer in SMTPUTF8)
    port = name_server.free_port()
    start = getattr(mail_servers, options.peer)
    with name_server.name_server([zone(addresses)]) as dns, start(addresses, port) as server:
        os.environ.update(TIDINGS_DNS_SERVERS=dns.address, TIDINGS_MX_PORT=str(port),
                          TIDINGS_MX_PRIVATE_NETWORKS="127.0.0.0/8")
        program = Tidings(options.tidings, folder / "data", options.database)
        code, words = program.run(
            "send", "--csv", csv, "--template", template, "--subject", "Één bericht – €",
            "--from", "De school <news@school.example>", "--smtp", "mx:?helo=sender.peers", "--yes")
        report(code == 0, f"`tidings send` ended with {code}: {words[-1500:]}")
        check(report, program, server, people)
    for wrong in wrongs[:20]:
        print(f"WRONG: {wrong}")
    if wrongs:
        print(f"{len(wrongs)} things are wrong; kept in {folder}")
        return 1
    remove(folder)
    print(f"{len(people)} messages to {options.peer} on {len(addresses)} hosts: all arrived as sent")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(main())
