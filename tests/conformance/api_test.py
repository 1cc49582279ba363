"""The control API byte by byte, without a client library: everything in the folder api.

    TOXIPROXY_URL=http://127.0.0.1:8474 python3 tests/conformance/api_test.py [unittest's arguments]

CONFORMANCE_SERVER says which server answers there, "faultline" (default) or "toxiproxy": a case
that the two treat differently on purpose holds both answers. CONFORMANCE_PROGRAM is that server's
program; without it the cases that start servers of their own are skipped.
"""

import os
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
if "TOXIPROXY_URL" not in os.environ:
    sys.exit("api_test: TOXIPROXY_URL is not set; it names the server under test")
FOLDER = pathlib.Path(__file__).resolve().parent / "api"
sys.path.insert(0, str(FOLDER))
for path in sorted(FOLDER.glob("*_test.py")):
    for name, value in vars(__import__(path.stem)).items():
        if isinstance(value, type) and issubclass(value, unittest.TestCase) \
                and value.__module__ == path.stem:
            globals()[f"{path.stem}_{name}"] = value

if __name__ == "__main__":
    unittest.main()
