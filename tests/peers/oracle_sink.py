"""Starts and reads tests/chaos/sink.cc, the independent SMTP sink."""

import json
import subprocess
from pathlib import Path


class OracleSink:
    """A running sink; use it as a context manager. `records` grows by `read()`."""

    def __init__(self, program, folder, latency_ms=0, faults=None, seed=1, bodies=False,
                 port=0):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "sink.jsonl"
        self.bodies = folder / "sink.bodies" if bodies else None
        arguments = [program, "--records", self.path, "--latency-ms", latency_ms, "--seed", seed,
                     "--listen", f"127.0.0.1:{port}"]
        if bodies:
            arguments += ["--bodies", self.bodies]
        for name, probability in (faults or {}).items():
            arguments += ["--fault", f"{name}={probability}"]
        self.process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if len(words) != 2 or words[0] != "listening":
            raise RuntimeError(f"the sink did not start: {words}")
        self.address = words[1]
        self.url = f"smtp://{self.address}"
        self.messages = []  # accepted messages, in order
        self.faults = []  # what was refused or dropped, in order
        self.ended = []  # connections that ended, in order
        self._offset = 0
        self._rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def size(self):
        """Bytes recorded so far; cheap to poll."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def read(self):
        """Takes in what was recorded since the last call; returns the new lines as dicts."""
        fresh = []
        with open(self.path, "rb") as file:
            file.seek(self._offset)
            data = file.read()
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            record = json.loads(line)
            fresh.append(record)
            if record["event"] == "message":
                self.messages.append(record)
            elif record["event"] == "fault":
                self.faults.append(record)
            else:
                self.ended.append(record)
        return fresh

    def octets(self, record):
        """The content of a message, when the sink was started with bodies."""
        with open(self.bodies, "rb") as file:
            file.seek(record["offset"])
            return file.read(record["bytes"])
