"""Dovecot, from a folder its packages were unpacked into, with mailboxes of its own.

It speaks IMAP, POP3 and LMTP on free ports of this machine, and knows the user `bounces` with the
password `geheim`, and who else is named: they have the same password, whatever domain they are asked
for with. TLS stands before IMAP and POP3: a proxy with a certificate that only `authority` trusts,
which can cut a connection as well.
"""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

from postfix import free_port, wait_for_port
from tidings import ROOT

USER, PASSWORD = "bounces", "geheim"


def folder(part="sbin/dovecot"):
    """Where Dovecot was unpacked with that part of it, or None."""
    unpacked = Path(os.environ.get("TIDINGS_DOVECOT", ROOT / "build" / "dovecot"))
    return unpacked if (unpacked / "usr" / part).exists() else None


def make_certificate(at):
    """An authority, and a certificate of it for localhost."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=at, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-days", "3650", "-subj", "/CN=Tidings test authority",
            "-addext", "basicConstraints=critical,CA:TRUE")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "request.pem",
            "-subj", "/CN=localhost")
    (at / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "3650", "-extfile", "names", "-out", "cert.pem")


class TlsProxy:
    """Takes TLS off what comes in. `cut_after`: as many octets of the mail server's, then no more.
    `hold_at`: what a client says that has these words in it does not go on, and `held` is set."""

    def __init__(self, target, at):
        self.target, self.cut_after, self.hold_at = target, None, None
        self.held = threading.Event()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(at / "cert.pem", at / "key.pem")
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                came, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(came,), daemon=True).start()

    def serve(self, came):
        with contextlib.suppress(OSError), came, \
                self.context.wrap_socket(came, server_side=True) as outer, \
                socket.create_connection(("127.0.0.1", self.target)) as inner:
            threading.Thread(target=self.pump, args=(outer, inner, False), daemon=True).start()
            self.pump(inner, outer, True)

    def pump(self, source, sink, is_servers):
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                passed += len(data)
                if is_servers and self.cut_after is not None and passed > self.cut_after:
                    break
                if not is_servers and self.hold_at is not None and self.hold_at in data:
                    self.held.set()
                    continue
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()


class Dovecot:
    def __init__(self, at, introspection=None, people=None):
        self.at = at
        self.people = people  # {name: octets of mail that fit, or None}; None: there is no LMTP
        self.plain_imap, self.plain_pop3 = free_port(), free_port()
        self.lmtp = free_port() if people else None
        self.imap_proxy = TlsProxy(self.plain_imap, at)
        self.pop3_proxy = TlsProxy(self.plain_pop3, at)
        self.imap, self.pop3 = self.imap_proxy.port, self.pop3_proxy.port
        self.authority = at / "ca.pem"
        self.introspection = introspection
        self.process = None

    def start(self):
        unpacked = folder()
        libraries = unpacked / "usr" / "lib" / "dovecot"
        own = self.relocated(libraries)
        environment = {**os.environ, "LD_LIBRARY_PATH": f"{own}:{libraries}:{libraries}/modules:"
                                                        f"{libraries}/modules/old-stats"}
        self.at.chmod(0o755)
        for name in ("run", "mail"):
            (self.at / name).mkdir(exist_ok=True)
        me = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        account = pwd.getpwnam(me)
        os.chown(self.at / "mail", account.pw_uid, account.pw_gid)
        quotas = {USER: None, **(self.people or {})}
        (self.at / "users").write_text("".join(
            f"{name}:{{PLAIN}}{PASSWORD}::::::"
            + (f"userdb_quota_rule=*:bytes={quota}" if quota else "") + "\n"
            for name, quota in quotas.items()))
        (self.at / "dovecot.conf").write_text(self.configuration(account, libraries))
        # Alone the server looks for doveconf below /usr: here doveconf starts the server.
        file = self.at / "dovecot.conf"
        self.process = subprocess.Popen(
            [unpacked / "usr" / "bin" / "doveconf", "-c", file, "-f", "service=master", "-p", "-e",
             unpacked / "usr" / "sbin" / "dovecot", "-F", "-c", file],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        for port in filter(None, (self.plain_imap, self.plain_pop3, self.lmtp)):
            wait_for_port(port, self.process)

    def relocated(self, libraries):
        """A folder with a libdovecot that finds its modules where they are, not below /usr."""
        built_in = b"/usr/lib/dovecot/modules\0"
        with tempfile.NamedTemporaryFile(dir="/tmp") as probe:  # a name short enough
            self.link = Path(probe.name + "m")
        self.link.symlink_to(libraries / "modules")
        octets = (libraries / "libdovecot.so.0").read_bytes()
        found = str(self.link).encode()
        assert octets.count(built_in) == 1 and len(found) < len(built_in)
        own = self.at / "lib"
        own.mkdir()
        (own / "libdovecot.so.0").write_bytes(
            octets.replace(built_in, found.ljust(len(built_in), b"\0")))
        return own

    def configuration(self, account, libraries):
        group = grp.getgrgid(account.pw_gid).gr_name
        oauth = ""
        if self.introspection:
            (self.at / "oauth.conf").write_text(
                f"introspection_mode = post\nintrospection_url = {self.introspection}\n"
                "username_attribute = username\nactive_attribute = active\nactive_value = true\n")
            oauth = f"""
