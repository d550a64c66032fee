"""Walks past a running server: its API, beside the commands of the same folder."""

import http.client
import json
import subprocess

from unsubscribe_test import free_port
from walk import Walk

PASSWORD = "mauve otter"


class Served(Walk):
    def setUp(self):
        super().setUp()
        self.port = free_port()

    def run_with(self, command, *rest, words="", code=0):
        """Standard output of a command that is given `words` and ends with `code`."""
        arguments = [str(a) for a in self.program.arguments(command, *rest)]
        done = subprocess.run(arguments, input=words, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(done.stdout == "" and code == 0, False, "silent success tells nothing")
        return done.stdout if code == 0 else done.stderr

    def init(self):
        self.run_with("init", "--name", "Club", "--owner", "ada@club.example", "--owner-name", "Ada",
                      "--password-stdin", words=PASSWORD + "\n")

    def serve(self):
        server = self.program.start("serve", "--listen", f"127.0.0.1:{self.port}")
        self.addCleanup(server.kill)
        self.assertTrue(server.wait_for(rf":{self.port}", 30), server.output)
        return server

    def ask(self, method, target, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, dict):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text

    def sign_in(self, email, password=PASSWORD):
        return self.ask("POST", "/api/v1/session", {"email": email, "password": password})
