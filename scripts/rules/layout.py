"""Layout: C++ sources look as clang-format 19 leaves them; without it this is skipped, loudly."""

import re
import shutil
import subprocess
import sys

COMPLAINT = re.compile(r"^(.+?):(\d+):\d+: (?:error|warning): code should be clang-formatted", re.M)


def findings(tree):
    formatter = shutil.which("clang-format-19")
    files = [file.path for file in tree.files if file.cpp and not file.data]
    if not formatter:
        print("tidy: layout not checked, there is no clang-format-19; scripts/setup test installs "
              "it", file=sys.stderr)
        return
    if not files:
        return
    checked = subprocess.run([formatter, "--style=file", "--dry-run", *files], cwd=tree.root,
                             capture_output=True, text=True, check=False)
    if checked.returncode != 0:
        yield ".clang-format", 1, f"clang-format-19 failed: {checked.stderr.strip()[:200]}; fix it"
    for match in COMPLAINT.finditer(checked.stderr):
        yield (match.group(1), int(match.group(2)),
               "not as clang-format leaves it; run scripts/format")
