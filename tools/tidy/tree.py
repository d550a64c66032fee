"""The files of the project as the rules see them."""

import os
import re
import subprocess

BINARY = re.compile(rb"\x00")
# Folders of test input: their bytes are the point, so no rule of form applies.
DATA = re.compile(r"^(tests/fuzz/corpus|.*/cases|.*/testdata)/|\.(eml|golden|csv)$")


class Tree:
    """Files are named relative to the root, with forward slashes."""

    def __init__(self, root):
        self.root = root
        self.files = sorted(self._list())
        self._text = {}

    def _list(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            out = subprocess.run(
                ["git", "-C", self.root, "-c", "safe.directory=*", "ls-files", "-z", "--cached",
                 "--others", "--exclude-standard"],
                check=True, stdout=subprocess.PIPE).stdout.decode()
            names = [name for name in out.split("\0") if name]
            return [name for name in names if os.path.isfile(os.path.join(self.root, name))]
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in ("build", "data", "node_modules", ".git")]
            found += [os.path.relpath(os.path.join(folder, n), self.root) for n in names]
        return found

    def text(self, name):
        """The content, or None when it is not UTF-8 text."""
        if name not in self._text:
            with open(os.path.join(self.root, name), "rb") as file:
                data = file.read()
            try:
                self._text[name] = None if BINARY.search(data) else data.decode()
            except UnicodeDecodeError:
                self._text[name] = None
        return self._text[name]

    def lines(self, name):
        """(number, line) pairs; nothing for a file that is not text."""
        return enumerate((self.text(name) or "").splitlines(), 1)

    def cpp(self, under=""):
        return [n for n in self.files if n.endswith((".cc", ".h")) and n.startswith(under)]

    def written(self):
        """Text files that people write: no test data, no generated lockfile, no licence."""
        return [n for n in self.files
                if not DATA.search(n) and not n.endswith("package-lock.json") and n != "LICENSE"
                and self.text(n) is not None]


class Rule:
    """check(tree) yields (file, line or 0, what is wrong). A warning is printed and passes."""

    def __init__(self, name, sentence, check, warns=False):
        self.name, self.sentence, self.check, self.warns = name, sentence, check, warns


def without_comments(text):
    """C++ with comments and string contents blanked, line for line."""
    def blank(match):
        found = match.group(0)
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + re.sub(r"[^\n]", " ", found[1:-1]) + found[-1]
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)
