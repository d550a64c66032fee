#!/usr/bin/env python3
"""Followed links and shown messages: links lead through the server to where they led, nothing else of
the message changes, what was asked for survives kill -9 and is told, and the message's own page."""

import email
import email.policy
import http.client
import re
import time
import urllib.parse

import walk
from walk import Walk

from server import Server

LETTER = """<!doctype html><html><body>
<p>Dear {{ contact.first_name }}, <a class="x" href='https://a.example/shop?a=1&amp;b=2#top'>the
shop</a>, <a href="https://b.example/?who={{ contact.first_name }}">your page</a>,
<a href="https://c.example/" data-tidings-track="no">plain</a>,
<a href="mailto:office@example.org">write</a>.</p>
<p><a href="{{ view_in_browser_url }}">In a browser</a> <a href="{{ unsubscribe_url }}">No more</a>
</p></body></html>
"""


class TrackingTest(Walk):
    def setUp(self):
        super().setUp()
        self.letter = self.write("letter.html", LETTER)
        self.relay = self.sink(bodies=True)
        self.server = Server(self.program)
        self.addCleanup(self.server.kill)

    def command(self, command, *rest):
        return self.server._command(command, *rest)

    def mails(self, **changes):
        """{address: message} of one send."""
        before = len(self.relay.messages)
        code, output = self.send(self.relay.url, **changes)
        self.assertEqual(code, 0, output)
        self.relay.read()
        return {m["to"]: email.message_from_bytes(self.relay.octets(m), policy=email.policy.default)
                for m in self.relay.messages[before:]}

    def html(self, mail):
        return mail.get_body(("html",)).get_content().replace("\r\n", "\n")

    def get(self, url, method="GET", **headers):
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        connection.request(method, parts.path, headers={n.replace("_", "-"): v
                                                        for n, v in headers.items()})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    def links(self, campaign):
        figures = self.server.call("GET", f"/campaigns/{campaign}/links")
        return [figures["image_hits"]] + [link["hits"] for link in figures["links"]]

    def wait_links(self, campaign, wanted):
        end = time.monotonic() + 20
        while self.links(campaign) != wanted:
            self.assertLess(time.monotonic(), end, self.links(campaign))
            time.sleep(0.05)

    def row(self, address):
        return max((r for r in self.program.log() if r["address"] == address),
                   key=lambda r: r["id"])

    def test_off_until_it_is_chosen(self):
        self.assertIn("off", self.command("tracking show"))
        mail = self.html(self.mails()["person0@example.org"])
        self.assertIn("href='https://a.example/shop?a=1&amp;b=2#top'", mail)
        self.assertNotIn("/c/", mail)
        self.assertNotIn(".gif", mail)

    def test_from_a_link_to_the_record_and_over_a_kill(self):
        self.command("tracking set", "individual")
        mails = self.mails(utm="source=news")
        plain = mails["person0@example.org"].get_body(("plain",)).get_content()
        html = self.html(mails["person0@example.org"])
        self.assertIn("https://a.example/shop?a=1&b=2&utm_source=news#top", plain)
        links = re.findall(r"""href=['"]([^'"]+)['"]""", html)
        shop, own, untouched, write = links[:4]
        self.assertRegex(shop, r"^http://\S+/c/[\w-]{32}/\w{13}/1$")
        self.assertRegex(own, r"^http://\S+/c/[\w-]{32}/\w{13}/2$")
        self.assertEqual([untouched, write], ["https://c.example/", "mailto:office@example.org"])
        self.assertIn("/v/", links[4])
        self.assertIn("/u/", links[5])
        picture = re.search(r'<img src="([^"]+/o/[\w-]{32}\.gif)"', html)[1]
        # Nothing else is changed.
        back = html.replace(shop, "https://a.example/shop?a=1&amp;b=2#top").replace(
            own, "https://b.example/?who=Person 0")
        back = re.sub(r"<img [^>]*>", "", back).replace(links[4], "V").replace(links[5], "U")
        self.assertEqual(back, LETTER.replace("{{ contact.first_name }}", "Person 0").replace(
            "{{ view_in_browser_url }}", "V").replace("{{ unsubscribe_url }}", "U"))

        answer, _ = self.get(shop, User_Agent="Reader/1 <b>")
        self.assertEqual(answer.status, 302)
        self.assertEqual(answer.getheader("Location"),
                         "https://a.example/shop?a=1&b=2&utm_source=news#top")
        self.assertEqual(answer.getheader("Cache-Control"), "no-store")
        self.assertEqual(answer.getheader("Referrer-Policy"), "no-referrer")
        self.assertIsNone(answer.getheader("Set-Cookie"))
        self.assertEqual(self.get(own)[0].getheader("Location"),
                         "https://b.example/?who=Person%200&utm_source=news")
        answer, body = self.get(picture)
        self.assertEqual((answer.status, answer.getheader("Content-Type"), body[:6], len(body)),
                         (200, "image/gif", b"GIF89a", 43))
        self.assertEqual(answer.getheader("Cache-Control"), "no-store")
        self.assertEqual(self.get(shop, "HEAD")[0].status, 302)
        self.server.kill()
        self.server.start()
        campaign = self.row("person0@example.org")["campaign_id"]
        self.wait_links(campaign, [1, 2, 1])
        self.assert_told(self.row("person0@example.org"))
        self.assert_a_person_is_seen(campaign, shop)
        self.assertIn("a.example", self.command("tracking links", campaign))
        self.assert_forged_is_refused(shop, picture)
        self.assert_consent_unchanged()

    def assert_a_person_is_seen(self, campaign, shop):
        figures = self.server.call("GET", f"/campaigns/{campaign}/statistics")
        along = {figure["figure"]: figure for figure in figures["along_the_way"]}
        self.assertEqual(along["opened"]["people"], 0)
        self.assertEqual(along["clicked"]["machine"], 3)
        self.get(shop, User_Agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 "
                                  "Firefox/128.0")
        self.wait_links(campaign, [1, 3, 1])
        self.assertEqual(self.row("person0@example.org")["status"], "clicked")
        shown = self.command("statistics", campaign)
        self.assertRegex(shown, r"1 +\d+\.\d %  opened\n")
        self.assertIn("clicked  (1 times; machines 3)", shown)
        self.assertIn("Firefox, computer", self.command("statistics --by program", campaign))
        self.assertRegex(self.command("statistics --by day", campaign), r"\n +1 +1 +0 +1 +4  20")
        self.assertIn("example.org", self.command("statistics --by domain", campaign))
        self.assert_clicks_are_drawn()

        self.assert_who_did_not_open_can_be_written_to(campaign)

    def assert_clicks_are_drawn(self):
        sent = f"/messages/{self.row('person2@example.org')['id']}/html"
        plain, drawn = (self.server.call("GET", sent + more) for more in ("", "?clicks=true"))
        self.assertNotIn("/o/", plain, "who looks at it in the office is not counted")
        mark = re.compile(r"<span style=\"all:initial[^>]*>(\d+)</span>")
        self.assertEqual(mark.findall(drawn), ["1", "0"])
        self.assertEqual(mark.sub("", drawn), plain)

    def assert_who_did_not_open_can_be_written_to(self, campaign):
        again = self.server.call("POST", f"/campaigns/{campaign}/resend", {"outcome": "not_opened"})
        people = {outcome: self.server.call("POST", "/audience/preview", {"audience": {
            "campaigns": [{"id": campaign, "outcome": outcome}]}})["messages"]
                  for outcome in ("sent", "opened", "clicked", "not_opened", "not_clicked")}
        self.assertEqual(people, {"sent": 3, "opened": 1, "clicked": 1, "not_opened": 2,
                                  "not_clicked": 2})
        self.assertEqual(again["audience"]["campaigns"],
                         [{"id": campaign, "outcome": "not_opened"}])

    def assert_told(self, row):
        self.assertEqual(row["status"], "sent", "a machine raises no status")
        events = self.server.call("GET", f"/messages/{row['id']}")["events"]
        hits = [event for event in events if event["hit"]]
        self.assertEqual([h["type"] for h in hits],
                         ["link followed", "link followed", "image loaded", "link followed"])
        # Every link at once, and none a moment after it was sent: nobody reads like that.
        self.assertEqual({h["hit"]["by"] for h in hits}, {"machine"})
        self.assertEqual(hits[3]["hit"]["why"], "head")
        self.assertEqual(hits[0]["hit"]["user_agent"], "Reader/1 <b>")
        self.assertEqual(hits[0]["hit"]["link"], 1)
        self.assertEqual(hits[0]["hit"]["address"], "127.0.0.0")
        shown = self.command("message show", row["id"])
        self.assertIn("link followed 1: https://a.example/shop", shown)
        self.assertIn("image loaded", shown)

    def assert_forged_is_refused(self, link, picture):
        forged = [re.sub(r"/c/.", "/c/_", link), link[:-1] + "9", link + "0", link[:-1] + "0",
                  link + "?url=https://evil.example/", link[:-2], picture[:-5] + "_.gif"]
        for url in forged:
            answer, _ = self.get(url)
            wanted = 302 if "?" in url else 404
            self.assertEqual(answer.status, wanted, url)
            self.assertNotIn("evil", answer.getheader("Location") or "")

    def assert_consent_unchanged(self):
        self.assertEqual(self.server.call("GET", "/suppressions")["items"], [])

    def test_in_a_browser_the_message_is_as_it_was_sent_and_counts_nothing(self):
        self.command("tracking set", "individual")
        html = self.html(self.mails()["person1@example.org"])
        page_url = re.search(r'href="([^"]+/v/[^"]+)"', html)[1]
        answer, page = self.get(page_url)
        self.assertEqual(answer.status, 200)
        page = page.decode().replace("\r\n", "\n")
        without = re.compile(r'<img src="[^"]*"')
        self.assertEqual(without.sub("<img", page).rstrip(), without.sub("<img", html).rstrip())
        self.assertNotIn("/o/", page)
        policy = answer.getheader("Content-Security-Policy")
        self.assertIn("sandbox", policy)
        self.assertNotIn("allow-scripts", policy)
        self.assertNotIn("allow-same-origin", policy)
        self.assertEqual(self.get(page_url[:-1])[0].status, 404)
        unsubscribe = re.search(r'href="([^"]+)/u/([^"]+)"', html)
        self.assertEqual(self.get(f"{unsubscribe[1]}/v/{unsubscribe[2]}")[0].status, 404)
        row = self.row("person1@example.org")
        self.server.call("POST", f"/messages/{row['id']}/hide", {"reason": "as a test"})
        self.assertEqual(self.get(page_url)[0].status, 404)

    def test_of_totals_everybody_has_the_same_links(self):
        self.command("tracking set", "totals")
        mails = self.mails()
        shops = {re.search(r"href='([^']+)'", self.html(mail))[1] for mail in mails.values()}
        self.assertEqual(len(shops), 1)
        shop = shops.pop()
        self.assertIn("/ct/", shop)
        self.assertIn("https://b.example/?who=Person 0", self.html(mails["person0@example.org"]))
        self.assertEqual(self.get(shop)[0].getheader("Location"),
                         "https://a.example/shop?a=1&b=2#top")
        row = self.row("person0@example.org")
        self.wait_links(row["campaign_id"], [0, 1])
        self.assertFalse([e for e in self.server.call("GET", f"/messages/{row['id']}")["events"]
                          if e["hit"]])
        for path in (self.program.data / "hits").iterdir():
            self.assertNotIn(b"127.0.0.1", path.read_bytes())

    def test_a_send_may_leave_it_out(self):
        self.command("tracking set", "individual")
        code, output = self.program.run("send", *self.words(self.relay.url), "--no-track")
        self.assertEqual(code, 0, output)
        self.relay.read()
        self.assertNotIn(b"/c/", self.relay.octets(self.relay.messages[0]))


if __name__ == "__main__":
    walk.main()
