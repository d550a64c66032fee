"""Set algebra of a campaign that was killed many times: who should have got it, who did, and what
the record says. Pure functions of three lists; proven by accounts_test.py.

The rules (R1 of the reliability goals):
- lost: somebody who should have it, did not get it, and whom the record does not name as uncertain
  or as not sent with a reason. Never allowed.
- a `sent` row has exactly one message at the sink, with its own Message-ID and address.
- a second copy is allowed only where the record admits an intent without outcome (`ambiguous`),
  and at most one per connection that was open at a kill.
- ambiguous rows themselves are bounded the same way: calling everything uncertain is no answer.
"""

from collections import Counter, defaultdict

# Where a message may rest once a send has ended.
SENT = "sent"
UNCERTAIN = "uncertain"
REFUSED = {"bounced", "failed", "skipped", "dropped", "cancelled"}


class Accounts:
    """What came out; `violations` is empty when every rule holds."""

    def __init__(self):
        self.violations = []
        self.counts = Counter()

    def wrong(self, rule, what):
        self.counts[f"wrong_{rule}"] += 1
        if self.counts[f"wrong_{rule}"] <= 5:  # the first few of a kind tell the story
            self.violations.append(f"{rule}: {what}")


def settle(expected, rows, deliveries, open_connections, refusals=(), aborted=False):
    """Holds the three against each other for one campaign.

    expected: the addresses that should get it, case-folded.
    rows: the campaign's rows of `tidings log --json`.
    deliveries: the sink's messages that belong to the campaign.
    open_connections: the connections that were open at its kills or broken by the sink, in all.
    refusals: addresses the sink refused for good, case-folded.
    aborted: the campaign was aborted: who is cancelled did not get it, and that is right.
    """
    accounts = Accounts()
    expected = set(expected)
    by_address = defaultdict(list)
    for row in rows:
        by_address[(row["address"] or "").casefold()].append(row)
    copies = Counter((d["id"], d["to"].casefold()) for d in deliveries)
    reached = Counter(address for _, address in copies.elements())

    for address in sorted(expected):
        _settle_person(accounts, address, by_address.get(address, []), copies, reached,
                       address in refusals, aborted)
    _check_strangers(accounts, expected, by_address, copies)
    _check_bounds(accounts, rows, copies, open_connections)
    accounts.counts.update(expected=len(expected), rows=len(rows), delivered=len(deliveries))
    return accounts


def _settle_person(accounts, address, rows, copies, reached, refused, aborted):
    if not rows:
        accounts.wrong("lost" if not reached[address] else "unrecorded",
                       f"{address} has no row in the record")
        return
    if len(rows) > 1:
        accounts.wrong("planned_twice", f"{address} has {len(rows)} rows in one campaign")
    row = rows[0]
    status = row["status"]
    arrived = copies[(row["message_id"], address)]
    if arrived != reached[address]:
        accounts.wrong("message_id", f"{address} got a message under another Message-ID than "
                                     f"{row['message_id']}")
    accounts.counts[f"status_{status}"] += 1
    if status == SENT:
        if arrived == 0:
            accounts.wrong("lost", f"{address} is recorded as sent and nothing arrived")
    elif status == UNCERTAIN:
        if not row["ambiguous"]:
            accounts.wrong("record", f"{address} is uncertain without an open intent")
    elif status in REFUSED:
        if not row["reason"]:
            accounts.wrong("lost", f"{address} is {status} without a reason")
        if arrived:
            accounts.wrong("record", f"{address} is {status} and got it")
        if not refused and not (aborted and status == "cancelled"):
            accounts.wrong("lost", f"{address} is {status} ({row['reason']}) though nobody refused")
    else:
        accounts.wrong("lost", f"{address} is left {status} after the end"
                       if not arrived else f"{address} got it and is left {status}")


def _check_strangers(accounts, expected, by_address, copies):
    for address, rows in by_address.items():
        sent = [r for r in rows if r["status"] in (SENT, UNCERTAIN)]
        if address not in expected and sent:
            accounts.wrong("stranger", f"{address} was written to and is not on the list")
    for (message_id, address), _ in copies.items():
        if address not in expected:
            accounts.wrong("stranger", f"{address} got {message_id} and is not on the list")


def _check_bounds(accounts, rows, copies, open_connections):
    admitted = {r["message_id"] for r in rows if r["ambiguous"]}
    extra = 0
    for (message_id, address), count in copies.items():
        if count > 1:
            extra += count - 1
            if message_id not in admitted:
                accounts.wrong("doubled", f"{address} got {message_id} {count} times and the "
                                          "record admits no open intent")
    accounts.counts.update(doubled=extra, ambiguous=len(admitted))
    for name, count in (("doubled", extra), ("ambiguous", len(admitted))):
        if count > open_connections:
            accounts.wrong("bound", f"{count} {name} messages, but only {open_connections} "
                                    "connections were ever cut")
