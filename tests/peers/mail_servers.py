"""Postfix, Exim and OpenSMTPD as receiving mail servers: real ones, of the packages that `./dev
setup` unpacks below build/, each in a mount namespace of its own so that nothing of the machine's is
touched. They listen on several addresses of one port, some with an extension switched off, take mail
for everybody, and keep each message as a file. Needs root (they change users themselves).
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOBODY = pwd.getpwnam("nobody")
# Users that the packages would make when installed.
USERS = ["Debian-exim:x:961:961::/nonexistent:/bin/false",
         "opensmtpd:x:962:962::/var/lib/opensmtpd/empty:/bin/false",
         "opensmtpq:x:963:963::/var/lib/opensmtpd/empty:/bin/false",
         "postfix:x:964:964::/nonexistent:/bin/false"]
GROUPS = ["Debian-exim:x:961:", "opensmtpd:x:962:", "opensmtpq:x:963:", "postfix:x:964:",
          "postdrop:x:965:"]


def unpacked(name):
    """The folder a package was unpacked into, or None."""
    folder = Path(os.environ.get(f"TIDINGS_{name.upper()}", ROOT / "build" / name))
    return folder if (folder / "usr").is_dir() else None


def why_not(name):
    """Why this server cannot run here, or None."""
    if os.geteuid() != 0:
        return f"{name} needs root"
    if unpacked(name) is None:
        return f"{name} is not there; ./dev setup unpacks it"
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        return "no mount namespaces here"
    return None


def merged(path, ours):
    names = {line.split(":")[0] for line in ours}
    theirs = [line for line in Path(path).read_text().splitlines()
              if line.split(":")[0] not in names]
    return "\n".join([*theirs, *ours]) + "\n"


class MailServer:
    """`read()` gives {Message-ID: (recipient, octets)} of what arrived, as it was on the wire."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.box = folder / "box"

    def files(self):
        return [f for f in self.box.rglob("*") if f.is_file() and f.parent.name == "new"]

    def read(self):
        arrived = {}
        for file in self.files():
            octets = without_trace(file.read_bytes().replace(b"\n", b"\r\n"))
            message_id = next(line.split(b":", 1)[1].strip().decode()
                              for line in octets.split(b"\r\n")
                              if line.lower().startswith(b"message-id:"))
            if message_id in arrived:
                raise AssertionError(f"{message_id} arrived twice")
            arrived[message_id] = octets
        return arrived

    def wait_for(self, count, seconds=60):
        end = time.monotonic() + seconds
        while len(self.files()) < count and time.monotonic() < end:
            time.sleep(0.1)


# What a receiving server puts in front (RFC 5321 §4.4), and no sender writes.
TRACE = (b"return-path", b"delivered-to", b"x-original-to", b"received", b"envelope-to",
         b"delivery-date")


def without_trace(octets):
    lines = octets.split(b"\r\n")
    at = 0
    while at < len(lines):
        folded = lines[at][:1] in (b" ", b"\t")
        if not (folded and at > 0) and lines[at].split(b":", 1)[0].lower() not in TRACE:
            break
        at += 1
    return b"\r\n".join(lines[at:])


