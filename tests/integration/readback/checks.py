"""What a received message must be, for the person it was for. Pure; each check yields sentences."""

import html
import re

from people_list import key, on_the_wire

NEWSLETTER = "html/leemunroe/email-inlined.html"
SUBJECT = "News for {{ contact.first_name }} of the club"
FROM_NAME, FROM_ADDRESS = "Bestuur Zwemclub Dé Dolfijn", "news@example.org"
REPLY_TO = "secretary@example.org"

GREETING = """Hi <span id="first">{{ contact.first_name }}</span> """ \
    """<span id="last">{{ contact.last_name }}</span></p>
<p>Of <span id="city">{{ contact.city }}</span>, number """ \
    """<span id="number">{{ contact.membership_no }}</span>, reached at """ \
    """<span id="email">{{ contact.email }}</span>.
{% if contact.city == "Leiden" %}<b id="open">The open day is in your own town.</b>{% endif %}
<span id="note">{{ contact.note }}</span>"""

# RFC 5322 §3.6 and what bulk mail carries; each at most once.
HEADERS = {"date", "from", "to", "subject", "message-id", "mime-version", "content-type",
           "content-transfer-encoding", "reply-to", "list-unsubscribe", "list-unsubscribe-post",
           "list-id", "feedback-id", "auto-submitted", "precedence"}
ONCE = HEADERS - {"content-transfer-encoding", "list-id", "feedback-id", "auto-submitted",
                  "precedence"}


def template(newsletter):
    """The corpus newsletter with merge tags put in."""
    made = newsletter.replace("Hi there", GREETING, 1)
    made = made.replace("http://htmlemail.io/blog", "{{ unsubscribe_url }}", 1)
    if made.count("{{") != 7:
        raise RuntimeError("the newsletter of the corpora is another one than expected")
    return made


def flat(text):
    """Without regard to how lines were broken."""
    return " ".join(text.split())


def bare(text):
    return "".join(text.split())


def expected_html(source, person, address):
    values = dict(person.values, email=address)
    made = re.sub(r"\{% if .*?%\}(.*?)\{% endif %\}",
                  lambda m: m.group(1) if values["city"] == "Leiden" else "", source, flags=re.S)
    return re.sub(r"\{\{ contact\.(\w+) \}\}", lambda m: html.escape(values[m.group(1)].strip()), made)


def span(page, name):
    found = re.search(rf'<span id="{name}">(.*?)</span>', page, re.S)
    return html.unescape(found.group(1)) if found else None


def unsubscribe_link(page):
    found = re.search(r'Don\'t like these emails\? <a href="([^"]*)"', page)
    return html.unescape(found.group(1)) if found else None


def check_envelope(mail, person):
    if [key(on_the_wire(a)) for a in mail["rcpt_to"]] != [key(person.address)]:
        yield f"envelope {mail['rcpt_to']}, not {person.address}"
    to = [on_the_wire(a["address"]) for a in mail["to"] or [] if "@" in a["address"]]
    if [key(a) for a in to] != [key(person.address)]:
        yield f"To: is {mail['to']}, not {person.address}"


def check_fields(mail, person, source):
    """Right person, right fields, both parts."""
    page, text = mail["html"] or "", mail["text"] or ""
    shown = span(page, "email")
    if shown is None or "@" not in shown or key(on_the_wire(shown)) != key(person.address):
        yield f"the address in the text is {shown!r}"
    link = unsubscribe_link(page)
    if not link or not re.match(r"https?://\S+$", link):
        yield f"the unsubscribe link is {link!r}"
    else:
        wanted = expected_html(source, person, shown or "").replace("{{ unsubscribe_url }}", link)
        if flat(html.unescape(page)) != flat(html.unescape(wanted)):
            yield "the HTML is not the newsletter with this person's values: " + difference(
                flat(html.unescape(page)), flat(html.unescape(wanted)))
        if link not in bare(text):
            yield "the plain text lacks the unsubscribe link"
    for foreign in ("<b>Bold", "<p>body"):
        if foreign in page:
            yield f"a value came through as markup: {foreign}"
    for column in ("first_name", "last_name", "city", "membership_no", "note"):
        if flat(person.values[column]) not in flat(text):
            yield f"the plain text lacks {column} {person.values[column]!r}"
    wanted = SUBJECT.replace("{{ contact.first_name }}", person.values["first_name"])
    if bare(mail["subject"] or "") != bare(wanted):
        yield f"the subject is {mail['subject']!r}"
    sender = (mail["from"] or [{}])[0]
    if (sender.get("name"), sender.get("address")) != (FROM_NAME, FROM_ADDRESS):
        yield f"From: is {mail['from']}"
    if [a["address"] for a in mail["reply_to"] or []] != [REPLY_TO]:
        yield f"Reply-To: is {mail['reply_to']}"


def difference(got, wanted):
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b),
              min(len(got), len(wanted)))
    return f"{got[max(0, at - 30):at + 40]!r} where {wanted[max(0, at - 30):at + 40]!r} should be"


def header_fields(raw):
    """[(name, whole field with its folded lines)] of the header section."""
    section = raw.split(b"\r\n\r\n", 1)[0]
    fields = []
    for line in section.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1][1] += b"\r\n" + line
        else:
            fields.append([line.split(b":", 1)[0].decode("latin-1").lower(), line])
    return fields


def check_octets(raw, message_id, smtputf8):
    """Legal headers, legal lines (RFC 5322, 5321, 2047, 2369, 8058)."""
    fields = header_fields(raw)
    names = [name for name, _ in fields]
    for name in set(names):
        if name not in HEADERS:
            yield f"header {name!r} does not belong there"
        if names.count(name) > 1:
            yield f"{names.count(name)} headers {name}"
    for name in ONCE - set(names):
        yield f"no header {name}"
    value = {name: whole.split(b":", 1)[1].replace(b"\r\n", b"").strip() for name, whole in fields}
    if value.get("message-id", b"").decode() != message_id:
        yield f"Message-ID {value.get('message-id')!r} is read as {message_id!r}"
    if not re.fullmatch(rb"<https?://[^\s<>,]+>", value.get("list-unsubscribe", b"")):
        yield f"List-Unsubscribe is {value.get('list-unsubscribe')!r}"
    if value.get("list-unsubscribe-post") != b"List-Unsubscribe=One-Click":
        yield f"List-Unsubscribe-Post is {value.get('list-unsubscribe-post')!r}"
    for name, whole in fields:
        for line in whole.split(b"\r\n"):
            if not line.strip():
                yield f"{name} has a line of white space"
            if len(line) > 998 or (b"=?" in line and len(line) > 76):
                yield f"{name} has a line of {len(line)} octets"
            if not smtputf8 and any(c > 126 for c in line):
                yield f"{name} has octets beyond ASCII: {line!r}"
    if any(len(line) > 998 for line in raw.split(b"\r\n")):
        yield "a line is longer than 998 octets"
    if re.search(rb"\r(?!\n)|(?<!\r)\n|\0", raw):
        yield "bare CR, bare LF or NUL"
    if not raw.endswith(b"\r\n"):
        yield "the last line does not end"


def part_types(raw):
    """The media types in the order in which they stand, by an eye that is not mailparser's."""
    import email
    return [part.get_content_type() for part in email.message_from_bytes(raw).walk()]
