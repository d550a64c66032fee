#!/usr/bin/env python3
"""Pauses, resumes and aborts a campaign of a `tidings serve`, kills it meanwhile, accounts (R1).

Each campaign: started through the API, then steered at random: pause, resume, and for half of them
an abort in the end; `kill -9` lands a random moment around the call, which may have been answered
or not. The server is started again in the same folder, and the campaign is brought to its end.

Rules besides those of accounts.py:
- What was answered holds after the kill: paused is paused, aborted is aborted.
- Once a pause was answered nothing but what was being handed over then arrives, and within a second
  nothing at all. Once an abort was answered, nothing of the campaign ever arrives again.

Prints one JSON line. Exit: 0 every rule held, 1 a rule was broken, 2 the run itself went wrong,
77 not possible here.
"""

import argparse
import contextlib
import json
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
import postgres  # noqa: E402
from accounts import settle  # noqa: E402
from oracle_sink import OracleSink  # noqa: E402
from server import Server  # noqa: E402
from tidings import Tidings, remove, work_folder  # noqa: E402

CONNECTIONS = 10
# Handed over at a time: one message being answered and one behind it on each connection.
HANDED_OVER_MAX = 2 * CONNECTIONS
PAUSE_MAX = 1.0  # seconds until a pause has taken effect
END_TIMEOUT = 300


class Trouble(Exception):
    """The run itself went wrong: no verdict on the program."""


class Steering:
    """One call to a campaign in a thread of its own, so that a kill can land within it."""

    def __init__(self, server, campaign, step):
        self.server, self.campaign, self.step = server, campaign, step
        self.status = None  # of the answer; None: there was none
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()

    def _ask(self):
        with contextlib.suppress(Exception):  # the server is killed: no answer is an answer too
            self.status, _ = self.server.ask("POST",
                                             f"/api/v1/campaigns/{self.campaign}/{self.step}")

    def wait(self):
        self.thread.join()
        return self.status


class Campaign:
    def __init__(self, run, number, server, sink, people):
        self.run, self.server, self.sink, self.people = run, server, sink, people
        self.random, self.counts, self.wrong = run.random, Counter(), []
        self.aborts = number % 2 == 1
        self.before = len(sink.messages)
        self.faults_before = len(sink.faults)
        self.aborted = False

    def arrived(self):
        self.sink.read()
        return len(self.sink.messages) - self.before

    def state(self):
        return self.server.call("GET", f"/campaigns/{self.id}")["state"]

    def wait_flowing(self):
        """Until one more message has arrived; False when the campaign ended."""
        was, end = self.arrived(), time.monotonic() + 60
        while self.arrived() == was:
            if self.state() not in ("running", "scheduled"):
                return False
            if time.monotonic() > end:
                raise Trouble("nothing arrives")
            time.sleep(0.001)
        return True

    def kill(self):
        ended = len(self.sink.ended)
        self.server.kill()
        time.sleep(0.05)
        self.sink.read()
        cut = [c for c in self.sink.ended[ended:] if c["event"] == "lost"]
        self.counts["connections_cut"] += len(cut)
        self.counts["kills"] += 1
        at_kill = self.arrived()
        self.server.start()
        return at_kill

    def still(self, what, at_answer, at_most):
        """Nothing arrives any more, and little since the answer."""
        time.sleep(PAUSE_MAX)
        then = self.arrived()
        if then - at_answer > at_most:
            self.wrong.append(f"{what}: {then - at_answer} messages arrived after it was answered")
        time.sleep(0.7)
        if self.arrived() > then:
            self.wrong.append(f"{what}: {self.arrived() - then} messages arrived more than "
                              f"{PAUSE_MAX} s later")

    def steer(self, step, expected):
        """One step with or without a kill around it; whether it happened."""
        steering = Steering(self.server, self.id, step)
        self.counts["steps"] += 1  # the first of each campaign is timed alone
        kills = self.counts["steps"] > 1 and self.random.random() < 0.75
        if kills:
            time.sleep(self.random.choice([0, self.random.uniform(0, 0.01),
                                           self.random.uniform(0, 0.06)]))
            at_answer = self.kill()
            steering.wait()
            self.counts[f"kills_during_{step}" if steering.status is None
                        else f"kills_after_{step}"] += 1
        else:
            steering.wait()
            at_answer = self.arrived()
        state = self.state()
        done = state == expected
        if steering.status == 200 and not done:
            self.wrong.append(f"{step} was answered, and after it the campaign is {state}")
        if steering.status not in (200, 409, None):
            self.wrong.append(f"{step} was answered {steering.status}")
        if done and expected != "running":
            # After a kill nothing was being handed over any more.
            self.still(step, at_answer, 0 if kills else HANDED_OVER_MAX)
        return done

    def work(self, sender):
        self.id = self.server.campaign(sender, f"News {self.before}", "All is well.")
        self.server.begin(self.id)
        for _ in range(self.run.options.rounds):
            if not self.wait_flowing():
                break
            time.sleep(self.random.uniform(0, 0.1))
            if self.steer("pause", "paused"):
                while not self.steer("resume", "running"):
                    if self.state() != "paused":
                        break
        if self.aborts and self.state() == "running" and self.wait_flowing():
            for _ in range(20):
                self.aborted = self.steer("abort", "cancelled")
                if self.aborted or self.state() != "running":
                    break
        self.server.wait_finished(self.id, timeout=END_TIMEOUT)

    def accounts(self):
        self.sink.read()
        rows = [r for r in self.server.program.log() if r["campaign_id"] == self.id]
        messages = self.sink.messages[self.before:]
        found = settle((p.casefold() for p in self.people), rows, messages,
                       self.counts["connections_cut"], aborted=self.aborted)
        found.counts.update(self.counts)
        found.counts["aborted"] += self.aborted
        return found