@contextlib.contextmanager
def running(name, command, mounts=(), first=None):
    """Runs `command(folder)` in the foreground with our users and `mounts(folder)`: (what, where)."""
    folder = Path(tempfile.mkdtemp(prefix=f"tidings-{name}-"))
    folder.chmod(0o755)
    box = folder / "box"
    box.mkdir()
    box.chmod(0o777)
    process = None
    log = open(folder / "log", "wb")
    try:
        (folder / "passwd").write_text(merged("/etc/passwd", USERS))
        (folder / "group").write_text(merged("/etc/group", GROUPS))
        script = ["set -e", "mount --make-rprivate /"]
        pairs = [(folder / "passwd", "/etc/passwd"), (folder / "group", "/etc/group")]
        for what, where in [*pairs, *(mounts(folder) if mounts else ())]:
            script.append(f"mount --bind {what} {where}")
        script.append('exec "$@"')
        words = [str(word) for word in command(folder)]
        process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", "\n".join(script), "sh", *words],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True)
        server = MailServer(name, folder)
        server.process = process
        yield server
    finally:
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()
        if not os.environ.get("TIDINGS_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


def wait_until_open(server, addresses, port, seconds=20):
    end = time.monotonic() + seconds
    for address in addresses:
        while True:
            if server.process.poll() is not None or time.monotonic() > end:
                words = (server.folder / "log").read_bytes().decode(errors="replace")
                raise RuntimeError(f"{server.name} does not listen on {address}:{port}: {words}")
            with contextlib.suppress(OSError), socket.create_connection((address, port), 2):
                break
            time.sleep(0.05)


def make_certificate(folder, name="mail.peers"):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "10", "-subj", f"/CN={name}", "-keyout", folder / "tls.key", "-out",
         folder / "tls.pem"], check=True, stderr=subprocess.DEVNULL)
    (folder / "tls.key").chmod(0o600)


POSTFIX_MASTER = """\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@contextlib.contextmanager
def postfix(addresses, port, bounces=None, settings="", services=()):
    """`addresses`: {address: words of smtpd_discard_ehlo_keywords}. `bounces`: (domain, port): what it
    takes for gone.example it cannot deliver and reports, to that port where the report is for that
    domain. `settings` stand last in main.cf, and count; `services` in master.cf."""
    top = unpacked("postfix")

    def command(folder):
        make_certificate(folder)
        spool = folder / "spool"
        for name in ("active bounce corrupt defer deferred flush hold incoming maildrop pid private "
                     "public saved trace").split():
            (spool / name).mkdir(parents=True, exist_ok=True)
            if name != "pid":
                os.chown(spool / name, 964, 965 if name in ("maildrop", "public") else 0)
        (folder / "data").mkdir()
        os.chown(folder / "data", 964, 0)
        conf = folder / "conf"
        conf.mkdir()
        (conf / "main.cf").write_text(f"""\
compatibility_level = 3.6
queue_directory = {spool}
data_directory = {folder}/data
daemon_directory = {top}/usr/lib/postfix/sbin
command_directory = {top}/usr/sbin
shlib_directory = {top}/usr/lib/postfix
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
myhostname = postfix.peers
inet_interfaces = all
inet_protocols = ipv4
mynetworks =
mydestination ={" gone.example" if bounces else ""}
alias_maps =
virtual_mailbox_domains = {"elsewhere.example" if bounces else "static:all"}
virtual_mailbox_maps = static:all/
virtual_mailbox_base = {folder}/box
virtual_uid_maps = static:{NOBODY.pw_uid}
virtual_gid_maps = static:{NOBODY.pw_gid}
virtual_minimum_uid = 100
virtual_mailbox_limit = 0
mailbox_size_limit = 0
message_size_limit = 20000000
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_cert_file = {folder}/tls.pem
smtpd_tls_key_file = {folder}/tls.key
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_client_connection_rate_limit = 0
smtputf8_enable = yes
smtputf8_autodetect_classes = all
always_add_missing_headers = no
import_environment = MAIL_CONFIG LD_LIBRARY_PATH={top}/usr/lib/postfix
export_environment = MAIL_CONFIG LD_LIBRARY_PATH={top}/usr/lib/postfix
""" + (f"""\
transport_maps = inline:{{ {{{bounces[0]}=smtp:[127.0.0.1]:{bounces[1]}}} }}
local_recipient_maps =
local_transport = local
smtp_tls_security_level = may
""" if bounces else "") + settings)
        lines = [f"{address}:{port} inet n - n - - smtpd"
                 + (f"\n  -o smtpd_discard_ehlo_keywords={off}" if off else "")
                 for address, off in addresses.items()]
        if bounces:
            lines += ["smtp unix - - n - - smtp", "local unix - n n - - local"]
        lines += services
        (conf / "master.cf").write_text(POSTFIX_MASTER + "\n".join(lines) + "\n")
        (folder / "maillog").touch()
        library = f"LD_LIBRARY_PATH={top}/usr/lib/postfix"
        return ["env", library, f"MAIL_CONFIG={conf}", top / "usr/lib/postfix/sbin/master", "-d",
                "-c", conf]

    with running("postfix", command) as server:
        wait_until_open(server, addresses, port)
        yield server


@contextlib.contextmanager
def exim(addresses, port):
    """`addresses`: {address: an extension that is off there: pipelining, starttls, smtputf8}."""
    top = unpacked("exim")

    def where(extension):
        """Offered to everybody but on the addresses where it is off."""
        off = [a for a, word in addresses.items() if word == extension]
        inside = "*"
        for address in off:
            inside = "${if eq{$received_ip_address}{%s}{}{%s}}" % (address, inside)
        return inside

    def command(folder):
        make_certificate(folder)
        os.chown(folder / "tls.key", 961, 961)
        (folder / "spool").mkdir()
        os.chown(folder / "spool", 961, 961)
        conf = folder / "exim.conf"
        interfaces = " : ".join(f"{a}.{port}" for a in addresses)
        conf.write_text(f"""\
