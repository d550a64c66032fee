"""Unbound as a name server of our own: zones from files or texts, signed ones among them.

`./dev setup` unpacks the package below build/, so nothing of the machine's is replaced. The tools
that sign (ldns) are installed.

As a program: name_server.py FOLDER -- COMMAND… runs the command with every *.zone of the folder
served; *.signed.zone is signed first. The command finds TIDINGS_TEST_DNS (ADDRESS@PORT) and
TIDINGS_TEST_ANCHOR (a file) in its environment. Exit: the command's; 77 without Unbound.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def program():
    unpacked = Path(os.environ.get("TIDINGS_UNBOUND", ROOT / "build" / "unbound"))
    path = unpacked / "usr" / "sbin" / "unbound"
    if path.exists():
        return str(path)
    return shutil.which("unbound", path=os.environ.get("PATH", "") + ":/usr/sbin")


def can_sign():
    return shutil.which("ldns-signzone") is not None and shutil.which("ldns-keygen") is not None


def free_port():
    """A port that is free for both TCP and UDP on 127.0.0.1."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            with contextlib.suppress(OSError):
                udp.bind(("127.0.0.1", tcp.getsockname()[1]))
                return tcp.getsockname()[1]


def origin_of(text):
    for line in text.splitlines():
        if line.startswith("$ORIGIN"):
            return line.split()[1]
    raise ValueError("a zone begins with its $ORIGIN")


def sign(zone_file, origin, folder):
    """Signs in place; returns the DS record that trusts the zone."""
    key = subprocess.run(
        ["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", origin], cwd=folder, check=True,
        stdout=subprocess.PIPE, text=True).stdout.strip()
    # Valid from a day ago, so that a clock that is a little off does no harm.
    day = 86400
    stamp = lambda t: time.strftime("%Y%m%d%H%M%S", time.gmtime(t))  # noqa: E731
    subprocess.run(
        ["ldns-signzone", "-n", "-i", stamp(time.time() - day), "-e", stamp(time.time() + 30 * day),
         "-o", origin, "-f", str(zone_file), str(zone_file), key], cwd=folder, check=True)
    return (folder / f"{key}.ds").read_text()


class NameServer:
    def __init__(self, port, anchor, process):
        self.address = f"127.0.0.1@{port}"
        self.anchor = anchor  # the file of all signed zones' DS records, or None
        self.process = process


CONFIGURATION = """server:
  interface: 127.0.0.1
  port: {port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 0
  num-threads: 1
  module-config: "iterator"
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  unblock-lan-zones: yes
remote-control:
  control-enable: no
"""


@contextlib.contextmanager
def name_server(zones, signed=(), broken=("broken.",), spoil=None):
    """Serves the zones' texts, each beginning with $ORIGIN. `signed`: texts that are signed first;
    `spoil(origin, text)` may change one after that. Under `broken` nothing can be answered."""
    folder = Path(tempfile.mkdtemp(prefix="tidings-dns-"))
    process = None
    try:
        port = free_port()
        configuration = CONFIGURATION.format(port=port, folder=folder)
        anchors = ""
        for number, text in enumerate([*zones, *signed]):
            origin = origin_of(text)
            file = folder / f"{number}.zone"
            file.write_text(text)
            if number >= len(zones):
                anchors += sign(file, origin, folder)
                if spoil:
                    file.write_text(spoil(origin, file.read_text()))
            configuration += (f'auth-zone:\n  name: "{origin}"\n  zonefile: "{file}"\n'
                              "  for-downstream: yes\n  for-upstream: yes\n")
        for origin in broken:
            # A zone without its file: an error at once.
            configuration += (f'auth-zone:\n  name: "{origin}"\n  for-downstream: yes\n'
                              "  for-upstream: yes\n  fallback-enabled: no\n")
        (folder / "unbound.conf").write_text(configuration)
        anchor = folder / "anchor"
        anchor.write_text(anchors)
        process = subprocess.Popen(
            [program(), "-d", "-c", str(folder / "unbound.conf")], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_for(port, process)
        yield NameServer(port, anchor if anchors else None, process)
    finally:
        if process is not None:
            process.terminate()
            process.wait()
            process.stderr.close()
        shutil.rmtree(folder)


def wait_for(port, process, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"unbound ended at once: {process.stderr.read().decode()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"no name server on port {port} after {seconds} s")


def make_certificates(folder):
    """ca.pem, and of it `good` (the names of *.sts, their web servers too, and h1.dane); `self`, which
    nobody signed. Returns what a TLSA record 3 1 1 says of `good`."""
    names = "DNS:h1.sts,DNS:h2.sts,DNS:*.shop.sts,DNS:*.both.sts,DNS:*.wrong.sts,DNS:h1.dane"
    for host in ("shop", "both", "wrong", "first", "last"):
        names += f",DNS:mta-sts.{host}.sts"
    script = f"""set -e
key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 $key -days 10 -subj /CN=Authority -keyout ca.key -out ca.pem
openssl req $key -subj /CN=good -keyout good.key -out good.csr
echo subjectAltName={names} > good.ext
openssl x509 -req -in good.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 10 -extfile good.ext \
  -out good.pem
openssl req -x509 $key -days 10 -subj /CN=self -keyout self.key -out self.pem
openssl pkey -in good.key -pubout -outform DER | sha256sum | cut -d' ' -f1 > good.spki
"""
    subprocess.run(["sh", "-c", script], cwd=folder, check=True, stderr=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)
    return (folder / "good.spki").read_text().strip()


def main():
    folder, dashes, *command = sys.argv[1:]
    if dashes != "--" or not command:
        sys.exit(__doc__)
    if program() is None:
        print("Unbound is not here: ./dev setup unpacks it")
        sys.exit(77)
    files = sorted(Path(folder).glob("*.zone"))
    signed = [f.read_text() for f in files if f.name.endswith(".signed.zone") and can_sign()]
    plain = [f.read_text() for f in files if not f.name.endswith(".signed.zone")]
    # What a zone calls spoilt is changed after it was signed.
    spoil = lambda origin, text: (text.replace("192.0.2.66", "192.0.2.67")  # noqa: E731
                                  .replace("5a5a5a5a", "5b5b5b5b"))
    environment = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="tidings-certificates-") as certificates:
        if any("{spki}" in text for text in signed):
            spki = make_certificates(Path(certificates))
            signed = [text.replace("{spki}", spki) for text in signed]
            environment["TIDINGS_TEST_CERTIFICATES"] = certificates
        with name_server(plain, signed, spoil=spoil) as server:
            environment["TIDINGS_TEST_DNS"] = server.address
            if server.anchor:
                environment["TIDINGS_TEST_ANCHOR"] = str(server.anchor)
            sys.exit(subprocess.run(command, env=environment).returncode)


if __name__ == "__main__":
    main()
