"""Postfix's smtp-sink and smtp-source, from a folder they were unpacked into or from the system.

They need neither a configuration nor the daemon, so `./dev setup` unpacks the package below build/
instead of installing it.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tidings import ROOT


def program(name):
    """(path, environment) of `smtp-sink` or `smtp-source`, or None when there is no Postfix."""
    unpacked = Path(os.environ.get("TIDINGS_POSTFIX", ROOT / "build" / "postfix"))
    path = unpacked / "usr" / "sbin" / name
    if path.exists():
        libraries = str(unpacked / "usr" / "lib" / "postfix")
        return path, {**os.environ, "LD_LIBRARY_PATH": libraries}
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    return (Path(found), dict(os.environ)) if found else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def smtp_sink(*options, backlog=512, cwd=None):
    """A running smtp-sink; yields (port, process)."""
    path, environment = program("smtp-sink")
    if os.geteuid() == 0:
        options = ("-u", "nobody", *options)
    port = free_port()
    process = subprocess.Popen(
        [str(a) for a in (path, *options, f"127.0.0.1:{port}", backlog)], env=environment, cwd=cwd,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        wait_for_port(port, process)
        yield port, process
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()


def wait_for_port(port, process, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"ended at once: {process.stderr.read().decode()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port} after {seconds} s")
