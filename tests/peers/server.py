"""A running `tidings serve` with a token, asked through its HTTP API as any program would."""

import http.client
import json
import re
import socket
import subprocess
import time

START_TIMEOUT = 60
END_TIMEOUT = 600
IDLE_MAX = 5  # seconds after which a connection is not trusted to be there any more


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Refused(AssertionError):
    """An answer that is no success: `status` and the problem's `code`."""

    def __init__(self, what, status, text):
        super().__init__(f"{what} was answered {status}: {text[:2000]}")
        self.status = status
        self.text = text
        try:
            self.code = json.loads(text).get("code", "")
        except ValueError:
            self.code = ""


class Server:
    """Made on a fresh folder: an organisation, a token that may do everything, and the server."""

    def __init__(self, program, *flags):
        self.program = program
        self.flags = flags
        self.port = free_port()
        self.running = None
        self.connection = None
        self.used_at = 0
        if program.database:  # not every command takes it as a flag
            program.data.mkdir(parents=True, exist_ok=True)
            (program.data / "tidings.toml").write_text(f'database = "{program.database}"\n')
            program.database = None
        self._command("init", "--name", "School", "--owner", "ada@school.example", "--owner-name",
                      "Ada", "--password-stdin", words="mauve otter\n")
        self.token = self.make_token("all")
        self.start()

    def _command(self, command, *rest, words=""):
        done = subprocess.run([str(a) for a in self.program.arguments(command, *rest)],
                              input=words, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(f"tidings {command} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def make_token(self, *scopes, test=False):
        scopes = [word for scope in scopes for word in ("--scope", scope)]
        return self._command("token create", "--name", f"token {time.monotonic_ns()}", *scopes,
                             *(["--test"] if test else [])).strip()

    def start(self):
        self.running = self.program.start("serve", "--listen", f"127.0.0.1:{self.port}",
                                          *self.flags)
        if not self.running.wait_for(rf":{self.port}", START_TIMEOUT):
            raise AssertionError(f"the server did not start: {self.running.output[-2000:]}")

    def kill(self):
        """kill -9; start() goes on in the same folder."""
        self.close()
        return self.running.kill()

    def stop(self):
        self.close()
        self.running.interrupt()
        self.running.wait(START_TIMEOUT)

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def ask(self, method, target, body=None, token=None, **headers):
        """(status, body as JSON or text) of /api/v1TARGET, or of what begins with /u, /sender …"""
        if time.monotonic() - self.used_at > IDLE_MAX:
            self.close()
        self.used_at = time.monotonic()
        if not self.connection:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Authorization"] = f"Bearer {token or self.token}"
        if isinstance(body, dict):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            self.connection.request(method, target, body, headers)
            answer = self.connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if answer.headers.get("Content-Type", "").split(";")[0].endswith("json"):
            return answer.status, json.loads(text)
        return answer.status, text

    def call(self, method, target, body=None, **options):
        """The JSON of an answer that must be a success."""
        status, answer = self.ask(method, "/api/v1" + target, body, **options)
        if status >= 300:
            text = answer if isinstance(answer, str) else json.dumps(answer)
            raise Refused(f"{method} {target}", status, text)
        return answer

    # --- what most tests need

    def add_transport(self, url):
        return self.call("POST", "/transports", {"name": "Relay", "url": url, "is_default": True})

    def add_sender(self, address="office@school.example"):
        return self.call("POST", "/senders", {"name": "The office", "address": address})

    def import_people(self, csv):
        """Through the running server, from the command line."""
        said = self._command("import", csv)
        return int(re.search(r"([\d,.]+)", said)[1].replace(",", "").replace(".", ""))

    def campaign(self, sender, subject, text, **more):
        return self.call("POST", "/campaigns", {
            "name": subject, "audience": {"everybody": True},
            "draft": {"sender_id": sender["id"], "subject": subject,
                      "text": text + "\n{{ unsubscribe_url }}\n"}, **more})["id"]

    def step(self, campaign, step, **body):
        return self.call("POST", f"/campaigns/{campaign}/{step}", body or None)

    def begin(self, campaign):
        return self.step(campaign, "start", override_sender=True, override_findings=True)

    def wait_finished(self, *campaigns, timeout=END_TIMEOUT):
        """Until each of them has ended; answers their last progress."""
        end = time.monotonic() + timeout
        last = {}
        for campaign in campaigns:
            while True:
                last[campaign] = self.call("GET", f"/campaigns/{campaign}")
                if last[campaign]["finished_at"]:
                    break
                if time.monotonic() > end:
                    raise AssertionError(f"{campaign} has not ended: {last[campaign]}")
                time.sleep(0.1)
        return [last[campaign] for campaign in campaigns]
