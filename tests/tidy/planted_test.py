"""Plants one violation of each rule of tools/tidy and expects exactly that rule to be named.

Ends with `N passed, M failed`: one for the clean tree, one for each plant.
"""

import os
import subprocess
import sys
import tempfile

TIDY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "tidy")
HEADINGS = "# base\n\n" + "\n".join(
    f"## {h}\n\nText.\n" for h in ("Purpose", "Owns", "May include", "Never does", "Read first"))
HEADER = "// Says what it is for. Thread: any.\n#pragma once\n\nint answer();\n"

CLEAN = {
    "tools/layers.txt": "base:\nwire: base\n",
    "CMakeLists.txt": "tidings_layer(base)\ntidings_layer(wire USES base)\n",
    "src/base/README.md": HEADINGS,
    "src/base/answer.h": HEADER,
    "src/base/answer.cc": '#include "base/answer.h"\n\nint answer() { return 42; }\n',
    "src/wire/README.md": HEADINGS,
    "src/wire/line.cc": '#include "base/answer.h"\n\nint line() { return answer(); }\n',
    "README.md": "# Small\n\nSee [base](src/base/README.md).\n",
}


def long_function(lines):
    return "int long_one() {\n" + "  answer();\n" * lines + "  return 0;\n}\n"


SPEC = """openapi: 3.1.0
info: {}
servers: []
security: []
components:
  securitySchemes: {}
  schemas: {Problem: {type: object, additionalProperties: false}}
"""
PERMISSIONS = CC = '#include "base/answer.h"\n\n'
# (rule, file, content or a function of the clean content)
PLANTS = [
    ("layers", "src/base/up.cc", '#include "wire/line.h"\n', {"src/wire/line.h": HEADER}),
    ("layers", "src/base/up.cc", '#include "answer.h"\n'),
    ("layers", "src/base/up.cc", '#include "base/absent.h"\n'),
    ("layers-declared", "src/liquid/lexer.cc", CC, {"src/liquid/README.md": HEADINGS}),
    ("layers-declared", "tools/layers.txt", "base: wire\nwire: base\n"),
    ("layers-declared", "CMakeLists.txt", "tidings_layer(base USES wire LIBS x)\n"),
    ("asio", "src/wire/talk.cc", "#include <boost/asio/io_context.hpp>\n"),
    ("heavy-headers", "src/base/answer.h",
     "// Comment.\n#pragma once\n\n#include <openssl/evp.h>\n"),
    ("ban-iostream", "src/base/talk.cc", "#include <iostream>\n"),
    ("ban-using-date", "src/base/when.cc", "using namespace date;\n"),
    ("ban-shell", "src/base/run.cc", 'int run() { return std::system("ls"); }\n'),
    ("ban-sleep", "src/base/answer_test.cc", "void wait() { std::this_thread::sleep_for(1s); }\n"),
    ("ban-socket", "src/base/answer_test.cc", "int open() { return ::socket(1, 2, 3); }\n"),
    ("ban-std-format", "src/base/text.cc", 'auto text() { return std::format("{}", 1); }\n'),
    ("ban-half-done", "src/base/half.cc", "// TO" + "DO: the rest\n"),
    ("ban-machine-path", "src/base/path.cc", 'const char* path = "/work/here/file";\n'),
    ("ban-registry", "README.md", "Fetch it from https://npm-registry.example/pkg\n"),
    ("size", "src/base/long.cc", "int a;\n" * 801),
    ("size-warning", "src/base/long.cc", "int a;\n" * 401),
    ("function-size", "src/base/long.cc", CC + long_function(130)),
    ("function-size-warning", "src/base/long.cc", CC + long_function(90)),
    ("white-space", "src/base/space.cc", "int a; \n"),
    ("white-space", "src/base/space.cc", "int a;"),
    ("white-space", "src/base/space.cc", "int a;\r\n"),
    ("file-names", "src/base/string_utils.cc", "int a;\n"),
    ("file-names", "src/base/CamelCase.cc", "int a;\n"),
    ("header-form", "src/base/answer.h", "#pragma once\n\nint answer();\n"),
    ("header-form", "src/base/answer.h", "// Comment.\nint answer();\n"),
    ("format", "src/base/crooked.cc", "int   a  ( ) ;\n"),
    ("readme", "src/base/README.md", None),
    ("readme", "src/base/README.md", HEADINGS + "more\n" * 30),
    ("readme", "src/base/README.md", HEADINGS.replace("## Owns", "## Has")),
    ("lockfile", "package-lock.json", '{"packages": {"a": {"resolved": "somewhere"}}}\n'),
    ("lockfile", "package.json", '{"devDependencies": {"a": "^1.2.3"}}\n'),
    ("orphans", "src/base/lonely.h", HEADER),
    ("orphans", "tests/fuzz/lonely_fuzz.cc", "int a;\n"),
    ("orphans", "docs/lonely.md", "# Nobody links here\n"),
    ("corpus", "tests/fuzz/corpus/gone/1", "x"),
    ("specs", "src/base/cited.cc", "// RFC 5321 says so.\nint a;\n"),
    ("specs", "src/base/cited.cc", "// RFC 99999 says so.\nint a;\n"),
    ("links", "README.md", "# Small\n\nSee [base](src/base/GONE.md).\n"),
    ("openapi", "spec/api/common.yaml", SPEC, {"src/identity/permission.cc": PERMISSIONS}),
    ("openapi", "spec/api/common.yaml", SPEC.replace("Problem: {", "Problem: {oneOf: [], "),
     {"src/identity/permission.cc": PERMISSIONS}),
]


def tidy(files):
    """(exit code, output) of tidy over a tree of these files."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            if text is None:
                continue
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        with open(os.path.join(root, ".clang-format"), "w", encoding="utf-8") as file:
            file.write("BasedOnStyle: Google\nColumnLimit: 100\n")
        done = subprocess.run([sys.executable, TIDY, "--root", root], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.decode()


def main():
    passed = failed = 0

    def expect(holds, what, output):
        nonlocal passed, failed
        passed, failed = passed + bool(holds), failed + (not holds)
        if not holds:
            print(f"FAILED: {what}\n{output}")

    code, output = tidy(CLEAN)
    expect(code == 0 and "hold" in output, "a clean tree passes", output)
    for rule, name, text, *more in PLANTS:
        code, output = tidy({**CLEAN, **(more[0] if more else {}), name: text})
        warns = rule.endswith("-warning")
        expect(f" {rule}: " in output and (code == 0) == warns,
               f"{rule} does not see {name}: {text!r:.60}", output)
    listed = subprocess.run([sys.executable, TIDY, "--list"], stdout=subprocess.PIPE, check=True)
    rules = {line.split()[0] for line in listed.stdout.decode().splitlines()}
    untested = rules - {plant[0] for plant in PLANTS}
    expect(not untested, f"rules without a planted violation: {sorted(untested)}", "")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
