"""A PostgreSQL for one run: the test runner's own (TIDINGS_TEST_POSTGRES), or one started here."""

import contextlib
import os
import shutil
import subprocess
import urllib.parse
import uuid

from tidings import ROOT, skip, work_folder


@contextlib.contextmanager
def database():
    """Yields the URL of a fresh, empty database; drops it afterwards."""
    server = os.environ.get("TIDINGS_TEST_POSTGRES")
    folder = None
    if not server:
        script = ROOT / "tools" / "postgres"
        if not script.exists():
            unavailable("tools/postgres is not there to start one")
        folder = work_folder("postgres")
        started = subprocess.run([script, "start", folder], capture_output=True, text=True)
        if started.returncode != 0:
            unavailable(f"PostgreSQL could not be started: {started.stderr.strip()}")
        server = started.stdout.strip()
    name = f"chaos_{uuid.uuid4().hex[:12]}"
    try:
        psql(server, f"CREATE DATABASE {name}")
        parts = urllib.parse.urlsplit(server)
        yield urllib.parse.urlunsplit(parts._replace(path=f"/{name}"))
        psql(server, f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        if folder:
            subprocess.run([ROOT / "tools" / "postgres", "stop", folder], capture_output=True)
            shutil.rmtree(folder, ignore_errors=True)


def psql(url, statement):
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-Atc", statement],
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"psql: {done.stderr.strip()}")
    return done.stdout


def unavailable(why):
    if os.environ.get("TIDINGS_REQUIRE_POSTGRES"):
        raise RuntimeError(f"PostgreSQL is required here (TIDINGS_REQUIRE_POSTGRES), but {why}")
    skip(why)
