"""An SMTP server with a will of its own, for what goes wrong before mail flows: refuses AUTH, shows
a certificate nobody signed, says 421 or 5xx where told. One thread per connection; small runs only.
"""

import re
import socket
import socketserver
import ssl
import subprocess
import threading


class StubbornServer:
    """Use as a context manager. Options:
    auth: None (not offered), "take" or "refuse"; tls: None, "implicit" or "starttls";
    certificate: (cert, key) files; greeting: the first line; replies: {"MAIL": "550 no", …}.
    """

    def __init__(self, auth=None, tls=None, certificate=None, greeting="220 stubborn ESMTP",
                 replies=None):
        self.auth, self.tls, self.certificate = auth, tls, certificate
        self.greeting, self.replies = greeting, replies or {}
        self.messages = []  # (recipients, octets as received, still stuffed)
        self.commands = []
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    Session(outer, self.request).run()
                except (OSError, ssl.SSLError):
                    pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def wrap(self, connection):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        return context.wrap_socket(connection, server_side=True)


class Session:
    def __init__(self, server, connection):
        self.server = server
        self.secure = server.tls == "implicit"
        self.connection = server.wrap(connection) if self.secure else connection
        self.file = self.connection.makefile("rb")
        self.recipients = []

    def say(self, *lines):
        self.connection.sendall("".join(line + "\r\n" for line in lines).encode())

    def run(self):
        self.say(self.server.greeting)
        if not self.server.greeting.startswith("220"):
            return
        while True:
            line = self.file.readline()
            if not line:
                return
            line = line.decode("utf-8", "replace").strip()
            self.server.commands.append(line)
            verb = re.split(r"[ :]", line, maxsplit=1)[0].upper()
            if verb in self.server.replies:
                self.say(self.server.replies[verb])
                continue
            if not getattr(self, "do_" + verb.lower(), self.unknown)(line):
                return

    def unknown(self, line):
        self.say("500 5.5.2 not understood")
        return True

    def do_ehlo(self, line):
        offers = ["stubborn", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if self.server.tls == "starttls" and not self.secure:
            offers.append("STARTTLS")
        if self.server.auth:
            offers.append("AUTH PLAIN LOGIN")
        self.say(*[f"250-{o}" for o in offers[:-1]], f"250 {offers[-1]}")
        return True

    def do_starttls(self, line):
        self.say("220 2.0.0 go")
        self.connection = self.server.wrap(self.connection)
        self.file = self.connection.makefile("rb")
        self.secure = True
        return True

    def do_auth(self, line):
        words = line.split()
        if len(words) == 2:  # LOGIN, or PLAIN without an initial response
            for _ in range(2 if words[1].upper() == "LOGIN" else 1):
                self.say("334 VXNlcm5hbWU6")
                self.file.readline()
        elif words[1].upper() == "LOGIN":
            self.say("334 UGFzc3dvcmQ6")
            self.file.readline()
        self.say("235 2.7.0 welcome" if self.server.auth == "take"
                 else "535 5.7.8 those credentials are not known here")
        return True

    def do_mail(self, line):
        self.recipients = []
        self.say("250 2.1.0 ok")
        return True

    def do_rcpt(self, line):
        self.recipients.append(line.split("<", 1)[1].split(">", 1)[0])
        self.say("250 2.1.5 ok")
        return True

    def do_data(self, line):
        self.say("354 go")
        octets = b""
        while not octets.endswith(b"\r\n.\r\n"):
            line = self.file.readline()
            if not line:
                return False
            octets += line
        self.server.messages.append((self.recipients, octets[:-3]))
        self.say("250 2.0.0 taken")
        return True

    def do_rset(self, line):
        self.say("250 2.0.0 ok")
        return True

    def do_noop(self, line):
        self.say("250 2.0.0 ok")
        return True

    def do_quit(self, line):
        self.say("221 2.0.0 bye")
        return False


def self_signed(folder, name="localhost"):
    """A certificate nobody signed: (cert, key)."""
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
