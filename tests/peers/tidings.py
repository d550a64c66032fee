"""The program under test, seen only through its command line.

Nothing here knows the inside of Tidings: the proofs that use it hold for any build that keeps the
contract of `tidings --help`.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = 77  # ctest's SKIP_RETURN_CODE in tests/CMakeLists.txt files


def skip(why):
    """Ends the program as skipped, saying why: never silently."""
    print(f"SKIP: {why}", flush=True)
    sys.exit(SKIPPED)


def corpora():
    """The folder of third-party test data, or None."""
    folder = Path(os.environ.get("TIDINGS_CORPORA", ROOT.parent / "shared" / "corpora"))
    return folder if folder.is_dir() else None


def work_folder(name):
    """A fresh folder for one run. Removed by the caller when all went well."""
    base = os.environ.get("TIDINGS_WORK") or tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix=f"tidings-{name}-", dir=base))


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)


class Running:
    """A started command whose words are collected as they come."""

    def __init__(self, arguments, **popen):
        self.began = time.monotonic()
        self.lines = []
        self.process = subprocess.Popen(
            [str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", bufsize=1, **popen)
        self._changed = threading.Condition()
        self._closed = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def output(self):
        return "\n".join(self.lines)

    def wait_for(self, pattern, timeout):
        """The match of the first line that fits, or None when the output ended or time ran out."""
        expression = re.compile(pattern)
        seen = 0
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    match = expression.search(line)
                    if match:
                        return match
                seen = len(self.lines)
                left = end - time.monotonic()
                if self._closed or left <= 0:
                    return None
                self._changed.wait(left)

    def running(self):
        return self.process.poll() is None

    def kill(self):
        """kill -9, of the process we started and no other. True if it was still alive."""
        alive = self.running()
        if alive:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._reader.join(10)
        return alive and self.process.returncode == -signal.SIGKILL

    def interrupt(self, which=signal.SIGINT):
        if self.running():
            self.process.send_signal(which)

    def wait(self, timeout):
        """The exit code; kills and raises when it takes longer."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {timeout} s: {self.output[-2000:]}") from None
        self._reader.join(10)
        return self.process.returncode


class Tidings:
    """One data folder (and database) with the commands on it."""

    def __init__(self, program, data, database=None):
        self.program = Path(program).resolve()
        self.data = Path(data)
        self.database = database

    def arguments(self, command, *rest):
        words = command.split()
        shared = ["--data", self.data]
        if self.database:
            shared += ["--database", self.database]
        return [self.program, *words, *shared, *rest]

    def start(self, command, *rest, **popen):
        return Running(self.arguments(command, *rest), **popen)

    def run(self, command, *rest, timeout=300, **popen):
        """Runs to the end; returns (exit code, everything it said)."""
        running = self.start(command, *rest, **popen)
        code = running.wait(timeout)
        return code, running.output

    def log(self, *filters):
        """Every row of the communications log as a dict."""
        done = subprocess.run([str(a) for a in self.arguments("log", "--json", *filters)],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=600)
        if done.returncode != 0:
            raise AssertionError(
                f"`tidings log --json` ended with {done.returncode}: {done.stderr.decode()}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]

    def message_octets(self, message_id):
        """Exactly what was sent, as `tidings message show --raw` gives it."""
        done = subprocess.run(
            [str(a) for a in self.arguments("message show", message_id, "--raw")],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"`tidings message show {message_id} --raw` ended with "
                                 f"{done.returncode}: {done.stderr.decode()}")
        return done.stdout
