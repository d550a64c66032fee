"""A list as organisations really have them, seeded, with what must become of each row.

Diacritics, right-to-left names, emoji, commas, quotes and line ends inside fields, template and
HTML syntax as values, header injection, missing and broken addresses, the same person several
times, international domains and local-parts.
"""

import csv
import random
from dataclasses import dataclass, field

COLUMNS = ["email", "first_name", "last_name", "city", "membership_no", "note"]

FIRST = ["Zoë", "Łukasz", "Anaïs", "Jan", "Siân", "Renée", "Jürgen", "Nguyễn", "Søren", "Þóra",
         "Őrs", "Dvořák", "Ana-Maria", "D'Arcy", "J.P.", "Ćwirlej", "Ηλέκτρα", "Наталья", "明美",
         "משה", "ليلى", "نور الدين", "שרה־לאה", "🎉 Party", "Jean–Luc", "A", "Wolfeschlegelstein"
         "hausenbergerdorff", "O’Neill", "Åsa"]
LAST = ["Müller", "van 't Hoff", "Błaszczykowski", "O'Brien", "Smith, Jr.", "García Márquez",
        "de la Cruz", "\"Lefty\" Jones", "بن علي", "כהן", "Ђорђевић", "山田", "Null", "None",
        "X Æ A-12", "McDonald & Sons", "<b>Bold</b>", "{{ contact.email }}", "{% raw %}", "=1+1"]
CITIES = ["Leiden", "Kraków", "Liège", "'s-Hertogenbosch", "Łódź", "Bergen op Zoom", "Zürich",
          "القاهرة", "תל אביב", "São Paulo"]
NOTES = ["", "plain", "with, comma", "with \"quotes\"", "two\nlines", "three\r\nline\r\nends",
         ".", "..\n.\n", "From the start", "50% & more <now>", "ends in equals =",
         "tab\there", "{{ 'x' | upcase }}", "a" * 300, "naïve café " * 20, "‏ימין לשמאל‏"]
DOMAINS = ["example.org", "example.com", "mail.example.net", "EXAMPLE.nl", "bücher.example",
           "xn--bcher-kva.example", "świeży.example", "例え.example", "sub.domain.example.co.uk"]
BROKEN = ["no-at-sign", "@example.org", "nobody@", "two@@example.org", "a b@example.org",
          "dots..twice@example.org", ".first@example.org", "last.@example.org",
          "name@example..org", "name@-example.org", "long" * 20 + "@example.org", "name@exa mple.org",
          "name@example.org>", "<name@example.org", "name@[300.1.1.1]", "name@" + "x" * 70 + ".org"]
INJECTION = ["Eve\r\nBcc: victim@example.org", "Eve\nSubject: other", "Eve\r\n\r\n<p>body</p>",
             "Eve\r\n.\r\nMAIL FROM:<x@y>"]


@dataclass
class Person:
    """What one recipient must get."""
    address: str  # on the wire: domain as A-label
    values: dict
    lines: list = field(default_factory=list)


@dataclass
class PeopleList:
    people: dict  # by folded wire address
    rows: int
    broken: int  # rows whose address cannot be one
    missing: int  # rows without an address
    repeated: int  # rows for somebody who had one already


def on_the_wire(address):
    """The address as RCPT names it: the domain in lower case as A-label."""
    local, domain = address.rsplit("@", 1)
    return local + "@" + domain.lower().encode("idna").decode()


def key(address):
    return address.casefold()


def local_part(number, source):
    style = number % 11
    if style == 0:
        return f"user+tag{number}"
    if style == 1:
        return f"First.Last{number}"
    if style == 2:
        return f"o'hara{number}"
    if style == 3:
        return f"under_score-{number}"
    if style == 4 and source.random() < 0.2:
        return f"žofia{number}"
    if style == 5:
        return f"x!#$%&*/=?^`{{|}}~{number}"
    return f"person{number}"


def values_of(number, source):
    first = source.choice(INJECTION) if source.random() < 0.01 else source.choice(FIRST)
    return {"first_name": first, "last_name": source.choice(LAST), "city": source.choice(CITIES),
            "membership_no": f"M-{number:06d}", "note": source.choice(NOTES)}


def write(path, rows, seed):
    """Writes a list of `rows` data rows to `path`; returns its PeopleList."""
    source = random.Random(seed)
    made = PeopleList({}, rows, 0, 0, 0)
    addresses = []
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(rows):
            values = values_of(number, source)
            chance = source.random()
            if chance < 0.02:
                address = ""
                made.missing += 1
            elif chance < 0.05:
                address = source.choice(BROKEN)
                made.broken += 1
            elif chance < 0.09 and addresses:
                address = source.choice(addresses)
                if source.random() < 0.3:
                    local, domain = address.rsplit("@", 1)
                    address = local.upper() + "@" + domain.upper()
                made.repeated += 1
                values["note"] = "again"  # the last row of a person wins
            else:
                address = f"{local_part(number, source)}@{source.choice(DOMAINS)}"
                addresses.append(address)
            writer.writerow([address, *(values[c] for c in COLUMNS[1:])])
            if address and address not in BROKEN:
                wire = on_the_wire(address)
                person = made.people.setdefault(key(wire), Person(wire, values))
                person.values = values
                person.lines.append(number + 2)
    return made
