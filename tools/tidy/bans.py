"""Rules that a line must not match."""

import re

from tree import Rule, without_comments

# The tidy tool and its tests name what they forbid.
SELF = re.compile(r"^(tools/tidy|tests/tidy)/")


def cpp_ban(pattern, message, where=r"", but=r"^$"):
    pattern, where, but = re.compile(pattern), re.compile(where), re.compile(but)

    def check(tree):
        for name in tree.cpp():
            if not where.search(name) or but.search(name):
                continue
            for number, line in enumerate(without_comments(tree.text(name)).splitlines(), 1):
                if pattern.search(line):
                    yield name, number, message
    return check


def text_ban(pattern, message, but=r"^$"):
    pattern, but = re.compile(pattern), re.compile(but)

    def check(tree):
        for name in tree.written():
            if SELF.match(name) or but.search(name):
                continue
            for number, line in tree.lines(name):
                if pattern.search(line):
                    yield name, number, message
    return check


RULES = [
    Rule("ban-iostream", "no <iostream> in src/ but in edge/cli and main",
         cpp_ban(r"#\s*include\s+<iostream>", "use the log, or fmt to a stream that was passed in",
                 r"^src/", r"^src/(edge/cli|app)/")),
    Rule("ban-using-date", "never `using namespace date`",
         cpp_ban(r"using\s+namespace\s+date\b", "it clashes with std::chrono; write date::")),
    Rule("ban-shell", "no shell is started from C++",
         cpp_ban(r"(?<![\w.>])(std::)?(system|popen)\s*\(", "a shell reads names that others chose",
                 r"^src/")),
    Rule("ban-sleep", "no unit test sleeps",
         cpp_ban(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(",
                 "a unit test moves a clock of its own; what must wait is an integration test",
                 r"^src/.*_test\.cc$")),
    Rule("ban-socket", "no unit test opens a socket",
         cpp_ban(r"::(socket|connect|bind)\s*\(|\btcp::(socket|acceptor)\b",
                 "a test with a socket is an integration test", r"^src/.*_test\.cc$")),
    Rule("ban-std-format", "std::format does not exist here",
         cpp_ban(r"\bstd::(v?format|print|println)\b|#\s*include\s+<(format|print)>",
                 "libstdc++ 12 has no <format>; use fmt")),
    Rule("ban-half-done", "nothing is left half done",
         text_ban(r"\b(TODO|FIXME|XXX)\b", "finish it, or take it out", r"^CONTRIBUTING\.md$")),
    Rule("ban-machine-path", "no path of one machine",
         text_ban(r"(?<![\w.$}])/(work|root|home/\w+|Users/\w+)/\w", "a path of one machine")),
    Rule("ban-registry", "no address of a package registry",
         text_ban(r"(?i)https?://[^\s\"')]*(registry|artifactory|verdaccio|nexus|mirror)[^\s\"')]*"
                  r"|^\s*registry\s*=|pypi\.org|index-url",
                  "which registry is used is the machine's own business")),
]
