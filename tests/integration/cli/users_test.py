#!/usr/bin/env python3
"""People and programs from the command line: the first user, roles, passwords, tokens; alone and
beside a running server; and what the server then lets them do."""

import json
import re
import urllib.parse

import walk
from served import PASSWORD, Served


class UsersTest(Served):
    def users(self):
        lines = self.run_with("user list", "--json").splitlines()
        return {user["email"]: user for user in map(json.loads, lines)}

    def test_people_are_added_changed_and_removed(self):
        self.init()
        self.assertEqual(self.users()["ada@club.example"]["role"], "owner")
        said = self.run_with("user add", "cas@club.example", "--role", "viewer")
        self.assertRegex(said, r"http://localhost:\d+/password/\S{43}")
        self.run_with("user role", "CAS@club.example", "editor")
        self.assertEqual(self.users()["cas@club.example"]["role"], "editor")
        self.run_with("user disable", "cas@club.example")
        self.assertTrue(self.users()["cas@club.example"]["is_disabled"])
        self.run_with("user enable", "cas@club.example")
        self.run_with("user remove", "cas@club.example")
        self.assertEqual(list(self.users()), ["ada@club.example"])
        self.assertIn("last owner", self.run_with("user role", "ada@club.example", "viewer", code=2))
        self.assertIn("user list", self.run_with("user remove", "nobody@x.example", code=2))
        self.assertIn("first that others would try", self.run_with(
            "user password", "ada@club.example", "--password-stdin", words="1234567890\n", code=2))
        self.assertIn("at least 10", self.run_with(
            "user add", "dan@club.example", "--password-stdin", words="short\n", code=2))
        self.assertEqual(list(self.users()), ["ada@club.example"], "nobody was made")

    def test_the_server_lets_in_who_the_command_line_made(self):
        self.init()
        self.serve()
        answer, text = self.sign_in("ada@club.example")
        self.assertEqual(answer.status, 201, text)
        cookie = answer.headers["Set-Cookie"]
        for word in ("__Host-tidings=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            self.assertIn(word, cookie)
        pair = cookie.split(";")[0]
        answer, text = self.ask("GET", "/api/v1/session", Cookie=pair)
        self.assertEqual(json.loads(text)["role"], "owner")
        answer, text = self.ask("PATCH", "/api/v1/organisation", {"name": "Stolen"}, Cookie=pair,
                                Origin="https://evil.example")
        self.assertEqual(answer.status, 403, text)
        # Beside the running server, through its socket.
        link = re.search(r"/password/\S{43}", self.run_with("user add", "cas@club.example"))[0]
        answer, text = self.ask("GET", link)
        self.assertEqual(answer.status, 200)
        self.assertIn("Choose your password", text)
        form = {"password": PASSWORD, "again": "another one"}
        kind = {"Content_Type": "application/x-www-form-urlencoded"}
        answer, text = self.ask("POST", link, urllib.parse.urlencode(form), **kind)
        self.assertEqual(answer.status, 422)
        form["again"] = PASSWORD
        answer, text = self.ask("POST", link, urllib.parse.urlencode(form), **kind)
        self.assertEqual(answer.status, 200, text)
        self.assertEqual(self.ask("GET", link)[0].status, 404, "once")
        self.assertEqual(self.sign_in("cas@club.example")[0].status, 201)
        self.run_with("user password", "ada@club.example", "--password-stdin", words="lantern gravel\n")
        self.assertEqual(self.ask("GET", "/api/v1/session", Cookie=pair)[0].status, 401)
        self.assertEqual(self.sign_in("ada@club.example")[0].status, 401)
        self.assertEqual(self.sign_in("ada@club.example", "lantern gravel")[0].status, 201)

    def test_tokens_are_made_used_listed_and_revoked(self):
        self.init()
        secret = self.run_with("token create", "--name", "shop", "--scope", "audit:read").strip()
        self.assertRegex(secret, r"^tdg_\S{43}$")
        trial = json.loads(self.run_with("token create", "--name", "trial", "--scope", "all", "--test",
                                         "--expires", "30d", "--json"))
        self.assertTrue(trial["secret"].startswith("tdgt_"))
        self.assertIn("There is no scope", self.run_with("token create", "--name", "x", "--scope",
                                                         "everything", code=2))
        self.serve()
        answer, text = self.ask("GET", "/api/v1/audit-log", Authorization="Bearer " + secret)
        self.assertEqual(answer.status, 200, text)
        self.assertIn("RateLimit", answer.headers)
        answer, text = self.ask("GET", "/api/v1/users", Authorization="Bearer " + secret)
        self.assertEqual(answer.status, 403, text)
        listed = [json.loads(line) for line in self.run_with("token list", "--json").splitlines()]
        self.assertEqual([t["name"] for t in listed], ["trial", "shop"])
        self.assertNotIn(secret, json.dumps(listed))
        self.run_with("token revoke", listed[1]["id"])
        answer, text = self.ask("GET", "/api/v1/audit-log", Authorization="Bearer " + secret)
        self.assertEqual(answer.status, 401, text)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")


if __name__ == "__main__":
    walk.main()
