"""Rules about files that belong together: nothing unused, no dead link."""

import os
import re

from tree import DATA, Rule

# Files that are found by a pattern or by their place, so that nothing need name them.
BY_PLACE = re.compile(
    r"^[^/]+$|^\.ci/|(^|/)(README\.md|CMakeLists\.txt|package(-lock)?\.json|tsconfig\.json|[\w-]+\.test\.(ts|mjs)|\.\w[\w-]*)$"
    r"|^src/.*\.cc$|^spec/api/\w+\.yaml$|^tools/layers\.txt$|^docs/decisions/\d{4}-|(^|/)(run|__main__\.py)$|^tools/dev/\w+\.sh$")


def globs(tree, name):
    """Whether a CMakeLists.txt at or above the file finds it by name or by pattern."""
    base = os.path.basename(name)
    folder = os.path.dirname(name)
    while True:
        text = tree.text(f"{folder}/CMakeLists.txt" if folder else "CMakeLists.txt") \
            if (f"{folder}/CMakeLists.txt" if folder else "CMakeLists.txt") in tree.files else ""
        if base in text:
            return True
        for pattern in re.findall(r"(\*[\w.*]*\.cc)", text):
            if re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), base):
                return True
        if not folder:
            return False
        folder = os.path.dirname(folder)


def check_orphans(tree):
    texts = {n: tree.text(n) for n in tree.files if not DATA.search(n) and tree.text(n)}
    for name in tree.files:
        if BY_PLACE.search(name) or DATA.search(name):
            continue
        if name.endswith(".cc"):
            if not globs(tree, name):
                yield name, 0, "no CMakeLists.txt builds it"
            continue
        base = os.path.basename(name)
        wanted = name[4:] if name.startswith("src/") and name.endswith(".h") else base
        if name.endswith((".cmake", ".py", ".ts", ".tsx")):
            wanted = base.rsplit(".", 1)[0]
        if not any(wanted in text for other, text in texts.items() if other != name):
            yield name, 0, "no other file names it"


def check_corpus(tree):
    for name in tree.files:
        match = re.match(r"tests/fuzz/corpus/(\w+)/", name)
        if match and not any(n.endswith(f"/{match.group(1)}_fuzz.cc") for n in tree.files):
            yield name, 0, f"a corpus without its {match.group(1)}_fuzz.cc"


def check_links(tree):
    for name in tree.files:
        if not name.endswith(".md"):
            continue
        fenced = False
        for number, line in tree.lines(name):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            if fenced:
                continue
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", line):
                if re.match(r"[a-z]+:", target):
                    continue
                path = os.path.normpath(os.path.join(os.path.dirname(name), target))
                if not os.path.exists(os.path.join(tree.root, path)):
                    yield name, number, f"the link {target} leads nowhere"


RULES = [
    Rule("orphans", "every file is used by another or by the build", check_orphans),
    Rule("corpus", "every fuzz corpus has its target", check_corpus),
    Rule("links", "every relative link of a paper leads somewhere", check_links),
]
