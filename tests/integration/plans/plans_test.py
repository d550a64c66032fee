#!/usr/bin/env python3
"""Every named query of the program goes through an index of the tables that grow, on both databases.

The queries are read from the source (`Statement{"name", "SQL"}` and `StatementPair`), the schema is
made by the program itself, and each query is explained as a generic plan. What reads a big table
from end to end, or all that an organisation has of it, must stand in ALLOWED with its reason.

usage: plans_test.py --tidings PROGRAM [--root DIR] [--postgres-only | --sqlite-only]
"""

import argparse
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "peers"))
import postgres  # noqa: E402
from tidings import Tidings, remove, work_folder  # noqa: E402

BIG = {"contact", "contact_address", "contact_group_member", "contact_redirect", "relation", "note",
       "activity", "import_error", "import_change", "suppression", "message", "message_about",
       "message_body", "event", "event_key", "send_out", "content_version", "content_attachment",
       "frozen_content", "blob", "campaign", "audit_entry", "idempotency_key",
       "engagement", "returned_mail"}

# Thousands in an organisation, not millions: all of it may be read, through an index.
FEW = {"campaign"}

# name of the query: why it may read all of it. "x.*" allows a whole area.
ALLOWED = {
    "migrate.find_table": "asks the database's own catalogue, each in its own way",
    "ledger.recount": "the slow twin of the counters, for tests and repair",
    "ledger.recount_evidence": "the same of what came back",
    "ledger.recount_unseen": "the same of what came back",
    "returned.count": "what is kept for 90 days, counted when somebody asks",
    "search.find": "PostgreSQL reads its index of words by a bitmap, which these plans forbid",
}
# Of one database, in a query that is chosen by hand.
SQLITE_ONLY = {"search.remove_words", "search.add_words"}


def texts(source, at):
    """The adjacent string literals (and names of macros) from `at` on, and where they end."""
    parts = []
    while True:
        skipped = re.compile(r"(?:\s|//[^\n]*\n)*").match(source, at)
        at = skipped.end()
        literal = re.compile(r'(R"sql\((.*?)\)sql"|"((?:[^"\\]|\\.)*)")', re.S).match(source, at)
        macro = re.compile(r"TIDINGS_[A-Z_]+").match(source, at)
        if literal:
            raw = literal.group(2)
            parts.append(("text", raw if raw is not None else unescaped(literal.group(3))))
            at = literal.end()
        elif macro:
            parts.append(("macro", macro.group(0)))
            at = macro.end()
        else:
            return parts, at


def unescaped(text):
    return text.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")


def macros_of(source):
    found = {}
    for match in re.finditer(r"#define (TIDINGS_[A-Z_]+)[ \t\\]*\n?((?:[^\n]*\\\n)*[^\n]*)", source):
        found[match.group(1)] = texts(match.group(2).replace("\\\n", "\n"), 0)[0]
    return found


def joined(parts, macros):
    whole = ""
    for kind, text in parts:
        whole += text if kind == "text" else joined(macros.get(text, []), macros)
    return whole


def statements(root):
    """(name, SQL, dialect or None) of every named query, with the file it stands in."""
    sources = {path: path.read_text() for path in sorted(root.glob("src/**/*.[ch]*"))
               if "_test" not in path.name and "testing" not in path.parts}
    macros = {}
    for source in sources.values():
        macros.update(macros_of(source))
    for path, source in sources.items():
        pairs = set()
        for match in re.finditer(r'\{\s*"([a-z_]+(?:\.[a-z_]+)+)",', source):
            parts, _ = texts(source, match.end())
            sql = joined(parts, macros)
            if not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", sql):
                continue
            dialect = None
            before = source[max(0, match.start() - 90):match.start()]
            if match.group(1) in pairs:
                dialect = "postgres"
            elif re.search(r"StatementPair [A-Za-z_]+\{\s*$", before):
                dialect = "sqlite"
                pairs.add(match.group(1))
            yield path.relative_to(root), match.group(1), sql, dialect


def aliases(sql):
    """What each name in a plan stands for."""
    names = {table: table for table in BIG}
    for table, alias in re.findall(r"(?:FROM|JOIN|UPDATE|INTO|,)\s+([a-z_]+)\s+(?:AS\s+)?([a-z][a-z0-9_]*)\b",
                                   sql):
        if alias not in ("on", "where", "set", "left", "cross", "join", "using", "values"):
            names[alias] = table
    return names


