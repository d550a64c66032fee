"""Counts the cases of one ctest run and adds them to the ledger of ./dev test.

usage: count_tests.py LABEL JUNIT.xml LEDGER

A GoogleTest or unittest program counts with its cases, a script with its own `N passed, M failed`
line or as one. A failed program whose cases all passed (a leak at exit, a crash) counts one failure more. A
skipped case counts as failed, except where the third-party test data (TIDINGS_CORPORA) is not on
this machine: those are named. With TIDINGS_PARTIAL set, skipping is only reported.
"""

import os
import re
import sys
import xml.etree.ElementTree as ET

CLOSING = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
PASSED = re.compile(r"^\[  PASSED  \] (\d+) tests?\.", re.M)
RAN = re.compile(r"^\[==========\] (\d+) tests? from \d+ test suites? ran", re.M)
FAILED = re.compile(r"^\[  FAILED  \] (\d+) tests?, listed below", re.M)
CASE_FAILED = re.compile(r"^\[  FAILED  \] (\S+?),? .*\(\d+ ms\)$", re.M)
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED) ?\(?([^)\n]*)", re.M)
SKIPPED = re.compile(
    r"^\[ RUN      \] (\S+)\n(.*?)^\[  SKIPPED \] \1.*?\(\d+ ms\)$", re.M | re.S)


def unittest_counts(text):
    """(passed, failed) of a Python unittest program, (0, 0) when it is none. Skipped is failed."""
    match = UNITTEST.search(text)
    if not match:
        return 0, 0
    wrong = sum(int(n) for n in re.findall(r"(?:failures|errors|skipped)=(\d+)", match.group(2)))
    return int(match.group(1)) - wrong, wrong


def one(name, status, text, partial):
    """(passed, failed, lines to print) of one ctest test."""
    ran = RAN.search(text)
    closing = CLOSING.findall(text)
    lines = []
    if not ran:
        if closing and "[ RUN      ]" not in text:
            passed, failed = map(int, closing[-1])
            if failed and status == "run":
                # A suite of others' cases with a bar of its own: it said that the bar is held.
                lines.append(f"{name}: {failed} of {passed + failed} cases differ, within its bar")
                failed = 0
        else:
            passed, failed = unittest_counts(text)
        if status != "run" and failed == 0:
            failed = 1
        elif not passed and not failed:
            passed = 1
        if failed:
            lines += text.rstrip().splitlines()[-60:]
        return passed, failed, lines
    match = PASSED.search(text)
    passed = int(match.group(1)) if match else 0
    match = FAILED.search(text)
    failed = int(match.group(1)) if match else 0
    for case in CASE_FAILED.findall(text):
        start = text.find(f"[ RUN      ] {case}\n")
        end = text.find(f"[  FAILED  ] {case}", start)
        lines += text[start:end].splitlines()[:40]
    for case, why in SKIPPED.findall(text):
        why = " ".join(why.split())
        if "TIDINGS_CORPORA" in why or partial:
            lines.append(f"skipped: {name}: {case}: {why}")
        else:
            lines.append(f"skipped, which counts as failed: {name}: {case}: {why}")
            failed += 1
    if status != "run" and failed == 0:
        lines += text.rstrip().splitlines()[-60:]
        failed = 1
    if int(ran.group(1)) == 0:
        lines.append("the program ran no test")
        failed += 1
    return passed, failed, lines


def main():
    label, report, ledger = sys.argv[1:]
    partial = bool(os.environ.get("TIDINGS_PARTIAL"))
    try:
        # ctest writes the output as it was; bytes that XML does not know would stop the parser.
        with open(report, encoding="utf-8", errors="replace") as file:
            data = re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", file.read())
        cases = ET.fromstring(data).findall("testcase")
    except (OSError, ET.ParseError) as error:
        print(f"FAILED: ctest left no report ({error}); see build/results/{label}.log")
        cases = []
    rows = []
    for case in cases:
        name, status = case.get("name"), case.get("status")
        text = case.findtext("system-out") or ""
        if status == "notrun" and ("TIDINGS_CORPORA" in text or partial):
            print(f"skipped: {label}: {name}: {' '.join(text.split())[-200:]}")
            continue
        if status in ("notrun", "disabled"):
            status = "fail"
            text = text or f"{name} did not run: its program is missing or a fixture failed"
        passed, failed, lines = one(name, status, text, partial)
        rows.append((passed, failed, f"{label}: {name}"))
        if lines:
            print(f"--- {label}: {name} ({case.get('time')} s)")
            print("\n".join(lines))
    if not rows:
        rows.append((0, 1, f"{label}: no test ran"))
    with open(ledger, "a", encoding="utf-8") as file:
        for passed, failed, what in rows:
            file.write(f"{passed}\t{failed}\t{what}\n")
    print(f"{label}: {sum(r[0] for r in rows)} passed, {sum(r[1] for r in rows)} failed,"
          f" {len(rows)} programs")


main()
