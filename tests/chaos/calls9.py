#!/usr/bin/env python3
"""Kills a `tidings serve` that is called again and again: what was answered 202 is sent, once.

  calls9.py --tidings PROGRAM --sink SINK [--database postgres] [--kills 6] [--clients 12] [--seed 1]

Clients call POST /api/v1/messages, each call with an address and an Idempotency-Key of its own, and
repeat a call that got no answer with the same key, as an application would. Meanwhile the server is
killed with kill -9 at random moments and started again. In the end an independent sink has every
address that was answered, and none twice but for those whose last octet had left when the server
died: they are sent again with the same octets (P37), at most as many as it had connections.
Prints one JSON line. Exit: 0 every rule held, 1 one was broken, 77 not possible here.
"""

import argparse
import collections
import contextlib
import http.client
import json
import random
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "peers"))
import postgres  # noqa: E402
from oracle_sink import OracleSink  # noqa: E402
from server import Server  # noqa: E402
from tidings import Tidings, remove, work_folder  # noqa: E402

CONNECTIONS = 10  # of the server to the sink
ARRIVAL_MAX = 120  # seconds after the last call


class Caller(threading.Thread):
    def __init__(self, number, server, ended):
        super().__init__(daemon=True)
        self.number, self.server, self.ended = number, server, ended
        self.token = server.make_token("all")
        self.accepted = {}  # address → id
        self.repeated = 0
        self.refused = collections.Counter()

    def run(self):
        n = 0
        while not self.ended.is_set():
            self.call(f"buyer{self.number}x{n}@shop{n % 7}.example")
            n += 1

    def call(self, address):
        """Until it is answered, or the run is over."""
        connection = None
        while not self.ended.is_set():
            try:
                connection = connection or http.client.HTTPConnection(
                    "127.0.0.1", self.server.port, timeout=30)
                connection.request(
                    "POST", "/api/v1/messages",
                    json.dumps({"to": address, "template": "receipt", "override_sender": True,
                                "data": {"number": 1}}),
                    {"Authorization": f"Bearer {self.token}", "Idempotency-Key": address,
                     "Content-Type": "application/json"})
                answer = connection.getresponse()
                body = json.loads(answer.read())
                if answer.status == 202:
                    self.accepted[address] = body["id"]
                    return
                self.refused[answer.status] += 1
                time.sleep(0.05)
            except (OSError, http.client.HTTPException, ValueError):
                self.repeated += 1
                connection = None
                time.sleep(0.02)


def run(options, folder, url):
    chance = random.Random(options.seed)
    with OracleSink(options.sink, folder / "sink") as sink:
        server = Server(Tidings(options.tidings, folder / "data", url))
        try:
            server.add_transport(sink.url)
            sender = server.add_sender()
            server.call("POST", "/templates", {
                "name": "receipt", "kind": "transactional",
                "draft": {"sender_id": sender["id"], "subject": "Order {{ data.number }}",
                          "text": "Thank you.\n"}})
            ended = threading.Event()
            callers = [Caller(n, server, ended) for n in range(options.clients)]
            for caller in callers:
                caller.start()
            for _ in range(options.kills):
                time.sleep(chance.uniform(0.6, 1.8))
                server.kill()
                server.start()
            time.sleep(1)
            ended.set()
            for caller in callers:
                caller.join(60)
            accepted = {a: i for caller in callers for a, i in caller.accepted.items()}
            arrived = collections.Counter()
            end = time.monotonic() + ARRIVAL_MAX
            while time.monotonic() < end and not all(a in arrived for a in accepted):
                time.sleep(0.2)
                sink.read()
                arrived = collections.Counter(message["to"] for message in sink.messages)
            doubled = [a for a, count in arrived.items() if count > 1]
            return {"chaos": "calls9", "database": options.database, "seed": options.seed,
                    "kills": options.kills, "accepted": len(accepted),
                    "ids": len(set(accepted.values())),
                    "lost": sum(a not in arrived for a in accepted), "doubled": len(doubled),
                    "repeated_calls": sum(caller.repeated for caller in callers),
                    "refused": dict(sum((c.refused for c in callers), collections.Counter()))}
        finally:
            server.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tidings", required=True)
    parser.add_argument("--sink", required=True, help="the program of sink.cc")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = work_folder("calls9")
    databases = {"sqlite": lambda: contextlib.nullcontext(None), "postgres": postgres.database}
    try:
        with databases[options.database]() as url:
            result = run(options, folder, url)
    finally:
        remove(folder)
    print(json.dumps(result), flush=True)
    held = (result["lost"] == 0 and result["ids"] == result["accepted"]
            and result["doubled"] <= CONNECTIONS * options.kills)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
