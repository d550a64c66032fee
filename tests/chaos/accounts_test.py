#!/usr/bin/env python3
"""Each rule of accounts.py fails on a history that breaks it, and on none that does not."""

import unittest

from accounts import settle


def row(address, status="sent", ambiguous=False, reason="", message_id=None):
    return {"address": address, "status": status, "ambiguous": ambiguous, "reason": reason,
            "message_id": message_id or f"<{address}>"}


def delivery(address, message_id=None):
    return {"to": address, "id": message_id or f"<{address.casefold()}>"}


PEOPLE = ["a@x", "b@x", "c@x"]


class AccountsTest(unittest.TestCase):
    def rules(self, rows, deliveries, cut=0, refusals=(), expected=PEOPLE, aborted=False):
        found = settle(expected, rows, deliveries, cut, refusals, aborted).violations
        return sorted({violation.split(":")[0] for violation in found})

    def others(self):
        return [row("b@x"), row("c@x")], [delivery("b@x"), delivery("c@x")]

    def with_a(self, a_rows, a_deliveries, **more):
        rows, deliveries = self.others()
        return self.rules(rows + a_rows, deliveries + a_deliveries, **more)

    def test_everybody_once_is_right(self):
        self.assertEqual(self.with_a([row("a@x")], [delivery("a@x")]), [])

    def test_only_of_an_aborted_campaign_somebody_may_be_cancelled_and_then_got_nothing(self):
        cancelled = row("a@x", "cancelled", reason="cancelled")
        self.assertEqual(self.with_a([cancelled], []), ["lost"])
        self.assertEqual(self.with_a([cancelled], [], aborted=True), [])
        self.assertEqual(self.with_a([cancelled], [delivery("a@x")], aborted=True), ["record"])
        self.assertEqual(self.with_a([row("a@x", "bounced", reason="x")], [], aborted=True),
                         ["lost"])

    def test_case_of_an_address_does_not_matter(self):
        self.assertEqual(self.with_a([row("A@x", message_id="<a@x>")], [delivery("A@X")]), [])

    def test_nobody_may_be_missing_from_record_and_sink(self):
        self.assertEqual(self.with_a([], []), ["lost"])

    def test_a_delivery_without_a_row_is_wrong(self):
        self.assertEqual(self.with_a([], [delivery("a@x")]), ["unrecorded"])

    def test_sent_must_have_arrived(self):
        self.assertEqual(self.with_a([row("a@x")], []), ["lost"])

    def test_sent_and_ambiguous_must_have_arrived_too(self):
        self.assertEqual(self.with_a([row("a@x", ambiguous=True)], [], cut=1), ["lost"])

    def test_uncertain_may_have_arrived_or_not(self):
        uncertain = row("a@x", "uncertain", ambiguous=True)
        self.assertEqual(self.with_a([uncertain], [], cut=1), [])
        self.assertEqual(self.with_a([uncertain], [delivery("a@x")], cut=1), [])

    def test_uncertain_needs_an_open_intent(self):
        self.assertEqual(self.with_a([row("a@x", "uncertain")], [], cut=1), ["record"])

    def test_no_more_uncertain_than_connections_cut(self):
        rows = [row(a, "uncertain", ambiguous=True) for a in PEOPLE]
        self.assertEqual(self.rules(rows, [], cut=2), ["bound"])
        self.assertEqual(self.rules(rows, [], cut=3), [])

    def test_left_waiting_is_lost(self):
        for status in ("waiting", "leased", "attempting", "deferred", "held"):
            self.assertEqual(self.with_a([row("a@x", status)], []), ["lost"], status)
            self.assertEqual(self.with_a([row("a@x", status)], [delivery("a@x")]), ["lost"])

    def test_not_sent_needs_a_reason_and_a_refusal(self):
        self.assertEqual(self.with_a([row("a@x", "bounced", reason="refused")], []), ["lost"])
        self.assertEqual(self.with_a([row("a@x", "bounced", reason="refused")], [],
                                     refusals=["a@x"]), [])
        self.assertEqual(self.with_a([row("a@x", "bounced")], [], refusals=["a@x"]), ["lost"])
        self.assertEqual(self.with_a([row("a@x", "bounced", reason="refused")],
                                     [delivery("a@x")], refusals=["a@x"]), ["record"])

    def test_a_second_copy_needs_an_open_intent_and_a_cut_connection(self):
        two = [delivery("a@x")] * 2
        self.assertEqual(self.with_a([row("a@x")], two, cut=1), ["doubled"])
        self.assertEqual(self.with_a([row("a@x", ambiguous=True)], two, cut=1), [])
        self.assertEqual(self.with_a([row("a@x", ambiguous=True)], two + two[:1], cut=1), ["bound"])

    def test_a_second_copy_under_a_new_message_id_is_found(self):
        got = [delivery("a@x"), delivery("a@x", "<other@x>")]
        self.assertEqual(self.with_a([row("a@x")], got, cut=5), ["message_id"])

    def test_two_rows_for_one_person_are_wrong(self):
        rows = [row("a@x"), row("a@x", message_id="<second>")]
        got = [delivery("a@x"), delivery("a@x", "<second>")]
        self.assertIn("planned_twice", self.with_a(rows, got, cut=5))

    def test_a_stranger_is_found_on_either_side(self):
        self.assertEqual(self.with_a([row("a@x"), row("z@x")], [delivery("a@x")]), ["stranger"])
        self.assertEqual(self.with_a([row("a@x")], [delivery("a@x"), delivery("z@x")]),
                         ["stranger"])

    def test_a_broken_row_of_the_list_may_stand_in_the_record_as_not_sent(self):
        self.assertEqual(self.with_a([row("a@x"), row("z@x", "skipped", reason="no address")],
                                     [delivery("a@x")]), [])


if __name__ == "__main__":
    unittest.main()