auth_mechanisms = plain oauthbearer xoauth2
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {self.at}/oauth.conf
}}"""
        lmtp = "" if self.lmtp is None else f"""
protocols = $protocols lmtp
mail_plugins = quota
plugin {{
  quota = maildir:Mail
}}
service lmtp {{
  inet_listener lmtp {{
    port = {self.lmtp}
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@dovecot.peers
}}"""
        return f"""
base_dir = {self.at}/run
state_dir = {self.at}/run
libexec_dir = {libraries}
mail_plugin_dir = {libraries}/modules
import_environment = LD_LIBRARY_PATH
log_path = {self.at}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_login_user = {account.pw_name}
default_internal_user = {account.pw_name}
default_internal_group = {group}
first_valid_uid = 1
mail_location = maildir:{self.at}/mail/%u
auth_failure_delay = 0
auth_username_format = %n
{oauth}
passdb {{
  driver = passwd-file
  args = {self.at}/users
}}
userdb {{
  driver = passwd-file
  args = {self.at}/users
  default_fields = uid={account.pw_uid} gid={account.pw_gid} home={self.at}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.plain_imap}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {self.plain_pop3}
  }}
}}
service anvil {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  mailbox Read {{
    auto = create
  }}
}}
{lmtp}
"""

    def stop(self):
        self.imap_proxy.close()
        self.pop3_proxy.close()
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
            self.process.stderr.close()
            self.process = None
            self.link.unlink()

    def maildir(self, folder_name=""):
        return self.at / "mail" / USER / (f".{folder_name}" if folder_name else "")

    def put(self, octets, number):
        """Lays a mail into the mailbox, as a delivery agent does."""
        new = self.maildir() / "new"
        if not new.exists():
            account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
            for name in ("", "cur", "new", "tmp"):
                made = self.maildir() / name
                made.mkdir(parents=True, exist_ok=True)
                if account:
                    os.chown(made, account.pw_uid, account.pw_gid)
        path = new / f"{1_700_000_000 + number}.M{number}P1.test"
        path.write_bytes(octets)
        if os.geteuid() == 0:
            shutil.chown(path, "nobody")

    def count(self, folder_name=""):
        """How many mails are in it."""
        there = self.maildir(folder_name)
        return sum(len(list((there / name).iterdir())) for name in ("cur", "new")
                   if (there / name).exists())


@contextlib.contextmanager
def running(at, introspection=None, people=None):
    at = Path(at)
    if not (at / "cert.pem").exists():
        make_certificate(at)
    server = Dovecot(at, introspection, people)
    server.start()
    try:
        yield server
    finally:
        server.stop()
