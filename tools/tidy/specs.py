"""docs/specs.md: which RFC is followed where, collected from the citations in the code."""

import re

from tree import Rule

PAGE = "docs/specs.md"
CITED = re.compile(r"\bRFC (\d{3,5})\b")
DEVIATES = re.compile(r"Deviates: (.*)")

TITLES = {
    1047: "Duplicate messages and SMTP", 1870: "SMTP SIZE", 2045: "MIME: bodies",
    2046: "MIME: media types", 2047: "MIME: encoded words", 2104: "HMAC",
    2183: "Content-Disposition", 2195: "CRAM-MD5", 2231: "MIME parameter values",
    2369: "List-Unsubscribe and the other list headers", 2606: "Reserved domain names",
    2818: "HTTP over TLS: names in certificates", 2919: "List-Id", 2920: "SMTP PIPELINING",
    3207: "SMTP STARTTLS", 3339: "Dates and times", 3461: "SMTP DSN", 3463: "Enhanced status codes",
    3464: "Delivery status notifications", 3629: "UTF-8", 3834: "Automatic responses",
    3986: "URI", 4180: "CSV", 4231: "Test cases of HMAC-SHA-2", 4422: "SASL", 4616: "SASL PLAIN",
    4013: "SASLprep", 8446: "TLS 1.3", 9525: "Names in certificates, revised",
    4648: "base16, base32, base64", 4954: "SMTP AUTH", 5321: "SMTP", 5322: "The message format",
    5802: "SCRAM", 5890: "IDNA: definitions", 5891: "IDNA: protocol", 6125: "Names in certificates",
    6152: "8BITMIME", 6531: "SMTPUTF8", 6532: "Internationalised headers", 7578: "multipart/form-data",
    2822: "The message format, 2001", 7628: "SASL OAUTHBEARER", 7677: "SCRAM-SHA-256",
    8058: "One-click unsubscribing",
    8259: "JSON", 8314: "TLS for submission", 8878: "Zstandard", 9110: "HTTP semantics", 9112: "HTTP/1.1",
    9457: "Problem details", 8098: "Message disposition", 6376: "DKIM", 3030: "CHUNKING",
    2034: "SMTP ENHANCEDSTATUSCODES", 2142: "Names of mailboxes",
    6068: "mailto", 5893: "IDNA: right-to-left",
    4226: "HOTP: one-time codes", 6238: "TOTP: codes by the time",
    6409: "Submission", 6265: "Cookies", 6750: "Bearer tokens", 7396: "JSON Merge Patch",
    5646: "Language tags", 6901: "JSON Pointer", 9106: "Argon2", 7807: "Problem details, 2016",
    6266: "Content-Disposition in HTTP", 7232: "Conditional requests", 9111: "HTTP caching",
    5545: "iCalendar", 7233: "Range requests", 1952: "gzip", 2397: "data URLs", 5988: "Web linking",
    8288: "Web linking", 4122: "UUID", 2392: "cid URLs", 8187: "Parameters of HTTP header fields",
    7231: "HTTP semantics, 2014", 7617: "HTTP Basic authentication",
    5280: "X.509 certificates", 8017: "RSA signatures", 3501: "IMAP", 5092: "IMAP URLs",
    6749: "OAuth 2.0",
    6647: "Greylisting", 7372: "Enhanced codes for authentication",
    1035: "DNS: names and records", 7208: "SPF", 7489: "DMARC, 2015", 8032: "Ed25519",
    8301: "DKIM: algorithms and sizes", 8410: "Ed25519 in keys", 8461: "MTA-STS",
    8463: "DKIM with Ed25519", 9989: "DMARC",
    1034: "Domain names: concepts", 3596: "AAAA records", 4291: "IPv6 addresses",
    6052: "IPv4 addresses inside IPv6", 6698: "DANE: TLSA records",
    6890: "Special-purpose IP addresses", 7505: "Null MX",
    3974: "Mail over IPv4 and IPv6", 7435: "Opportunistic encryption",
    7671: "DANE: how it is used", 7672: "DANE for mail servers", 8460: "Reports about TLS",
    6647: "Greylisting", 7372: "Enhanced codes for authentication",
    4155: "mbox", 5965: "ARF: abuse reports", 6522: "multipart/report",
    6533: "Internationalised delivery status", 6590: "Redaction in reports",
    6591: "ARF: authentication failures",
}


def is_test(name):
    return name.startswith("tests/") or "_test." in name


def page(tree):
    """The text of docs/specs.md, and the RFCs whose title is not known here."""
    cited, deviations, strange = {}, [], set()
    for name in tree.files:
        if not re.match(r"(src|tests)/.*\.(cc|h|py)$", name) or name.startswith("tests/tidy/"):
            continue
        for number in sorted({int(n) for n in CITED.findall(tree.text(name) or "")}):
            cited.setdefault(number, []).append(name)
            if number not in TITLES:
                strange.add((name, number))
        if not is_test(name):
            deviations += [(name, text) for text in deviations_of(tree.text(name) or "")]
    lines = ["# Specifications", "",
             "Collected from the citations in the code by `tools/generate`; `./dev tidy` fails when it",
             "is out of date. Tests are those that cite the RFC and those beside the citing source.",
             "", "| RFC | title | code | tests |", "|---|---|---|---|"]
    for number in sorted(cited):
        code = [n for n in cited[number] if not is_test(n)]
        tests = {n for n in cited[number] if is_test(n)}
        for name in code:
            beside = re.sub(r"\.(cc|h)$", "_test.cc", name)
            tests |= {beside} & set(tree.files)
        lines.append(f"| {number} | {TITLES.get(number, '')} | {shown(code)} | {shown(tests)} |")
    lines += ["", "## Deviations", ""]
    lines += [f"- `{name}`: {text}" for name, text in deviations] or ["None is marked in the code."]
    return "\n".join(lines) + "\n", strange


def deviations_of(text):
    """What follows `Deviates:`, up to the paragraph's last full stop or the next tag."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = DEVIATES.search(line)
        if not match:
            continue
        words = [match.group(1).strip()]
        for following in lines[number + 1:]:
            more = re.match(r"\s*// (\S.*)", following)
            if not more or re.match(r"[A-Z]\w+: ", more.group(1)):
                break
            words.append(more.group(1).strip())
        joined = " ".join(words)
        yield joined[:joined.rfind(".") + 1] or joined


def shown(names):
    stems = {}
    for name in sorted(names):
        stem, _, ending = name.rpartition(".")
        stems.setdefault(stem.removeprefix("src/"), []).append(ending)
    return "<br>".join(f"{stem}.{endings[0]}" if len(endings) == 1 else f"{stem}"
                       for stem, endings in stems.items())


def check(tree):
    wanted, strange = page(tree)
    for name, number in sorted(strange):
        yield name, 0, f"RFC {number} has no title in tools/tidy/specs.py"
    if wanted.count("\n| ") > 1 and (PAGE not in tree.files or tree.text(PAGE) != wanted):
        yield PAGE, 0, "is out of date; tools/generate writes it anew"


RULES = [Rule("specs", "docs/specs.md says which RFC is followed where", check)]
