#!/usr/bin/env python3
"""Kills a sending `tidings` again and again and accounts for every message (R1).

Each campaign: `tidings send` in a process of its own, kill -9 at a random microsecond, start again
with `tidings send --resume`, until its kills are used up; then it may finish. An independent sink
wrote down what arrived; accounts.py holds sink, list and record against each other.

A kill counts only when it lands after `accepted ID`, with somebody still to be written to, and when
it cut a connection on which messages were being handed over. Kills during import and expansion,
before `accepted`, and during the start after a kill come on top and are counted apart.

With faults of the receiving side (--fault) what it put off is tried again after a second and waited
for, so that at the end of a campaign nobody is left between: whoever is, is lost.

Prints one JSON line. Exit: 0 every rule held, 1 a rule was broken, 2 the run itself went wrong,
77 not possible here.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
import postgres  # noqa: E402
from accounts import settle  # noqa: E402
from oracle_sink import OracleSink  # noqa: E402
from tidings import Tidings, remove, work_folder  # noqa: E402

TEMPLATE = """<html><body><h1>Hello {{ contact.first_name }} {{ contact.last_name }}</h1>
<p>Your number is {{ contact.member_number }}.</p>
{% if contact.city == "Leiden" %}<p>The open day is in your own town.</p>{% endif %}
<p>FILLER</p>
<p><a href="{{ unsubscribe_url }}">No more of these</a></p></body></html>
"""
FILLER = "The board met and decided what boards decide, and wrote it down for everyone. " * 60
CITIES = ["Leiden", "Kraków", "Liège", "'s-Hertogenbosch", "Łódź", "Bergen"]
FIRST = ["Zoë", "Łukasz", "Anaïs", "Jan", "משה", "ليلى", "Siân", "Renée"]
START_TIMEOUT = 120
END_TIMEOUT = 900


class Trouble(Exception):
    """The run itself went wrong: no verdict on the program's accounts."""


class Violation(Exception):
    """The program broke its contract in a way that needs no algebra."""


def write_list(path, people, source):
    """The CSV of a campaign: each person once, plus what real lists have: the same row again, the
    same address in other letters, no address, a broken one."""
    lines = ["email,first_name,last_name,member_number,city"]
    for number, address in enumerate(people):
        row = f"{address},{source.choice(FIRST)},Person{number},{number},{source.choice(CITIES)}"
        lines.append(row)
        chance = source.random()
        if chance < 0.01:
            lines.append(row)
        elif chance < 0.02:
            lines.append(row.replace(address, address.swapcase(), 1))
        elif chance < 0.03:
            lines.append(f",Nobody,Address{number},{number},Leiden")
        elif chance < 0.04:
            lines.append(f"broken{number}@@example..com,Broken,Address{number},{number},Leiden")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


