"""A receiving side as it is: Postfix in front, greylisting beside it, Dovecot's mailboxes behind it, and
the people who read them by IMAP and answer through Postfix."""

import contextlib
import email
import email.policy
import imaplib
import smtplib
import socketserver
import threading
import time

import dovecot
import mail_servers
from postfix import free_port


def why_not():
    """Why there can be none here, or None."""
    if dovecot.folder() is None or dovecot.folder("lib/dovecot/lmtp") is None:
        return "Dovecot with LMTP is not there; ./dev setup unpacks it"
    return mail_servers.why_not("postfix")


class Greylist:
    """A policy service (Postfix's SMTPD_POLICY_README): who is written to for the first time by somebody
    is told to come again. `told`: recipients that were."""

    def __init__(self, addresses):
        outer = self
        self.addresses, self.told = set(addresses), []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                asked = {}
                for line in self.rfile:
                    name, _, value = line.decode().rstrip("\n").partition("=")
                    if name:
                        asked[name] = value
                    else:
                        self.wfile.write(f"action={outer.answer(asked)}\n\n".encode())
                        asked = {}

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, asked):
        recipient = asked.get("recipient", "")
        if recipient in self.addresses and recipient not in self.told:
            self.told.append(recipient)
            return "defer_if_permit Greylisted, please come again"
        return "dunno"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class MailWorld:
    """`port`: where Postfix takes mail for `domains`."""

    def __init__(self, postfix, port, boxes, greylist):
        self.postfix, self.port, self.boxes, self.greylist = postfix, port, boxes, greylist

    def read(self, name, count=1, seconds=30):
        """The mails in somebody's mailbox, parsed, as soon as there are so many."""
        end = time.monotonic() + seconds
        while True:
            with imaplib.IMAP4("127.0.0.1", self.boxes.plain_imap) as client:
                client.login(name, dovecot.PASSWORD)
                there = int(client.select("INBOX", readonly=True)[1][0])
                if there >= count:
                    return [email.message_from_bytes(client.fetch(str(n + 1), "(RFC822)")[1][0][1],
                                                     policy=email.policy.default)
                            for n in range(there)]
            if time.monotonic() > end:
                raise AssertionError(f"{name} has {there} of {count} mails: {self.log()}")
            time.sleep(0.1)

    def send(self, sender, recipient, octets):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            client.sendmail(sender, [recipient], octets)

    def log(self):
        return (self.postfix.folder / "maillog").read_text()


@contextlib.contextmanager
def running(at, people, gone=(), greylisted=(), domains=("people.example",), reports=None):
    """`people`: {name: octets of mail that fit, or None}, at each of `domains`; Postfix believes that
    those of `gone` are there, too. `greylisted`: addresses. `reports`: (domain, port) that Postfix
    passes on."""
    port = free_port()
    with contextlib.ExitStack() as stack:
        greylist = Greylist(greylisted)
        stack.callback(greylist.close)
        boxes = stack.enter_context(dovecot.running(at, people=people))
        known = ", ".join(f"{name}@{domain}=there" for name in [*people, *gone] for domain in domains)
        settings = f"""\
virtual_mailbox_domains = {" ".join(domains)}
virtual_mailbox_maps = inline:{{ {known} }}
virtual_transport = lmtp:inet:127.0.0.1:{boxes.lmtp}
relay_domains = {reports[0]}
smtpd_recipient_restrictions =
  reject_unlisted_recipient, check_policy_service inet:127.0.0.1:{greylist.port}
"""
        postfix = stack.enter_context(mail_servers.postfix(
            {"127.0.0.1": ""}, port, reports, settings, ["lmtp unix - - n - - lmtp"]))
        yield MailWorld(postfix, port, boxes, greylist)
