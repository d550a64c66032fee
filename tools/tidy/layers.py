"""Rules about which folder knows which."""

import re

from tree import Rule

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
USES = re.compile(r"tidings_layer\((\w+)((?:[^()]|\([^()]*\))*)\)")


def allowed(tree):
    """layer → set of layers, from tools/layers.txt."""
    graph = {}
    for _, line in tree.lines("tools/layers.txt"):
        line = line.split("#")[0].strip()
        if line:
            layer, _, rest = line.partition(":")
            graph[layer.strip()] = set(rest.split())
    return graph


def layer_of(name):
    parts = name.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def check_includes(tree):
    graph = allowed(tree)
    files = set(tree.files)
    for name in tree.cpp("src/"):
        own = layer_of(name)
        for number, line in tree.lines(name):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(1)
            other = target.split("/")[0]
            if "/" not in target or target.startswith("."):
                yield name, number, f'include "{target}" by its folder: "layer/{target}"'
            elif f"src/{target}" not in files:
                yield name, number, f'"{target}" is not a file of src/'
            elif other != own and other not in graph.get(own, set()):
                yield name, number, f"{own} may not include {other} (tools/layers.txt)"


def check_declared(tree):
    graph = allowed(tree)
    for name in tree.files:
        layer = layer_of(name)
        if layer and layer not in graph:
            yield name, 0, f"the folder src/{layer} is not in tools/layers.txt"
            return
    seen = []
    for layer, uses in graph.items():
        for other in sorted(uses - set(seen)):
            yield "tools/layers.txt", 0, f"{layer} may include {other}, which stands above it"
        seen.append(layer)
    for match in USES.finditer(tree.text("CMakeLists.txt") if "CMakeLists.txt" in tree.files else ""):
        words = match.group(2).split()
        uses = []
        if "USES" in words:
            uses = words[words.index("USES") + 1:]
            uses = uses[:uses.index("LIBS")] if "LIBS" in uses else uses
        for other in uses:
            if other not in graph.get(match.group(1), set()):
                yield "CMakeLists.txt", 0, f"{match.group(1)} links {other} against tools/layers.txt"


def check_asio(tree):
    fine = re.compile(r"^src/(net/|(edge|app)/.*\.cc$|delivery/\w*transport\w*\.cc$)")
    for name in tree.cpp("src/"):
        for number, line in tree.lines(name):
            if re.search(r"#\s*include\s+<boost/(asio|beast)", line) and not fine.match(name):
                yield name, number, "Asio and Beast stay in net/ and in .cc files of transports and edge"


def check_heavy(tree):
    heavy = re.compile(r"#\s*include\s+<(boost/(asio|beast|json(?!/fwd\.hpp))|openssl/|libpq-fe|CLI/"
                       r"|sqlite3\.h|toml\+\+)")
    values = re.compile(r"#\s*include\s+<boost/json/(value|object|array)\.hpp>")
    for name in tree.cpp("src/"):
        if not name.endswith(".h") or name.startswith("src/net/") or "/testing/" in name:
            continue
        if name == "src/base/pch.h":
            continue  # precompiled: read once
        for number, line in tree.lines(name):
            if name.startswith(("src/edge/", "src/base/json_text.")) and values.search(line):
                continue  # what the API's handlers take and answer, and what reads JSON for .cc files
            if heavy.search(line):
                yield name, number, "a heavy header belongs into a .cc file (compile times are a feature)"


RULES = [
    Rule("layers", "includes go downward only, as tools/layers.txt says", check_includes),
    Rule("layers-declared", "folders, tools/layers.txt and CMakeLists.txt agree; no cycle",
         check_declared),
    Rule("asio", "Asio and Beast only in net/ and .cc files of transports and edge", check_asio),
    Rule("heavy-headers", "Boost.JSON, OpenSSL, libpq, SQLite, CLI11 only in .cc files", check_heavy),
]