class Campaign:
    """One campaign from `tidings send` to its last `--resume`."""

    def __init__(self, run, number, folder, database, people):
        self.run = run
        self.options = run.options
        self.random = run.random
        self.number = number
        self.folder = folder
        self.people = people
        self.program = Tidings(self.options.tidings, folder / "data", database)
        self.counts = Counter()
        self.id = None
        # Every other campaign flows freely; the others are held back, by rate and by a slow relay,
        # so that kills find the sender waiting as well as working.
        self.free = number % 2 == 0
        latency = self.options.latency_ms if not self.free else 0
        faults = dict(f.split("=") for f in self.options.fault)
        # Settings and flags under which what the sink puts off comes again soon.
        self.environment = dict(os.environ, TIDINGS_RETRY_DELAYS="1s") if faults else None
        self.wait = ["--wait", "10m"] if faults else []
        self.sink = OracleSink(self.options.sink, folder / f"sink{number}", latency_ms=latency,
                               faults=faults, seed=self.options.seed * 1000 + number)

    def arguments(self):
        csv, template = self.folder / f"list{self.number}.csv", self.folder / "letter.html"
        write_list(csv, self.people, self.random)
        template.write_text(TEMPLATE.replace("FILLER", FILLER), encoding="utf-8")
        words = ["--csv", csv, "--template", template, "--yes",
                 "--subject", "News for {{ contact.first_name }}",
                 "--from", "The office <office@example.org>", "--smtp", self.sink.url,
                 "--connections", self.options.connections]
        if not self.free and self.options.rate:
            words += ["--rate", f"{self.options.rate}/s"]
        return words + self.wait

    def start(self):
        return self.program.start("send", *self.arguments(), env=self.environment)

    def resume(self):
        return self.program.start("send", "--resume", *self.wait, env=self.environment)

    def left(self):
        self.sink.read()
        return len(self.people) - len({m["to"].casefold() for m in self.sink.messages})

    def wait_accepted(self, running):
        match = running.wait_for(r"accepted\s+(\S+)", START_TIMEOUT)
        if not match:
            raise Trouble(f"no `accepted ID`, in {START_TIMEOUT} s at most: {running.output[-2000:]}")
        self.id = match.group(1)

    def wait_flowing(self, running):
        """Until this process has handed over its first message; False when it ended before."""
        size = self.sink.size()
        end = time.monotonic() + START_TIMEOUT
        while self.sink.size() == size:
            if not running.running():
                return False
            if time.monotonic() > end:
                raise Trouble(f"nothing arrives within {START_TIMEOUT} s: {running.output[-2000:]}")
            time.sleep(0.0005)
        return True

    def window(self):
        return self.options.window_ms / 1000 * (1 if self.free else 2)

    def kill_during_work(self, running):
        """Kills once messages flow. False when the process ended by itself before."""
        if not self.wait_flowing(running):
            return False
        time.sleep(self.random.uniform(0, self.window()))
        return self.kill(running, "idle")

    def kill(self, running, otherwise):
        """kill -9 and what it did; counts as `otherwise` when it does not count in full. False
        when the process had ended by itself."""
        ended_before = len(self.sink.ended)
        if not running.kill():
            return False
        cut = self.cut_connections(ended_before)
        self.counts["connections_cut"] += len(cut)
        at_work = any(c["accepted"] or c["state"] != "idle" for c in cut)
        self.counts["kills_in_flight" if at_work and self.left() > 0
                    else f"kills_{otherwise}"] += 1
        return True

    def cut_connections(self, before):
        """The connections that the kill cut, once the sink has noticed."""
        settled = time.monotonic() + 0.02
        while True:
            if self.sink.read():
                settled = time.monotonic() + 0.02
            if time.monotonic() > settled:
                return [c for c in self.sink.ended[before:] if c["event"] == "lost"]
            time.sleep(0.002)

    def kill_early(self, running):
        """While the list is imported and expanded, at once after `accepted` included."""
        delay = self.random.choice([0, self.random.uniform(0, 0.02), self.random.uniform(0, 0.5)])
        time.sleep(delay)
        self.kill(running, "early")

    def kill_restart(self):
        """In the start after a kill: journal replay must survive its own death."""
        running = self.resume()
        time.sleep(self.random.uniform(0, 0.15))
        self.kill(running, "restart")

    def work(self, kills):
        """Until `kills` have counted, then to the end."""
        running = self.start()
        self.wait_accepted(running)
        if self.random.random() < 0.6:
            self.kill_early(running)
            running = self.resume()
        while self.counts["kills_in_flight"] < kills and self.kill_during_work(running):
            if self.random.random() < 0.2:
                self.kill_restart()
            running = self.resume()
        self.finish(running)

    def finish(self, running):
        code = running.wait(END_TIMEOUT)
        for _ in range(3):  # a last process that ended by itself before its kill leaves the rest
            if code in (0, 1, 3):
                break
            running = self.resume()
            code = running.wait(END_TIMEOUT)
        if code not in (0, 1, 3):
            raise Violation(f"`send --resume` ended with {code}: {running.output[-2000:]}")
        self.exit_code = code

    def accounts(self):
        self.sink.read()
        all_rows = self.program.log()
        rows = [r for r in all_rows if r["campaign_id"] == self.id]
        if all_rows and not rows:
            raise Violation(f"no row of the log has campaign_id {self.id}")
        gone = {f["to"].casefold() for f in self.sink.faults if "5xx" in f["fault"]}
        broken = sum(1 for f in self.sink.faults
                     if f["fault"].startswith("drop") or f["fault"] == "mail_421")
        cut = self.counts["connections_cut"] + broken
        accounts = settle((p.casefold() for p in self.people), rows, self.sink.messages, cut, gone)
        self.check_contents(accounts, rows)
        self.check_exit(accounts, any(r["status"] == "uncertain" for r in all_rows))
        accounts.counts.update(self.counts)
        return accounts

    def check_contents(self, accounts, rows):
        """`message show` gives the octets that arrived; each message was well formed."""
        for message in self.sink.messages:
            if message["defects"]:
                accounts.wrong("defect", f"{message['to']}: {message['defects']}")
        arrived = {m["id"]: m for m in self.sink.messages}
        shown = [r for r in rows if r["message_id"] in arrived]
        doubtful = [r for r in shown if r["ambiguous"]]
        sample = self.random.sample(shown, min(len(shown), self.options.show))
        for row in sample + doubtful[:self.options.show]:
            accounts.counts["shown"] += 1
            try:
                octets = self.program.message_octets(row["id"])
            except AssertionError as refused:
                # It arrived, so what arrived must be there to be shown.
                accounts.wrong("shown", str(refused))
                continue
            if self.run.digest(octets) != arrived[row["message_id"]]["sha256"]:
                accounts.wrong("shown", f"`message show {row['id']}` differs from what arrived")

    def check_exit(self, accounts, doubt):
        counts = accounts.counts
        if counts["status_uncertain"] and self.exit_code != 3:
            accounts.wrong("exit", f"{counts['status_uncertain']} uncertain, exit {self.exit_code}")
        if not doubt and counts["status_sent"] == counts["expected"] and self.exit_code != 0:
            accounts.wrong("exit", f"all were sent, exit {self.exit_code}")

    def close(self):
        self.sink.__exit__()


