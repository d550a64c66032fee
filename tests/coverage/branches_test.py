#!/usr/bin/env python3
"""Every branch of what must be wholly tested is taken by its own unit tests, as clang's source-based
coverage counts it. Code under test and its tests are compiled apart from the build."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "peers"))
from tidings import skip  # noqa: E402

# R15: the status of a message.
SOURCES = ["src/domain/message_state.cc", "src/domain/message_state.h"]
TEST = "src/domain/message_state_test.cc"
TOOLS = ["clang++-19", "llvm-profdata-19", "llvm-cov-19"]


def main():
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        skip(f"{', '.join(missing)} not installed; ./dev setup does it")
    with tempfile.TemporaryDirectory(prefix="tidings-coverage-") as folder:
        def run(*words, **options):
            return subprocess.run([str(word) for word in words], cwd=folder, check=True,
                                  capture_output=True, text=True, **options).stdout
        run(TOOLS[0], "-std=c++23", "-O0", "-fprofile-instr-generate", "-fcoverage-mapping",
            "-DFMT_SHARED", f"-I{ROOT / 'src'}",
            *(ROOT / name for name in [*SOURCES, TEST] if name.endswith(".cc")),
            "-lrapidcheck", "-lfmt", "-lgtest", "-lgtest_main", "-o", "tests")
        run("./tests", env={"LLVM_PROFILE_FILE": "raw"})
        run(TOOLS[1], "merge", "raw", "-o", "merged")
        report = json.loads(run(TOOLS[2], "export", "-summary-only", "-instr-profile=merged",
                                "./tests", *(ROOT / name for name in SOURCES)))
    branches = report["data"][0]["totals"]["branches"]
    print(f"{branches['covered']} of {branches['count']} branches")
    sys.exit(branches["count"] == 0 or branches["covered"] < branches["count"])


if __name__ == "__main__":
    main()