def sqlite_findings(database, sql):
    count = max([0] + [int(n) for n in re.findall(r"\$(\d+)", sql)])
    names = aliases(sql)
    rows = database.execute("EXPLAIN QUERY PLAN " + sql, [None] * count).fetchall()
    for *_, step in rows:
        scan = re.match(r"SCAN (\w+)", step)
        if scan and names.get(scan.group(1)) in BIG:
            yield step
        wide = re.match(r"SEARCH (\w+) USING .*\(organisation_id=\?\)$", step)
        if wide and names.get(wide.group(1)) in BIG - FEW and "LIMIT" not in sql:
            yield step


def postgres_findings(url, queries):
    """One psql for all: EXPLAIN of each as a generic plan. Yields (index, step)."""
    script = ["SET enable_seqscan = off; SET enable_bitmapscan = off;",
              "SET plan_cache_mode = force_generic_plan;"]
    for i, sql in enumerate(queries):
        count = max([0] + [int(n) for n in re.findall(r"\$(\d+)", sql)])
        nulls = f"({', '.join(['NULL'] * count)})" if count else ""
        script += [f"\\echo QUERY {i}", f"PREPARE q{i} AS {sql};",
                   f"EXPLAIN (COSTS OFF) EXECUTE q{i}{nulls};", f"DEALLOCATE q{i};"]
    done = subprocess.run(["psql", "-X", "-q", "-At", "-d", url], input="\n".join(script),
                          capture_output=True, text=True, timeout=300)
    at = -1
    explained = set()
    for line in done.stdout.splitlines():
        if line.startswith("QUERY "):
            at = int(line.split()[1])
            continue
        explained.add(at)
        scan = re.search(r"Seq Scan on (\w+)", line)
        if scan and scan.group(1) in BIG:
            yield at, line.strip()
    for i in range(len(queries)):
        if i not in explained:
            yield i, "it was not explained: " + done.stderr[-300:]


def is_allowed(name):
    return name in ALLOWED or name.split(".")[0] + ".*" in ALLOWED


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tidings", required=True)
    parser.add_argument("--root", type=Path, default=HERE.parents[2])
    parser.add_argument("--sqlite-only", action="store_true")
    parser.add_argument("--postgres-only", action="store_true")
    options = parser.parse_args()
    found = list(statements(options.root))
    bad = []
    explained = 0
    folder = work_folder("plans")
    try:
        if not options.postgres_only:
            code, said = Tidings(options.tidings, folder / "a").run("init")
            assert code == 0, said
            database = sqlite3.connect(folder / "a" / "tidings.db")
            for name, count in functions(options.root):
                database.create_function(name, count, lambda *_: None, deterministic=True)
            for path, name, sql, dialect in found:
                if dialect == "postgres":
                    continue
                try:
                    steps = list(sqlite_findings(database, sql))
                except sqlite3.Error as error:
                    steps = [f"it was not explained: {error}"]
                explained += 1
                bad += [(path, name, "SQLite", step) for step in steps if not is_allowed(name)]
        if not options.sqlite_only:
            with postgres.database() as url:
                code, said = Tidings(options.tidings, folder / "b", url).run("init")
                assert code == 0, said
                mine = [one for one in found if one[3] != "sqlite" and one[1] not in SQLITE_ONLY]
                for i, step in postgres_findings(url, [one[2] for one in mine]):
                    path, name, *_ = mine[i]
                    if not is_allowed(name):
                        bad.append((path, name, "PostgreSQL", step))
                explained += len(mine)
    finally:
        remove(folder)
    for path, name, database, step in bad:
        print(f"{path}: {name} on {database}: {step}")
    unused = [name for name in ALLOWED
              if not any(name in (one[1], one[1].split(".")[0] + ".*") for one in found)]
    for name in unused:
        print(f"ALLOWED names {name}, which is no query (any more)")
    # Fewer than there were: the source is written in another way, and nothing is tested.
    if explained < 300:
        print(f"only {explained} queries were found")
        sys.exit(1)
    print(f"{explained} plans, {len(bad)} bad")
    sys.exit(1 if bad or unused else 0)


def functions(root):
    """The functions that the program gives SQLite: name and number of arguments."""
    for match in re.finditer(r'create_function\w*\([^;]*?"([a-z_]+)",\s*(-?\d+)',
                             (root / "src/db/sqlite_session.cc").read_text()):
        yield match.group(1), int(match.group(2))


if __name__ == "__main__":
    main()
