"""spec/openapi.yaml: put together from spec/api, and up to date."""

import os
import subprocess
import sys

from tree import Rule

PAGE = "spec/openapi.yaml"
TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "collect-openapi")


def check(tree):
    if not any(name.startswith("spec/api/") for name in tree.files):
        return
    for python in (sys.executable, "/usr/bin/python3"):
        done = subprocess.run([python, TOOL, "--check", "--root", tree.root],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        output = done.stdout.decode().strip()
        if "PyYAML" not in output:
            break
    if done.returncode != 0:
        for line in output.splitlines():
            yield PAGE, 0, line


RULES = [Rule("openapi", "spec/openapi.yaml is what spec/api says, and that is in order", check)]
