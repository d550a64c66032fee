"""Rules about the form of files: size, name, white space, format, papers beside the code."""

import json
import os
import re
import subprocess

from tree import Rule

CODE = (".cc", ".h", ".py", ".sh", ".js", ".mjs", ".ts", ".tsx")
HEADINGS = ["Purpose", "Owns", "May include", "Never does", "Read first"]


def code(tree):
    return [n for n in tree.written() if n.endswith(CODE) or n == "dev"]


def check_size(tree):
    for name in code(tree):
        count = len(tree.text(name).splitlines())
        if count > 800:
            yield name, 0, f"{count} lines; 800 is the hard limit"


def warn_size(tree):
    for name in code(tree):
        count = len(tree.text(name).splitlines())
        if 400 < count <= 800:
            yield name, 0, f"{count} lines; past 400 wants a reason"


def functions(tree):
    """(file, line, lines) of each C++ function that begins in the first column."""
    for name in tree.cpp():
        start = None
        for number, line in tree.lines(name):
            opens = re.match(r"^[\w~:<\[].*[^;]$|^\w.*\($", line)
            if opens and not re.match(r"(namespace|class|struct|enum|union|extern|using|public:|private:|"
                                      r"(static |inline )?constexpr .*=|template)", line):
                if start is None:
                    start = number
            if line.startswith("}"):
                if start is not None and line == "}":
                    yield name, start, number - start + 1
                start = None


def check_function(tree):
    for name, line, count in functions(tree):
        if count > 120:
            yield name, line, f"a function of {count} lines; split it (about 70 is meant)"


def warn_function(tree):
    for name, line, count in functions(tree):
        if 70 < count <= 120:
            yield name, line, f"a function of {count} lines; about 70 is meant"


def check_white_space(tree):
    for name in tree.written():
        text = tree.text(name)
        if "\r" in text:
            yield name, 0, "has a carriage return"
        if text and not text.endswith("\n"):
            yield name, 0, "does not end with a newline"
        if text.endswith("\n\n"):
            yield name, 0, "ends with empty lines"
        for number, line in tree.lines(name):
            if line != line.rstrip():
                yield name, number, "white space at the end of the line"
            if "\t" in line and name.endswith((".cc", ".h", ".py")):
                yield name, number, "a tab"


def check_names(tree):
    vague = re.compile(r"(^|_)(utils?|helpers?|common|manager|misc)(_|$)")
    for name in tree.files:
        base = os.path.basename(name)
        if not name.endswith((".cc", ".h")):
            continue
        stem = base.rsplit(".", 1)[0]
        if not re.fullmatch(r"[a-z][a-z0-9_]*", stem):
            yield name, 0, "file names are snake_case"
        if vague.search(stem):
            yield name, 0, "name it after its main noun or use case"


def check_header(tree):
    for name in tree.cpp("src/"):
        if not name.endswith(".h"):
            continue
        text = tree.text(name)
        if not text.startswith("//"):
            yield name, 1, "a header opens with a comment: purpose, ownership, thread, errors"
        if not re.search(r"^#pragma once$", text, re.M):
            yield name, 1, "#pragma once is missing"


def check_format(tree):
    names = tree.cpp()
    for start in range(0, len(names), 200):
        try:
            done = subprocess.run(
                ["clang-format-19", "--dry-run", "-Werror", "--ferror-limit=1",
                 *names[start:start + 200]],
                cwd=tree.root, stderr=subprocess.PIPE, check=False)
        except FileNotFoundError:
            yield "tools/packages.txt", 0, "clang-format-19 is not installed; ./dev setup does it"
            return
        for line in done.stderr.decode(errors="replace").splitlines():
            match = re.match(r"(.*?):(\d+):\d+: error:", line)
            if match:
                yield match.group(1), int(match.group(2)), "not in the format; ./dev fmt puts it so"


def check_readme(tree):
    folders = {os.path.dirname(n) for n in tree.files
               if n.startswith("src/") and n.endswith((".cc", ".h"))}
    # Of the web application: its four parts, and each capability of its features.
    folders |= {match[0] for n in tree.files
                if (match := re.match(r"web/src/(features/\w+|\w+)(?=/)", n))
                and match[0] != "web/src/features"}
    for folder in sorted(folders):
        name = f"{folder}/README.md"
        if name not in tree.files:
            yield name, 0, "every folder of code opens with a README.md"
            continue
        text = tree.text(name)
        if len(text.splitlines()) > 30:
            yield name, 0, f"{len(text.splitlines())} lines; at most 30"
        found = re.findall(r"^(?:#{1,6} |\*\*)([A-Z][a-z ]+?)\.?(?:\*\*.*)?$", text, re.M)
        wanted = [h for h in found if h in HEADINGS]
        if wanted != HEADINGS:
            yield name, 0, "wants the headings " + ", ".join(HEADINGS) + " in this order"


def check_lockfile(tree):
    for name in tree.files:
        if os.path.basename(name) == "package-lock.json":
            for number, line in tree.lines(name):
                if '"resolved"' in line:
                    yield name, number, "a download address; npm has omit-lockfile-registry-resolved"
                    break
        if os.path.basename(name) == "package.json":
            try:
                package = json.loads(tree.text(name))
            except ValueError as error:
                yield name, 0, f"is not JSON: {error}"
                continue
            for group in ("dependencies", "devDependencies"):
                for other, version in package.get(group, {}).items():
                    if not re.fullmatch(r"\d+\.\d+\.\d+[\w.-]*", version):
                        yield name, 0, f"{other} is not pinned exactly: {version}"


RULES = [
    Rule("size", "no file of code over 800 lines", check_size),
    Rule("size-warning", "few files of code over 400 lines", warn_size, warns=True),
    Rule("function-size", "no function over 120 lines", check_function),
    Rule("function-size-warning", "few functions over 70 lines", warn_function, warns=True),
    Rule("white-space", "no white space at line ends, no tab, a newline at the end",
         check_white_space),
    Rule("file-names", "snake_case, never utils, helpers, common, manager, misc", check_names),
    Rule("header-form", "a header opens with its comment and has #pragma once", check_header),
    Rule("format", "clang-format finds nothing", check_format),
    Rule("readme", "every folder of code has its README.md: five headings, at most 30 lines",
         check_readme),
    Rule("lockfile", "package.json pins exactly, package-lock.json has no download address",
         check_lockfile),
]