class Run:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.totals, self.violations = Counter(), []
        self.began = time.monotonic()

    def go(self, folder, url):
        people = [f"Person{n}@example{n % 7}.org" for n in range(self.options.recipients)]
        csv = folder / "list.csv"
        csv.write_text("email,first_name\n" + "".join(f"{p},Person\n" for p in people))
        with OracleSink(self.options.sink, folder / "sink", latency_ms=2,
                        seed=self.options.seed) as sink:
            server = Server(Tidings(self.options.tidings, folder / "data", url))
            try:
                server.import_people(csv)
                server.add_transport(sink.url)
                sender = server.add_sender()
                number = 0
                while self.totals["kills"] < self.options.kills and not self.violations:
                    campaign = Campaign(self, number, server, sink, people)
                    campaign.work(sender)
                    found = campaign.accounts()
                    self.totals.update(found.counts)
                    self.totals["campaigns"] += 1
                    self.violations += found.violations + campaign.wrong
                    number += 1
            finally:
                server.kill()

    def report(self):
        names = sorted(n for n in self.totals if n.startswith("kills_"))
        return {"chaos": "steer9", "database": self.options.database, "seed": self.options.seed,
                "seconds": round(time.monotonic() - self.began, 1),
                **{k: self.totals[k] for k in (
                    "kills", *names, "campaigns", "aborted", "expected", "delivered", "status_sent",
                    "status_cancelled", "status_uncertain", "doubled", "connections_cut")},
                "violations": self.violations[:20], "violation_count": len(self.violations)}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tidings", required=True, help="the program under test")
    parser.add_argument("--sink", required=True, help="the program of tests/chaos/sink.cc")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--recipients", type=int, default=12000, help="per campaign")
    parser.add_argument("--rounds", type=int, default=4, help="pauses per campaign, at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    run = Run(options)
    folder = work_folder("steer9")
    status = 0
    databases = {"sqlite": lambda: contextlib.nullcontext(None), "postgres": postgres.database}
    try:
        with databases[options.database]() as url:
            run.go(folder, url)
    except (Trouble, AssertionError, OSError, RuntimeError) as trouble:
        print(f"steer9: {type(trouble).__name__}: {trouble}", file=sys.stderr)
        status = 2
    print(json.dumps(run.report(), ensure_ascii=False), flush=True)
    if run.violations:
        print(f"steer9: rules were broken; the folder is kept: {folder}", file=sys.stderr)
        return 1
    remove(folder)
    return status


if __name__ == "__main__":
    sys.exit(main())
