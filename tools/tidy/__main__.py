"""The rules of the house, checked. usage: python3 tools/tidy [--root DIR] [--rule NAME] [--list]
[--closing-line] [--write-specs]. Prints `file:line: rule: what is wrong`; exit 1 when a rule is broken."""

import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bans  # noqa: E402
import form  # noqa: E402
import layers  # noqa: E402
import links  # noqa: E402
import openapi  # noqa: E402
import specs  # noqa: E402
from tree import Tree  # noqa: E402

RULES = layers.RULES + bans.RULES + form.RULES + links.RULES + specs.RULES + openapi.RULES


def main():
    parser = argparse.ArgumentParser(prog="tidy")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(__file__), "..", ".."))
    parser.add_argument("--rule", action="append", help="only this rule (repeatable)")
    parser.add_argument("--list", action="store_true", help="name every rule")
    parser.add_argument("--closing-line", action="store_true", help="end with N passed, M failed")
    parser.add_argument("--write-specs", action="store_true", help="write docs/specs.md anew")
    options = parser.parse_args()
    if options.list:
        for rule in RULES:
            print(f"{rule.name:24}{'warns: ' if rule.warns else ''}{rule.sentence}")
        return 0
    unknown = set(options.rule or []) - {rule.name for rule in RULES}
    if unknown:
        parser.error(f"there is no rule {', '.join(sorted(unknown))}; --list names them")
    tree = Tree(os.path.abspath(options.root))
    if options.write_specs:
        with open(os.path.join(tree.root, specs.PAGE), "w", encoding="utf-8") as file:
            file.write(specs.page(tree)[0])
        return 0
    failed = ran = 0
    for rule in RULES:
        if options.rule and rule.name not in options.rule:
            continue
        ran += 1
        found = list(rule.check(tree))
        for name, line, message in found:
            place = f"{name}:{line}" if line else name
            print(f"{place}: {'warning: ' if rule.warns else ''}{rule.name}: {message}")
        failed += bool(found) and not rule.warns
    if options.closing_line:
        print(f"{ran - failed} passed, {failed} failed")
    elif not failed:
        print(f"tidy: {ran} rules hold")
    return 1 if failed else 0


sys.exit(main())