class Run:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.totals = Counter()
        self.violations = []
        self.began = time.monotonic()

    @staticmethod
    def digest(octets):
        return hashlib.sha256(octets).hexdigest()

    def enough(self):
        if self.options.hours:
            return time.monotonic() - self.began >= self.options.hours * 3600
        return self.totals["kills_in_flight"] >= self.options.kills

    def kill_before_accepted(self, folder, database):
        """Nothing was promised yet: whatever a resume makes of it, nobody gets it twice."""
        campaign = Campaign(self, 0, folder, database, self.people(0)[:500])
        try:
            running = campaign.start()
            time.sleep(self.random.uniform(0, 0.12))
            running.kill()
            resumed = campaign.resume()
            if resumed.wait(END_TIMEOUT) not in (0, 1, 2, 3):
                raise Trouble(f"a resume before `accepted`: {resumed.output[-2000:]}")
            campaign.sink.read()
            copies = Counter(m["to"].casefold() for m in campaign.sink.messages)
            self.totals["kills_before_accepted"] += 1
            twice = [a for a, n in copies.items() if n > 1]
            strangers = set(copies) - {p.casefold() for p in campaign.people}
            if twice or strangers:
                self.violations.append(f"before accepted: {len(twice)} twice, "
                                       f"{len(strangers)} strangers")
        finally:
            campaign.close()

    def people(self, number):
        """Half of each list is also on the next, so that a folder's campaigns overlap."""
        first = number * self.options.recipients // 2
        return [f"Person{first + i}@example{i % 7}.org" for i in range(self.options.recipients)]

    def campaign(self, number, folder, database):
        campaign = Campaign(self, number, folder, database, self.people(number))
        try:
            left = self.options.kills - self.totals["kills_in_flight"]
            campaign.work(self.options.per_campaign if self.options.hours
                          else min(left, self.options.per_campaign))
            accounts = campaign.accounts()
        except Violation as violation:
            self.violations.append(f"campaign {number}: {violation}")
            self.totals.update(campaign.counts)
            return
        finally:
            campaign.close()
        self.totals.update(accounts.counts)
        self.totals["campaigns"] += 1
        self.violations += [f"campaign {number} ({campaign.id}): {v}" for v in accounts.violations]
        if self.options.verbose:
            print(f"campaign {number}: {dict(accounts.counts)}", file=sys.stderr, flush=True)

    def go(self, base, new_database):
        """Two campaigns a data folder, a new folder for the next two."""
        number, idle = 0, 0
        while not self.enough() and not (self.violations and self.options.stop_early):
            folder = base / f"folder{number}"
            folder.mkdir()
            with new_database() as database:
                if number % 4 == 0:
                    before = base / f"before{number}"
                    before.mkdir()
                    with new_database() as other:
                        self.kill_before_accepted(before, other)
                for _ in range(2):
                    kills = self.totals["kills_in_flight"]
                    self.campaign(number, folder, database)
                    number += 1
                    idle = idle + 1 if self.totals["kills_in_flight"] == kills else 0
                    if idle >= 6:
                        raise Trouble("six campaigns without a kill that counts: more --recipients "
                                      "or a lower --rate keeps messages in flight longer")
                    if self.enough() or (self.violations and self.options.stop_early):
                        break
            if not self.violations:
                remove(folder)

    def report(self, database):
        totals = self.totals
        lost = sum(totals[k] for k in ("wrong_lost", "wrong_unrecorded"))
        return {"chaos": "kill9", "database": database, "seed": self.options.seed,
                "seconds": round(time.monotonic() - self.began, 1),
                "kills": totals["kills_in_flight"], "lost": lost,
                **{k: totals[k] for k in (
                    "campaigns", "expected", "delivered", "status_sent", "status_uncertain",
                    "ambiguous", "doubled", "connections_cut", "kills_early", "kills_restart",
                    "kills_idle", "kills_before_accepted", "shown")},
                "violations": self.violations[:20], "violation_count": len(self.violations)}


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tidings", required=True, help="the program under test")
    parser.add_argument("--sink", required=True, help="the program of tests/chaos/sink.cc")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--kills", type=int, default=60, help="kills that must count")
    parser.add_argument("--hours", type=float, help="go on this long instead")
    parser.add_argument("--recipients", type=int, default=8000, help="per campaign")
    parser.add_argument("--per-campaign", type=int, default=15, help="kills per campaign")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=4000, help="per second, every other campaign")
    parser.add_argument("--latency-ms", type=float, default=2, help="of the sink, likewise")
    parser.add_argument("--window-ms", type=float, default=120,
                        help="a kill lands this long at most after the first message")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--fault", action="append", default=[], help="NAME=PROBABILITY of the sink")
    parser.add_argument("--show", type=int, default=5, help="messages shown per campaign")
    parser.add_argument("--stop-early", action="store_true", help="at the first broken rule")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def main():
    options = parse()
    run = Run(options)
    base = work_folder("kill9")
    databases = {"sqlite": lambda: contextlib.nullcontext(None), "postgres": postgres.database}
    status = 0
    try:
        run.go(base, databases[options.database])
    except (Trouble, AssertionError, OSError, RuntimeError) as trouble:
        print(f"kill9: {type(trouble).__name__}: {trouble}", file=sys.stderr)
        status = 2
    print(json.dumps(run.report(options.database), ensure_ascii=False), flush=True)
    if run.violations:
        print(f"kill9: rules were broken; the folders are kept in {base}", file=sys.stderr)
        status = 1
    else:
        remove(base)
    return status


if __name__ == "__main__":
    sys.exit(main())