primary_hostname = exim.peers
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%s.log
local_interfaces = <; {interfaces.replace(' : ', ' ; ')}
exim_path = {top}/usr/sbin/exim4
keep_environment =
host_lookup =
rfc1413_hosts =
acl_smtp_rcpt = everybody
tls_certificate = {folder}/tls.pem
tls_privatekey = {folder}/tls.key
tls_advertise_hosts = {where("starttls")}
pipelining_advertise_hosts = {where("pipelining")}
smtputf8_advertise_hosts = {where("smtputf8")}
message_size_limit = 20M
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
queue_run_max = 0

begin acl
everybody:
  accept

begin routers
all:
  driver = accept
  transport = box

begin transports
box:
  driver = appendfile
  directory = {folder}/box/all
  create_directory
  maildir_format
  user = Debian-exim
  group = Debian-exim
""")
        os.chown(conf, 0, 0)
        conf.chmod(0o644)
        return [top / "usr/sbin/exim4", "-C", conf, "-bdf", "-q10m"]

    with running("exim", command) as server:
        wait_until_open(server, addresses, port)
        yield server


@contextlib.contextmanager
def opensmtpd(addresses, port):
    """`addresses`: {address: "starttls" where that is off}."""
    top = unpacked("opensmtpd")

    def mounts(folder):
        for name in ("spool", "lib", "run"):
            (folder / name).mkdir()
        (folder / "lib" / "opensmtpd" / "empty").mkdir(parents=True)
        (folder / "spool" / "smtpd").mkdir()
        (folder / "spool" / "smtpd").chmod(0o711)
        return [(folder / "spool", "/var/spool"), (folder / "lib", "/var/lib"),
                (folder / "run", "/run"), (top / "usr/libexec", "/usr/libexec")]

    def command(folder):
        make_certificate(folder)
        listen = "\n".join(f"listen on {a} port {port}" + ("" if off == "starttls" else " tls pki p")
                           for a, off in addresses.items())
        conf = folder / "smtpd.conf"
        conf.write_text(f"""\
pki p cert "{folder}/tls.pem"
pki p key "{folder}/tls.key"
smtp max-message-size 20M
table everybody {{ "@" = nobody }}
{listen}
action "box" maildir "{folder}/box/all" virtual <everybody>
match from any for any action "box"
""")
        return [top / "usr/sbin/smtpd", "-d", "-f", conf]

    with running("opensmtpd", command, mounts) as server:
        wait_until_open(server, addresses, port)
        yield server
